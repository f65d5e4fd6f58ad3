//! What the history costs. Prints; run with `--ignored --nocapture` and `--release`.

use std::time::Instant;

use history::{End, MessageState, Question};

use crate::place::{Place, at, question};

const MESSAGES: u64 = 10_000;

#[test]
#[ignore = "measures and prints"]
fn figures_over_ten_thousand_messages() {
    let place = Place::new();
    let history = place.open();
    let (mut begin, mut append, mut finish) = (Vec::new(), Vec::new(), Vec::new());
    let mut conversation = None;
    for number in 0..MESSAGES / 2 {
        let asked = Question { conversation, ..question(&format!("question {number} about owls")) };
        let (begun, took) = timed(|| history.begin_answer(asked, at(number)).unwrap());
        begin.push(took);
        for piece in sentence(number).split_inclusive(' ') {
            append.push(timed(|| history.append(&begun.answer, piece).unwrap()).1);
        }
        let end = End::new(MessageState::Done);
        finish.push(timed(|| history.finish_answer(&begun.answer, end, at(number)).unwrap()).1);
        conversation = (number % 20 != 19).then_some(begun.conversation);
    }
    tell("begin_answer", begin);
    tell("append", append);
    tell("finish_answer", finish);
    history.close().unwrap();
    let bytes = std::fs::metadata(place.database()).unwrap().len();
    println!("{MESSAGES} messages: {:.1} MB", bytes as f64 / 1e6);
    tell("open and check", repeat(20, || drop(place.open())));

    let history = place.open();
    for query in ["zebrafish4321", "owls", "question 77 ab", "th"] {
        tell(
            &format!("search `{query}`"),
            repeat(50, || drop(history.search(query, None, 50).unwrap())),
        );
    }
    tell("list 50", repeat(50, || drop(history.conversations(None, 50).unwrap())));
    let all = place.file("all.json");
    tell("export all", repeat(5, || assert!(history.export_all(&all, at(0)).is_ok())));
    let other = Place::new();
    let empty = other.open();
    tell("import all", repeat(1, || assert!(empty.import(&all).is_ok())));
}

/// Some 1,000 characters of 150 words that differ.
fn sentence(number: u64) -> String {
    let words = ["the", "owl", "flies", "over", "barn", "and", "river", "at", "night", "while"];
    let mut text = format!("zebrafish{number} ");
    for place in 0..150 {
        text += words[(number as usize * 7 + place * place) % words.len()];
        text += if place % 30 == 29 { "s " } else { " " };
    }
    text
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed().as_secs_f64() * 1e3)
}

fn repeat(times: u32, mut work: impl FnMut()) -> Vec<f64> {
    (0..times).map(|_| timed(&mut work).1).collect()
}

fn tell(what: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((millis.len() - 1) as f64 * share) as usize];
    println!("{what}: p50 {:.4} ms, p99 {:.4} ms, max {:.4} ms", at(0.5), at(0.99), at(1.0));
}

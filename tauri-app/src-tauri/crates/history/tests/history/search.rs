//! What is found, and that nothing typed has another meaning.

use std::time::{Duration, Instant};

use history::{Found, HistoryError, MAX_QUERY_CHARACTERS};
use proptest::prelude::*;

use crate::place::{Place, at, exchange, question};

fn found(found: &Found) -> Vec<String> {
    let text = |spans: &[history::Span]| spans.iter().map(|span| span.text.as_str()).collect();
    found.messages.iter().map(|hit| text(&hit.snippet)).collect()
}

#[test]
fn portuguese_is_found_without_accents_and_with_them_and_in_any_case() {
    let place = Place::new();
    let history = place.open();
    exchange(&history, None, "Você já comeu pão de açúcar?", "Não, só pamonha.", 0);
    for query in ["voce", "VOCÊ", "ja comeu", "acucar pao", "açúcar", "comeu ja", "AÇU"] {
        let found = found(&history.search(query, None, 10).unwrap());
        assert_eq!(found, ["Você já comeu pão de açúcar?"], "{query}");
    }
    assert_eq!(found(&history.search("nao", None, 10).unwrap()), ["Não, só pamonha."]);
    assert_eq!(history.search("voce nao", None, 10).unwrap().messages, []);
}

#[test]
fn hits_are_marked_and_say_where_they_are() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(
        &history,
        None,
        "tell me",
        &format!("{} the owl {}", "a ".repeat(200), "b ".repeat(200)),
        7,
    );
    let hit = &history.search("OWL", None, 10).unwrap().messages[0];
    assert_eq!((&hit.conversation, &hit.message), (&begun.conversation, &begun.answer));
    assert_eq!(hit.title, "tell me");
    let marked: Vec<_> =
        hit.snippet.iter().filter(|span| span.hit).map(|span| span.text.as_str()).collect();
    assert_eq!(marked, ["owl"]);
    let shown: String = hit.snippet.iter().map(|span| span.text.as_str()).collect();
    assert!(shown.starts_with('…') && shown.ends_with('…') && shown.len() < 240, "{shown}");
    assert_eq!(hit.offset, 2 * 200 + " the ".len(), "it is where the page can scroll to");
    let title = &history.search("tel", None, 10).unwrap().conversations[0];
    assert_eq!(title.conversation, begun.conversation);
    assert_eq!((title.title[0].text.as_str(), title.title[0].hit), ("tell", true));
}

#[test]
fn the_newest_hits_come_first_in_parts_without_gaps() {
    let place = Place::new();
    let history = place.open();
    for n in 0..5 {
        exchange(&history, None, &format!("owl {n}"), "yes", n / 2);
    }
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let part = history.search("owl", after.as_ref(), 2).unwrap();
        assert_eq!(part.conversations.is_empty(), after.is_some(), "titles come once");
        all.extend(found(&part));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 5);
    assert_eq!(all[0], "owl 4");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
}

#[test]
fn an_answer_is_found_once_it_is_finished() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    history.append(&begun.answer, "an owl").unwrap();
    assert_eq!(history.search("owl", None, 9).unwrap().messages.len(), 0);
    history.close().unwrap();
    assert_eq!(place.open().search("owl", None, 9).unwrap().messages.len(), 1);
}

#[test]
fn the_syntax_of_the_index_is_only_text() {
    let place = Place::new();
    let history = place.open();
    exchange(&history, None, "cats AND dogs", "text: \"quoted\" (NEAR) -x ^y", 0);
    for (query, hits) in [
        ("cats AND", 1),
        ("cats OR horses", 0),
        ("cats NOT dogs", 0),
        ("\"quoted", 1),
        ("text:", 1),
        ("text:cats", 0),
        ("NEAR(", 1),
        ("cat* dogs", 0),
        ("-x", 1),
        ("\"", 0),
        ("* ( ) :", 0),
        ("", 0),
    ] {
        assert_eq!(history.search(query, None, 9).unwrap().messages.len(), hits, "{query}");
    }
}

#[test]
fn a_word_that_is_said_thousands_of_times_is_found_as_fast_as_any_other() {
    let place = Place::new();
    let history = place.open();
    exchange(&history, None, "?", &"owl ".repeat(50_000), 0);
    // With FTS5's own snippets it is half a minute, in a build like this one.
    let begun = Instant::now();
    assert_eq!(history.search("ow", None, 9).unwrap().messages.len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_search_that_is_too_long_is_refused_by_name() {
    let history = Place::new();
    let history = history.open();
    history.search(&"é".repeat(MAX_QUERY_CHARACTERS), None, 1).unwrap();
    let error = history.search(&"é".repeat(MAX_QUERY_CHARACTERS + 1), None, 1).unwrap_err();
    assert_eq!(error, HistoryError::QueryTooLong { length: 501, limit: 500 });
}

#[test]
fn nothing_that_can_be_typed_is_an_error() {
    let place = Place::new();
    let history = place.open();
    exchange(&history, None, "the owl AND the cat", "said \"hoo\" (twice)", 0);
    let pieces = proptest::collection::vec(
        prop_oneof![
            Just("\"".to_owned()),
            Just("*".into()),
            Just("AND ".into()),
            Just("NEAR(".into()),
            Just("text:".into()),
            Just("{".into()),
            Just("-".into()),
            Just("^".into()),
            Just("\0".into()),
            Just("+".into()),
            "\\PC{0,4}",
            "[a-z ]{0,6}",
        ],
        0..12,
    );
    proptest!(ProptestConfig::with_cases(500), |(pieces in pieces)| {
        let query = pieces.concat();
        prop_assert!(history.search(&query, None, 5).is_ok(), "{:?}", query);
    });
}

#[test]
fn a_word_that_was_said_is_found_whatever_stands_around_it() {
    let place = Place::new();
    let history = place.open();
    proptest!(ProptestConfig::with_cases(40), |(before in "\\PC{0,20}", word in "[a-zà-öø-ü]{3,9}", after in "\\PC{0,20}")| {
        let begun = exchange(&history, None, "q", &format!("{before} {word} {after}"), 0);
        let found = history.search(&word, None, 100).unwrap();
        prop_assert!(found.messages.iter().any(|hit| hit.message == begun.answer));
    });
}

//! The app is killed at random moments: what it was told to keep is there.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use history::{End, History, Message, MessageState, Question, SAVED_WITHIN};
use rusqlite::Connection;

use crate::place::{Place, question};

/// Where the child finds the database.
const DATABASE: &str = "HISTORY_CRASH_DATABASE";

/// What the child has said, with the moment at which it was heard.
type Heard = Vec<(Instant, String)>;

/// Longer than a busy machine takes from one line of the child to the next.
const START_LIMIT: Duration = Duration::from_secs(60);

/// When a child is killed.
enum KillAt {
    /// So long after its start.
    Age(Duration),
    /// However slow the machine is, there is something to lose.
    FirstFinishedAnswer,
}

#[test]
fn a_killed_app_loses_no_question_no_finished_answer_and_no_order() {
    kill_at_random(8, Duration::from_millis(900));
}

#[test]
#[ignore = "minutes: 200 kills; prints how old the text was that they cost"]
fn a_killed_app_loses_only_text_of_the_last_half_second() {
    let mut lost = kill_at_random(200, Duration::from_millis(2_500));
    lost.sort();
    let at = |percent: usize| lost[(lost.len() - 1) * percent / 100].as_millis();
    println!(
        "the oldest text that a kill cost: p50 {} ms, p90 {} ms, p99 {} ms, max {} ms",
        at(50),
        at(90),
        at(99),
        at(100)
    );
    // Beyond the median it is the disk, and whatever else the machine is doing.
    assert!(at(50) <= SAVED_WITHIN.as_millis());
    assert!(at(99) <= 10 * SAVED_WITHIN.as_millis());
}

/// For every kill, the age of the oldest text that was appended and is lost.
fn kill_at_random(rounds: u32, longest: Duration) -> Vec<Duration> {
    let place = Place::new();
    drop(place.open());
    let mut finished = 0;
    let mut lost = Vec::new();
    for round in 0..rounds {
        let end = match round {
            0 => KillAt::FirstFinishedAnswer,
            _ => KillAt::Age(random_below(longest)),
        };
        let (heard, killed) = run_and_kill(&place.database(), end);
        let messages = messages_of(&place);
        let mut oldest = Duration::ZERO;
        for (at, line) in &heard {
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["asked", id] => assert!(messages.contains_key(*id), "question {id} is lost"),
                ["appended", id, length] if messages[*id].text.len() < length.parse().unwrap() => {
                    oldest = oldest.max(killed.saturating_duration_since(*at));
                }
                ["finished", id, length] => {
                    assert_eq!(messages[*id].state, MessageState::Done);
                    assert_eq!(messages[*id].text, text_of_length(length.parse().unwrap()));
                    finished += 1;
                }
                _ => {}
            }
        }
        lost.push(oldest);
    }
    assert!(finished > 0, "no answer was ever finished: this proved nothing");
    lost
}

/// Every message by its id, after looking at their order and at the database's.
fn messages_of(place: &Place) -> HashMap<String, Message> {
    let history = place.open();
    let mut messages = HashMap::new();
    let mut after = None;
    loop {
        let page = history.conversations(after.as_ref(), 200).unwrap();
        for conversation in page.conversations {
            for message in history.messages(&conversation.id, None, usize::MAX).unwrap() {
                assert_ne!(message.state, MessageState::Streaming);
                if message.state == MessageState::Interrupted {
                    assert_eq!(message.text, text_of_length(message.text.len()));
                }
                assert!(messages.insert(message.id.clone(), message).is_none());
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    history.close().unwrap();
    let connection = Connection::open(place.database()).unwrap();
    let verdict: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    for index in ["found_texts", "found_titles"] {
        let check = format!("INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)");
        connection.execute(&check, []).unwrap();
    }
    messages
}

fn run_and_kill(database: &Path, end: KillAt) -> (Heard, Instant) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes_until_it_is_killed", "--ignored"])
        .env(DATABASE, database)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (says, hears) = mpsc::channel();
    let listener = thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            says.send((Instant::now(), line)).unwrap();
        }
    });
    let mut heard = Heard::new();
    match end {
        KillAt::Age(age) => thread::sleep(age),
        KillAt::FirstFinishedAnswer => loop {
            heard.push(hears.recv_timeout(START_LIMIT).unwrap());
            if heard.last().is_some_and(|(_, line)| line.starts_with("finished")) {
                break;
            }
        },
    }
    let killed = kill(&mut child);
    heard.extend(&hears);
    listener.join().unwrap();
    (heard, killed)
}

fn kill(child: &mut Child) -> Instant {
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    killed
}

#[test]
#[ignore = "the child of the other tests here: it never ends by itself"]
fn child_that_writes_until_it_is_killed() {
    let Some(database) = std::env::var_os(DATABASE) else { return };
    let (history, _) = History::open(Path::new(&database), SystemTime::now()).unwrap();
    let mut conversation = None;
    for number in 0.. {
        let asked = Question { conversation, ..question(&format!("question {number}")) };
        let begun = history.begin_answer(asked, SystemTime::now()).unwrap();
        say(&format!("asked {}", begun.question));
        let mut length = 0;
        for piece in 0..random_below(Duration::from_millis(400)).as_millis() {
            let text = format!("{piece} ");
            length += text.len();
            history.append(&begun.answer, &text).unwrap();
            say(&format!("appended {} {length}", begun.answer));
            thread::sleep(Duration::from_millis(2));
        }
        let end = End::new(MessageState::Done);
        history.finish_answer(&begun.answer, end, SystemTime::now()).unwrap();
        say(&format!("finished {} {length}", begun.answer));
        conversation = (number % 5 != 4).then_some(begun.conversation);
    }
}

fn say(line: &str) {
    // Nobody listens any more: the parent ended before it could kill this process.
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(1);
    }
}

/// The numbers that the child writes, as far as they fill `length` bytes.
fn text_of_length(length: usize) -> String {
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= length {
            break;
        }
        text += &format!("{number} ");
    }
    text
}

fn random_below(longest: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    Duration::from_millis(random % longest.as_millis() as u64)
}

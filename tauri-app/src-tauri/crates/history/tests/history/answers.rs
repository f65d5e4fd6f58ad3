//! From a question to the end of its answer.

use std::time::{Duration, Instant};

use history::{End, Finished, History, HistoryError, MessageState, Problem, Question, Role};
use history::{SAVED_WITHIN, Timings};
use rusqlite::{Connection, OpenFlags};

use crate::place::{Place, at, exchange, question, texts};

/// What is on disk of a message, seen by somebody else.
fn on_disk(place: &Place, message: &str) -> (String, String) {
    let connection =
        Connection::open_with_flags(place.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection
        .query_row("SELECT text, state FROM messages WHERE id = ?1", [message], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap()
}

#[test]
fn a_question_is_on_disk_before_its_answer_begins() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("Why is the sky blue?\nShort."), at(0)).unwrap();
    assert_eq!(begun.title, "Why is the sky blue?");
    let (text, state) = on_disk(&place, &begun.question);
    assert_eq!((text.as_str(), state.as_str()), ("Why is the sky blue?\nShort.", "done"));
    let conversation = history.conversation(&begun.conversation).unwrap();
    assert_eq!(conversation.model.as_deref(), Some("tiny"));
}

#[test]
fn what_was_appended_is_on_disk_within_the_promised_time() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    history.append(&begun.answer, "Once ").unwrap();
    history.append(&begun.answer, "upon").unwrap();
    let appended = Instant::now();
    while on_disk(&place, &begun.answer).0 != "Once upon" {
        assert!(appended.elapsed() < 10 * SAVED_WITHIN, "not saved");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(on_disk(&place, &begun.answer).1, "streaming");
}

#[test]
fn a_finished_answer_is_whole_with_what_was_measured_and_what_went_wrong() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    history.append(&begun.answer, "Be").unwrap();
    let end = End {
        state: MessageState::Failed,
        timings: Some(Timings {
            finish_reason: Some("stop".into()),
            tokens: Some(2),
            tokens_per_second: Some(43.1),
            ..Timings::default()
        }),
        problem: Some(Problem {
            code: "engine_died".into(),
            message: "the engine ended".into(),
            hint: Some("ask again".into()),
            values: serde_json::from_str(r#"{"signal": 9}"#).unwrap(),
        }),
    };
    assert_eq!(history.finish_answer(&begun.answer, end.clone(), at(5)), Ok(Finished::Kept));
    let (history, messages) = reopened(&place, history, &begun.conversation);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].role, Role::Assistant);
    assert_eq!(messages[1].text, "Be");
    assert_eq!(messages[1].state, end.state);
    assert_eq!(messages[1].timings, end.timings);
    assert_eq!(messages[1].problem, end.problem);
    let conversation = history.conversation(&begun.conversation).unwrap();
    assert_eq!(conversation.updated - conversation.created, 5000);
}

fn reopened(
    place: &Place,
    history: History,
    conversation: &str,
) -> (History, Vec<history::Message>) {
    history.close().unwrap();
    let history = place.open();
    let messages = history.messages(conversation, None, usize::MAX).unwrap();
    (history, messages)
}

#[test]
fn text_is_asked_for_from_any_place_while_it_is_written_and_afterwards() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    let (conversation, answer) = (begun.conversation.as_str(), begun.answer.as_str());
    let mut heard = String::new();
    for piece in ["Olá ", "🦉", "", "é 漢", "字"] {
        history.append(answer, piece).unwrap();
        let rest = history.text_from(conversation, answer, heard.encode_utf16().count()).unwrap();
        assert_eq!(rest.text, piece);
        assert_eq!(rest.state, MessageState::Streaming);
        heard.push_str(&rest.text);
        assert_eq!(rest.length, heard.encode_utf16().count());
    }
    history.finish_answer(answer, End::new(MessageState::Done), at(0)).unwrap();
    let rest = history.text_from(conversation, answer, 6).unwrap();
    assert_eq!((rest.text.as_str(), rest.state), ("é 漢字", MessageState::Done));
    assert_eq!(
        history.text_from(conversation, answer, 11),
        Err(HistoryError::OffsetBeyondEnd { offset: 11, length: 10 })
    );
    let other = exchange(&history, None, "another", "one", 1);
    assert_eq!(
        history.text_from(&other.conversation, answer, 0).unwrap_err().code(),
        "unknown_message"
    );
}

#[test]
fn a_conversation_shows_all_of_an_answer_that_is_being_written() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    for _ in 0..100 {
        history.append(&begun.answer, "word ").unwrap();
    }
    let messages = history.messages(&begun.conversation, None, 10).unwrap();
    assert_eq!(messages[1].text, "word ".repeat(100));
    assert_eq!(messages[1].state, MessageState::Streaming);
    assert_eq!(history.message(&begun.conversation, &begun.answer).as_ref(), Ok(&messages[1]));
    let other = history.message("nobody", &begun.answer);
    assert_eq!(other, Err(HistoryError::UnknownMessage(begun.answer)));
}

#[test]
fn one_answer_at_a_time_is_written_in_a_conversation() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    let again =
        || Question { conversation: Some(begun.conversation.clone()), ..question("and this?") };
    assert_eq!(history.begin_answer(again(), at(1)), Err(HistoryError::Busy));
    history.begin_answer(question("elsewhere"), at(1)).unwrap();
    history.finish_answer(&begun.answer, End::new(MessageState::Interrupted), at(2)).unwrap();
    history.begin_answer(again(), at(3)).unwrap();
    assert_eq!(texts(&history, &begun.conversation), ["?", "", "and this?", ""]);
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_changes_nothing() {
    let place = Place::new();
    let history = place.open();
    let unknown = Question { conversation: Some("nobody".into()), ..question("?") };
    let refused = |result: Result<_, HistoryError>| result.unwrap_err().code();
    assert_eq!(refused(history.begin_answer(unknown, at(0))), "unknown_conversation");
    assert_eq!(refused(history.begin_answer(question(" \n\u{7}"), at(0))), "prompt_empty");
    assert_eq!(refused(history.begin_again("nobody", None, at(0))), "unknown_conversation");
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    let finish = |state| history.finish_answer(&begun.answer, End::new(state), at(1));
    assert_eq!(finish(MessageState::Streaming), Err(HistoryError::NotAnEnd));
    finish(MessageState::Done).unwrap();
    assert_eq!(finish(MessageState::Failed).unwrap_err().code(), "unknown_message");
    history.append(&begun.answer, "too late").unwrap();
    assert_eq!(texts(&history, &begun.conversation), ["?", ""]);
    assert_eq!(history.conversations(None, 10).unwrap().conversations.len(), 1);
}

#[test]
fn another_answer_takes_the_place_of_the_last_one() {
    let place = Place::new();
    let history = place.open();
    let first = exchange(&history, None, "What is 2 + 2?", "Five.", 0);
    let again = history.begin_again(&first.conversation, Some("better"), at(1)).unwrap();
    assert_eq!(again.question, first.question);
    history.append(&again.answer, "Four.").unwrap();
    assert_eq!(texts(&history, &first.conversation), ["What is 2 + 2?", "Four."]);
    let finished = history.finish_answer(&again.answer, End::new(MessageState::Done), at(2));
    assert_eq!(finished, Ok(Finished::Kept));
    assert_eq!(texts(&history, &first.conversation), ["What is 2 + 2?", "Four."]);
    assert_eq!(history.search("five", None, 10).unwrap().messages, []);
    assert_eq!(
        history.text_from(&first.conversation, &first.answer, 0).unwrap_err().code(),
        "unknown_message"
    );
    let last = exchange(&history, Some(&first.conversation), "And 3 + 3?", "Six.", 3);
    history.begin_again(&last.conversation, None, at(4)).unwrap();
    let question = Question { conversation: Some(last.conversation), ..question("x") };
    assert_eq!(history.begin_answer(question, at(5)), Err(HistoryError::Busy));
}

#[test]
fn the_earlier_answer_is_back_when_nothing_came() {
    let place = Place::new();
    let history = place.open();
    let first = exchange(&history, None, "What is 2 + 2?", "Four.", 0);
    let again = history.begin_again(&first.conversation, None, at(1)).unwrap();
    assert_eq!(texts(&history, &first.conversation), ["What is 2 + 2?", ""]);
    let finished = history.finish_answer(&again.answer, End::new(MessageState::Failed), at(2));
    assert_eq!(finished, Ok(Finished::EarlierAnswerIsBack));
    assert_eq!(texts(&history, &first.conversation), ["What is 2 + 2?", "Four."]);
    // Also when the app ends in between.
    history.begin_again(&first.conversation, None, at(3)).unwrap();
    history.close().unwrap();
    assert_eq!(texts(&place.open(), &first.conversation), ["What is 2 + 2?", "Four."]);
}

#[test]
fn closing_interrupts_what_is_being_written_and_keeps_its_text() {
    let place = Place::new();
    let history = place.open();
    let first = exchange(&history, None, "What is 2 + 2?", "Five.", 0);
    let again = history.begin_again(&first.conversation, None, at(1)).unwrap();
    history.append(&again.answer, "Fo").unwrap();
    history.close().unwrap();
    assert_eq!(history.close(), Err(HistoryError::Closed));
    assert_eq!(history.append(&again.answer, "ur"), Err(HistoryError::Closed));
    assert_eq!(place.files(), ["history.sqlite3"], "nothing is left beside the database");
    assert_eq!(on_disk(&place, &again.answer), ("Fo".into(), "interrupted".into()));
    assert_eq!(texts(&place.open(), &first.conversation), ["What is 2 + 2?", "Fo"]);
    let kept: u32 = Connection::open(place.database())
        .unwrap()
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 2, "the earlier answer is gone, not hidden for ever");
}

#[test]
fn dropping_the_last_handle_closes_the_history() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    let other = history.clone();
    drop(history);
    other.append(&begun.answer, "Once").unwrap();
    drop(other);
    assert_eq!(on_disk(&place, &begun.answer), ("Once".into(), "interrupted".into()));
}

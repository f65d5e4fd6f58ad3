//! Out to files and back in.

use std::fs;
use std::path::Path;

use history::{End, HistoryError, Imported, MarkdownWords, MessageState, Wrong};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::place::{Place, at, exchange, question, texts};

const COME: Imported = Imported { conversations: 1, copies: 0, already_there: 0 };
const COPIED: Imported = Imported { conversations: 1, copies: 1, already_there: 0 };
const THERE: Imported = Imported { conversations: 0, copies: 0, already_there: 1 };

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn write(path: &Path, value: &Value) {
    fs::write(path, serde_json::to_vec(value).unwrap()).unwrap();
}

/// An export of this one conversation.
fn export(place: &Place) -> Value {
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    let path = place.file("export.json");
    history.export_json(&begun.conversation, &path, at(1)).unwrap();
    read(&path)
}

#[test]
fn one_conversation_goes_out_and_comes_back() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    exchange(&history, None, "another", "one", 0);
    let path = place.file("one.json");
    history.export_json(&begun.conversation, &path, at(1)).unwrap();
    let file = read(&path);
    assert_eq!((&file["format"], &file["version"]), (&json!("localaiapp-history"), &json!(1)));
    assert_eq!(file["conversations"].as_array().unwrap().len(), 1);

    let elsewhere = Place::new();
    let history = elsewhere.open();
    assert_eq!(history.import(&path), Ok(COME));
    assert_eq!(texts(&history, &begun.conversation), ["Olá", "Oi!"]);
    assert_eq!(history.search("oi", None, 9).unwrap().messages.len(), 1);
    exchange(&history, Some(&begun.conversation), "Mais", "Sim.", 2);
}

#[test]
fn a_conversation_is_exported_for_people() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    let path = place.file("one.md");
    history.export_markdown(&begun.conversation, &MarkdownWords::ENGLISH, &path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "# Olá\n\n2026-11-23 17:34 UTC\n\n## You\n\nOlá\n\n## Assistant (tiny)\n\nOi!\n"
    );
    let unknown = history.export_markdown("nobody", &MarkdownWords::ENGLISH, &path).unwrap_err();
    assert_eq!(unknown.code(), "unknown_conversation");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "the earlier file is unchanged");
}

#[test]
fn what_is_being_written_is_interrupted_in_an_export() {
    let place = Place::new();
    let history = place.open();
    history.begin_answer(question("?"), at(0)).unwrap();
    let path = place.file("all.json");
    assert_eq!(history.export_all(&path, at(1)), Ok(1));
    assert_eq!(read(&path)["conversations"][0]["messages"][1]["state"], json!("interrupted"));
    assert_eq!(history.import(&path), Err(HistoryError::Busy));
}

#[test]
fn importing_the_same_export_again_changes_nothing() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    let path = place.file("all.json");
    history.export_all(&path, at(1)).unwrap();
    assert_eq!(history.import(&path), Ok(THERE));
    // Also when the conversation was renamed and has gone on.
    history.rename(&begun.conversation, "renamed").unwrap();
    exchange(&history, Some(&begun.conversation), "Mais", "Sim.", 2);
    assert_eq!(history.import(&path), Ok(THERE));
    assert_eq!(history.conversations(None, 9).unwrap().conversations.len(), 1);
    // And what was deleted comes back.
    history.delete(&begun.conversation, at(3)).unwrap();
    assert_eq!(history.import(&path), Ok(COME));
    assert_eq!(texts(&history, &begun.conversation), ["Olá", "Oi!"]);
}

#[test]
fn a_conversation_that_differs_from_the_one_here_comes_in_beside_it_once() {
    let place = Place::new();
    let mut file = export(&place);
    let history = place.open();
    let path = place.file("edited.json");
    for text in ["Bom dia!", "Boa noite!"] {
        file["conversations"][0]["messages"][1]["text"] = json!(text);
        write(&path, &file);
        assert_eq!(history.import(&path), Ok(COPIED));
        assert_eq!(history.import(&path), Ok(THERE));
    }
    let conversations = history.conversations(None, 9).unwrap().conversations;
    assert_eq!(conversations.len(), 3);
    let mut answers: Vec<_> =
        conversations.iter().map(|c| texts(&history, &c.id).pop().unwrap()).collect();
    answers.sort();
    assert_eq!(answers, ["Boa noite!", "Bom dia!", "Oi!"]);
}

#[test]
fn a_message_whose_id_is_taken_elsewhere_does_not_move() {
    let place = Place::new();
    let mut file = export(&place);
    let history = place.open();
    file["conversations"][0]["id"] = json!("019ab1c2-0000-7000-8000-000000000001");
    let path = place.file("edited.json");
    write(&path, &file);
    assert_eq!(history.import(&path), Ok(COPIED));
    assert_eq!(history.import(&path), Ok(THERE));
    for conversation in history.conversations(None, 9).unwrap().conversations {
        assert_eq!(texts(&history, &conversation.id), ["Olá", "Oi!"]);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place_and_nothing_comes_in() {
    let place = Place::new();
    let sound = export(&place);
    let elsewhere = Place::new();
    let history = elsewhere.open();
    let path = elsewhere.file("import.json");
    let cases: [(&str, Value, &str, &str); 14] = [
        ("/format", json!("chatgpt"), "format", "`chatgpt` is not `localaiapp-history`"),
        ("/version", json!(2), "version", "version 2 is not known, only 1 is"),
        ("/version", json!("1"), "version", "invalid type: string"),
        ("/exported", json!(null), "exported", "invalid type: null"),
        ("/conversations", json!({}), "conversations", "invalid type: map"),
        ("/conversations/0/id", json!("../x"), "conversations[0].id", "`../x` is not a UUID"),
        (
            "/conversations/0/title",
            json!(" a"),
            "conversations[0].title",
            "begins or ends with a space",
        ),
        ("/conversations/0/title", json!("a\u{7}"), "conversations[0].title", "U+0007"),
        ("/conversations/0/created", json!(-1), "conversations[0].created", "-1 is not between 0"),
        (
            "/conversations/0/model",
            json!("x".repeat(501)),
            "conversations[0].model",
            "501 characters",
        ),
        (
            "/conversations/0/messages/1/role",
            json!("robot"),
            "conversations[0].messages[1].role",
            "unknown variant `robot`",
        ),
        (
            "/conversations/0/messages/1/state",
            json!("streaming"),
            "conversations[0].messages[1].state",
            "no state",
        ),
        (
            "/conversations/0/messages/1/text",
            json!(7),
            "conversations[0].messages[1].text",
            "invalid type: integer `7`",
        ),
        (
            "/conversations/0/messages/0/extra",
            json!(1),
            "conversations[0].messages[0].extra",
            "unknown field `extra`",
        ),
    ];
    for (pointer, value, place, problem) in cases {
        let mut file = sound.clone();
        match file.pointer_mut(pointer) {
            Some(found) => *found = value,
            None => file["conversations"][0]["messages"][0]["extra"] = value,
        }
        write(&path, &file);
        let wrong = wrong_in(history.import(&path));
        assert_eq!(wrong.len(), 1, "{pointer}: {wrong:?}");
        assert_eq!(wrong[0].place, place);
        assert!(wrong[0].problem.contains(problem), "{pointer}: {}", wrong[0].problem);
    }
    assert_eq!(history.conversations(None, 9).unwrap().conversations, []);
}

fn wrong_in(result: Result<Imported, HistoryError>) -> Vec<Wrong> {
    match result {
        Err(HistoryError::NotImportable(wrong)) => wrong,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_wrong_conversation_keeps_all_out_and_several_problems_are_told_at_once() {
    let place = Place::new();
    let mut file = export(&place);
    let mut twin = file["conversations"][0].clone();
    twin["title"] = json!("");
    twin["id"] = json!("019ab1c2-0000-7000-8000-000000000001");
    file["conversations"].as_array_mut().unwrap().push(twin);
    let elsewhere = Place::new();
    let history = elsewhere.open();
    let path = elsewhere.file("import.json");
    write(&path, &file);
    let places: Vec<_> = wrong_in(history.import(&path)).into_iter().map(|w| w.place).collect();
    assert_eq!(
        places,
        [
            "conversations[1].title",
            "conversations[1].messages[0].id",
            "conversations[1].messages[1].id"
        ]
    );
    assert_eq!(history.conversations(None, 9).unwrap().conversations, []);
}

#[test]
fn a_file_that_is_no_json_or_cut_off_or_missing_is_told() {
    let place = Place::new();
    let whole = serde_json::to_vec(&export(&place)).unwrap();
    let history = place.open();
    let path = place.file("import.json");
    for bytes in [&b""[..], b"hello", b"[]", b"{}", b"\xff\xfe", &whole[..whole.len() / 2]] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(wrong_in(history.import(&path)).len(), 1);
    }
    fs::write(&path, [&whole[..], b"{}"].concat()).unwrap();
    assert!(wrong_in(history.import(&path))[0].problem.contains("trailing"));
    fs::write(&path, [b"\xef\xbb\xbf", &whole[..]].concat()).unwrap();
    assert_eq!(history.import(&path), Ok(THERE), "an editor has put a mark before it");
    let missing = history.import(&place.file("missing.json")).unwrap_err();
    assert_eq!(missing.code(), "no_access");
    let large = fs::File::create(&path).unwrap();
    large.set_len(history::MAX_IMPORT_BYTES + 1).unwrap();
    assert!(wrong_in(history.import(&path))[0].problem.contains("larger"));
}

#[test]
fn an_export_cannot_be_read_by_others_and_replaces_the_earlier_one() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "Olá", "Oi!", 0);
    let path = place.file("all.json");
    fs::write(&path, "earlier").unwrap();
    history.export_all(&path, at(1)).unwrap();
    assert_eq!(read(&path)["conversations"][0]["id"], json!(begun.conversation));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let nowhere = history.export_all(&place.file("nowhere/all.json"), at(1)).unwrap_err();
    assert_eq!(nowhere.code(), "no_access");
}

fn any_title() -> impl Strategy<Value = String> {
    "\\PC{1,30}".prop_map(|title| title.trim().to_owned()).prop_filter("empty", |t| !t.is_empty())
}

fn any_timings() -> impl Strategy<Value = Value> {
    let rate = proptest::num::f64::NORMAL | proptest::num::f64::ZERO;
    (any::<u64>(), rate, ".{0,5}").prop_map(|(tokens, rate, reason)| {
        json!({"finishReason": reason, "tokens": tokens, "tokensPerSecond": rate, "firstTokenMs": -rate})
    })
}

fn any_problem() -> impl Strategy<Value = Value> {
    (any::<String>(), any::<i64>()).prop_map(|(text, number)| {
        json!({"code": "c", "message": text, "hint": text, "values": {"number": number, "text": text}})
    })
}

prop_compose! {
    fn any_message()(
        id in any::<u128>(),
        role in prop_oneof!["system", "user", "assistant"],
        text in any::<String>(),
        state in prop_oneof!["done", "interrupted", "failed"],
        created in 0_i64..253_402_300_799_999,
        timings in proptest::option::of(any_timings()),
        problem in proptest::option::of(any_problem()),
    ) -> Value {
        let mut message = json!({
            "id": uuid(id), "role": role, "text": text, "state": state, "created": created,
        });
        for (name, value) in [("timings", timings), ("problem", problem)] {
            if let Some(value) = value {
                message[name] = value;
            }
        }
        message
    }
}

prop_compose! {
    fn any_conversation()(
        id in any::<u128>(),
        title in any_title(),
        created in 0_i64..253_402_300_799_999,
        updated in 0_i64..253_402_300_799_999,
        messages in proptest::collection::vec(any_message(), 0..5),
    ) -> Value {
        json!({"id": uuid(id), "title": title, "created": created, "updated": updated, "messages": messages})
    }
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_goes_in_comes_out_the_same(conversations in proptest::collection::vec(any_conversation(), 0..4)) {
        let place = Place::new();
        let history = place.open();
        let count = conversations.len();
        let file = json!({"format": "localaiapp-history", "version": 1, "exported": 0, "conversations": conversations});
        let (came, went) = (place.file("in.json"), place.file("out.json"));
        write(&came, &file);
        let all = Imported { conversations: count, ..Imported::default() };
        prop_assert_eq!(history.import(&came), Ok(all));
        prop_assert_eq!(history.export_all(&went, at(0)), Ok(count));
        prop_assert_eq!(&read(&went)["conversations"], &file["conversations"]);
        let there = Imported { already_there: count, ..Imported::default() };
        prop_assert_eq!(history.import(&went), Ok(there));
    }
}

#[test]
fn a_finished_answer_survives_the_way_out_and_back_with_everything() {
    let place = Place::new();
    let history = place.open();
    let begun = history.begin_answer(question("?"), at(0)).unwrap();
    history.append(&begun.answer, "a\u{0}b \"quoted\" 🦉").unwrap();
    let timings =
        history::Timings { tokens_per_second: Some(43.123_456_789_012_34), ..Default::default() };
    let end = End { timings: Some(timings), ..End::new(MessageState::Interrupted) };
    history.finish_answer(&begun.answer, end, at(1)).unwrap();
    let path = place.file("all.json");
    history.export_all(&path, at(2)).unwrap();
    let elsewhere = Place::new().open();
    elsewhere.import(&path).unwrap();
    let both = [&history, &elsewhere].map(|h| h.messages(&begun.conversation, None, 9).unwrap());
    assert_eq!(both[0], both[1]);
}

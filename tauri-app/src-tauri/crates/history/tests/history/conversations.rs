//! The list, titles, and what deleting leaves behind: nothing.

use std::collections::HashSet;

use history::{HistoryError, Opened, Question};

use crate::place::{Place, at, exchange, question, texts};

#[test]
fn the_list_has_the_last_used_first_and_comes_in_parts_without_gaps() {
    let place = Place::new();
    let history = place.open();
    let ids: Vec<_> =
        (0..7).map(|n| exchange(&history, None, &format!("q{n}"), "a", n / 2)).collect();
    exchange(&history, Some(&ids[0].conversation), "more", "b", 9);
    let mut titles = Vec::new();
    let mut after = None;
    loop {
        let page = history.conversations(after.as_ref(), 3).unwrap();
        assert!(page.conversations.len() <= 3);
        titles.extend(page.conversations.into_iter().map(|conversation| conversation.title));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(titles[0], "q0", "it was used last");
    assert_eq!(titles[1], "q6");
    assert_eq!(titles.len(), 7);
    assert_eq!(titles.iter().collect::<HashSet<_>>().len(), 7);
}

#[test]
fn a_long_conversation_comes_in_parts_from_its_end() {
    let place = Place::new();
    let history = place.open();
    let first = exchange(&history, None, "q0", "a0", 0);
    for n in 1..4 {
        exchange(&history, Some(&first.conversation), &format!("q{n}"), &format!("a{n}"), n);
    }
    let last = history.messages(&first.conversation, None, 3).unwrap();
    let said = |messages: &[history::Message]| -> Vec<String> {
        messages.iter().map(|message| message.text.clone()).collect()
    };
    assert_eq!(said(&last), ["a2", "q3", "a3"]);
    let before = history.messages(&first.conversation, Some(&last[0].id), 3).unwrap();
    assert_eq!(said(&before), ["q1", "a1", "q2"]);
    let error = history.messages(&first.conversation, Some("nobody"), 3).unwrap_err();
    assert_eq!(error, HistoryError::UnknownMessage("nobody".into()));
}

#[test]
fn a_conversation_can_have_another_title() {
    let place = Place::new();
    let history = place.open();
    let begun = exchange(&history, None, "como faz bolo", "misture", 0);
    assert_eq!(history.rename(&begun.conversation, " Bolo de fubá "), Ok("Bolo de fubá".into()));
    assert_eq!(history.conversation(&begun.conversation).unwrap().title, "Bolo de fubá");
    assert_eq!(history.search("fuba", None, 10).unwrap().conversations.len(), 1);
    assert_eq!(history.search("como", None, 10).unwrap().conversations.len(), 0);
    assert_eq!(history.rename(&begun.conversation, ""), Err(HistoryError::TitleEmpty));
    assert_eq!(history.rename("nobody", "x").unwrap_err().code(), "unknown_conversation");
}

#[test]
fn a_deleted_conversation_leaves_no_word_in_any_file() {
    let place = Place::new();
    let history = place.open();
    let kept = exchange(&history, None, "about clouds", "they are white", 0);
    let gone = exchange(&history, None, "my xylophonist", &"a zugzwang ".repeat(2000), 1);
    history.rename(&gone.conversation, "quixotic").unwrap();
    let streaming =
        Question { conversation: Some(gone.conversation.clone()), ..question("floccinauci") };
    let answer = history.begin_answer(streaming, at(2)).unwrap().answer;
    history.append(&answer, "unsaved").unwrap();
    let secret = ["xylophonist", "zugzwang", "quixotic", "floccinauci", "unsaved"];
    assert!(secret[..4].iter().all(|word| in_any_file(&place, word)), "else this proves nothing");

    assert_eq!(history.delete(&gone.conversation, at(3)), Ok(vec![gone.conversation.clone()]));
    for word in secret {
        assert!(!in_any_file(&place, word), "`{word}` is still in a file");
    }
    assert_eq!(
        history.messages(&gone.conversation, None, 9).unwrap_err().code(),
        "unknown_conversation"
    );
    history.append(&answer, "late").unwrap();
    assert_eq!(
        history.delete(&gone.conversation, at(4)).unwrap_err().code(),
        "unknown_conversation"
    );
    assert_eq!(texts(&history, &kept.conversation), ["about clouds", "they are white"]);
    assert_eq!(history.search("zugzwang", None, 9).unwrap(), history::Found::default());
}

fn in_any_file(place: &Place, word: &str) -> bool {
    // The index of the WAL holds numbers, and on Windows nobody else may read it.
    place.files().iter().filter(|name| !name.ends_with("-shm")).any(|name| {
        let bytes = std::fs::read(place.file(name)).unwrap();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    })
}

#[test]
fn what_the_engine_must_forget_is_remembered_until_it_has() {
    let place = Place::new();
    let history = place.open();
    let gone = exchange(&history, None, "a", "b", 0).conversation;
    assert_eq!(history.pending_forgets(), Ok(vec![]));
    history.delete(&gone, at(1)).unwrap();
    history.close().unwrap();
    let history = place.open();
    assert_eq!(history.pending_forgets(), Ok(vec![gone.clone()]));
    history.forgotten(&gone).unwrap();
    history.forgotten(&gone).unwrap();
    assert_eq!(history.pending_forgets(), Ok(vec![]));
}

#[test]
fn deleting_everything_deletes_what_was_set_aside_too_and_nothing_else() {
    let place = Place::new();
    std::fs::write(place.database(), "no database at all".repeat(100)).unwrap();
    std::fs::write(place.file("history.txt"), "somebody else's").unwrap();
    let (history, opened) = place.open_and_tell();
    assert!(matches!(opened, Opened::SetAside(_)));
    let ids: HashSet<_> =
        (0..3).map(|n| exchange(&history, None, "zugzwang", "a", n).conversation).collect();
    let forget = history.delete_all(at(9)).unwrap();
    assert_eq!(forget.into_iter().collect::<HashSet<_>>(), ids);
    assert_eq!(history.conversations(None, 9).unwrap().conversations, []);
    assert!(!in_any_file(&place, "zugzwang"));
    history.close().unwrap();
    assert_eq!(place.files(), ["history.sqlite3", "history.txt"]);
}

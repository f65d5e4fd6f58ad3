//! What a shape cannot say: values that are out of range, and ids that come twice.

use std::collections::HashSet;

use uuid::Uuid;

use crate::clock::LAST_MILLIS;
use crate::error::Wrong;
use crate::export::ConversationRecord;
use crate::title;
use crate::types::{Message, MessageState};

/// How many problems are told; nobody reads more.
const MAX_TOLD: usize = 20;

/// The longest name of a model.
const MAX_NAME_CHARACTERS: usize = 500;

/// Everything that is wrong, in the file's order, as far as it is told.
pub(super) fn all(conversations: &[ConversationRecord]) -> Vec<Wrong> {
    let mut check = Check::default();
    for (number, conversation) in conversations.iter().enumerate() {
        check.conversation(&format!("conversations[{number}]"), conversation);
        if check.wrong.len() >= MAX_TOLD {
            break;
        }
    }
    check.wrong.truncate(MAX_TOLD);
    check.wrong
}

#[derive(Default)]
struct Check<'a> {
    seen: HashSet<&'a str>,
    wrong: Vec<Wrong>,
}

impl<'a> Check<'a> {
    fn conversation(&mut self, place: &str, conversation: &'a ConversationRecord) {
        self.id(place, &conversation.id);
        match title::check(&conversation.title) {
            Ok(title) if title == conversation.title => {}
            Ok(_) => self.tell(place, "title", "it begins or ends with a space".into()),
            Err(error) => self.tell(place, "title", error.to_string()),
        }
        self.moment(place, "created", conversation.created);
        self.moment(place, "updated", conversation.updated);
        self.name(place, "model", conversation.model.as_deref());
        for (number, message) in conversation.messages.iter().enumerate() {
            self.message(&format!("{place}.messages[{number}]"), message);
        }
    }

    fn message(&mut self, place: &str, message: &'a Message) {
        self.id(place, &message.id);
        self.moment(place, "created", message.created);
        self.name(place, "model", message.model.as_deref());
        if message.state == MessageState::Streaming {
            self.tell(place, "state", "`streaming` is no state of a message in a file".into());
        }
    }

    fn id(&mut self, place: &str, id: &'a str) {
        let canonical = Uuid::try_parse(id).is_ok_and(|uuid| uuid.to_string() == id);
        if !canonical {
            let shown: String = id.chars().take(60).collect();
            self.tell(place, "id", format!("`{}` is not a UUID", shown.escape_debug()));
        } else if !self.seen.insert(id) {
            self.tell(place, "id", format!("`{id}` is there twice"));
        }
    }

    fn moment(&mut self, place: &str, name: &str, millis: i64) {
        if !(0..=LAST_MILLIS).contains(&millis) {
            let problem = format!("{millis} is not between 0 and {LAST_MILLIS} milliseconds");
            self.tell(place, name, problem);
        }
    }

    fn name(&mut self, place: &str, name: &str, value: Option<&str>) {
        let length = value.unwrap_or_default().chars().count();
        if length > MAX_NAME_CHARACTERS {
            let problem = format!("{length} characters; {MAX_NAME_CHARACTERS} are allowed");
            self.tell(place, name, problem);
        }
    }

    fn tell(&mut self, place: &str, name: &str, problem: String) {
        self.wrong.push(Wrong { place: format!("{place}.{name}"), problem });
    }
}

//! A conversation in memory, and what of it the model gets to read.

use engine_supervisor::{Input, Role, Turn};

/// Bytes of turns sent at once, well below a line of the protocol (1 MiB) even when JSON
/// doubles some of them.
const MAX_SENT_BYTES: usize = 500_000;

/// What was said so far.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    turns: Vec<Turn>,
    /// Turns at the beginning that the model no longer gets to read.
    forgotten: usize,
}

impl Conversation {
    pub(crate) fn new(id: String) -> Self {
        Self { id, turns: Vec::new(), forgotten: 0 }
    }

    /// Turns that the model no longer gets to read.
    pub(crate) fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// What the model gets to answer `prompt`: all remembered turns if it knows how to
    /// take turns, else the prompt alone, which it continues.
    pub(crate) fn input(&self, prompt: &str, has_chat_template: bool) -> Input {
        if !has_chat_template {
            return Input::Prompt(prompt.to_owned());
        }
        let mut messages = self.turns[self.forgotten..].to_vec();
        messages.push(Turn { role: Role::User, content: prompt.to_owned() });
        Input::Messages(messages)
    }

    /// Forgets the oldest question and its answer. False if there is nothing to forget.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        if self.forgotten >= self.turns.len() {
            return false;
        }
        self.forgotten = (self.forgotten + 2).min(self.turns.len());
        true
    }

    /// Forgets as much as it takes for `prompt` to fit into one message to the engine.
    pub(crate) fn fit(&mut self, prompt: &str) {
        while self.remembered_bytes() + prompt.len() > MAX_SENT_BYTES && self.forget_oldest() {}
    }

    /// Keeps a question with its answer.
    pub(crate) fn keep(&mut self, prompt: String, answer: String) {
        self.turns.push(Turn { role: Role::User, content: prompt });
        self.turns.push(Turn { role: Role::Assistant, content: answer });
    }

    fn remembered_bytes(&self) -> usize {
        self.turns[self.forgotten..].iter().map(|turn| turn.content.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(turns: usize) -> Conversation {
        let mut conversation = Conversation::new("c".into());
        for number in 0..turns {
            conversation.keep(format!("question {number}"), format!("answer {number}"));
        }
        conversation
    }

    fn sent(conversation: &Conversation) -> Vec<String> {
        match conversation.input("now", true) {
            Input::Messages(turns) => turns.into_iter().map(|turn| turn.content).collect(),
            Input::Prompt(prompt) => panic!("a bare prompt: {prompt}"),
        }
    }

    #[test]
    fn a_model_that_takes_turns_reads_what_was_said_before() {
        assert_eq!(sent(&conversation(1)), ["question 0", "answer 0", "now"]);
    }

    #[test]
    fn a_model_that_only_continues_text_reads_the_prompt_alone() {
        assert_eq!(conversation(2).input("now", false), Input::Prompt("now".into()));
    }

    #[test]
    fn the_oldest_question_is_forgotten_with_its_answer() {
        let mut conversation = conversation(2);
        assert!(conversation.forget_oldest());
        assert_eq!(sent(&conversation), ["question 1", "answer 1", "now"]);
        assert!(conversation.forget_oldest());
        assert!(!conversation.forget_oldest());
        assert_eq!(sent(&conversation), ["now"]);
        assert_eq!(conversation.forgotten(), 4);
    }

    #[test]
    fn what_does_not_fit_into_one_message_is_forgotten_oldest_first() {
        let mut conversation = Conversation::new("c".into());
        for letter in ["a", "b", "c"] {
            conversation.keep(letter.repeat(200_000), letter.into());
        }
        conversation.fit("now");
        assert_eq!(conversation.forgotten(), 2);
        conversation.fit(&"x".repeat(600_000));
        assert_eq!(conversation.forgotten(), 6);
    }
}

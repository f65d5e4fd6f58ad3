//! What of a conversation the model gets to read.

use engine_supervisor::{Input, Role, Turn};
use history::Message;

/// Bytes of turns sent at once, well below a line of the protocol (1 MiB) even when JSON
/// doubles some of them.
const MAX_SENT_BYTES: usize = 500_000;

/// What was said before, and the prompt to answer now.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    turns: Vec<Turn>,
    prompt: String,
    /// Turns at the beginning that the model no longer gets to read.
    forgotten: usize,
}

impl Reading {
    /// `earlier` messages, of which the first `forgotten` turns did not fit the last time.
    /// A question that got no answer is no turn.
    pub(crate) fn new(earlier: Vec<Message>, prompt: String, forgotten: usize) -> Self {
        let mut turns = Vec::with_capacity(earlier.len());
        let mut question = None;
        for Message { role, text, .. } in earlier {
            match role {
                history::Role::User => question = Some(text),
                history::Role::Assistant if !text.is_empty() => {
                    turns.extend(question.take().map(|asked| turn(Role::User, asked)));
                    turns.push(turn(Role::Assistant, text));
                }
                history::Role::Assistant => question = None,
                history::Role::System => turns.push(turn(Role::System, text)),
            }
        }
        let mut reading = Self { forgotten: forgotten.min(turns.len()), turns, prompt };
        reading.fit();
        reading
    }

    /// Turns that the model no longer gets to read.
    pub(crate) fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// All remembered turns if the model knows how to take turns, else the prompt alone,
    /// which it continues.
    pub(crate) fn input(&self, has_chat_template: bool) -> Input {
        if !has_chat_template {
            return Input::Prompt(self.prompt.clone());
        }
        let mut messages = self.turns[self.forgotten..].to_vec();
        messages.push(turn(Role::User, self.prompt.clone()));
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

    /// Forgets as much as it takes to fit into one message to the engine.
    fn fit(&mut self) {
        while self.bytes() > MAX_SENT_BYTES && self.forget_oldest() {}
    }

    fn bytes(&self) -> usize {
        let turns = self.turns[self.forgotten..].iter().map(|turn| turn.content.len());
        turns.sum::<usize>() + self.prompt.len()
    }
}

fn turn(role: Role, content: String) -> Turn {
    Turn { role, content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::MessageState;

    fn message(role: history::Role, text: &str) -> Message {
        Message {
            id: "m".into(),
            role,
            text: text.into(),
            state: MessageState::Done,
            created: 0,
            model: None,
            timings: None,
            problem: None,
        }
    }

    fn said(pairs: &[(&str, &str)]) -> Vec<Message> {
        let messages = pairs.iter().flat_map(|(question, answer)| {
            [message(history::Role::User, question), message(history::Role::Assistant, answer)]
        });
        messages.collect()
    }

    fn reading(pairs: &[(&str, &str)]) -> Reading {
        Reading::new(said(pairs), "now".into(), 0)
    }

    fn sent(reading: &Reading) -> Vec<String> {
        match reading.input(true) {
            Input::Messages(turns) => turns.into_iter().map(|turn| turn.content).collect(),
            Input::Prompt(prompt) => panic!("a bare prompt: {prompt}"),
        }
    }

    #[test]
    fn a_model_that_takes_turns_reads_what_was_said_before() {
        assert_eq!(sent(&reading(&[("q", "a")])), ["q", "a", "now"]);
    }

    #[test]
    fn a_question_that_got_no_answer_is_not_part_of_it() {
        assert_eq!(sent(&reading(&[("q", ""), ("r", "b")])), ["r", "b", "now"]);
    }

    #[test]
    fn a_model_that_only_continues_text_reads_the_prompt_alone() {
        assert_eq!(reading(&[("q", "a")]).input(false), Input::Prompt("now".into()));
    }

    #[test]
    fn the_oldest_question_is_forgotten_with_its_answer() {
        let mut reading = reading(&[("q", "a"), ("r", "b")]);
        assert!(reading.forget_oldest());
        assert_eq!(sent(&reading), ["r", "b", "now"]);
        assert!(reading.forget_oldest());
        assert!(!reading.forget_oldest());
        assert_eq!(sent(&reading), ["now"]);
        assert_eq!(reading.forgotten(), 4);
    }

    #[test]
    fn what_does_not_fit_into_one_message_is_forgotten_oldest_first() {
        let long = ["a", "b", "c"].map(|letter| letter.repeat(200_000));
        let pairs = long.each_ref().map(|question| (question.as_str(), "x"));
        assert_eq!(reading(&pairs).forgotten(), 2);
        assert_eq!(Reading::new(said(&pairs), "y".repeat(600_000), 0).forgotten(), 6);
        assert_eq!(Reading::new(said(&pairs), "now".into(), 4).forgotten(), 4);
    }
}

//! Any order of asking, writing, ending, repeating, deleting and starting anew, against a
//! model that is a few lists.

use history::{End, Finished, History, HistoryError, MessageState, Question};
use proptest::prelude::*;

use crate::place::{Place, at, question};

/// What can be done; a number chooses a conversation.
#[derive(Debug, Clone)]
enum Step {
    Begin(String),
    Ask(usize, String),
    Append(usize, String),
    Finish(usize, MessageState),
    Again(usize),
    Delete(usize),
    Restart,
}

#[derive(Debug)]
struct Expected {
    id: String,
    said: Vec<(String, MessageState)>,
    /// The answer that is being written.
    answer: Option<String>,
    /// The one whose place it takes.
    hidden: Option<(String, MessageState)>,
}

impl Expected {
    fn begin(&mut self, answer: String) {
        self.said.push((String::new(), MessageState::Streaming));
        self.answer = Some(answer);
    }

    fn finish(&mut self, state: MessageState) -> Finished {
        self.answer = None;
        let (text, _) = self.said.pop().unwrap();
        match self.hidden.take() {
            Some(earlier) if text.is_empty() => {
                self.said.push(earlier);
                Finished::EarlierAnswerIsBack
            }
            _ => {
                self.said.push((text, state));
                Finished::Kept
            }
        }
    }
}

struct World {
    place: Place,
    history: History,
    expected: Vec<Expected>,
}

impl World {
    fn new() -> Self {
        let place = Place::new();
        let history = place.open();
        Self { place, history, expected: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Begin(prompt) => {
                let begun = self.history.begin_answer(question(&prompt), at(0)).unwrap();
                let said = vec![(prompt, MessageState::Done)];
                let mut one = Expected { id: begun.conversation, said, answer: None, hidden: None };
                one.begin(begun.answer);
                self.expected.push(one);
            }
            Step::Restart => self.restart(),
            Step::Ask(which, _)
            | Step::Append(which, _)
            | Step::Finish(which, _)
            | Step::Again(which)
            | Step::Delete(which) => {
                if let Some(which) = which.checked_rem(self.expected.len()) {
                    self.take_in(which, step);
                }
            }
        }
    }

    fn take_in(&mut self, which: usize, step: Step) {
        let one = &mut self.expected[which];
        match step {
            Step::Ask(_, prompt) => {
                let ask = Question { conversation: Some(one.id.clone()), ..question(&prompt) };
                match self.history.begin_answer(ask, at(0)) {
                    Err(HistoryError::Busy) => assert!(one.answer.is_some()),
                    begun => {
                        assert_eq!(one.answer, None);
                        one.said.push((prompt, MessageState::Done));
                        one.begin(begun.unwrap().answer);
                    }
                }
            }
            Step::Again(_) => match self.history.begin_again(&one.id, None, at(0)) {
                Err(HistoryError::Busy) => assert!(one.answer.is_some()),
                begun => {
                    assert_eq!(one.answer, None);
                    one.hidden = one.said.pop();
                    one.begin(begun.unwrap().answer);
                }
            },
            Step::Append(_, text) => {
                if let Some(answer) = &one.answer {
                    self.history.append(answer, &text).unwrap();
                    one.said.last_mut().unwrap().0 += &text;
                }
            }
            Step::Finish(_, state) => {
                if let Some(answer) = one.answer.clone() {
                    let finished = self.history.finish_answer(&answer, End::new(state), at(0));
                    assert_eq!(finished, Ok(one.finish(state)));
                }
            }
            Step::Delete(_) => {
                let gone = self.expected.remove(which);
                assert!(self.history.delete(&gone.id, at(0)).unwrap().contains(&gone.id));
            }
            Step::Begin(_) | Step::Restart => unreachable!("they concern no conversation"),
        }
    }

    fn restart(&mut self) {
        self.history.close().unwrap();
        self.history = self.place.open();
        for one in &mut self.expected {
            if one.answer.is_some() {
                one.finish(MessageState::Interrupted);
            }
        }
    }

    fn check(&self) {
        for one in &self.expected {
            let messages = self.history.messages(&one.id, None, usize::MAX).unwrap();
            let said: Vec<_> =
                messages.iter().map(|message| (message.text.clone(), message.state)).collect();
            assert_eq!(said, one.said);
            let last = messages.last().unwrap();
            let rest = self.history.text_from(&one.id, &last.id, 0).unwrap();
            assert_eq!((rest.text, rest.state), (last.text.clone(), last.state));
        }
        let listed = self.history.conversations(None, 200).unwrap().conversations;
        assert_eq!(listed.len(), self.expected.len());
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let which = 0_usize..4;
    let ends = prop_oneof![
        Just(MessageState::Done),
        Just(MessageState::Interrupted),
        Just(MessageState::Failed)
    ];
    prop_oneof![
        2 => "[a-z]{1,5}".prop_map(Step::Begin),
        3 => (which.clone(), "[a-z]{1,5}").prop_map(|(which, text)| Step::Ask(which, text)),
        6 => (which.clone(), ".{0,6}").prop_map(|(which, text)| Step::Append(which, text)),
        4 => (which.clone(), ends).prop_map(|(which, state)| Step::Finish(which, state)),
        3 => which.clone().prop_map(Step::Again),
        1 => which.prop_map(Step::Delete),
        1 => Just(Step::Restart),
    ]
}

fn follow(steps: Vec<Step>) {
    let mut world = World::new();
    for step in steps {
        world.take(step);
        world.check();
    }
    world.restart();
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_whatever_order_things_are_done_everything_is_there(
        steps in proptest::collection::vec(any_step(), 1..40)
    ) {
        follow(steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    #[ignore = "minutes: the same with 2,000 orders"]
    fn in_two_thousand_orders_everything_is_there(
        steps in proptest::collection::vec(any_step(), 1..60)
    ) {
        follow(steps);
    }
}

//! Who waits for what, by the names that the machine knows them under.

use std::collections::BTreeMap;

use crate::command::Answer;
use crate::error::EngineError;
use crate::machine::{Ask, Good};
use crate::methods::LoadedModel;
use crate::reply::{ReplyEvent, ReplyWriter};

enum Waiter {
    Model(Answer<LoadedModel>),
    Done(Answer<()>),
    Tokens(Answer<u64>),
    Reply { writer: ReplyWriter, cancelled: bool },
}

#[derive(Default)]
pub(super) struct Waiters {
    waiting: BTreeMap<Ask, Waiter>,
    last: u64,
}

impl Waiters {
    pub(super) fn model(&mut self, answer: Answer<LoadedModel>) -> Ask {
        self.add(Waiter::Model(answer))
    }

    pub(super) fn done(&mut self, answer: Answer<()>) -> Ask {
        self.add(Waiter::Done(answer))
    }

    pub(super) fn tokens(&mut self, answer: Answer<u64>) -> Ask {
        self.add(Waiter::Tokens(answer))
    }

    pub(super) fn reply(&mut self, writer: ReplyWriter) -> Ask {
        self.add(Waiter::Reply { writer, cancelled: false })
    }

    /// A name for which nobody waits.
    pub(super) fn nobody(&mut self) -> Ask {
        self.last += 1;
        Ask(self.last)
    }

    fn add(&mut self, waiter: Waiter) -> Ask {
        let ask = self.nobody();
        self.waiting.insert(ask, waiter);
        ask
    }

    /// Nobody waiting for it any more is fine.
    pub(super) fn answer(&mut self, ask: Ask, outcome: Result<Good, EngineError>) {
        match (self.waiting.remove(&ask), outcome) {
            (Some(Waiter::Model(answer)), Ok(Good::Model(model))) => drop(answer.send(Ok(model))),
            (Some(Waiter::Model(answer)), Err(error)) => drop(answer.send(Err(error))),
            (Some(Waiter::Done(answer)), outcome) => drop(answer.send(outcome.map(|_| ()))),
            (Some(Waiter::Tokens(answer)), Ok(Good::Tokens(count))) => {
                drop(answer.send(Ok(count)));
            }
            (Some(Waiter::Tokens(answer)), Err(error)) => drop(answer.send(Err(error))),
            (Some(Waiter::Reply { writer, .. }), Err(error)) => {
                writer.write(ReplyEvent::Finished(Err(error)));
            }
            // An answer of another kind than asked for: who waits is told that it stopped.
            (_, Ok(_)) | (None, _) => {}
        }
    }

    /// False: whoever listens is too far behind.
    pub(super) fn tell(&mut self, ask: Ask, event: ReplyEvent) -> bool {
        let is_last = matches!(event, ReplyEvent::Finished(_));
        let Some(Waiter::Reply { writer, .. }) = self.waiting.get(&ask) else { return true };
        let has_room = writer.write(event);
        if is_last {
            self.waiting.remove(&ask);
        }
        has_room
    }

    /// Replies that were cancelled since this was last asked.
    pub(super) fn newly_cancelled(&mut self) -> Vec<Ask> {
        let news = self.waiting.iter_mut().filter_map(|(ask, waiter)| match waiter {
            Waiter::Reply { writer, cancelled } if !*cancelled && writer.is_cancelled() => {
                *cancelled = true;
                Some(*ask)
            }
            _ => None,
        });
        news.collect()
    }
}

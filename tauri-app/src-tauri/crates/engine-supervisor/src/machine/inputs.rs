//! What goes into the machine and what comes out.

use super::life::Job;
use crate::death::Exit;
use crate::error::EngineError;
use crate::methods::{LoadParams, LoadedModel};
use crate::problem::Problem;
use crate::reply::ReplyEvent;
use crate::rpc::Incoming;

/// Names somebody who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ask(pub(crate) u64);

/// What happened. An epoch is the number of a process; what comes from an earlier one than
/// the present is not taken for news.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Load {
        ask: Ask,
        model: Option<LoadParams>,
        insist: bool,
    },
    /// A device was chosen anew.
    TrustDevices,
    Unload {
        ask: Ask,
    },
    Do(Job),
    Cancel {
        ask: Ask,
    },
    /// Whoever listens to this reply is too far behind.
    Overflowed {
        ask: Ask,
    },
    Restart {
        ask: Ask,
    },
    Stop {
        ask: Ask,
    },
    ShutDown {
        ask: Ask,
    },
    Started {
        epoch: u64,
        pid: u32,
    },
    NotStarted {
        epoch: u64,
        problem: Problem,
    },
    Heard {
        epoch: u64,
        message: Incoming,
    },
    /// The process is gone.
    Gone {
        epoch: u64,
        exit: Exit,
    },
    /// What was still in its pipes was read.
    Buried {
        epoch: u64,
        last_words: Vec<String>,
    },
    /// The machine, or this program, slept until now.
    Slept,
    /// Nothing but that time went by.
    Time,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Start {
        epoch: u64,
    },
    Send {
        epoch: u64,
        line: String,
    },
    /// Closes its stdin.
    EndInput {
        epoch: u64,
    },
    /// Kills its whole tree.
    Kill {
        epoch: u64,
    },
    Tell {
        ask: Ask,
        event: ReplyEvent,
    },
    Answer {
        ask: Ask,
        outcome: Result<Good, EngineError>,
    },
}

/// What somebody waited for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Good {
    Model(LoadedModel),
    Done,
    Tokens(u64),
}

//! What the engine is working on, and who waits for it.

use tokio::sync::mpsc;

use crate::engine::ReplyEvent;
use crate::error::EngineError;
use crate::methods::{GenerateParams, Generated};
use crate::rpc::RequestId;
use crate::snapshot::Phase;

/// A reply that was asked for.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: RequestId,
    pub(crate) params: GenerateParams,
    pub(crate) events: mpsc::UnboundedSender<ReplyEvent>,
}

impl Job {
    /// Tells how it ended. Nobody listening is fine.
    pub(crate) fn finish(self, outcome: Result<Generated, EngineError>) {
        let _ = self.events.send(ReplyEvent::Finished(outcome));
    }
}

/// The request the engine has not answered yet.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) id: RequestId,
    pub(crate) work: Work,
    pub(crate) cancelled: bool,
}

/// What that request is for.
#[derive(Debug)]
pub(crate) enum Work {
    Initialize,
    Load { fraction: f64 },
    Generate(Job),
}

impl InFlight {
    pub(crate) fn phase(&self) -> Phase {
        match self.work {
            Work::Initialize => Phase::Starting,
            Work::Load { fraction } => Phase::Loading { fraction },
            Work::Generate(_) if self.cancelled => Phase::Cancelling,
            Work::Generate(_) => Phase::Generating,
        }
    }
}

//! The thread that does what the state machine says.

use tokio::sync::{mpsc, watch};

use crate::command::Command;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

pub(crate) struct Actor;

impl Actor {
    pub(crate) fn new(_settings: Settings, _publish: watch::Sender<Snapshot>) -> Self {
        Self
    }

    pub(crate) async fn run(self, _commands: mpsc::Receiver<Command>) {}
}

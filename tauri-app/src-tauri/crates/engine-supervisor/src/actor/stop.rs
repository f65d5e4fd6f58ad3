//! The orderly end: whoever waits is told, then the process goes down the ladder.

use std::time::Duration;

use tokio::time::timeout;

use super::Actor;
use crate::error::EngineError;
use crate::in_flight::Work;
use crate::methods::Request;
use crate::process::{Event, Told};
use crate::rpc;
use crate::snapshot::{Phase, Snapshot};

/// All of the ladder: two seconds to end in order, and one for the kill to take effect.
const LADDER: Duration = Duration::from_secs(3);

impl Actor {
    /// Ends the process and tells everybody who still waits.
    pub(super) async fn stop(&mut self) {
        if let Some(Work::Generate(job)) = self.in_flight.take().map(|request| request.work) {
            self.finish(job, Err(EngineError::Stopped));
        }
        self.fail_everything(&EngineError::Stopped);
        self.snapshot.phase = Phase::Stopping;
        self.announce();
        if let Some(mut process) = self.process.take() {
            process.send(rpc::encode_request(&self.new_id(), &Request::Shutdown));
            process.end();
            if timeout(LADDER, self.wait_for_end(process.epoch)).await.is_err() {
                log::error!("the engine, pid {}, cannot even be killed", process.pid);
            }
        }
        self.publish.send_replace(Snapshot { starts: self.snapshot.starts, ..Snapshot::default() });
    }

    async fn wait_for_end(&mut self, epoch: u64) {
        while let Some(told) = self.told.recv().await {
            if let Told { epoch: of, event: Event::Ended(death) } = told
                && of == epoch
            {
                log::info!("engine ended: {death}");
                return;
            }
        }
    }
}

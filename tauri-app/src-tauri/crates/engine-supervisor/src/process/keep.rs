//! Owns the child until it is gone. Waits for the process itself, never for its pipes.

use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::pipes::Log;
use super::{Ears, Of, Word};
use crate::death::Exit;

/// What is still in the pipes when the process is gone is read for this long: a
/// grandchild that holds them open must not hide the death.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Log lines that are passed on with a death.
const LAST_LINES: usize = 20;

pub(super) async fn keep(
    mut child: Box<dyn ChildWrapper>,
    orders: mpsc::UnboundedReceiver<()>,
    readers: [JoinHandle<()>; 2],
    log: Log,
    epoch: u64,
    ears: Ears,
) {
    let exit = wait(child.as_mut(), orders).await;
    let _ = ears.ends.send(Of { epoch, what: exit });
    // Whatever else is in its group goes with it; usually there is nothing (ESRCH).
    let _ = child.start_kill();
    let until = Instant::now() + LAST_WORDS;
    for mut reader in readers {
        if timeout_at(until, &mut reader).await.is_err() {
            reader.abort();
        }
    }
    let last = Word::Last(log.last_lines(LAST_LINES));
    let _ = ears.words.send(Of { epoch, what: last }).await;
}

/// Waits for the end of the process, and kills its tree when ordered to, or when nobody is
/// there any more to give orders.
async fn wait(child: &mut dyn ChildWrapper, mut orders: mpsc::UnboundedReceiver<()>) -> Exit {
    let mut owned = true;
    loop {
        tokio::select! {
            status = child.wait() => return match status {
                Ok(status) => Exit::from_status(status),
                Err(error) => {
                    log::error!("waiting for the engine failed: {error}");
                    Exit::Unknown
                }
            },
            order = orders.recv(), if owned => {
                owned = order.is_some();
                if let Err(error) = child.start_kill() {
                    log::warn!("killing the engine failed: {error}");
                }
            }
        }
    }
}

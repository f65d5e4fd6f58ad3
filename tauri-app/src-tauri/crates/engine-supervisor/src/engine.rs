//! The handle through which a program drives the engine, and the replies it gets.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

use crate::actor::{Actor, Command};
use crate::error::EngineError;
use crate::methods::{Client, GenerateParams, Generated, LoadParams, LoadedModel};
use crate::rpc::RequestId;
use crate::snapshot::Snapshot;

/// Commands that may wait for the actor. It never blocks, so a full channel means trouble.
const COMMAND_QUEUE: usize = 64;

/// What a supervisor needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine's program, as [`locate`](crate::locate) finds it.
    pub program: PathBuf,
    /// Name and version to introduce ourselves with.
    pub client: Client,
}

/// Drives one engine: starts it when it is needed, restarts it after a crash, ends it.
/// Clones drive the same one.
#[derive(Debug, Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    snapshots: watch::Receiver<Snapshot>,
    next_id: Arc<AtomicI64>,
}

impl Engine {
    /// Starts the supervisor's thread. No process is started before one is needed.
    ///
    /// # Panics
    /// When the system gives no thread or no event loop.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (commands, received) = mpsc::channel(COMMAND_QUEUE);
        let (publish, snapshots) = watch::channel(Snapshot::default());
        let next_id = Arc::new(AtomicI64::new(1));
        let ids = Arc::clone(&next_id);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system gives an event loop");
        // The child dies with the thread that started it, so everything happens on this
        // one, and it ends only when the engine has ended.
        std::thread::Builder::new()
            .name("engine-supervisor".into())
            .spawn(move || runtime.block_on(Actor::new(settings, publish, ids).run(received)))
            .expect("the system gives a thread");
        Self { commands, snapshots, next_id }
    }

    /// Makes `model` the one to use, now and after every restart, and loads it.
    ///
    /// # Errors
    /// Whatever keeps the engine from starting or from loading this model.
    pub async fn load(&self, model: LoadParams) -> Result<LoadedModel, EngineError> {
        self.bring_up(Some(model)).await
    }

    /// Waits until the chosen model is loaded; starts the engine if need be.
    ///
    /// # Errors
    /// As for [`Engine::load`], and [`EngineError::NoModel`] if none was chosen.
    pub async fn ready(&self) -> Result<LoadedModel, EngineError> {
        self.bring_up(None).await
    }

    async fn bring_up(&self, model: Option<LoadParams>) -> Result<LoadedModel, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Load { model, answer })?;
        answered.await.unwrap_or(Err(EngineError::Stopped))
    }

    /// Asks for a reply. Starts the engine and loads the model first if need be.
    #[must_use]
    pub fn generate(&self, params: GenerateParams) -> Reply {
        let id = RequestId::Number(self.next_id.fetch_add(1, Ordering::Relaxed));
        let (events, received) = mpsc::unbounded_channel();
        let command = Command::Generate { id: id.clone(), params, events: events.clone() };
        if let Err(error) = self.send(command) {
            let _ = events.send(ReplyEvent::Finished(Err(error)));
        }
        Reply { canceller: Canceller { id, commands: self.commands.clone() }, events: received }
    }

    /// The engine as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots.borrow().clone()
    }

    /// Tells of every change. Only the latest state is kept for a slow listener.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    /// Ends the engine: asks it to, then kills its process group. Takes 3 s at most.
    /// Afterwards everything asked of it answers [`EngineError::Stopped`].
    pub async fn shut_down(&self) {
        let (done, finished) = oneshot::channel();
        if self.commands.send(Command::ShutDown { done }).await.is_ok() {
            let _ = finished.await;
        }
    }

    fn send(&self, command: Command) -> Result<(), EngineError> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => EngineError::Busy,
            mpsc::error::TrySendError::Closed(_) => EngineError::Stopped,
        })
    }
}

/// What happens to a reply. `Finished` is the last event.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// Tokens of the prompt read so far, and in all.
    PromptProgress {
        /// So far.
        done: u64,
        /// In all.
        total: u64,
    },
    /// The next piece of text.
    Text(String),
    /// The end, with the reason or the error.
    Finished(Result<Generated, EngineError>),
}

/// A reply while it is being written. Dropping it cancels it.
#[derive(Debug)]
pub struct Reply {
    canceller: Canceller,
    events: mpsc::UnboundedReceiver<ReplyEvent>,
}

impl Reply {
    /// The next event; after `Finished` there is none. Safe to drop while it waits.
    pub async fn next(&mut self) -> Option<ReplyEvent> {
        self.events.recv().await
    }

    /// Cancels this reply from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.canceller.cancel();
    }
}

/// Cancels one reply. One that has ended already is not touched.
#[derive(Debug, Clone)]
pub struct Canceller {
    id: RequestId,
    commands: mpsc::Sender<Command>,
}

impl Canceller {
    /// The reply ends soon, as cancelled, with what it has.
    pub fn cancel(&self) {
        let _ = self.commands.try_send(Command::Cancel { id: self.id.clone() });
    }
}

//! The handle through which a program drives the engine.

use tokio::sync::{mpsc, oneshot, watch};

use crate::actor::Actor;
use crate::command::{Answer, Command};
use crate::error::EngineError;
use crate::methods::{GenerateParams, LoadParams, LoadedModel, TokenizeParams};
use crate::reply::{self, Reply};
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Commands that may wait for the actor. It never blocks, so a full channel means trouble.
const COMMAND_QUEUE: usize = 64;

/// Drives one engine: starts it when it is needed, restarts it after a crash, ends it.
/// Clones drive the same one; when the last is dropped, the engine ends.
#[derive(Debug, Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    snapshots: watch::Receiver<Snapshot>,
}

impl Engine {
    /// Starts the supervisor's thread, which first ends the engine of a killed predecessor
    /// if [`Settings::folder`] tells of one. No process is started before one is needed.
    ///
    /// # Panics
    /// When the system gives no thread or no event loop.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (commands, received) = mpsc::channel(COMMAND_QUEUE);
        let (publish, snapshots) = watch::channel(Snapshot::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system gives an event loop");
        // The child dies with the thread that started it, so everything happens on this
        // one, and it ends only when the engine has ended.
        std::thread::Builder::new()
            .name("engine-supervisor".into())
            .spawn(move || runtime.block_on(Actor::new(settings, publish).run(received)))
            .expect("the system gives a thread");
        Self { commands, snapshots }
    }

    /// Makes `model` the one to use, now and after every restart, and loads it.
    ///
    /// # Errors
    /// Whatever keeps the engine from starting or from loading this model. A model that has
    /// crashed the engine twice on this device is refused: [`Engine::load_insisting`].
    pub async fn load(&self, model: LoadParams) -> Result<LoadedModel, EngineError> {
        self.bring_up(Some(model), false).await
    }

    /// [`Engine::load`] although this model has crashed the engine, or the engine or a device was
    /// given up.
    ///
    /// # Errors
    /// Whatever keeps the engine from starting or from loading this model.
    pub async fn load_insisting(&self, model: LoadParams) -> Result<LoadedModel, EngineError> {
        self.bring_up(Some(model), true).await
    }

    /// Somebody chose a device anew: those that were given up
    /// ([`DeviceNotice::GivenUp`](crate::DeviceNotice)) may be used again by loads from now on.
    pub async fn trust_devices(&self) {
        // One that was shut down uses none.
        let _ = self.commands.send(Command::TrustDevices).await;
    }

    /// Waits until the chosen model is loaded; starts the engine if need be.
    ///
    /// # Errors
    /// As for [`Engine::load`], and [`EngineError::NoModel`] if none was chosen.
    pub async fn ready(&self) -> Result<LoadedModel, EngineError> {
        self.bring_up(None, false).await
    }

    async fn bring_up(
        &self,
        model: Option<LoadParams>,
        insist: bool,
    ) -> Result<LoadedModel, EngineError> {
        self.ask(|answer| Command::Load { model, insist, answer }).await
    }

    /// Takes the model out of the engine, after the replies that were asked for before.
    /// None is chosen from then on.
    ///
    /// # Errors
    /// What kept the engine from doing so. Unloading nothing is fine.
    pub async fn unload(&self) -> Result<(), EngineError> {
        self.ask(|answer| Command::Unload { answer }).await
    }

    /// Has the engine forget the kept context of `conversation`, on disk too. Starts the
    /// engine if need be: only it knows where that is.
    ///
    /// # Errors
    /// What kept the engine from doing so. Forgetting what is not kept is fine.
    pub async fn forget(&self, conversation: impl Into<String>) -> Result<(), EngineError> {
        let conversation = conversation.into();
        self.ask(|answer| Command::Forget { conversation, answer }).await
    }

    /// How many tokens the model makes of this.
    ///
    /// # Errors
    /// As for a reply, of which [`Engine::generate`] tells.
    pub async fn tokenize(&self, params: TokenizeParams) -> Result<u64, EngineError> {
        self.ask(|answer| Command::Tokenize { params, answer }).await
    }

    /// Asks for a reply. Starts the engine and loads the model first if need be.
    ///
    /// If the engine dies while it is at work on it, the reply ends with
    /// [`EngineError::Died`] and is not asked for again by itself. Asked for again by the
    /// user and at work at a second death in a row, the same request is refused from then on
    /// ([`EngineError::KeepsKilling`]) until [`Engine::restart`].
    #[must_use]
    pub fn generate(&self, params: GenerateParams) -> Reply {
        let (reply, writer) = reply::open(self.commands.clone());
        let unsent = self.commands.try_send(Command::Generate { params, reply: writer });
        if let Err(mpsc::error::TrySendError::Full(Command::Generate { reply, .. })) = unsent {
            reply.write(reply::ReplyEvent::Finished(Err(EngineError::Busy)));
        }
        reply
    }

    /// Ends the engine and starts it anew, with the chosen model if there is one. Crashes,
    /// quarantines and devices given up are forgotten: this is what a "Restart" button does. Requests that are
    /// running or waiting end with [`EngineError::Stopped`].
    ///
    /// # Errors
    /// Whatever keeps the engine from starting or from loading the model.
    pub async fn restart(&self) -> Result<(), EngineError> {
        self.ask(|answer| Command::Restart { answer }).await
    }

    /// Ends the process, within [`Policy::orderly_end`](crate::Policy::orderly_end) and
    /// [`Policy::kill_limit`](crate::Policy::kill_limit) (3 s): before an update of its
    /// files, or when something else needs its memory. Requests that are running or waiting
    /// end with [`EngineError::Stopped`]. The next request starts it anew.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] if it was shut down before; it is ended then all the same.
    pub async fn stop(&self) -> Result<(), EngineError> {
        self.ask(|answer| Command::Stop { answer }).await
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

    /// Ends the engine and the supervisor: [`Engine::stop`], for good. Afterwards everything
    /// asked of it answers [`EngineError::Stopped`].
    pub async fn shut_down(&self) {
        let (answer, done) = oneshot::channel();
        if self.commands.send(Command::ShutDown { answer }).await.is_ok() {
            let _ = done.await;
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.commands.try_send(command(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => EngineError::Busy,
            mpsc::error::TrySendError::Closed(_) => EngineError::Stopped,
        })?;
        answered.await.unwrap_or(Err(EngineError::Stopped))
    }
}

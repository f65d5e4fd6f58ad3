//! The app's one assistant: the engine, the model it uses, and what was said.

mod answering;
mod conversations;
mod loading;
mod speed;
#[cfg(test)]
mod test;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine_supervisor::{Engine, Settings, Snapshot};
use history::{History, HistoryError};
use tokio::sync::{Notify, watch};

use crate::error::AppError;
use crate::live::Live;
use crate::models::{ChosenModel, Models};
use crate::preferences::Preferences;
use crate::status::EngineStatus;

pub(crate) use answering::Question;
pub(crate) use conversations::OpenConversation;
pub(crate) use loading::LoadOptions;
#[cfg(test)]
pub(crate) use speed::SpeedProgress;
pub(crate) use speed::{Speed, SpeedSetting};

/// How long the last words of an answer may take to be saved when the app ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Does one thing with the engine at a time, and keeps what was said.
pub(crate) struct Assistant {
    engine: Result<Engine, AppError>,
    /// The engine's program, to measure it in a process of its own.
    program: Option<PathBuf>,
    history: Result<History, AppError>,
    models: Models,
    preferences: Preferences,
    view: watch::Sender<View>,
    desk: Mutex<Desk>,
}

/// What the page is shown of the assistant besides the engine itself.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The model to use, loaded or not.
    pub(crate) model: ChosenModel,
    /// The device that the settings ask for.
    pub(crate) device: Option<String>,
    /// What a person should know that the engine does not say.
    pub(crate) remarks: Vec<AppError>,
}

/// What the assistant is at.
#[derive(Default)]
struct Desk {
    taken: bool,
    live: Option<Arc<Live>>,
    measuring: Option<Arc<Notify>>,
    /// The last conversation whose beginning did not fit, and how many of its turns.
    forgotten: Option<(String, usize)>,
}

/// The right to use the engine. Whoever drops it gives it back.
struct Turn(Arc<Assistant>);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut desk = self.0.desk();
        desk.taken = false;
        desk.live = None;
        desk.measuring = None;
    }
}

impl Assistant {
    /// With an engine and a history, or with why there is none.
    pub(crate) fn new(
        settings: Result<Settings, AppError>,
        history: Result<History, AppError>,
        models: Models,
        preferences: Preferences,
    ) -> Arc<Self> {
        let settings::Settings { model, device, .. } = preferences.get();
        let chosen = model.and_then(|id| models.find(&id).ok());
        let model = chosen.unwrap_or_else(|| models.demo());
        let view = View { model, device, remarks: Vec::new() };
        Arc::new(Self {
            program: settings.as_ref().ok().map(|settings| settings.program.clone()),
            engine: settings.map(Engine::new),
            history,
            models,
            preferences,
            view: watch::Sender::new(view),
            desk: Mutex::default(),
        })
    }

    pub(crate) fn engine(&self) -> Result<&Engine, AppError> {
        self.engine.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn models(&self) -> &Models {
        &self.models
    }

    pub(crate) fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// Keeps the settings. How a model is loaded counts from the next load on.
    ///
    /// # Errors
    /// What is wrong with them, or with the disk. All is as before then.
    pub(crate) fn save_settings(&self, settings: settings::Settings) -> Result<(), AppError> {
        self.preferences.save(settings)?;
        self.show_requested_device();
        Ok(())
    }

    fn show_requested_device(&self) {
        let device = self.preferences.get().device;
        self.view.send_if_modified(|view| {
            let changed = view.device != device;
            view.device = device;
            changed
        });
    }

    /// The id of the model to use.
    pub(crate) fn chosen(&self) -> String {
        self.view.borrow().model.id.clone()
    }

    /// The engine as it is now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.engine.as_ref().map(Engine::snapshot).unwrap_or_default()
    }

    /// Tells of every change of what the page is shown besides the engine.
    pub(crate) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// What the page is shown now.
    pub(crate) fn status(&self) -> EngineStatus {
        let view = self.view.borrow().clone();
        match &self.engine {
            Ok(engine) => EngineStatus::new(&engine.snapshot(), &view),
            Err(problem) => EngineStatus::without_engine(problem.clone(), &view),
        }
    }

    /// Has the page tell the user, once.
    pub(crate) fn remark(&self, remark: AppError) {
        log::warn!("{}", remark.message);
        self.view.send_modify(|view| {
            view.remarks.retain(|earlier| earlier.code != remark.code);
            view.remarks.push(remark);
        });
    }

    /// Stops the answer of that name, or the running one. False if it is not running.
    pub(crate) fn stop(&self, message_id: Option<&str>) -> bool {
        let desk = self.desk();
        let Some(live) = &desk.live else { return false };
        let meant = message_id.is_none_or(|id| id == live.message_id);
        if meant {
            live.stop.notify_one();
        }
        meant
    }

    /// Ends the engine within three seconds, and saves what it had written.
    pub(crate) async fn shut_down(&self) {
        if let Ok(engine) = &self.engine {
            engine.shut_down().await;
        }
        let live = self.desk().live.clone();
        if let Some(live) = live {
            let _ = tokio::time::timeout(LAST_WORDS, live.ended()).await;
        }
        if let Err(error) = self.kept(|history| history.close()).await {
            log::error!("the history was not closed: {}", error.message);
        }
    }

    /// Does something with the history where it may block.
    ///
    /// # Errors
    /// What keeps the history from being used, or `work` from being done.
    pub(crate) async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, AppError> {
        let history = self.history.clone()?;
        let done = tokio::task::spawn_blocking(move || work(&history)).await;
        Ok(done.map_err(|defect| AppError::new("unexpected", defect.to_string()))??)
    }

    fn take_turn(self: &Arc<Self>) -> Result<Turn, AppError> {
        let mut desk = self.desk();
        if desk.taken {
            let message = match desk.measuring {
                Some(_) => "the speed is being measured",
                None => "another answer is being written",
            };
            return Err(AppError::new("busy", message).hint("wait for the end of it, or stop it"));
        }
        desk.taken = true;
        Ok(Turn(Arc::clone(self)))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

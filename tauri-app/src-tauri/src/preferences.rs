//! The user's settings, shared by all who need them.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use settings::{AnswerSettings, Loaded, Settings, Store};

use crate::assistant::LoadOptions;
use crate::error::AppError;
use crate::options::AnswerOptions;

/// The settings and the file they are kept in.
pub(crate) struct Preferences(Mutex<Store>);

impl Preferences {
    /// Those in `file`, and what the user has to know about it.
    pub(crate) fn load(file: &Path) -> (Self, Option<AppError>) {
        let Loaded { store, told } = Store::load(file);
        (Self(Mutex::new(store)), told.map(AppError::from))
    }

    pub(crate) fn get(&self) -> Settings {
        self.store().settings().clone()
    }

    /// # Errors
    /// What is wrong with `settings`, or with the disk. All is as before then.
    pub(crate) fn save(&self, settings: Settings) -> Result<(), AppError> {
        Ok(self.store().save(settings)?)
    }

    /// Makes this model the one that is loaded at the next start.
    ///
    /// # Errors
    /// What is wrong with the disk.
    pub(crate) fn choose_model(&self, id: &str) -> Result<(), AppError> {
        let mut store = self.store();
        let settings = store.settings().clone();
        Ok(store.save(Settings { model: Some(id.into()), ..settings })?)
    }

    /// `asked`, and the settings where it says nothing.
    pub(crate) fn load_options(&self, asked: LoadOptions) -> LoadOptions {
        let settings = self.get();
        // Layers are counted for the device that they were chosen for.
        let gpu_layers = match asked.device {
            Some(_) => asked.gpu_layers,
            None => asked.gpu_layers.or(settings.gpu_layers),
        };
        LoadOptions {
            context_length: asked.context_length.or(settings.context_length),
            gpu_layers,
            device: asked.device.or(settings.device),
            threads: asked.threads.or(settings.threads),
            insist: asked.insist,
        }
    }

    /// `asked`, and the settings where it says nothing.
    pub(crate) fn answer_options(&self, asked: AnswerOptions) -> AnswerOptions {
        let AnswerSettings { max_tokens, temperature, top_k, top_p, min_p, repeat_penalty } =
            self.get().answers;
        AnswerOptions {
            max_tokens: asked.max_tokens.or(max_tokens),
            temperature: asked.temperature.or(temperature),
            top_k: asked.top_k.or(top_k),
            top_p: asked.top_p.or(top_p),
            min_p: asked.min_p.or(min_p),
            repeat_penalty: asked.repeat_penalty.or(repeat_penalty),
            seed: asked.seed,
            stop: asked.stop,
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_goes_before_the_settings_and_they_before_the_engines_choice() {
        let folder = tempfile::tempdir().unwrap();
        let (preferences, told) = Preferences::load(&folder.path().join("settings.json"));
        assert_eq!(told, None);
        let answers =
            AnswerSettings { temperature: Some(0.5), top_k: Some(7), ..Default::default() };
        let settings =
            Settings { answers, threads: Some(3), gpu_layers: Some(9), ..Default::default() };
        preferences.save(settings).unwrap();
        let asked = AnswerOptions { temperature: Some(0.0), ..Default::default() };
        let options = preferences.answer_options(asked);
        assert_eq!((options.temperature, options.top_k, options.min_p), (Some(0.0), Some(7), None));
        let asked = LoadOptions { device: Some("CPU".into()), ..Default::default() };
        let options = preferences.load_options(asked);
        assert_eq!((options.threads, options.gpu_layers), (Some(3), None));
    }

    #[test]
    fn a_setting_that_cannot_be_is_refused_by_name_and_all_is_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let (preferences, _) = Preferences::load(&folder.path().join("settings.json"));
        let wrong = Settings { threads: Some(5_000), ..Default::default() };
        assert_eq!(preferences.save(wrong).unwrap_err().values["parameter"], "threads");
        assert_eq!(preferences.get(), Settings::default());
    }
}

//! The user's settings, shared by all who need them.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use settings::{AnswerSettings, Loaded, Settings, Store};

use crate::assistant::LoadOptions;
use crate::devices::AUTOMATIC;
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

    /// Makes this model the one that is loaded at the next start, and the device that is asked
    /// for the one to use from now on.
    ///
    /// # Errors
    /// What is wrong with the device's name, or with the disk.
    pub(crate) fn choose(&self, id: &str, asked: &LoadOptions) -> Result<(), AppError> {
        let mut store = self.store();
        let mut settings = store.settings().clone();
        settings.model = Some(id.into());
        if let Some(device) = asked.device.clone() {
            let device = Some(device).filter(|device| device != AUTOMATIC);
            if device != settings.device {
                // Layers are counted for the device that they were chosen for.
                settings.gpu_layers = asked.gpu_layers;
            }
            settings.device = device;
        }
        Ok(store.save(settings)?)
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
            device: match asked.device.as_deref() {
                Some(AUTOMATIC) => None,
                Some(_) => asked.device,
                None => settings.device,
            },
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
    fn a_device_that_is_asked_for_is_kept_until_another_one_or_none_is() {
        let folder = tempfile::tempdir().unwrap();
        let (preferences, _) = Preferences::load(&folder.path().join("settings.json"));
        preferences.save(Settings { gpu_layers: Some(9), ..Default::default() }).unwrap();
        let on = |device: Option<&str>| LoadOptions {
            device: device.map(str::to_owned),
            ..Default::default()
        };
        let kept = |asked: Option<&str>| {
            preferences.choose("demo", &on(asked)).unwrap();
            let options = preferences.load_options(on(asked));
            let settings = preferences.get();
            assert_eq!(options.device, settings.device, "it is loaded as it is kept");
            (settings.device, settings.gpu_layers)
        };
        let vulkan = || Some("Vulkan0".to_owned());
        assert_eq!(kept(None), (None, Some(9)));
        assert_eq!(kept(Some("Vulkan0")), (vulkan(), None));
        assert_eq!(kept(None), (vulkan(), None));
        assert_eq!(kept(Some("auto")), (None, None));
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

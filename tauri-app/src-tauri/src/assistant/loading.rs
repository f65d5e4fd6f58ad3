//! Which model is used, and how it is loaded.

use std::path::Path;

use engine_supervisor::{Engine, EngineError, LoadParams, LoadedModel};
use serde::Deserialize;

use super::Assistant;
use crate::check;
use crate::error::AppError;
use crate::models::{ChosenModel, Model};

/// The longest context that may be asked for, in tokens.
const MAX_CONTEXT: u32 = 1 << 24;

/// How a model is loaded. What is absent the engine chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct LoadOptions {
    /// In tokens; 0 is the model's own.
    pub(crate) context_length: Option<u32>,
    /// Layers to put on the device; -1 is as many as fit.
    pub(crate) gpu_layers: Option<i32>,
    /// The id of a device, or `auto`: the engine's own choice. It is kept as the setting. Absent:
    /// as the settings say.
    pub(crate) device: Option<String>,
    /// 0 to 512; 0: chosen and adapted by the engine.
    pub(crate) threads: Option<u32>,
    /// Although this model has crashed the engine here.
    pub(crate) insist: Option<bool>,
}

impl LoadOptions {
    /// The model in `path`, loaded so.
    ///
    /// # Errors
    /// `out_of_range`, or what is wrong with the device's name.
    fn check(self, path: &Path) -> Result<LoadParams, AppError> {
        Ok(LoadParams {
            path: std::path::absolute(path)
                .unwrap_or_else(|_| path.into())
                .to_string_lossy()
                .into(),
            context_length: check::range("contextLength", self.context_length, 0..=MAX_CONTEXT)?,
            gpu_layers: check::range("gpuLayers", self.gpu_layers, -1..=100_000)?,
            device: self.device.map(|device| check::line("device", &device)).transpose()?,
            threads: check::range("threads", self.threads, 0..=512)?,
        })
    }
}

impl Assistant {
    /// Loads the chosen model if none is loaded, so that the first question finds it ready.
    /// What goes wrong shows in the engine's state.
    pub(crate) async fn warm_up(&self) {
        let Ok(engine) = &self.engine else { return };
        match self.ready(engine).await {
            Ok(loaded) => log::info!("model loaded in {:.0} ms", loaded.load_ms),
            Err(error) => log::error!("the model could not be loaded: {error}"),
        }
    }

    /// Makes the model of this id, and the device if one is named, the ones to use, and loads it.
    ///
    /// # Errors
    /// `unknown_model`, and whatever keeps it from being loaded. It is the chosen one then,
    /// all the same.
    pub(crate) async fn load(&self, id: &str, options: LoadOptions) -> Result<Model, AppError> {
        self.engine()?;
        // Refused before anything changes.
        options.clone().check(Path::new(""))?;
        let chosen = self.models.find(id)?;
        self.preferences.choose(id, &options)?;
        self.view.send_modify(|view| view.model = chosen.clone());
        self.show_requested_device();
        if options.device.is_some() {
            self.engine()?.trust_devices().await;
        }
        self.bring(&chosen, options).await?;
        let listed = self.models.list(id).into_iter().find(|model| model.id == id);
        listed.ok_or_else(|| AppError::new("unknown_model", "this model was removed meanwhile"))
    }

    /// Takes the model out of the engine. The next question loads it again.
    ///
    /// # Errors
    /// What keeps the engine from doing so.
    pub(crate) async fn unload(&self) -> Result<(), AppError> {
        Ok(self.engine()?.unload().await?)
    }

    /// Ends the engine and starts it anew; crashes are forgotten.
    ///
    /// # Errors
    /// Whatever keeps the engine from starting or from loading the model.
    pub(crate) async fn restart(&self) -> Result<(), AppError> {
        Ok(self.engine()?.restart().await?)
    }

    /// Uses the model in `path`, which the app or a later start was given as argument. One
    /// that is none is told to the user, and the one in use stays: false.
    pub(crate) async fn open_file(&self, path: &Path) -> bool {
        let model = match self.models.add(path, &self.chosen()) {
            Ok(model) => model,
            Err(error) => {
                self.remark(error);
                return false;
            }
        };
        // What goes wrong from here on shows in the engine's state.
        if let Err(error) = self.load(&model.id, LoadOptions::default()).await {
            log::error!("the model could not be loaded: {}", error.message);
        }
        true
    }

    /// The chosen model, loaded if it is not: it may have been taken out.
    pub(super) async fn ready(&self, engine: &Engine) -> Result<LoadedModel, EngineError> {
        match engine.ready().await {
            Err(EngineError::NoModel) => {
                let path = self.view.borrow().model.path.clone();
                let options = self.preferences.load_options(LoadOptions::default());
                // What was saved was checked.
                let plain = || LoadParams { path: absolute(&path), ..LoadParams::default() };
                engine.load(options.check(&path).unwrap_or_else(|_| plain())).await
            }
            settled => settled,
        }
    }

    async fn bring(&self, model: &ChosenModel, options: LoadOptions) -> Result<(), AppError> {
        let engine = self.engine()?;
        let insist = options.insist.unwrap_or(false);
        let params = self.preferences.load_options(options).check(&model.path)?;
        let loaded = match insist {
            true => engine.load_insisting(params).await?,
            false => engine.load(params).await?,
        };
        log::info!("model loaded in {:.0} ms", loaded.load_ms);
        Ok(())
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.into()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_model_is_loaded_is_checked_by_name() {
        let base = LoadOptions::default;
        for (options, code) in [
            (LoadOptions { threads: Some(513), ..base() }, "out_of_range"),
            (LoadOptions { gpu_layers: Some(-2), ..base() }, "out_of_range"),
            (LoadOptions { context_length: Some(u32::MAX), ..base() }, "out_of_range"),
            (LoadOptions { device: Some("a\nb".into()), ..base() }, "text_control_character"),
        ] {
            assert_eq!(options.check(Path::new("/m.gguf")).unwrap_err().code, code);
        }
    }
}

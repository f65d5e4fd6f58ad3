//! How fast the chosen model is here: the engine's own measurement, one process per setting,
//! while nothing else uses the memory.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine_supervisor::run_once;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use super::Assistant;
use crate::check;
use crate::error::AppError;
use crate::shorten::shorten;

/// Settings that may be measured at once.
const MOST_SETTINGS: usize = 16;

/// As much as it takes for rates that repeat: seconds for a model of a billion parameters.
const WORK: [(&str, &str); 3] =
    [("--prompt-tokens", "256"), ("--predict", "64"), ("--repetitions", "3")];

/// One setting, with a large model on a slow machine.
const LIMIT: Duration = Duration::from_secs(600);

/// What to measure with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct SpeedSetting {
    /// The id of a device. Absent: the best there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// 0 to 512. Absent or 0: chosen by the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threads: Option<u32>,
}

/// What was measured with one setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Speed {
    /// What was asked for.
    pub(crate) setting: SpeedSetting,
    /// The device that computed.
    pub(crate) device: Option<String>,
    /// With as many threads.
    pub(crate) threads: Option<u64>,
    /// Reading: the median.
    pub(crate) prompt_tokens_per_second: Option<f64>,
    /// Writing: the median.
    pub(crate) decode_tokens_per_second: Option<f64>,
    /// Why there are no figures.
    pub(crate) problem: Option<AppError>,
}

/// Told before each setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SpeedProgress {
    /// Settings measured so far.
    pub(crate) done: usize,
    /// Settings in all.
    pub(crate) total: usize,
    /// The one that is measured now.
    pub(crate) setting: SpeedSetting,
}

impl Assistant {
    /// Measures the chosen model with each of `settings`; with none, as the engine chooses.
    /// The model is loaded again afterwards. Returns what was measured when it was cancelled.
    ///
    /// # Errors
    /// `busy`, a setting that cannot be, or no engine.
    pub(crate) async fn measure_speed(
        self: &Arc<Self>,
        settings: Vec<SpeedSetting>,
        mut listener: impl FnMut(SpeedProgress),
    ) -> Result<Vec<Speed>, AppError> {
        let engine = self.engine()?;
        let program = self.program.clone().unwrap_or_default();
        let settings = checked(settings)?;
        let _turn = self.take_turn()?;
        let cancelled = Arc::new(Notify::new());
        self.desk().measuring = Some(Arc::clone(&cancelled));
        let model = self.view.borrow().model.path.clone();
        engine.stop().await?;
        let total = settings.len();
        let mut speeds = Vec::with_capacity(total);
        for setting in settings {
            listener(SpeedProgress { done: speeds.len(), total, setting: setting.clone() });
            tokio::select! {
                speed = measure(&program, &model, setting) => speeds.push(speed),
                () = cancelled.notified() => break,
            }
        }
        if let Err(error) = self.ready(engine).await {
            log::warn!("after measuring, the model was not loaded again: {error}");
        }
        Ok(speeds)
    }

    /// Ends the measuring. False if nothing is being measured.
    pub(crate) fn cancel_measure_speed(&self) -> bool {
        let desk = self.desk();
        desk.measuring.as_ref().map(|measuring| measuring.notify_one()).is_some()
    }
}

fn checked(settings: Vec<SpeedSetting>) -> Result<Vec<SpeedSetting>, AppError> {
    if settings.is_empty() {
        return Ok(vec![SpeedSetting::default()]);
    }
    check::range("settings", Some(settings.len()), 1..=MOST_SETTINGS)?;
    let check = |setting: SpeedSetting| {
        Ok(SpeedSetting {
            device: setting.device.map(|device| check::line("device", &device)).transpose()?,
            threads: check::range("threads", setting.threads, 0..=512)?,
        })
    };
    settings.into_iter().map(check).collect()
}

async fn measure(program: &Path, model: &Path, setting: SpeedSetting) -> Speed {
    let outcome = match run_once(program, arguments(model, &setting), LIMIT).await {
        Ok(output) => figures(&output),
        Err(error) => Err(AppError::new("not_measured", shorten(&error.to_string()))
            .hint("look whether the engine starts")),
    };
    outcome.map(|measured| Speed { setting: setting.clone(), ..measured }).unwrap_or_else(
        |problem| Speed {
            setting,
            device: None,
            threads: None,
            prompt_tokens_per_second: None,
            decode_tokens_per_second: None,
            problem: Some(problem),
        },
    )
}

fn arguments(model: &Path, setting: &SpeedSetting) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--bench".into(), "--model".into(), model.into()];
    words.extend(WORK.iter().flat_map(|(option, value)| [option.into(), value.into()]));
    for (option, value) in [
        ("--device", setting.device.clone()),
        ("--threads", setting.threads.map(|threads| threads.to_string())),
    ] {
        words.extend(value.into_iter().flat_map(|value| [option.into(), value.into()]));
    }
    words
}

/// Reads what the engine's `--bench` prints.
fn figures(output: &[u8]) -> Result<Speed, AppError> {
    let told: Value = serde_json::from_slice(output).map_err(|error| {
        AppError::new("not_measured", format!("the engine's figures cannot be read: {error}"))
            .hint("look at the log")
    })?;
    if let Some(error) = told["error"].as_object() {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        return Err(
            AppError::new(text("kind"), shorten(text("message"))).hint(shorten(text("hint")))
        );
    }
    Ok(Speed {
        setting: SpeedSetting::default(),
        device: told["device"].as_str().map(str::to_owned),
        threads: told["threads"].as_u64(),
        prompt_tokens_per_second: median(&told["promptTokensPerSecond"]),
        decode_tokens_per_second: median(&told["decodeTokensPerSecond"]),
        problem: None,
    })
}

fn median(rates: &Value) -> Option<f64> {
    let mut rates: Vec<f64> = rates.as_array()?.iter().filter_map(Value::as_f64).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_becomes_the_options_of_the_engine() {
        let setting = SpeedSetting { device: Some("CPU".into()), threads: Some(2) };
        let words = arguments(Path::new("/m.gguf"), &setting);
        assert_eq!(words[..3], ["--bench", "--model", "/m.gguf"]);
        assert_eq!(words[words.len() - 4..], ["--device", "CPU", "--threads", "2"]);
    }

    #[test]
    fn the_figures_are_medians_and_a_refusal_is_told_without_folders() {
        let told = br#"{"device": "CPU", "threads": 2, "promptTokensPerSecond": [3.0, 1.0, 2.0],
            "decodeTokensPerSecond": [], "error": null}"#;
        let speed = figures(told).unwrap();
        assert_eq!(speed.prompt_tokens_per_second, Some(2.0));
        assert_eq!(speed.decode_tokens_per_second, None);
        let refused = br#"{"error": {"kind": "model_not_found", "message": "/a/b.gguf: gone", "hint": "look"}}"#;
        let error = figures(refused).unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("model_not_found", "…/b.gguf: gone")
        );
        assert_eq!(figures(b"junk").unwrap_err().code, "not_measured");
    }

    #[test]
    fn what_cannot_be_set_is_refused_by_name() {
        let setting = SpeedSetting { threads: Some(513), ..SpeedSetting::default() };
        assert_eq!(checked(vec![setting]).unwrap_err().values["parameter"], "threads");
        let many = vec![SpeedSetting::default(); MOST_SETTINGS + 1];
        assert_eq!(checked(many).unwrap_err().values["parameter"], "settings");
    }
}

//! The ranges of the settings. They are those of the engine, which checks again what it is
//! asked; here a wrong value is found when it is typed, not when a model is loaded.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::error::SettingsError;
use crate::types::{AnswerSettings, Settings};

/// The most threads.
pub const MAX_THREADS: u32 = 512;

/// The longest context that is asked for, in tokens: beyond any model.
pub const MAX_CONTEXT_LENGTH: u32 = 1 << 24;

/// The longest answer, in tokens.
pub const MAX_TOKENS: u32 = 1 << 20;

/// The longest id of a model or device.
pub const MAX_NAME_CHARACTERS: usize = 200;

/// The most layers: beyond any model.
const MAX_LAYERS: i32 = 10_000;

/// Whether all settings can be used.
///
/// # Errors
/// The first that cannot, by the name it has in the file.
pub(crate) fn all(settings: &Settings) -> Result<(), SettingsError> {
    name("model", settings.model.as_deref())?;
    name("device", settings.device.as_deref())?;
    range("gpuLayers", settings.gpu_layers, -1..=MAX_LAYERS)?;
    range("threads", settings.threads, 0..=MAX_THREADS)?;
    if settings.context_length != Some(0) {
        range("contextLength", settings.context_length, 16..=MAX_CONTEXT_LENGTH)?;
    }
    answers(&settings.answers)
}

fn answers(answers: &AnswerSettings) -> Result<(), SettingsError> {
    range("answers.maxTokens", answers.max_tokens, 1..=MAX_TOKENS)?;
    range("answers.temperature", answers.temperature, 0.0..=5.0)?;
    range("answers.topK", answers.top_k, 0..=MAX_TOKENS)?;
    above_zero("answers.topP", answers.top_p, 1.0)?;
    range("answers.minP", answers.min_p, 0.0..=1.0)?;
    above_zero("answers.repeatPenalty", answers.repeat_penalty, 2.0)
}

fn range<T: PartialOrd + Display>(
    name: &'static str,
    value: Option<T>,
    allowed: RangeInclusive<T>,
) -> Result<(), SettingsError> {
    match value {
        Some(value) if !allowed.contains(&value) => {
            let allowed = format!("{} to {}", allowed.start(), allowed.end());
            Err(SettingsError::OutOfRange { name, value: value.to_string(), allowed })
        }
        _ => Ok(()),
    }
}

fn above_zero(name: &'static str, value: Option<f64>, to: f64) -> Result<(), SettingsError> {
    match value {
        Some(value) if !(value > 0.0 && value <= to) => {
            let allowed = format!("above 0 to {to}");
            Err(SettingsError::OutOfRange { name, value: value.to_string(), allowed })
        }
        _ => Ok(()),
    }
}

fn name(name: &'static str, value: Option<&str>) -> Result<(), SettingsError> {
    let Some(value) = value else { return Ok(()) };
    let length = value.chars().count();
    if length == 0 || length > MAX_NAME_CHARACTERS || value.chars().any(char::is_control) {
        let value = value.chars().take(40).collect::<String>().escape_debug().to_string();
        return Err(SettingsError::NotAName { name, value, length });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Settings {
        Settings::default()
    }

    fn with(answers: AnswerSettings) -> Settings {
        Settings { answers, ..base() }
    }

    #[test]
    fn the_defaults_and_the_ends_of_every_range_can_be_used() {
        let ends = [
            base(),
            Settings { gpu_layers: Some(-1), threads: Some(0), context_length: Some(0), ..base() },
            Settings { threads: Some(512), context_length: Some(16), ..base() },
            with(AnswerSettings {
                max_tokens: Some(1),
                temperature: Some(0.0),
                top_k: Some(0),
                top_p: Some(f64::MIN_POSITIVE),
                min_p: Some(0.0),
                repeat_penalty: Some(2.0),
            }),
        ];
        for settings in ends {
            assert_eq!(all(&settings), Ok(()), "{settings:?}");
        }
    }

    #[test]
    fn every_value_out_of_its_range_is_named_with_what_is_allowed() {
        let base_answers = AnswerSettings::default;
        let cases = [
            (
                Settings { gpu_layers: Some(-2), ..base() },
                "`gpuLayers` is -2; -1 to 10000 is allowed",
            ),
            (Settings { threads: Some(513), ..base() }, "`threads` is 513; 0 to 512 is allowed"),
            (
                Settings { context_length: Some(15), ..base() },
                "`contextLength` is 15; 16 to 16777216 is allowed",
            ),
            (
                with(AnswerSettings { max_tokens: Some(0), ..base_answers() }),
                "`answers.maxTokens` is 0; 1 to 1048576 is allowed",
            ),
            (
                with(AnswerSettings { temperature: Some(5.1), ..base_answers() }),
                "`answers.temperature` is 5.1; 0 to 5 is allowed",
            ),
            (
                with(AnswerSettings { top_p: Some(0.0), ..base_answers() }),
                "`answers.topP` is 0; above 0 to 1 is allowed",
            ),
            (
                with(AnswerSettings { min_p: Some(f64::NAN), ..base_answers() }),
                "`answers.minP` is NaN; 0 to 1 is allowed",
            ),
            (
                with(AnswerSettings { repeat_penalty: Some(2.5), ..base_answers() }),
                "`answers.repeatPenalty` is 2.5; above 0 to 2 is allowed",
            ),
        ];
        for (settings, message) in cases {
            let error = all(&settings).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(error.code(), "setting_out_of_range");
        }
    }

    #[test]
    fn a_name_is_neither_empty_nor_long_nor_holds_control_characters() {
        for wrong in ["", "a\nb", &"x".repeat(201)] {
            let settings = Settings { device: Some(wrong.into()), ..base() };
            assert_eq!(all(&settings).unwrap_err().code(), "setting_not_a_name", "{wrong:?}");
        }
        assert_eq!(all(&Settings { model: Some("demo".into()), ..base() }), Ok(()));
    }
}

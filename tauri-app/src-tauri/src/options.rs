//! What the page may say about how an answer is chosen, and the ranges of it.

use engine_supervisor::GenerateOptions;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::AppError;

/// The longest answer that may be asked for, in tokens.
const MAX_TOKENS: u32 = 1 << 20;

/// How the text of an answer is chosen. What is absent the engine chooses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct AnswerOptions {
    /// The longest answer, in tokens: 1 and more.
    pub(crate) max_tokens: Option<u32>,
    /// 0 to 5; 0 always takes the likeliest token.
    pub(crate) temperature: Option<f64>,
    /// Choose among the k likeliest tokens; 0 is off.
    pub(crate) top_k: Option<u32>,
    /// Above 0 to 1.
    pub(crate) top_p: Option<f64>,
    /// 0 to 1.
    pub(crate) min_p: Option<f64>,
    /// Above 0 to 2; 1 is off.
    pub(crate) repeat_penalty: Option<f64>,
    /// The same seed gives the same text.
    pub(crate) seed: Option<u32>,
    /// Texts that end the answer, at most 8 of up to 256 characters.
    pub(crate) stop: Option<Vec<String>>,
}

impl AnswerOptions {
    /// The options in the engine's form.
    ///
    /// # Errors
    /// `out_of_range` or `bad_stop_text` with the parameter's name.
    pub(crate) fn check(self) -> Result<GenerateOptions, AppError> {
        Ok(GenerateOptions {
            max_tokens: check::range("maxTokens", self.max_tokens, 1..=MAX_TOKENS)?,
            temperature: check::range("temperature", self.temperature, 0.0..=5.0)?,
            top_k: check::range("topK", self.top_k, 0..=MAX_TOKENS)?,
            top_p: check::range("topP", self.top_p, f64::MIN_POSITIVE..=1.0)?,
            min_p: check::range("minP", self.min_p, 0.0..=1.0)?,
            repeat_penalty: check::range(
                "repeatPenalty",
                self.repeat_penalty,
                f64::MIN_POSITIVE..=2.0,
            )?,
            seed: check::range("seed", self.seed, 0..=u32::MAX - 1)?,
            stop: self.stop.map(stop_texts).transpose()?,
        })
    }
}

fn stop_texts(texts: Vec<String>) -> Result<Vec<String>, AppError> {
    let fits = |text: &String| (1..=256).contains(&text.chars().count());
    if texts.len() <= 8 && texts.iter().all(fits) {
        return Ok(texts);
    }
    let message = format!("`stop` has {} texts; at most 8 of 1 to 256 characters are", texts.len());
    Err(AppError::new("bad_stop_text", format!("{message} allowed"))
        .hint("leave some out, or shorten them")
        .value("parameter", "stop"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_out_of_its_range_is_refused_by_name() {
        let base = AnswerOptions::default;
        for (options, name) in [
            (AnswerOptions { max_tokens: Some(0), ..base() }, "maxTokens"),
            (AnswerOptions { temperature: Some(5.1), ..base() }, "temperature"),
            (AnswerOptions { top_p: Some(0.0), ..base() }, "topP"),
            (AnswerOptions { min_p: Some(-0.1), ..base() }, "minP"),
            (AnswerOptions { repeat_penalty: Some(2.5), ..base() }, "repeatPenalty"),
            (AnswerOptions { seed: Some(u32::MAX), ..base() }, "seed"),
            (AnswerOptions { stop: Some(vec![String::new()]), ..base() }, "stop"),
            (AnswerOptions { stop: Some(vec!["x".into(); 9]), ..base() }, "stop"),
        ] {
            let error = options.check().unwrap_err();
            assert_eq!(error.values["parameter"], name, "{}", error.message);
        }
    }

    #[test]
    fn options_within_their_ranges_go_to_the_engine_as_they_are() {
        let options =
            AnswerOptions { temperature: Some(0.0), top_k: Some(0), ..Default::default() };
        let checked = options.check().unwrap();
        assert_eq!((checked.temperature, checked.top_k), (Some(0.0), Some(0)));
    }
}

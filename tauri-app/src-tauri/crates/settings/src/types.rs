//! What can be set. What is `None` is left to the system or to the engine.

use serde::{Deserialize, Serialize};

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Settings {
    /// The language of the app; `None` is the system's.
    pub language: Option<Language>,
    /// Light or dark.
    pub theme: Theme,
    /// The id of the model that is loaded when the app starts.
    pub model: Option<String>,
    /// The id of the device that computes; `None` is the best there is.
    pub device: Option<String>,
    /// Layers on that device: −1 is as many as fit.
    pub gpu_layers: Option<i32>,
    /// Threads, up to [`crate::MAX_THREADS`]; 0 lets the engine choose and adapt.
    pub threads: Option<u32>,
    /// In tokens: 0, which is the model's own, or 16 up to [`crate::MAX_CONTEXT_LENGTH`].
    pub context_length: Option<u32>,
    /// How the text of an answer is chosen.
    pub answers: AnswerSettings,
}

/// How the text of an answer is chosen, unless a question says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct AnswerSettings {
    /// The longest answer, in tokens: 1 up to [`crate::MAX_TOKENS`].
    pub max_tokens: Option<u32>,
    /// 0 to 5; 0 always takes the likeliest token.
    pub temperature: Option<f64>,
    /// Choose among the k likeliest tokens; 0 is off.
    pub top_k: Option<u32>,
    /// Choose among the likeliest tokens that hold this share together: above 0 to 1.
    pub top_p: Option<f64>,
    /// Drop tokens below this share of the likeliest one: 0 to 1.
    pub min_p: Option<f64>,
    /// Make repetition less likely: above 0 to 2; 1 is off.
    pub repeat_penalty: Option<f64>,
}

/// A language of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    Portuguese,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

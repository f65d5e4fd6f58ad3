//! The user's settings in one JSON file: typed, checked, written whole or not at all, and
//! never reset because the file cannot be read.
//!
//! ```no_run
//! use std::path::Path;
//! use settings::{Loaded, Store, Theme};
//!
//! # fn example() -> Result<(), settings::SettingsError> {
//! let Loaded { mut store, told } = Store::load(Path::new("/home/me/.config/app/settings.json"));
//! if let Some(told) = told {
//!     println!("{told}"); // a backup was used, say
//! }
//! let mut settings = store.settings().clone();
//! settings.theme = Theme::Dark;
//! store.save(settings)
//! # }
//! ```
//!
//! Beside the file stands `….bak`, the last good one before it. What a newer version of the
//! app has written and this one does not know stays in the file.

mod check;
mod error;
mod read;
mod store;
mod told;
mod types;
mod write;

pub use check::{MAX_CONTEXT_LENGTH, MAX_NAME_CHARACTERS, MAX_THREADS, MAX_TOKENS};
pub use error::SettingsError;
pub use store::{Loaded, Store};
pub use told::{Told, WrongValue};
pub use types::{AnswerSettings, Language, Settings, Theme};

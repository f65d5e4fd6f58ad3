//! What the user is told when the settings could not be read as they are.

use std::fmt;
use std::path::PathBuf;

/// What was not as it should be when the settings were loaded. Nothing of it was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The file cannot be read; the last good one is used.
    BackupUsed {
        /// What is wrong with the file.
        reason: String,
        /// Where it is now, unless it was missing or could not be moved.
        aside: Option<PathBuf>,
    },
    /// The file cannot be read, and there is no good one from before.
    DefaultsUsed {
        /// What is wrong with the file.
        reason: String,
        /// Where it is now, unless it could not be moved.
        aside: Option<PathBuf>,
    },
    /// Some values cannot be used and are as if they had not been set.
    ValuesIgnored {
        /// Which, and why.
        wrong: Vec<WrongValue>,
        /// A copy of the file as it was, unless it could not be made.
        aside: Option<PathBuf>,
    },
}

/// A value in the file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongValue {
    /// The setting, such as `answers.topP`.
    pub name: String,
    /// What is wrong with it, with its name.
    pub problem: String,
}

impl Told {
    /// A name that never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BackupUsed { .. } => "settings_from_backup",
            Self::DefaultsUsed { .. } => "settings_from_defaults",
            Self::ValuesIgnored { .. } => "settings_values_ignored",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BackupUsed { .. } => "look whether your last changes are still there",
            Self::DefaultsUsed { .. } => "choose your settings anew",
            Self::ValuesIgnored { .. } => "choose these settings anew",
        }
    }

    /// The file as it was.
    #[must_use]
    pub fn aside(&self) -> Option<&PathBuf> {
        match self {
            Self::BackupUsed { aside, .. }
            | Self::DefaultsUsed { aside, .. }
            | Self::ValuesIgnored { aside, .. } => aside.as_ref(),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackupUsed { reason, .. } => write!(
                formatter,
                "the settings cannot be read ({reason}); those from before are used"
            ),
            Self::DefaultsUsed { reason, .. } => {
                write!(formatter, "the settings cannot be read ({reason}); they are as at first")
            }
            Self::ValuesIgnored { wrong, .. } => {
                let problems: Vec<_> = wrong.iter().map(|value| value.problem.as_str()).collect();
                write!(formatter, "some settings cannot be used: {}", problems.join("; "))
            }
        }
    }
}

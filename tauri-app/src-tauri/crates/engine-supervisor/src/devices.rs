//! What there is to say about the device that computes.

use std::fmt;

use crate::cause::Cause;
use crate::methods::{Initialized, LoadParams, LoadedModel};
use crate::policy::device_crashes::GivenUp;

/// Something a person should know about the device, as long as it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceNotice {
    /// The engine died on it too often: the CPU computes in its place until somebody restarts
    /// the engine, insists, or chooses a device anew.
    GivenUp {
        /// The device.
        device: String,
        /// How often, within [`Policy::device_crash_window`](crate::Policy::device_crash_window).
        crashes: u32,
        /// The last time.
        cause: Cause,
    },
    /// The model was loaded on another device than was asked for.
    Other {
        /// The device that was asked for.
        asked: String,
        /// The one that computes.
        actual: String,
        /// Why, if the engine says so.
        reason: Option<String>,
    },
}

impl DeviceNotice {
    /// A stable name, for translations and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GivenUp { .. } => "device_given_up",
            Self::Other { .. } => "other_device",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::GivenUp { .. } => {
                "to try it once more, choose the device again or restart the engine"
            }
            Self::Other { .. } => "choose another device if this one is too slow",
        }
    }
}

impl fmt::Display for DeviceNotice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GivenUp { device, crashes, cause } => write!(
                formatter,
                "the engine ended {crashes} times in short order while it computed on {device}, \
                 the last time: {cause}; the CPU computes from now on"
            ),
            Self::Other { asked, actual, reason } => {
                write!(formatter, "{actual} computes, asked for was {asked}")?;
                reason.iter().try_for_each(|reason| write!(formatter, ": {reason}"))
            }
        }
    }
}

impl From<&GivenUp> for DeviceNotice {
    fn from(given_up: &GivenUp) -> Self {
        let GivenUp { device, crashes, cause } = given_up.clone();
        Self::GivenUp { device, crashes, cause }
    }
}

/// The device that the engine took because nobody had asked for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceChoice {
    /// Its id.
    pub device: String,
    /// Why this one, in the engine's words.
    pub reason: String,
}

/// Whether `loaded` is on another device than was asked for.
pub(crate) fn compare(
    asked: &LoadParams,
    loaded: &LoadedModel,
    choice: Option<&DeviceChoice>,
    engine: Option<&Initialized>,
) -> Option<DeviceNotice> {
    let device = asked.device.as_ref().filter(|device| **device != loaded.device)?;
    let chosen = choice.filter(|choice| choice.device == loaded.device);
    let reason = chosen.map(|choice| choice.reason.clone());
    Some(DeviceNotice::Other {
        asked: device.clone(),
        actual: loaded.device.clone(),
        reason: reason.or_else(|| why_not(device, engine?)),
    })
}

/// Whether something of it is still being proven.
pub(crate) fn is_probing(engine: &Initialized) -> bool {
    engine.backends.iter().any(|backend| backend.state == "probing")
}

/// What `engine` says against a device: of itself, else of its backend. One that is not listed
/// has its backend's name and a number for its id.
fn why_not(device: &str, engine: &Initialized) -> Option<String> {
    let known = engine.backends.iter().flat_map(|backend| &backend.devices);
    let of_device = known.filter(|known| known.id == device).find_map(|known| known.reason.clone());
    let backend = engine.backends.iter().find(|backend| {
        let number = device.strip_prefix(&backend.name);
        number.is_some_and(|number| number.chars().all(|digit| digit.is_ascii_digit()))
    });
    of_device.or_else(|| backend?.reason.clone())
}

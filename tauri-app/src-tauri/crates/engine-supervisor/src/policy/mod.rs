//! The decisions, each as a pure function or a small state of its own: time is passed in.

pub(crate) mod clock;
pub(crate) mod device_crashes;
pub(crate) mod hang;
pub(crate) mod quarantine;
pub(crate) mod repeats;
pub(crate) mod restart;

//! What the scripted sidecar does wrong, and when, as data.
//!
//! A test writes a [`Script`] beside the program `faulty-engine`, which reads it at its
//! start: the supervisor passes neither arguments nor variables. What it did is read back
//! from two files that it leaves there, [`STARTS_FILE`] and [`ASKED_FILE`].
//!
//! - `tests/faults` is the fault table (`FAULTS.md`), played with real processes.
//! - `tests/soak.rs` kills the real sidecar at random moments; it is asked for by name.
//! - `tests/figures.rs` measures the real sidecar's deaths; so is it.

mod script;

pub use script::{Condition, Deed, Point, Rule, Script};

/// The script, as JSON, beside the program. Without it the program behaves well.
pub const SCRIPT_FILE: &str = "fault.json";

/// A line for every start of the program, with its pid.
pub const STARTS_FILE: &str = "starts";

/// A line for every request it read: the number of its start, the method, and what was
/// asked about (prompt or path), as one JSON array.
pub const ASKED_FILE: &str = "asked.jsonl";

//! Whether the engine's files are those that were packed.
//!
//! This protects against accidents: a damaged disk, half an update, a packager that rewrites
//! programs. It does not protect against somebody who may write to the app's folder: they can
//! write a new manifest, too, and a file can be exchanged between the check and its use.

mod wrong;

pub use wrong::WrongFile;

//! The history as its users see it: in real files, with real processes.

mod answers;
mod conversations;
mod crash;
mod exchange;
mod figures;
#[cfg(target_os = "linux")]
mod full_disk;
mod model;
mod opening;
mod place;
mod search;

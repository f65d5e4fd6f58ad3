//! The database's file: opened, checked, brought to the current schema, set aside.

mod aside;
mod backup;
mod connect;
mod migrate;
#[cfg(test)]
mod migrate_test;
mod open;
mod private;
mod recover;

pub(crate) use aside::remove_all as remove_set_aside;
pub(crate) use connect::reader;
pub(crate) use open::open;
pub(crate) use recover::interrupt_what_streams;

pub use connect::MIN_SQLITE_VERSION;
pub use open::Opened;

/// What brings an empty database to the current schema, one step per version. A step that
/// has been released never changes; a new one is added instead.
pub(crate) const STEPS: &[&str] = &[include_str!("schema-1.sql")];

/// The current schema.
pub const SCHEMA_VERSION: u32 = 1;

const _: () = assert!(STEPS.len() == SCHEMA_VERSION as usize);

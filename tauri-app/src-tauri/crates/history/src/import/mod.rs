//! Taking over what was exported.

mod check;
mod insert;
mod read;

pub(crate) use insert::insert;
pub(crate) use read::read;

pub use insert::Imported;
pub use read::MAX_IMPORT_BYTES;

//! The history as its users see it: in real files, with real processes.

mod answers;
mod conversations;
mod crash;
mod exchange;
mod figures;
mod opening;
mod place;
mod search;

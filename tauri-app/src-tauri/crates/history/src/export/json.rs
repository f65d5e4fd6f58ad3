//! The JSON file is written one conversation after the other, each on a line of its own.

use std::io::Write;
use std::path::Path;

use rusqlite::Connection;

use super::record::{ConversationRecord, FORMAT, VERSION};
use crate::error::HistoryError;
use crate::{atomic, conversations};

/// Writes one conversation or all of them, as they stand at one moment; returns how many.
pub(crate) fn json(
    connection: &Connection,
    only: Option<&str>,
    to: &Path,
    now: i64,
) -> Result<usize, HistoryError> {
    let moment = connection.unchecked_transaction()?;
    let ids = match only {
        Some(id) => vec![id.to_owned()],
        None => conversations::ids(&moment)?,
    };
    atomic::write(to, |out| {
        let head = format!(
            "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"exported\":{now},\"conversations\":["
        );
        put(out, to, head.as_bytes())?;
        for (number, id) in ids.iter().enumerate() {
            put(out, to, if number == 0 { b"\n" } else { b",\n" })?;
            let record = ConversationRecord::read(&moment, id)?;
            serde_json::to_writer(&mut *out, &record)
                .map_err(|error| HistoryError::io(to, &error.into()))?;
        }
        put(out, to, b"\n]}\n")
    })?;
    Ok(ids.len())
}

fn put(out: &mut dyn Write, to: &Path, bytes: &[u8]) -> Result<(), HistoryError> {
    out.write_all(bytes).map_err(|error| HistoryError::io(to, &error))
}

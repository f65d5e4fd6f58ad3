//! From a file to conversations, or to what is wrong in it and where.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check;
use crate::error::{HistoryError, Wrong};
use crate::export::{ConversationRecord, FORMAT, VERSION};

/// The largest file that is read: some 50 million words.
pub const MAX_IMPORT_BYTES: u64 = 256 << 20;

/// What every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// Version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "exported")]
    _exported: i64,
    conversations: Vec<ConversationRecord>,
}

/// The conversations of an export, every one of them sound.
pub(crate) fn read(from: &Path) -> Result<Vec<ConversationRecord>, HistoryError> {
    let bytes = bytes_of(from)?;
    let conversations = parse(&bytes).map_err(|wrong| HistoryError::NotImportable(vec![wrong]))?;
    let wrong = check::all(&conversations);
    if wrong.is_empty() { Ok(conversations) } else { Err(HistoryError::NotImportable(wrong)) }
}

fn bytes_of(from: &Path) -> Result<Vec<u8>, HistoryError> {
    let failed = |error: &std::io::Error| HistoryError::io(from, error);
    let file = File::open(from).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    // One more than allowed tells a file that is too large, also one that grows.
    file.take(MAX_IMPORT_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MAX_IMPORT_BYTES {
        let problem = format!("it is larger than the {MAX_IMPORT_BYTES} bytes that are read");
        return Err(HistoryError::NotImportable(vec![Wrong { place: "the file".into(), problem }]));
    }
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Vec<ConversationRecord>, Wrong> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let head: Head = from_json(bytes)?;
    if head.format != FORMAT {
        let problem = format!("`{}` is not `{FORMAT}`", head.format.escape_debug());
        return Err(Wrong { place: "format".into(), problem });
    }
    if head.version != VERSION {
        let problem = format!("version {} is not known, only {VERSION} is", head.version);
        return Err(Wrong { place: "version".into(), problem });
    }
    Ok(from_json::<Export>(bytes)?.conversations)
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Wrong> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| Wrong {
        place: match error.path().to_string().as_str() {
            "." => "the file".into(),
            path => path.to_owned(),
        },
        problem: error.inner().to_string(),
    })?;
    json.end().map_err(|error| Wrong { place: "the file".into(), problem: error.to_string() })?;
    Ok(value)
}

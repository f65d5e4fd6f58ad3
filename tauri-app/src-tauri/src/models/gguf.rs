//! Whether a file may be a model. The engine looks closely; this only keeps out what a person
//! chose by mistake.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::AppError;

const MAGIC: [u8; 4] = *b"GGUF";

/// The absolute path of the model in `path`, and its size in bytes.
///
/// # Errors
/// `model_not_found`, `model_invalid` or `model_path_unusable`, with the file's name.
pub(super) fn check(path: &Path) -> Result<(PathBuf, u64), AppError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let missing = |error: io::Error| {
        AppError::new("model_not_found", format!("`{name}` cannot be read: {error}"))
            .hint("look whether the file is still there, and who may read it")
    };
    let no_model = |reason: &str| {
        AppError::new("model_invalid", format!("`{name}` is no model: {reason}"))
            .hint("choose a file in GGUF format")
    };
    let absolute = fs::canonicalize(path).map_err(missing)?;
    let metadata = fs::metadata(&absolute).map_err(missing)?;
    if !metadata.is_file() {
        return Err(no_model("it is not a file"));
    }
    let mut magic = [0; 4];
    let read = File::open(&absolute).map_err(missing)?.read_exact(&mut magic);
    match read {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(missing(error)),
        _ if magic != MAGIC => return Err(no_model("it does not begin with `GGUF`")),
        _ => {}
    }
    if absolute.to_str().is_none() {
        let message = format!("the path of `{name}` is not valid UTF-8");
        return Err(AppError::new("model_path_unusable", message)
            .hint("move the file to a folder with a plain name"));
    }
    Ok((absolute, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn code(path: &Path) -> String {
        check(path).unwrap_err().code
    }

    #[test]
    fn a_gguf_file_is_told_with_its_absolute_path_and_size() {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("a.gguf"), b"GGUF12345").unwrap();
        let (path, bytes) = check(&folder.path().join(".").join("a.gguf")).unwrap();
        assert_eq!((path, bytes), (fs::canonicalize(folder.path()).unwrap().join("a.gguf"), 9));
    }

    #[test]
    fn what_is_no_model_is_refused_with_its_name_and_no_folder() {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("empty.gguf"), b"").unwrap();
        fs::write(folder.path().join("text.gguf"), b"hello").unwrap();
        for name in ["empty.gguf", "text.gguf"] {
            assert_eq!(code(&folder.path().join(name)), "model_invalid");
        }
        assert_eq!(code(folder.path()), "model_invalid");
        let error = check(&folder.path().join("missing.gguf")).unwrap_err();
        assert_eq!(error.code, "model_not_found");
        assert!(error.message.starts_with("`missing.gguf` cannot be read"), "{}", error.message);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_is_refused_by_name() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempdir().unwrap();
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.gguf"));
        fs::write(&path, b"GGUF").unwrap();
        assert_eq!(code(&path), "model_path_unusable");
    }
}

//! Whether the engine's files are those that were packed.
//!
//! The packager writes their hashes into a manifest beside the engine's folder. Before each
//! start the program is hashed; the other files are hashed once, and again when their size,
//! time or inode differ from then. A library that the manifest does not name is as wrong as a
//! changed one: it may be one of an older version, and the engine would load it.
//!
//! This protects against accidents: a damaged disk, half an update, a packager that rewrites
//! programs. It does not protect against somebody who may write to the app's folder: they
//! can write a new manifest, too, and exchange a file between the check and its use.

mod hash;
mod manifest;
mod memory;
mod spare;
mod wrong;

use std::path::{Path, PathBuf};

use self::manifest::Manifest;
use self::memory::{Memory, Trait};
pub use self::wrong::WrongFile;

/// Checks the files in the folder of `program` against `manifest`. `folder`: where it is
/// remembered which ones were checked before.
///
/// # Errors
/// [`WrongFile`] for the first that is not as it was packed.
pub(crate) fn verify(
    program: &Path,
    manifest: &Path,
    folder: Option<&Path>,
) -> Result<(), WrongFile> {
    let manifest = Manifest::read(manifest)?;
    let engine = program.parent().unwrap_or(Path::new(""));
    manifest.names_program(program)?;
    let mut memory = Memory::read(folder);
    for (name, expected) in &manifest.files {
        let path = engine.join(name);
        check(&path, name, expected, *name == manifest.program, &mut memory)?;
    }
    memory.write();
    spare::first(engine, &manifest)?.map_or(Ok(()), Err)
}

fn check(
    path: &Path,
    name: &str,
    expected: &str,
    always: bool,
    memory: &mut Memory,
) -> Result<(), WrongFile> {
    let wrong = |found: String| WrongFile {
        path: PathBuf::from(path),
        expected: format!("SHA-256 {expected}"),
        found,
    };
    let traits = Trait::of(path).map_err(|error| wrong(error.to_string()))?;
    if !always && memory.knows(name, &traits, expected) {
        return Ok(());
    }
    let found = hash::of_file(path).map_err(|error| wrong(error.to_string()))?;
    if found != expected {
        return Err(wrong(format!("SHA-256 {found}")));
    }
    memory.learn(name, traits, found);
    Ok(())
}

#[cfg(test)]
mod tests;

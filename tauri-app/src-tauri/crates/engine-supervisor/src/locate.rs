//! Finds the engine's program among the few places where it may lie.

use std::fmt;
use std::path::{Path, PathBuf};

/// The engine is in none of the places it may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// Every place, in the order looked at.
    pub looked_at: Vec<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the engine is missing: looked for")?;
        for (index, place) in self.looked_at.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(formatter, "{separator}`{}`", place.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for NotFound {}

/// The program called `name` in the first of `folders` that has one.
///
/// # Errors
/// [`NotFound`] with every place looked at.
pub fn locate(name: &str, folders: &[PathBuf]) -> Result<PathBuf, NotFound> {
    let file_name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let places: Vec<PathBuf> = folders.iter().map(|folder| folder.join(&file_name)).collect();
    match places.iter().find(|place| place.is_file()) {
        Some(program) => Ok(absolute(program)),
        None => Err(NotFound { looked_at: places }),
    }
}

/// The engine's working folder is not ours, so a relative path would miss it.
fn absolute(program: &Path) -> PathBuf {
    std::path::absolute(program).unwrap_or_else(|_| program.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_has_the_program_wins() {
        let here = std::env::current_exe().unwrap();
        let folder = here.parent().unwrap().to_path_buf();
        let name = here.file_stem().unwrap().to_str().unwrap();
        let found = locate(name, &[PathBuf::from("/nowhere"), folder]).unwrap();
        assert_eq!(found, here);
    }

    #[test]
    fn a_missing_engine_is_told_with_every_place_looked_at() {
        let folders = [PathBuf::from("/nowhere/engine"), PathBuf::from("/elsewhere")];
        let error = locate("localai-sidecar", &folders).unwrap_err();
        let suffix = std::env::consts::EXE_SUFFIX;
        assert_eq!(
            error.to_string(),
            format!(
                "the engine is missing: looked for `{}{suffix}`, `{}{suffix}`",
                folders[0].join("localai-sidecar").display(),
                folders[1].join("localai-sidecar").display(),
            )
        );
    }

    #[test]
    fn a_folder_of_that_name_is_not_the_program() {
        let parent = std::env::temp_dir();
        let name = parent.file_name().unwrap().to_str().unwrap().to_owned();
        let above = parent.parent().unwrap().to_path_buf();
        assert!(locate(&name, &[above]).is_err());
    }
}

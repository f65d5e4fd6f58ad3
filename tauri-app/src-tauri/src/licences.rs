//! The licences of what others wrote and this app contains: one file, which only packages bring.

use std::fs;
use std::path::Path;

use crate::error::AppError;

/// Where the app's resources hold them.
const FILE: &str = "THIRD-PARTY-LICENCES.txt";

/// The text of all licences among `resources`.
///
/// # Errors
/// When there are none, as in a build that is not packaged.
pub(crate) fn read(resources: Option<&Path>) -> Result<String, AppError> {
    let missing = || {
        AppError::new("licences_missing", "this build carries no licences")
            .hint("the installed app shows them")
    };
    let file = resources.ok_or_else(missing)?.join(FILE);
    fs::read_to_string(&file).map_err(|error| {
        log::warn!("{} cannot be read: {error}", file.display());
        missing()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_files_own() {
        let folder = std::env::temp_dir().join(format!("licences-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(FILE), "the words\n").unwrap();
        let text = read(Some(&folder));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(text.unwrap(), "the words\n");
    }

    #[test]
    fn a_build_without_them_says_so_and_names_no_folder() {
        let error = read(Some(Path::new("/nowhere"))).unwrap_err();
        assert_eq!(error.code, "licences_missing");
        assert!(!error.message.contains("/nowhere"), "{}", error.message);
        assert_eq!(read(None).unwrap_err(), error);
    }
}

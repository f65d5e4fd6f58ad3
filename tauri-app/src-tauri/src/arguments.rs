//! The command line: `localaiapp [MODEL.gguf]`, and in debug builds `--engine PATH`.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the user asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The model to use instead of the demo model.
    pub(crate) model: Option<PathBuf>,
    /// The folder of an engine to use instead of the app's own. Debug builds only: a
    /// released app runs nothing but the engine it came with.
    pub(crate) engine: Option<PathBuf>,
}

impl Arguments {
    /// Reads `words`, the command line without the program's name. Options it does not
    /// know are for others (GTK, the driver of a test) and are skipped.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut arguments = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if cfg!(debug_assertions) && word == "--engine" {
                arguments.engine = words.next().map(PathBuf::from);
            } else if !word.to_string_lossy().starts_with('-') && arguments.model.is_none() {
                arguments.model = Some(PathBuf::from(word));
            }
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Arguments {
        Arguments::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn no_argument_means_the_demo_model() {
        assert_eq!(parse(&[]), Arguments::default());
    }

    #[test]
    fn the_first_bare_argument_is_the_model() {
        let expected = Arguments { model: Some("/m/a.gguf".into()), engine: None };
        assert_eq!(parse(&["--some-option", "/m/a.gguf", "/m/b.gguf"]), expected);
    }

    #[cfg(debug_assertions)]
    #[test]
    fn a_debug_build_may_be_told_another_engine() {
        let expected = Arguments { model: Some("a.gguf".into()), engine: Some("/e".into()) };
        assert_eq!(parse(&["--engine", "/e", "a.gguf"]), expected);
    }
}

//! The command line: `localaiapp [MODEL.gguf]`, and in debug builds `--engine PATH`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::instance::Request;

/// What the user asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The model to use instead of the demo model.
    pub(crate) model: Option<PathBuf>,
    /// The folder of an engine to use instead of the app's own. Debug builds only: a
    /// released app runs nothing but the engine it came with.
    pub(crate) engine: Option<PathBuf>,
}

impl CommandLine {
    /// Reads `words`, the command line without the program's name. Options it does not
    /// know are for others (GTK, the driver of a test) and are skipped.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut asked = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if cfg!(debug_assertions) && word == "--engine" {
                asked.engine = words.next().map(PathBuf::from);
            } else if !word.to_string_lossy().starts_with('-') && asked.model.is_none() {
                asked.model = Some(PathBuf::from(word));
            }
        }
        asked
    }

    /// What this start asks of an app that runs already.
    pub(crate) fn request(&self) -> Request {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Request { model: self.model.as_ref().map(absolute) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> CommandLine {
        CommandLine::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn no_argument_means_the_demo_model() {
        assert_eq!(parse(&[]), CommandLine::default());
    }

    #[test]
    fn the_first_bare_argument_is_the_model() {
        let expected = CommandLine { model: Some("/m/a.gguf".into()), engine: None };
        assert_eq!(parse(&["--some-option", "/m/a.gguf", "/m/b.gguf"]), expected);
    }

    #[cfg(debug_assertions)]
    #[test]
    fn a_debug_build_may_be_told_another_engine() {
        let expected = CommandLine { model: Some("a.gguf".into()), engine: Some("/e".into()) };
        assert_eq!(parse(&["--engine", "/e", "a.gguf"]), expected);
    }
}

//! The few environment variables an engine gets to see.

use std::ffi::OsString;

/// Where things are, which language, which time. Nothing that changes what code is
/// loaded: no `LD_*`, `PYTHON*`, `GTK_*`, nothing of AppImage.
const ALLOWED: [&str; 10] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
];

/// Those of `variables` that an engine may see.
pub(crate) fn clean(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    variables
        .into_iter()
        .filter(|(name, _)| name.to_str().is_some_and(|name| ALLOWED.contains(&name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<String> {
        let variables = names.iter().map(|name| (OsString::from(name), OsString::from("x")));
        clean(variables).into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
    }

    #[test]
    fn what_changes_the_code_that_is_loaded_is_dropped() {
        let names =
            ["LD_PRELOAD", "PYTHONPATH", "GTK_MODULES", "APPDIR", "GGML_BACKEND_PATH", "path"];
        assert_eq!(kept(&names), Vec::<String>::new());
    }

    #[test]
    fn home_and_language_are_kept() {
        assert_eq!(kept(&["LD_LIBRARY_PATH", "HOME", "LANG"]), ["HOME", "LANG"]);
    }
}

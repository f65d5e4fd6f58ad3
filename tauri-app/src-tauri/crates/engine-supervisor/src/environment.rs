//! The few environment variables an engine gets to see.

use std::ffi::OsString;

/// Where things are, which language, which time; the last six are Windows' names for that.
/// Nothing that changes what code is loaded: no `LD_*`, `PYTHON*`, `GTK_*`, nothing of
/// AppImage. What a driver of a graphics card needs, the engine sets itself.
const ALLOWED: [&str; 16] = [
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
    "LOCALAPPDATA",
    "SystemRoot",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "windir",
];

/// Those of `variables` that an engine may see.
pub(crate) fn clean(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    variables
        .into_iter()
        .filter(|(name, _)| {
            name.to_str().is_some_and(|name| ALLOWED.iter().any(|own| same(own, name)))
        })
        .collect()
}

/// Windows does not tell `Path` from `PATH`.
fn same(allowed: &str, name: &str) -> bool {
    allowed == name || cfg!(windows) && allowed.eq_ignore_ascii_case(name)
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
    fn sixteen_variables_are_allowed_at_most_and_none_that_changes_what_is_loaded() {
        assert!(ALLOWED.len() <= 16);
        let harmful = ["LD_", "PYTHON", "GTK_", "APPIMAGE", "APPDIR", "ARGV0", "OWD", "DYLD_"];
        let bad = |name: &&&str| harmful.iter().any(|start| name.to_uppercase().starts_with(start));
        assert_eq!(ALLOWED.iter().find(bad), None);
    }

    #[test]
    fn home_and_language_are_kept() {
        assert_eq!(kept(&["LD_LIBRARY_PATH", "HOME", "LANG"]), ["HOME", "LANG"]);
    }
}

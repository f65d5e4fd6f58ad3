//! The few environment variables an engine gets to see.

use std::ffi::OsString;

/// Where things are, which language, which time: the folders of `XDG_*` are where the drivers of
/// graphics cards are registered and keep what they compiled. Nothing that changes what code is
/// loaded by itself: no `LD_*`, `PYTHON*`, `GTK_*`, nothing of AppImage, and nothing that only a
/// driver or a backend reads (`VK_*`, `GGML_*`, `CUDA_*`): the engine sets that itself.
const ALLOWED: &[&str] = if cfg!(windows) { &WINDOWS } else { &UNIX };

const UNIX: [&str; 14] = [
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
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
];

const WINDOWS: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOCALAPPDATA",
    "PATH",
    "SystemRoot",
    "TEMP",
    "TMP",
    "TZ",
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
        let names = [
            "LD_PRELOAD",
            "PYTHONPATH",
            "GTK_MODULES",
            "APPDIR",
            "GGML_BACKEND_PATH",
            "GGML_VK_VISIBLE_DEVICES",
            "VK_DRIVER_FILES",
            "VK_ICD_FILENAMES",
            "VK_INSTANCE_LAYERS",
            "CUDA_VISIBLE_DEVICES",
            "path",
        ];
        assert_eq!(kept(&names), Vec::<String>::new());
    }

    #[test]
    fn sixteen_variables_are_allowed_at_most_and_none_that_changes_what_is_loaded() {
        let harmful = [
            "LD_", "PYTHON", "GTK_", "APPIMAGE", "APPDIR", "ARGV0", "OWD", "DYLD_", "VK_", "GGML_",
            "CUDA_", "MESA_", "NVIDIA_",
        ];
        let bad = |name: &&&str| harmful.iter().any(|start| name.to_uppercase().starts_with(start));
        for allowed in [&UNIX[..], &WINDOWS[..]] {
            assert!(allowed.len() <= 16);
            assert_eq!(allowed.iter().find(bad), None);
        }
    }

    #[test]
    fn home_and_language_are_kept() {
        assert_eq!(kept(&["LD_LIBRARY_PATH", "HOME", "LANG"]), ["HOME", "LANG"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_folders_in_which_drivers_are_registered_are_kept() {
        let names = [
            "XDG_DATA_HOME",
            "XDG_DATA_DIRS",
            "XDG_CONFIG_HOME",
            "XDG_CONFIG_DIRS",
            "XDG_CACHE_HOME",
            "HOME",
        ];
        assert_eq!(kept(&names), names);
    }
}

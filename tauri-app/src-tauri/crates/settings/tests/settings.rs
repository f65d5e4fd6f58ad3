//! The settings as an app uses them: in real files.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use settings::{Language, Loaded, Settings, SettingsError, Store, Theme, Told};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.file("settings.json")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn load(&self) -> Loaded {
        Store::load(&self.path())
    }

    /// Saved twice, so that there is a backup: first the light theme, then the dark one.
    fn light_then_dark(&self) -> Store {
        let mut store = self.load().store;
        store.save(with_theme(Theme::Light)).unwrap();
        store.save(with_theme(Theme::Dark)).unwrap();
        store
    }
}

fn with_theme(theme: Theme) -> Settings {
    Settings { theme, ..Settings::default() }
}

#[test]
fn without_a_file_the_settings_are_the_defaults_and_nothing_is_written() {
    let place = Place::new();
    let loaded = place.load();
    assert_eq!(loaded.store.settings(), &Settings::default());
    assert_eq!(loaded.told, None);
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn what_is_saved_is_loaded_again_and_the_one_before_is_the_backup() {
    let place = Place::new();
    let store = place.light_then_dark();
    assert_eq!(place.files(), ["settings.json", "settings.json.bak"]);
    let loaded = place.load();
    assert_eq!(loaded.store.settings(), store.settings());
    assert_eq!(loaded.told, None);
    let backup: Value =
        serde_json::from_slice(&fs::read(place.file("settings.json.bak")).unwrap()).unwrap();
    assert_eq!(backup["theme"], json!("light"));
}

#[test]
fn saving_what_is_saved_already_keeps_the_backup() {
    let place = Place::new();
    let mut store = place.light_then_dark();
    let backup = fs::read(place.file("settings.json.bak")).unwrap();
    store.save(with_theme(Theme::Dark)).unwrap();
    assert_eq!(fs::read(place.file("settings.json.bak")).unwrap(), backup);
}

#[test]
fn a_file_that_cannot_be_read_is_set_aside_and_the_backup_used() {
    for bytes in [&b"{\"theme\": \"da"[..], b"", b"\0\0\0\0\0\0", b"[1, 2]"] {
        let place = Place::new();
        place.light_then_dark();
        fs::write(place.path(), bytes).unwrap();
        let Loaded { mut store, told } = place.load();
        let aside = place.file("settings.damaged-1.json");
        let Some(Told::BackupUsed { reason, aside: Some(found) }) = told else {
            panic!("{told:?}")
        };
        assert!(!reason.is_empty());
        assert_eq!(found, aside);
        assert_eq!(fs::read(&aside).unwrap(), bytes, "the file was changed");
        assert_eq!(store.settings().theme, Theme::Light);
        let again = place.load();
        assert_eq!((again.store.settings(), again.told), (store.settings(), None));
        store
            .save(Settings { language: Some(Language::Portuguese), ..store.settings().clone() })
            .unwrap();
        assert_eq!(place.load().store.settings(), store.settings());
        assert!(place.files().contains(&"settings.json.bak".into()));
    }
}

#[test]
fn a_file_that_is_missing_beside_its_backup_is_not_taken_for_a_first_start() {
    let place = Place::new();
    place.light_then_dark();
    fs::remove_file(place.path()).unwrap();
    let Loaded { store, told } = place.load();
    assert_eq!(store.settings().theme, Theme::Light);
    assert_eq!(
        told.unwrap().to_string(),
        "the settings cannot be read (the file is missing); those from before are used"
    );
    assert_eq!(place.load().told, None);
}

#[test]
fn without_a_good_backup_the_defaults_are_used_and_it_is_told() {
    let place = Place::new();
    for (number, backup) in [(1, None), (2, Some("also broken"))] {
        fs::write(place.path(), "broken").unwrap();
        if let Some(backup) = backup {
            fs::write(place.file("settings.json.bak"), backup).unwrap();
        }
        let Loaded { store, told } = place.load();
        assert_eq!(store.settings(), &Settings::default());
        let told = told.unwrap();
        assert_eq!(told.code(), "settings_from_defaults");
        let aside = place.file(&format!("settings.damaged-{number}.json"));
        assert_eq!(told.aside(), Some(&aside));
        assert_eq!(fs::read_to_string(aside).unwrap(), "broken");
    }
}

#[test]
fn wrong_values_are_told_and_the_file_as_it_was_is_kept() {
    let place = Place::new();
    let before = r#"{"theme": "dark", "threads": 9999}"#;
    fs::write(place.path(), before).unwrap();
    let Loaded { mut store, told } = place.load();
    assert_eq!(store.settings().theme, Theme::Dark);
    let told = told.unwrap();
    assert_eq!(
        told.to_string(),
        "some settings cannot be used: `threads` is 9999; 0 to 512 is allowed"
    );
    assert_eq!(fs::read_to_string(told.aside().unwrap()).unwrap(), before);
    assert_eq!(place.load().told, Some(told), "and told again, until something is saved");
    assert_eq!(place.files(), ["settings.damaged-1.json", "settings.json"], "one copy is enough");
    store.save(store.settings().clone()).unwrap();
    assert_eq!(place.load().told, None);
}

#[test]
fn what_a_newer_app_has_written_stays() {
    let place = Place::new();
    fs::write(place.path(), r#"{"theme": "dark", "voice": {"on": true}}"#).unwrap();
    let mut store = place.load().store;
    store.save(with_theme(Theme::Light)).unwrap();
    let mut store = place.load().store;
    store.save(with_theme(Theme::System)).unwrap();
    let after: Value = serde_json::from_slice(&fs::read(place.path()).unwrap()).unwrap();
    assert_eq!(after["voice"], json!({"on": true}));
    assert_eq!(after["theme"], json!("system"));
}

#[test]
fn settings_that_cannot_be_used_are_refused_by_name_and_nothing_changes() {
    let place = Place::new();
    let mut store = place.light_then_dark();
    let bytes = fs::read(place.path()).unwrap();
    let error = store.save(Settings { threads: Some(1000), ..Settings::default() }).unwrap_err();
    assert_eq!(error.setting(), Some("threads"));
    assert_eq!(store.settings().theme, Theme::Dark);
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_the_settings_stay() {
    let place = Place::new();
    fs::write(place.file("file"), "").unwrap();
    let mut store = Store::load(&place.file("file/settings.json")).store;
    let error = store.save(with_theme(Theme::Dark)).unwrap_err();
    assert!(matches!(error, SettingsError::NoAccess { .. }), "{error}");
    assert_eq!(store.settings().theme, Theme::System);
}

#[cfg(unix)]
#[test]
fn what_can_neither_be_read_nor_set_aside_is_never_replaced() {
    let place = Place::new();
    // A folder, under a name that cannot become longer.
    let long = place.file(&format!("{}.json", "x".repeat(245)));
    fs::create_dir(&long).unwrap();
    let Loaded { mut store, told } = Store::load(&long);
    assert_eq!(told.unwrap().code(), "settings_from_defaults");
    let error = store.save(with_theme(Theme::Dark)).unwrap_err();
    assert!(matches!(error, SettingsError::NoAccess { .. }), "{error}");
    assert!(long.is_dir());
}

#[test]
fn a_large_file_is_something_else() {
    let place = Place::new();
    fs::write(place.path(), " ".repeat(2 << 20) + "{}").unwrap();
    assert_eq!(place.load().told.unwrap().code(), "settings_from_defaults");
}

#[cfg(unix)]
#[test]
fn the_files_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let path = place.file("new/settings.json");
    let mut store = Store::load(&path).store;
    store.save(with_theme(Theme::Light)).unwrap();
    store.save(with_theme(Theme::Dark)).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.file("new")), 0o700);
    assert_eq!(mode(path), 0o600);
    assert_eq!(mode(place.file("new/settings.json.bak")), 0o600);
}

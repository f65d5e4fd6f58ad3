//! The settings and their file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::SettingsError;
use crate::read::{self, Content};
use crate::told::Told;
use crate::types::Settings;
use crate::{check, write};

/// Far more than all settings take; a larger file is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The settings and the file they are kept in.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    settings: Settings,
    /// What the file holds besides.
    everything: Map<String, Value>,
    /// The file's bytes, if they are good ones.
    on_disk: Option<Vec<u8>>,
    /// Why the file may not be replaced: it could neither be read nor set aside.
    blocked: Option<SettingsError>,
}

/// What loading gives.
#[derive(Debug)]
pub struct Loaded {
    /// The settings, ready to be used.
    pub store: Store,
    /// What the user has to know.
    pub told: Option<Told>,
}

impl Store {
    /// Reads the file. Without one, and without a backup, the settings are the defaults.
    /// What cannot be read is moved aside, and the backup takes its place; values that
    /// cannot be used are left out, and the file as it was is copied aside.
    #[must_use]
    pub fn load(path: &Path) -> Loaded {
        match bytes_of(path) {
            Ok(bytes) => match read::read(&bytes) {
                Ok(content) => Self::of(path, bytes, content),
                Err(reason) => Self::unreadable(path, reason),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::missing(path),
            Err(error) => Self::unreadable(path, error.to_string()),
        }
    }

    /// The settings as they are.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Checks and saves. They are on disk before this returns, and the good file from
    /// before is the backup; saving what is saved already writes nothing.
    ///
    /// # Errors
    /// [`SettingsError`]; the settings are then as before.
    pub fn save(&mut self, settings: Settings) -> Result<(), SettingsError> {
        check::all(&settings)?;
        if let Some(error) = &self.blocked {
            return Err(error.clone());
        }
        let everything = read::merged(&self.everything, &settings);
        let bytes = format!("{everything:#}\n").into_bytes();
        if self.on_disk.as_ref() != Some(&bytes) {
            self.write(bytes)?;
        }
        self.settings = settings;
        if let Value::Object(everything) = everything {
            self.everything = everything;
        }
        Ok(())
    }

    fn write(&mut self, bytes: Vec<u8>) -> Result<(), SettingsError> {
        if let Some(good) = &self.on_disk {
            let backup = write::backup_of(&self.path);
            write::write(&backup, good).map_err(|error| SettingsError::io(&backup, &error))?;
        }
        write::write(&self.path, &bytes).map_err(|error| SettingsError::io(&self.path, &error))?;
        self.on_disk = Some(bytes);
        Ok(())
    }

    fn of(path: &Path, bytes: Vec<u8>, content: Content) -> Loaded {
        let told = (!content.wrong.is_empty()).then(|| {
            let aside = write::copy_aside(path, &bytes).ok();
            Told::ValuesIgnored { wrong: content.wrong, aside }
        });
        let store = Self {
            settings: content.settings,
            everything: content.everything,
            on_disk: Some(bytes),
            ..Self::empty(path)
        };
        Loaded { store, told }
    }

    /// Nobody has saved anything yet, or an app was killed before the backup took its place.
    fn missing(path: &Path) -> Loaded {
        match Self::backup(path) {
            Some((store, bytes)) => {
                let reason = "the file is missing".to_owned();
                let told = Some(Told::BackupUsed { reason, aside: None });
                Loaded { store: store.put_in_place(bytes), told }
            }
            None => Loaded { store: Self::empty(path), told: None },
        }
    }

    fn unreadable(path: &Path, reason: String) -> Loaded {
        let moved = write::set_aside(path);
        let blocked = moved.as_ref().err().map(|error| SettingsError::io(path, error));
        let aside = moved.ok();
        let (store, told) = match Self::backup(path) {
            Some((store, bytes)) if blocked.is_none() => {
                (store.put_in_place(bytes), Told::BackupUsed { reason, aside })
            }
            Some((store, _)) => (store, Told::BackupUsed { reason, aside }),
            None => (Self::empty(path), Told::DefaultsUsed { reason, aside }),
        };
        Loaded { store: Self { blocked, ..store }, told: Some(told) }
    }

    /// What the backup holds, if it can be read.
    fn backup(path: &Path) -> Option<(Self, Vec<u8>)> {
        let bytes = bytes_of(&write::backup_of(path)).ok()?;
        let Content { settings, everything, .. } = read::read(&bytes).ok()?;
        Some((Self { settings, everything, ..Self::empty(path) }, bytes))
    }

    /// Writes the backup where no file is any more.
    fn put_in_place(self, bytes: Vec<u8>) -> Self {
        match write::write(&self.path, &bytes) {
            Ok(()) => Self { on_disk: Some(bytes), ..self },
            Err(error) => {
                log::error!("the backup of the settings could not be put in place: {error}");
                self
            }
        }
    }

    fn empty(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            settings: Settings::default(),
            everything: Map::new(),
            on_disk: None,
            blocked: None,
        }
    }
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("it is larger than {MAX_FILE_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(bytes)
}

//! The models that the user has shown the app. The page knows them by id; paths stay here.

mod gguf;
mod store;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use uuid::Uuid;

use crate::check;
use crate::error::AppError;
use store::{Entry, Store};

/// The id of the tiny model that comes with the app.
pub(crate) const DEMO: &str = "demo";

/// A model as the page sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Model {
    /// What the page calls it by.
    pub(crate) id: String,
    /// For a person: the file's name without its ending.
    pub(crate) name: String,
    /// It is the tiny one that comes with the app.
    pub(crate) demo: bool,
    /// It is the one in use, loaded or not.
    pub(crate) chosen: bool,
    /// `null`: the file is not there any more.
    pub(crate) file_bytes: Option<u64>,
}

/// The model to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenModel {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
}

impl ChosenModel {
    /// It is the tiny one that comes with the app.
    pub(crate) fn demo(&self) -> bool {
        self.id == DEMO
    }

    /// Its name for a person.
    pub(crate) fn name(&self) -> String {
        name_of(&self.path)
    }
}

/// All models.
pub(crate) struct Models {
    demo: PathBuf,
    store: Mutex<Store>,
}

impl Models {
    /// The list kept in `file`, and the model `demo` that is always there.
    pub(crate) fn open(file: PathBuf, demo: PathBuf) -> Self {
        Self { demo, store: Mutex::new(Store::open(file)) }
    }

    /// All of them, the demo model first; `chosen` is the id of the one in use.
    pub(crate) fn list(&self, chosen: &str) -> Vec<Model> {
        let store = self.store();
        std::iter::once((DEMO, &self.demo))
            .chain(store.entries().iter().map(|entry| (entry.id.as_str(), &entry.path)))
            .map(|(id, path)| seen(id, path, chosen))
            .collect()
    }

    /// Takes the file in `path` in. One that is known already keeps its id.
    ///
    /// # Errors
    /// When it is no model, or the list cannot be saved.
    pub(crate) fn add(&self, path: &Path, chosen: &str) -> Result<Model, AppError> {
        let (path, _) = gguf::check(path)?;
        let mut store = self.store();
        let known = store.entries().iter().find(|entry| entry.path == path);
        let id = match known {
            Some(entry) => entry.id.clone(),
            None if fs::canonicalize(&self.demo).is_ok_and(|demo| demo == path) => DEMO.into(),
            None => {
                let id = Uuid::now_v7().to_string();
                store.add(Entry { id: id.clone(), path: path.clone() })?;
                id
            }
        };
        Ok(seen(&id, &path, chosen))
    }

    /// Takes a model off the list. Its file is not touched.
    ///
    /// # Errors
    /// `unknown_model`; `model_built_in` for the demo model; `model_in_use`.
    pub(crate) fn remove(&self, id: &str, chosen: &str) -> Result<(), AppError> {
        if id == DEMO {
            return Err(AppError::new("model_built_in", "the demo model is part of the app")
                .hint("choose another model; it needs no memory then"));
        }
        let model = self.find(id)?;
        if chosen == id {
            let message = format!("the model `{}` is in use", model.name());
            return Err(AppError::new("model_in_use", message).hint("choose another one first"));
        }
        self.store().remove(id)
    }

    /// The model of this id.
    ///
    /// # Errors
    /// `unknown_model`.
    pub(crate) fn find(&self, id: &str) -> Result<ChosenModel, AppError> {
        let unknown = || {
            AppError::new("unknown_model", "this model is not on the list any more")
                .hint("add its file again")
        };
        let id = check::id(id, unknown)?;
        if id == DEMO {
            return Ok(self.demo());
        }
        let store = self.store();
        let entry = store.entries().iter().find(|entry| entry.id == id).ok_or_else(unknown)?;
        Ok(ChosenModel { id: id.into(), path: entry.path.clone() })
    }

    /// The tiny model that comes with the app.
    pub(crate) fn demo(&self) -> ChosenModel {
        ChosenModel { id: DEMO.into(), path: self.demo.clone() }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(id: &str, path: &Path, chosen: &str) -> Model {
    Model {
        id: id.into(),
        name: name_of(path),
        demo: id == DEMO,
        chosen: id == chosen,
        file_bytes: fs::metadata(path).ok().map(|metadata| metadata.len()),
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn models(folder: &tempfile::TempDir) -> Models {
        fs::write(folder.path().join("tiny.gguf"), b"GGUF").unwrap();
        Models::open(folder.path().join("models.json"), folder.path().join("tiny.gguf"))
    }

    fn file(folder: &tempfile::TempDir, name: &str) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, b"GGUF-and-more").unwrap();
        path
    }

    #[test]
    fn a_model_gets_an_id_that_tells_nothing_of_its_path_and_keeps_it() {
        let folder = tempdir().unwrap();
        let added = models(&folder).add(&file(&folder, "chat.gguf"), DEMO).unwrap();
        assert_eq!((added.name.as_str(), added.demo, added.file_bytes), ("chat", false, Some(13)));
        assert!(!serde_json::to_string(&added).unwrap().contains('/'));
        let again = models(&folder).add(&file(&folder, "chat.gguf"), DEMO).unwrap();
        assert_eq!(again.id, added.id);
        assert_eq!(models(&folder).list(DEMO).len(), 2);
    }

    #[test]
    fn the_demo_model_is_there_from_the_start_and_stays() {
        let folder = tempdir().unwrap();
        let models = models(&folder);
        let [demo] = &models.list(DEMO)[..] else { panic!("one model") };
        assert!(demo.demo && demo.chosen);
        assert_eq!(models.add(&folder.path().join("tiny.gguf"), DEMO).unwrap().id, DEMO);
        assert_eq!(models.remove(DEMO, "x").unwrap_err().code, "model_built_in");
    }

    #[test]
    fn a_model_in_use_stays_and_one_that_is_removed_keeps_its_file() {
        let folder = tempdir().unwrap();
        let id = models(&folder).add(&file(&folder, "chat.gguf"), DEMO).unwrap().id;
        assert_eq!(models(&folder).remove(&id, &id).unwrap_err().code, "model_in_use");
        models(&folder).remove(&id, DEMO).unwrap();
        assert_eq!(models(&folder).find(&id).unwrap_err().code, "unknown_model");
        assert!(folder.path().join("chat.gguf").exists());
    }

    #[test]
    fn a_model_whose_file_is_gone_is_listed_without_a_size() {
        let folder = tempdir().unwrap();
        let models = models(&folder);
        models.add(&file(&folder, "chat.gguf"), DEMO).unwrap();
        fs::remove_file(folder.path().join("chat.gguf")).unwrap();
        assert_eq!(models.list(DEMO)[1].file_bytes, None);
    }

    #[test]
    fn an_id_that_is_no_id_is_unknown() {
        let folder = tempdir().unwrap();
        for id in ["", "../../etc/passwd", "0192-nope"] {
            assert_eq!(models(&folder).find(id).unwrap_err().code, "unknown_model");
        }
    }
}

//! From a file's bytes to settings. Pure.

use serde_json::{Map, Value};

use crate::check;
use crate::told::WrongValue;
use crate::types::Settings;

/// What is in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) settings: Settings,
    /// Values that were left out.
    pub(crate) wrong: Vec<WrongValue>,
    /// Everything, also what is not known here.
    pub(crate) everything: Map<String, Value>,
}

/// Reads what can be read.
///
/// # Errors
/// Why nothing can.
pub(crate) fn read(bytes: &[u8]) -> Result<Content, String> {
    // An editor may have put a mark before it.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let everything: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut usable = Value::Object(everything.clone());
    let mut wrong = Vec::new();
    loop {
        match typed(&usable) {
            Ok(settings) => return Ok(Content { settings, wrong, everything }),
            Err(value) if remove(&mut usable, &value.name) => wrong.push(value),
            Err(value) => return Err(value.problem),
        }
    }
}

/// `everything` with these settings in it; what is not known here stays.
pub(crate) fn merged(everything: &Map<String, Value>, settings: &Settings) -> Value {
    let mut merged = Value::Object(everything.clone());
    if let Ok(known) = serde_json::to_value(settings) {
        put(&mut merged, known);
    }
    merged
}

fn put(into: &mut Value, known: Value) {
    match (into, known) {
        (Value::Object(into), Value::Object(known)) => {
            for (name, value) in known {
                put(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, known) => *into = known,
    }
}

fn typed(value: &Value) -> Result<Settings, WrongValue> {
    let settings: Settings = serde_path_to_error::deserialize(value).map_err(|error| {
        let name = error.path().to_string();
        WrongValue { problem: format!("`{name}`: {}", error.inner()), name }
    })?;
    check::all(&settings).map_err(|error| WrongValue {
        name: error.setting().unwrap_or_default().to_owned(),
        problem: error.to_string(),
    })?;
    Ok(settings)
}

/// Removes the value of this name or, where a list stands in place of an object, that list.
/// False if there is none.
fn remove(value: &mut Value, name: &str) -> bool {
    let name = name.split('[').next().unwrap_or(name);
    let Some((folder, last)) = name.rsplit_once('.') else {
        return value.as_object_mut().is_some_and(|object| object.remove(name).is_some());
    };
    let inside = value.get_mut(folder).and_then(Value::as_object_mut);
    inside.is_some_and(|object| object.remove(last).is_some()) || remove(value, folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{AnswerSettings, Language, Theme};
    use proptest::prelude::*;
    use serde_json::json;

    fn content(value: &Value) -> Content {
        read(&serde_json::to_vec(value).unwrap()).unwrap()
    }

    #[test]
    fn an_empty_object_is_the_defaults() {
        assert_eq!(content(&json!({})).settings, Settings::default());
        assert_eq!(content(&json!({})).wrong, []);
    }

    #[test]
    fn wrong_values_are_left_out_by_name_and_the_others_count() {
        let content = content(&json!({
            "theme": "dark", "language": "tlh", "threads": 9999, "contextLength": "much",
            "answers": {"topP": 7, "temperature": 0.5, "minP": []},
        }));
        let names: Vec<_> = content.wrong.iter().map(|wrong| wrong.name.as_str()).collect();
        let all = ["language", "contextLength", "answers.minP", "threads", "answers.topP"];
        assert_eq!(names.len(), all.len(), "{names:?}");
        assert!(all.iter().all(|name| names.contains(name)), "{names:?}");
        let answers = AnswerSettings { temperature: Some(0.5), ..AnswerSettings::default() };
        assert_eq!(
            content.settings,
            Settings { theme: Theme::Dark, answers, ..Settings::default() }
        );
        let threads = content.wrong.iter().find(|wrong| wrong.name == "threads").unwrap();
        assert_eq!(threads.problem, "`threads` is 9999; 0 to 512 is allowed");
    }

    #[test]
    fn what_is_no_object_cannot_be_read() {
        for bytes in [&b""[..], b"[]", b"7", b"{\"theme\":", b"\xff\xff", b"null"] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
        assert!(read("\u{feff}{}".as_bytes()).is_ok());
    }

    #[test]
    fn what_is_not_known_here_stays() {
        let before = json!({
            "theme": "dark", "fromTheFuture": {"deep": [1]}, "answers": {"mirostat": 2, "topK": 3},
        });
        let content = content(&before);
        let changed = Settings {
            language: Some(Language::Portuguese),
            answers: AnswerSettings::default(),
            ..content.settings
        };
        let after = merged(&content.everything, &changed);
        assert_eq!(after["fromTheFuture"], before["fromTheFuture"]);
        assert_eq!(after["answers"]["mirostat"], json!(2));
        assert_eq!(after["answers"]["topK"], Value::Null);
        assert_eq!((&after["theme"], &after["language"]), (&json!("dark"), &json!("pt-BR")));
        assert_eq!(super::tests::content(&after).settings, changed);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-3.0..9.0_f64).prop_map(Value::from),
            "[a-z-]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            proptest::collection::vec(inner, 0..3).prop_map(Value::from)
        })
    }

    fn any_value_of(names: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
        let name = proptest::sample::select(names).prop_map(str::to_owned);
        proptest::collection::btree_map(name, any_json(), 0..6)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn whatever_object_it_is_the_result_can_be_used_and_saved(
            mut object in any_value_of(&["language", "theme", "model", "device", "gpuLayers", "threads", "contextLength", "answers", "other"]),
            answers in any_value_of(&["maxTokens", "temperature", "topK", "topP", "minP", "repeatPenalty", "other"]),
            nested in any::<bool>(),
        ) {
            if nested {
                object.insert("answers".into(), answers.into());
            }
            let content = content(&object.into());
            prop_assert_eq!(check::all(&content.settings), Ok(()));
            let again = super::tests::content(&merged(&content.everything, &content.settings));
            prop_assert_eq!(again.settings, content.settings);
            prop_assert_eq!(again.wrong, []);
        }
    }
}

//! What the page is told when something does not work: `{code, message, hint, values}`.

use engine_supervisor::{
    Death, DeviceNotice, EngineError, Exit, LogRecord, NotFound, Problem, RpcError,
};
use history::HistoryError;
use serde::Serialize;
use serde_json::{Map, Value};
use settings::SettingsError;

use crate::devices::CPU;
use crate::shorten::shorten;

/// An error for the page. A code exists because the page has its own words for it; the
/// message is for those who read English, and for logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AppError {
    /// A stable name.
    pub(crate) code: String,
    /// What happened, with the value in it.
    pub(crate) message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) hint: Option<String>,
    /// The values in the message, for the page's own words.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(test, ts(optional, type = "Record<string, string | number>"))]
    pub(crate) values: Map<String, Value>,
}

impl AppError {
    /// An error without hint or values.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: None, values: Map::new() }
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a value of the message.
    #[must_use]
    pub(crate) fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }
}

impl From<NotFound> for AppError {
    fn from(error: NotFound) -> Self {
        Self::new("engine_missing", error.to_string())
            .hint("install the app again: the engine is part of its package")
    }
}

impl From<EngineError> for AppError {
    fn from(error: EngineError) -> Self {
        let told = Self {
            code: error.kind().to_owned(),
            message: shorten(&error.to_string()),
            hint: error.hint().map(shorten),
            values: Map::new(),
        };
        match error {
            EngineError::Died(death) => told.death(&death),
            EngineError::KeepsKilling { crashes } => told.value("crashes", crashes),
            EngineError::TooLong { bytes, limit } => {
                told.value("length", bytes).value("limit", limit)
            }
            EngineError::Refused(refusal) => Self { values: refused(refusal), ..told },
            EngineError::Failed(problem) => Self { values: values(&problem), ..told },
            _ => told,
        }
    }
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.kind().to_owned(),
            message: shorten(&problem.to_string()),
            hint: Some(shorten(problem.hint())),
            values: values(&problem),
        }
    }
}

fn values(problem: &Problem) -> Map<String, Value> {
    let told = AppError::new("", "");
    let told = match problem {
        Problem::WillNotRun(death) | Problem::LoadCrashed { death, .. } => told.death(death),
        Problem::KeepsCrashing { crashes, death } => told.death(death).value("crashes", *crashes),
        Problem::Quarantined { offer, crashes, .. } => {
            told.value("crashes", *crashes).offer(offer.as_deref())
        }
        Problem::Refused(refusal) => return refused(refusal.clone()),
        _ => told,
    };
    told.values
}

impl AppError {
    /// With how the engine ended, for the page's own words.
    #[must_use]
    pub(crate) fn death(self, death: &Death) -> Self {
        let told = self.value("cause", death.cause.kind());
        let told = match death.exit {
            Exit::Signal(number) => told.value("signal", number),
            Exit::Code(code) => told.value("exitCode", code),
            Exit::NtStatus(status) => told.value("ntStatus", format!("0x{status:08X}")),
            Exit::Unknown => told,
        };
        told.offer(death.offer.as_deref())
    }

    /// With a device on which the model may work.
    fn offer(self, device: Option<&str>) -> Self {
        match device {
            Some(device) => self.value("offer", device),
            None => self,
        }
    }
}

impl From<DeviceNotice> for AppError {
    fn from(notice: DeviceNotice) -> Self {
        let told = Self::new(notice.kind(), shorten(&notice.to_string())).hint(notice.hint());
        match notice {
            DeviceNotice::GivenUp { device, crashes, cause } => {
                told.value("device", device).value("crashes", crashes).value("cause", cause.kind())
            }
            DeviceNotice::Other { asked, actual, reason } => {
                let told = told.value("asked", asked).value("actual", actual);
                match reason {
                    Some(reason) => told.value("reason", shorten(&reason)),
                    None => told,
                }
            }
        }
    }
}

impl From<HistoryError> for AppError {
    fn from(error: HistoryError) -> Self {
        let told = Self::new(error.code(), shorten(&error.to_string())).hint(error.hint());
        match error {
            HistoryError::TitleTooLong { length, limit }
            | HistoryError::QueryTooLong { length, limit } => {
                told.value("length", length).value("limit", limit)
            }
            HistoryError::OffsetBeyondEnd { offset, length } => {
                told.value("offset", offset).value("length", length)
            }
            HistoryError::ReadOnly { found, known } => {
                told.value("found", found).value("known", known)
            }
            _ => told,
        }
    }
}

impl From<SettingsError> for AppError {
    fn from(error: SettingsError) -> Self {
        let told = Self::new(error.code(), shorten(&error.to_string())).hint(error.hint());
        match error.setting() {
            Some(name) => told.value("parameter", name),
            None => told,
        }
    }
}

impl From<settings::Told> for AppError {
    fn from(told: settings::Told) -> Self {
        Self::new(told.code(), shorten(&told.to_string())).hint(told.hint())
    }
}

impl From<AppError> for history::Problem {
    fn from(error: AppError) -> Self {
        let AppError { code, message, hint, values } = error;
        Self { code, message, hint, values }
    }
}

impl From<history::Problem> for AppError {
    fn from(problem: history::Problem) -> Self {
        let history::Problem { code, message, hint, values } = problem;
        Self { code, message, hint, values }
    }
}

impl From<LogRecord> for AppError {
    fn from(record: LogRecord) -> Self {
        Self { values: shown(record.data), ..Self::new(&record.kind, shorten(&record.message)) }
    }
}

/// Texts of the engine that the page shows; others may hold paths, which it does not need.
const SHOWN: [&str; 5] = ["device", "backend", "code", "reason", "asked"];

/// Numbers, and a few texts without folders.
fn shown(data: Map<String, Value>) -> Map<String, Value> {
    let show = |(name, value): (String, Value)| match value {
        Value::Number(_) => Some((name, value)),
        Value::String(text) if SHOWN.contains(&name.as_str()) => {
            Some((name, shorten(&text).into()))
        }
        _ => None,
    };
    data.into_iter().filter_map(show).collect()
}

/// The values of a refusal; one that is about a device offers the CPU.
fn refused(refusal: RpcError) -> Map<String, Value> {
    let about_device = match refusal.kind() {
        "device_unavailable" => refusal.data.get("asked"),
        "out_of_memory" => refusal.data.get("device"),
        _ => None,
    };
    let offer = about_device.and_then(Value::as_str).filter(|device| *device != CPU).map(|_| CPU);
    let available = refusal.data.get("available").and_then(Value::as_array).map(|ids| {
        let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        shorten(&ids.join(", "))
    });
    let told = AppError { values: shown(refusal.data), ..AppError::new("", "") }.offer(offer);
    match available {
        Some(available) => told.value("available", available).values,
        None => told.values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_supervisor::{Cause, RpcError, StateKind};
    use serde_json::json;

    fn killed() -> Death {
        Death {
            exit: Exit::Signal(9),
            cause: Cause::Killed(9),
            last_words: vec!["secret".into()],
            during: StateKind::Loading,
            offer: None,
        }
    }

    #[test]
    fn a_killed_engine_is_told_with_its_signal_and_nothing_of_its_log() {
        let told = serde_json::to_value(AppError::from(EngineError::Died(killed()))).unwrap();
        assert_eq!(told["code"], "engine_died");
        assert_eq!(told["hint"], "ask again: the engine starts anew by itself");
        assert_eq!(told["values"], json!({"cause": "killed", "signal": 9}));
        assert!(!told.to_string().contains("secret"));
    }

    #[test]
    fn a_model_that_crashes_the_engine_is_told_with_the_device_that_is_offered_and_no_folder() {
        let (path, device) = ("/home/ana/a b.gguf".into(), Some("Vulkan0".into()));
        let death = Death { offer: Some("CPU".into()), ..killed() };
        let problem = Problem::LoadCrashed { path, device, death };
        let told = AppError::from(problem);
        assert_eq!(told.code, "model_load_crashed");
        assert_eq!(told.values["offer"], "CPU");
        assert!(told.message.contains("`…/a b.gguf`"), "{}", told.message);
    }

    #[test]
    fn a_death_on_a_device_is_told_with_the_one_that_is_offered() {
        let death = Death { offer: Some("CPU".into()), ..killed() };
        let told = AppError::from(EngineError::Died(death));
        assert_eq!(told.values["offer"], "CPU");
    }

    #[test]
    fn what_there_is_to_say_of_devices_has_names_and_no_folders() {
        let told = AppError::from(DeviceNotice::GivenUp {
            device: "Vulkan0".into(),
            crashes: 3,
            cause: Cause::GpuLost,
        });
        let values = json!({"device": "Vulkan0", "crashes": 3, "cause": "gpu_lost"});
        assert_eq!((told.code.as_str(), Value::Object(told.values)), ("device_given_up", values));
        let told = AppError::from(DeviceNotice::Other {
            asked: "Vulkan0".into(),
            actual: "CPU".into(),
            reason: Some("`/usr/lib/x.so` crashed".into()),
        });
        assert_eq!(told.message, "CPU computes, asked for was Vulkan0: `…/x.so` crashed");
        let values = json!({"asked": "Vulkan0", "actual": "CPU", "reason": "`…/x.so` crashed"});
        assert_eq!((told.code.as_str(), Value::Object(told.values)), ("other_device", values));
    }

    #[test]
    fn a_device_that_is_not_there_or_is_full_is_told_by_name_with_the_cpu_offered() {
        let refusal = |data: Value| {
            let error = json!({"code": -32024, "message": "no", "data": data});
            let refusal: RpcError = serde_json::from_value(error).unwrap();
            Value::Object(AppError::from(EngineError::Refused(refusal)).values)
        };
        let unavailable = json!({"kind": "device_unavailable", "asked": "Vulkan7", "available": ["CPU", "CUDA0"]});
        let values = json!({"asked": "Vulkan7", "available": "CPU, CUDA0", "offer": "CPU"});
        assert_eq!(refusal(unavailable), values);
        let full = json!({"kind": "out_of_memory", "device": "Vulkan0", "neededBytes": 9});
        let values = json!({"device": "Vulkan0", "neededBytes": 9, "offer": "CPU"});
        assert_eq!(refusal(full), values);
        let ram = json!({"kind": "out_of_memory", "neededBytes": 9});
        assert_eq!(refusal(ram), json!({"neededBytes": 9}));
    }

    #[test]
    fn the_engines_own_errors_keep_their_name_hint_and_numbers() {
        let refusal: RpcError = serde_json::from_value(json!({
            "code": -32011,
            "message": "too long",
            "data": {"kind": "context_overflow", "hint": "shorten it", "promptTokens": 600, "path": "/home/me"},
        }))
        .unwrap();
        let error = AppError::from(EngineError::Refused(refusal));
        assert_eq!(error.code, "context_overflow");
        assert_eq!(error.hint.as_deref(), Some("shorten it"));
        assert_eq!(Value::Object(error.values), json!({"promptTokens": 600}));
    }
}

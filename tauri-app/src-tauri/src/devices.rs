//! The devices of the engine in the form in which the page lists them.

use engine_supervisor::{Backend, Device, Snapshot};
use serde::Serialize;

use crate::shorten::shorten;

/// The device that every engine has.
pub(crate) const CPU: &str = "CPU";

/// What the page writes for the engine's own choice of a device.
pub(crate) const AUTOMATIC: &str = "auto";

/// More devices than anybody has, and more words than a line shows: a status that is too long
/// for one message would lose its place among the others.
const MOST: usize = 12;
const MAX_WORDS: usize = 240;

/// A device, or a backend that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DeviceStatus {
    /// Its name in requests; empty for a backend that has no device.
    pub(crate) id: String,
    /// The backend that it belongs to: `CPU`, `Vulkan`, `CUDA`.
    pub(crate) backend: String,
    /// `cpu`, `gpu`, or `software`: a driver that computes on the processor.
    pub(crate) kind: String,
    /// For a person.
    pub(crate) description: String,
    /// Whether it can be used.
    pub(crate) state: DeviceState,
    /// Why it is not used by itself; of the one that computes, why the engine chose it.
    pub(crate) reason: Option<String>,
    /// In bytes.
    pub(crate) memory_total: u64,
    /// In bytes, when it was looked at.
    pub(crate) memory_free: u64,
}

/// Whether a device can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum DeviceState {
    /// It was proven, or needs no proof.
    Ready,
    /// It is being proven.
    Probing,
    /// Not by itself. A load that names it tries it anew.
    Unavailable,
}

/// All devices that the engine tells of, in its order.
pub(crate) fn list(snapshot: &Snapshot) -> Vec<DeviceStatus> {
    let backends = snapshot.engine.iter().flat_map(|engine| &engine.backends);
    let mut devices: Vec<DeviceStatus> = backends.flat_map(of_backend).take(MOST).collect();
    let computes = snapshot.model.as_ref().map(|loaded| &loaded.device);
    if let Some(choice) = snapshot.choice.as_ref().filter(|each| Some(&each.device) == computes) {
        for device in devices.iter_mut().filter(|device| device.id == choice.device) {
            device.reason.get_or_insert_with(|| words(&choice.reason));
        }
    }
    devices
}

fn of_backend(backend: &Backend) -> Vec<DeviceStatus> {
    if backend.devices.is_empty() {
        return vec![DeviceStatus {
            id: String::new(),
            backend: backend.name.clone(),
            kind: if backend.name == CPU { "cpu" } else { "gpu" }.into(),
            description: backend.name.clone(),
            state: state(&backend.state, None),
            reason: backend.reason.as_deref().map(words),
            memory_total: 0,
            memory_free: 0,
        }];
    }
    backend.devices.iter().map(|device| of_device(backend, device)).collect()
}

fn of_device(backend: &Backend, device: &Device) -> DeviceStatus {
    let state = state(&backend.state, device.state.as_deref());
    let of_backend = backend.reason.as_deref().filter(|_| state != DeviceState::Ready);
    DeviceStatus {
        id: device.id.clone(),
        backend: backend.name.clone(),
        kind: device.kind.clone(),
        description: words(&device.description),
        state,
        reason: device.reason.as_deref().or(of_backend).map(words),
        memory_total: device.memory_total,
        memory_free: device.memory_free,
    }
}

/// The beginning of what the engine says, without folders.
fn words(text: &str) -> String {
    shorten(text).chars().take(MAX_WORDS).collect()
}

/// A proven device is ready while others of its backend are not.
fn state(backend: &str, device: Option<&str>) -> DeviceState {
    match (backend, device) {
        (_, Some("proven")) | ("ready", None) => DeviceState::Ready,
        ("probing", None | Some("untried")) => DeviceState::Probing,
        _ => DeviceState::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_supervisor::{DeviceChoice, Initialized, LoadedModel};
    use serde_json::{Value, json};

    fn snapshot(backends: Value) -> Snapshot {
        let engine: Initialized = serde_json::from_value(json!({
            "protocolVersion": 1, "variant": "vulkan", "backends": backends,
            "server": {"name": "e", "version": "1", "buildId": "b"},
        }))
        .unwrap();
        Snapshot { engine: Some(engine), ..Snapshot::default() }
    }

    fn device(id: &str, state: &str) -> Value {
        json!({"id": id, "kind": "gpu", "description": id, "memoryTotal": 8, "memoryFree": 4,
            "state": state})
    }

    fn seen(snapshot: &Snapshot) -> Vec<(String, DeviceState, Option<String>)> {
        list(snapshot).into_iter().map(|each| (each.id, each.state, each.reason)).collect()
    }

    #[test]
    fn each_device_is_listed_with_its_own_state_and_a_backend_without_any_with_its_reason() {
        let mut software = device("Vulkan1", "untried");
        software["reason"] = "slower than the CPU".into();
        let snapshot = snapshot(json!([
            {"name": "CPU", "state": "ready", "devices":
                [{"id": "CPU", "kind": "cpu", "description": "x", "memoryTotal": 8, "memoryFree": 4}]},
            {"name": "Vulkan", "state": "ready", "devices": [device("Vulkan0", "proven"), software]},
            {"name": "CUDA", "state": "unavailable", "reason": "`/usr/lib/libcuda.so.1`: missing"},
        ]));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen(&snapshot),
            [
                ("CPU".into(), DeviceState::Ready, None),
                ("Vulkan0".into(), DeviceState::Ready, None),
                ("Vulkan1".into(), DeviceState::Unavailable, text("slower than the CPU")),
                (String::new(), DeviceState::Unavailable, text("`…/libcuda.so.1`: missing")),
            ]
        );
    }

    #[test]
    fn devices_that_are_being_tried_are_so_and_failed_ones_have_the_backends_reason() {
        let probing = snapshot(json!([{"name": "Vulkan", "state": "probing", "devices":
            [device("Vulkan0", "untried"), device("Vulkan1", "proven")]}]));
        let states: Vec<DeviceState> = list(&probing).iter().map(|each| each.state).collect();
        assert_eq!(states, [DeviceState::Probing, DeviceState::Ready]);
        let failed = snapshot(json!([{"name": "Vulkan", "state": "unavailable", "reason": "r",
            "devices": [device("Vulkan0", "failed")]}]));
        let expected = ("Vulkan0".to_owned(), DeviceState::Unavailable, Some("r".to_owned()));
        assert_eq!(seen(&failed), [expected]);
    }

    #[test]
    fn the_device_that_computes_tells_why_the_engine_chose_it() {
        let cpu = json!({"id": "CPU", "kind": "cpu", "description": "x", "memoryTotal": 8,
            "memoryFree": 4});
        let backends = json!([{"name": "CPU", "state": "ready", "devices": [cpu]}]);
        let mut snapshot = snapshot(backends);
        snapshot.choice =
            Some(DeviceChoice { device: "CPU".into(), reason: "it is the fastest".into() });
        assert_eq!(list(&snapshot)[0].reason, None, "nothing computes");
        let loaded: LoadedModel = serde_json::from_value(json!({
            "model": {"name": "m", "contextLength": 8, "hasChatTemplate": false},
            "device": "CPU", "loadMs": 1.0,
        }))
        .unwrap();
        snapshot.model = Some(loaded);
        assert_eq!(list(&snapshot)[0].reason.as_deref(), Some("it is the fastest"));
    }
}

//! Models that crash the engine while they are loaded, counted per device. Pure.

use std::collections::HashMap;

use crate::methods::{Initialized, LoadParams};

/// The device that every engine has.
pub(crate) const CPU: &str = "CPU";

/// Which model was loaded where. `None`: where the engine liked.
type Key = (String, Option<String>);

/// How often the engine died in a load.
#[derive(Debug, Default)]
pub(crate) struct LoadCrashes {
    counts: HashMap<Key, u32>,
}

impl LoadCrashes {
    /// The engine died while it loaded `model`: how often that makes.
    pub(crate) fn crashed(&mut self, model: &LoadParams) -> u32 {
        let count = self.counts.entry(key(model)).or_default();
        *count += 1;
        *count
    }

    pub(crate) fn count(&self, model: &LoadParams) -> u32 {
        self.counts.get(&key(model)).copied().unwrap_or_default()
    }

    /// It was loaded, or somebody insists.
    pub(crate) fn forgive(&mut self, model: &LoadParams) {
        self.counts.remove(&key(model));
    }

    pub(crate) fn forget(&mut self) {
        self.counts.clear();
    }
}

fn key(model: &LoadParams) -> Key {
    (model.path.clone(), model.device.clone())
}

/// The device to offer instead of the one `model` was loaded on, if `engine` has another one.
pub(crate) fn another_device(model: &LoadParams, engine: Option<&Initialized>) -> Option<String> {
    let could_be_elsewhere = match &model.device {
        Some(device) => device != CPU,
        None => engine.is_some_and(has_more_than_the_cpu),
    };
    could_be_elsewhere.then(|| CPU.to_owned())
}

fn has_more_than_the_cpu(engine: &Initialized) -> bool {
    engine.backends.iter().any(|backend| backend.state != "unavailable" && backend.name != CPU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::{Backend, Server};

    fn model(device: Option<&str>) -> LoadParams {
        LoadParams {
            path: "/a.gguf".into(),
            device: device.map(str::to_owned),
            ..LoadParams::default()
        }
    }

    fn engine(backends: &[&str]) -> Initialized {
        let backend = |name: &&str| Backend {
            name: (*name).into(),
            library: None,
            state: "ready".into(),
            reason: None,
            devices: Vec::new(),
        };
        Initialized {
            protocol_version: 1,
            server: Server { name: "e".into(), version: "1".into(), build_id: "b".into() },
            variant: "cpu".into(),
            backends: backends.iter().map(backend).collect(),
        }
    }

    #[test]
    fn crashes_are_counted_per_model_and_device() {
        let mut crashes = LoadCrashes::default();
        crashes.crashed(&model(Some("Vulkan0")));
        assert_eq!(crashes.crashed(&model(Some("Vulkan0"))), 2);
        assert_eq!(crashes.count(&model(Some("CPU"))), 0);
        assert_eq!(crashes.count(&model(None)), 0);
    }

    #[test]
    fn a_load_that_works_or_insistence_wipes_the_slate() {
        let mut crashes = LoadCrashes::default();
        crashes.crashed(&model(None));
        crashes.forgive(&model(None));
        assert_eq!(crashes.count(&model(None)), 0);
    }

    #[test]
    fn the_cpu_is_offered_where_a_graphics_card_may_be_to_blame() {
        let (cpu, gpu) = (engine(&["CPU"]), engine(&["CPU", "Vulkan"]));
        assert_eq!(another_device(&model(Some("Vulkan0")), None).as_deref(), Some("CPU"));
        assert_eq!(another_device(&model(None), Some(&gpu)).as_deref(), Some("CPU"));
        assert_eq!(another_device(&model(None), Some(&cpu)), None);
        assert_eq!(another_device(&model(Some("CPU")), Some(&gpu)), None);
    }
}

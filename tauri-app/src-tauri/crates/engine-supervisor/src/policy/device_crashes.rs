//! Devices on which the engine died while it was in use, counted over time. Pure.
//!
//! How this goes together with the other rules, for a death on a device that is not the CPU:
//! - **Every one** is told with an offer of the CPU, and counts as a crash for
//!   [`Restarts`](super::restart::Restarts), whose pauses and limit stay as they are: giving a
//!   device up wipes no slate, so an engine that keeps dying on the CPU too is given up at the
//!   crash at which it would have been.
//! - **While loading** it counts for [`LoadCrashes`](super::quarantine::LoadCrashes) as well: the
//!   model is not loaded again by itself, and not at all there after the second time.
//! - **The third within five minutes**, of whatever models, gives the device up. That goes before
//!   the load's rule: the model is loaded by itself, on the CPU. From then on loads that name this
//!   device or none go to the CPU, and are in quarantine only as loads on the CPU.
//! - A device that was given up stays so, whatever works meanwhile, until somebody restarts the
//!   engine, insists on a load, or chooses a device anew. Then all counts begin from nothing.
//!   Nothing of this is kept on disk.

use std::collections::VecDeque;
use std::time::Instant;

use super::quarantine::CPU;
use crate::cause::Cause;
use crate::methods::LoadParams;
use crate::settings::Policy;

/// A device that the engine is not asked to use any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenUp {
    pub(crate) device: String,
    pub(crate) crashes: u32,
    /// Of the last crash.
    pub(crate) cause: Cause,
}

/// Remembers the crashes that count, and the devices that were given up.
#[derive(Debug, Default)]
pub(crate) struct DeviceCrashes {
    crashes: VecDeque<(String, Instant)>,
    given_up: Vec<GivenUp>,
}

impl DeviceCrashes {
    /// The engine died at `now` while it computed on `device`. True: that is given up now.
    pub(crate) fn crashed(
        &mut self,
        device: &str,
        now: Instant,
        cause: Cause,
        policy: &Policy,
    ) -> bool {
        if device == CPU || self.has_given_up(device) {
            return false;
        }
        self.crashes.retain(|(_, crash)| now.duration_since(*crash) <= policy.device_crash_window);
        self.crashes.push_back((device.to_owned(), now));
        let count = self.crashes.iter().filter(|(crashed, _)| crashed == device).count();
        let crashes = u32::try_from(count).unwrap_or(u32::MAX);
        let too_often = crashes >= policy.device_crashes;
        if too_often {
            self.crashes.retain(|(crashed, _)| crashed != device);
            self.given_up.push(GivenUp { device: device.to_owned(), crashes, cause });
        }
        too_often
    }

    /// `model` as it is to be loaded: on the CPU where its device was given up. Layers were
    /// counted for that device.
    pub(crate) fn divert(&self, model: &LoadParams) -> LoadParams {
        let diverted = match &model.device {
            Some(device) => self.has_given_up(device),
            None => !self.given_up.is_empty(),
        };
        if diverted {
            LoadParams { device: Some(CPU.into()), gpu_layers: None, ..model.clone() }
        } else {
            model.clone()
        }
    }

    pub(crate) fn given_up(&self) -> &[GivenUp] {
        &self.given_up
    }

    pub(crate) fn forget(&mut self) {
        self.crashes.clear();
        self.given_up.clear();
    }

    fn has_given_up(&self, device: &str) -> bool {
        self.given_up.iter().any(|each| each.device == device)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn model(device: Option<&str>) -> LoadParams {
        LoadParams {
            path: "/a.gguf".into(),
            device: device.map(str::to_owned),
            gpu_layers: Some(7),
            ..LoadParams::default()
        }
    }

    /// Crashes at these seconds; which of them gave the device up.
    fn after(crashes: &[(&str, u64)]) -> (DeviceCrashes, Vec<bool>) {
        let (mut devices, start) = (DeviceCrashes::default(), Instant::now());
        let policy = Policy::default();
        let crash = |(device, seconds): &(&str, u64)| {
            let now = start + Duration::from_secs(*seconds);
            devices.crashed(device, now, Cause::GpuLost, &policy)
        };
        let verdicts = crashes.iter().map(crash).collect();
        (devices, verdicts)
    }

    #[test]
    fn the_third_crash_within_five_minutes_gives_a_device_up() {
        let (devices, verdicts) = after(&[("Vulkan0", 0), ("Vulkan0", 150), ("Vulkan0", 300)]);
        assert_eq!(verdicts, [false, false, true]);
        let expected = GivenUp { device: "Vulkan0".into(), crashes: 3, cause: Cause::GpuLost };
        assert_eq!(devices.given_up(), [expected]);
    }

    #[test]
    fn crashes_that_are_far_apart_or_on_other_devices_are_not_added_up() {
        let far: Vec<(&str, u64)> = (0..50).map(|number| ("Vulkan0", number * 151)).collect();
        assert!(!after(&far).1.contains(&true));
        let others = [("Vulkan0", 0), ("Vulkan1", 1), ("Vulkan0", 2), ("Vulkan1", 3)];
        assert!(!after(&others).1.contains(&true));
    }

    #[test]
    fn the_cpu_is_never_given_up() {
        let (devices, verdicts) = after(&[("CPU", 0); 9]);
        assert!(!verdicts.contains(&true) && devices.given_up().is_empty());
    }

    #[test]
    fn loads_of_that_device_or_of_none_go_to_the_cpu_and_others_where_they_were_to() {
        let (mut devices, _) = after(&[("Vulkan0", 0); 3]);
        let on = |device| devices.divert(&model(device));
        let cpu = LoadParams { gpu_layers: None, ..model(Some("CPU")) };
        assert_eq!([on(None), on(Some("Vulkan0"))], [cpu.clone(), cpu]);
        assert_eq!(on(Some("CUDA0")), model(Some("CUDA0")));
        devices.forget();
        assert_eq!(devices.divert(&model(None)), model(None));
    }

    #[test]
    fn after_being_forgiven_it_takes_three_again() {
        let (mut devices, _) = after(&[("Vulkan0", 0), ("Vulkan0", 1)]);
        devices.forget();
        let (now, policy) = (Instant::now(), Policy::default());
        let crash = |_| devices.crashed("Vulkan0", now, Cause::Unknown, &policy);
        assert_eq!([0, 1, 2].map(crash), [false, false, true]);
    }
}

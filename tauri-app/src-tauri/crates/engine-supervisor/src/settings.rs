//! What a supervisor needs to know, and the numbers of its policies.

use std::path::PathBuf;
use std::time::Duration;

use crate::methods::Client;

/// What a supervisor needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine's program, as [`locate`](crate::locate) finds it.
    pub program: PathBuf,
    /// Name and version to introduce ourselves with.
    pub client: Client,
    /// The hashes of the engine's files, as the packager wrote them beside its folder.
    /// `None`: the files are not checked.
    pub manifest: Option<PathBuf>,
    /// Where the supervisor remembers: `engine.json` tells which process to end should this
    /// program be killed, `verified.json` which files were checked. `None`: it does not.
    pub folder: Option<PathBuf>,
    /// When to restart, when to give up, how long to wait for what.
    pub policy: Policy,
}

impl Settings {
    /// An engine whose files are not checked, a supervisor that remembers nothing, and the
    /// usual numbers.
    #[must_use]
    pub fn new(program: PathBuf, client: Client) -> Self {
        Self { program, client, manifest: None, folder: None, policy: Policy::default() }
    }
}

/// The numbers that decide about restarts, hangs and ends. Tests shorten them.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How long to wait before the restart after the first, second … crash in the window.
    /// One crash more than there are delays, and it is given up.
    pub delays: Vec<Duration>,
    /// A delay varies by up to this share of it, in both directions.
    pub jitter: f64,
    /// Crashes that are further back than this do not count.
    pub crash_window: Duration,
    /// An engine that has run this long and has finished a reply is healthy: crashes before
    /// it do not count any more.
    pub health: Duration,
    /// A model that crashed the engine this often while it was loaded on the same device is
    /// not loaded there again until the user insists.
    pub load_crashes: u32,
    /// A device on which the engine was in use at this many crashes is given up: the CPU computes
    /// in its place.
    pub device_crashes: u32,
    /// Crashes on a device that are further back than this do not count against it.
    pub device_crash_window: Duration,
    /// A request that was at work at this many crashes in a row is not sent again.
    pub request_crashes: u32,
    /// From the start of the process to its answer to `initialize`.
    pub start_limit: Duration,
    /// How often a `ping` is sent.
    pub ping_interval: Duration,
    /// Pings in a row without an answer that make an engine count as hung.
    pub ping_misses: u32,
    /// How long the `fraction` of a load may stand still.
    pub load_limit: Duration,
    /// How long `promptTokensDone` may stand still.
    pub prompt_limit: Duration,
    /// How long no token may come.
    pub token_limit: Duration,
    /// From `cancel` to the answer of the request it was for.
    pub cancel_limit: Duration,
    /// How long any other request may take.
    pub answer_limit: Duration,
    /// How long an engine that was asked to end may take until its process tree is killed.
    pub orderly_end: Duration,
    /// How long the system may take to end a process that was killed.
    pub kill_limit: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            delays: [0, 250, 500, 1000].map(Duration::from_millis).to_vec(),
            jitter: 0.2,
            crash_window: Duration::from_secs(180),
            health: Duration::from_secs(60),
            load_crashes: 2,
            device_crashes: 3,
            device_crash_window: Duration::from_secs(300),
            request_crashes: 2,
            start_limit: Duration::from_secs(30),
            ping_interval: Duration::from_secs(5),
            ping_misses: 3,
            load_limit: Duration::from_secs(60),
            prompt_limit: Duration::from_secs(60),
            token_limit: Duration::from_secs(30),
            cancel_limit: Duration::from_secs(30),
            answer_limit: Duration::from_secs(60),
            // The protocol promises one second; the second one is for a loaded machine.
            orderly_end: Duration::from_secs(2),
            kill_limit: Duration::from_secs(1),
        }
    }
}

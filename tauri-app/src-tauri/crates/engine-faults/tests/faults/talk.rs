//! The usual play: load a model, ask twice, shut down; and what must be seen meanwhile.

use std::fmt;
use std::time::{Duration, Instant};

use engine_faults::{Rule, Script};
use engine_supervisor::Policy;

use crate::common::{LIMIT, Place, gone_within};
use crate::drive::{self, load_in_words, patient, reply, settled};
use crate::row::{Row, play};

/// The stop ladder has three seconds; the rest is for a busy machine.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    load: String,
    first: String,
    second: String,
    /// Processes that were started.
    starts: u64,
}

impl Seen {
    /// A good engine on its usual way.
    fn all_well() -> Self {
        Self {
            load: "loaded on CPU".into(),
            first: "whole".into(),
            second: "whole".into(),
            starts: 1,
        }
    }
}

/// Only what is unusual is named.
impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::all_well();
        let named = [
            ("load", &self.load, &usual.load),
            ("reply", &self.first, &usual.first),
            ("next reply", &self.second, &usual.second),
        ];
        let mut unusual = named.iter().filter(|(_, seen, usual)| seen != usual).peekable();
        if unusual.peek().is_none() {
            formatter.write_str("all is well; ")?;
        } else if self.load == self.first && self.first == self.second {
            write!(formatter, "load and replies: {}; ", self.load)?;
        } else {
            unusual.try_for_each(|(what, seen, _)| write!(formatter, "{what}: {seen}; "))?;
        }
        match self.starts {
            1 => formatter.write_str("started once"),
            2 => formatter.write_str("started twice"),
            count => write!(formatter, "started {count} times"),
        }
    }
}

/// A fault that is met on the usual way.
pub(crate) struct Talk {
    fault: &'static str,
    script: Script,
    policy: Policy,
    /// The engine that must have come to rest before the first reply is asked for.
    before_first: u64,
    /// The same for the second.
    before_second: u64,
    expected: Seen,
}

impl Talk {
    /// An engine with these rules; nothing bad comes of them, unless told so below.
    pub(crate) fn new(fault: &'static str, rules: impl Into<Vec<Rule>>) -> Self {
        let script = Script { rules: rules.into(), ..Script::default() };
        Self {
            fault,
            script,
            policy: patient(),
            before_first: 1,
            before_second: 1,
            expected: Seen::all_well(),
        }
    }

    pub(crate) fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// What loading must come to.
    pub(crate) fn load(mut self, words: &str) -> Self {
        self.expected.load = words.into();
        self
    }

    /// What the first reply must come to.
    pub(crate) fn first(mut self, words: &str) -> Self {
        self.expected.first = words.into();
        self
    }

    /// What the second reply must come to.
    fn second(mut self, words: &str) -> Self {
        self.expected.second = words.into();
        self
    }

    /// What loading and both replies must come to.
    pub(crate) fn everything(self, words: &str) -> Self {
        self.load(words).first(words).second(words)
    }

    /// How many processes must have been started in the end.
    pub(crate) fn starts(mut self, count: u64) -> Self {
        self.expected.starts = count;
        self
    }

    /// The first reply is asked for only when so many engines were started.
    pub(crate) fn asking_after_start(mut self, count: u64) -> Self {
        self.before_first = count;
        self
    }

    /// The second reply is asked for only when so many engines were started.
    pub(crate) fn asking_again_after_start(mut self, count: u64) -> Self {
        self.before_second = count;
        self
    }

    /// Plays it now, and says what was seen.
    pub(crate) async fn see(self) -> String {
        let expected = self.expected.clone();
        let seen = self.observe().await;
        assert_eq!(seen, expected, "\nseen:     {seen}\nexpected: {expected}\n");
        seen.to_string()
    }

    async fn observe(self) -> Seen {
        let place = Place::new(&self.script);
        let engine = drive::engine(&place, self.policy);
        let load = load_in_words(&engine.load(drive::model()).await);
        settled(&engine, self.before_first).await;
        let first = reply(&engine, "first").await;
        settled(&engine, self.before_second).await;
        let second = reply(&engine, "second").await;
        let starts = settled(&engine, 1).await.starts;
        let stopping = Instant::now();
        engine.shut_down().await;
        assert!(stopping.elapsed() < STOP_LIMIT, "it took {:?} to stop", stopping.elapsed());
        nothing_is_left(&place);
        for text in ["first", "second"] {
            let times = place.times_asked("generate", text);
            assert!(times <= 1, "the request `{text}` was sent {times} times");
        }
        Seen { load, first, second, starts }
    }
}

/// Every process that was started in `place` is gone.
pub(crate) fn nothing_is_left(place: &Place) {
    for pid in place.pids() {
        assert!(gone_within(pid, LIMIT), "process {pid} is left");
    }
}

impl From<Talk> for Row {
    fn from(talk: Talk) -> Self {
        let (fault, must) = (talk.fault, talk.expected.to_string());
        Self { fault, must, check: Box::new(move || play(talk.see())) }
    }
}

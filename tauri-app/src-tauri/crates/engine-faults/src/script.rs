//! A script: at which point of the conversation which misdeed is done.

use serde::{Deserialize, Serialize};

/// All that one program is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Script {
    /// Done in this order where several match.
    pub rules: Vec<Rule>,
    /// Pieces of text in a reply; `maxTokens` may lower it.
    pub deltas: u64,
    /// Time between two of them, in milliseconds.
    pub pace_ms: u64,
    /// Ids of the devices it says it has; the first is used unless another is asked for.
    pub devices: Vec<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self { rules: Vec::new(), deltas: 8, pace_ms: 2, devices: vec!["CPU".into()] }
    }
}

/// One misdeed and when it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Where in the conversation.
    pub at: Point,
    /// Under which further conditions.
    #[serde(default)]
    pub when: Condition,
    /// What is done.
    pub deed: Deed,
}

impl Rule {
    /// Does `deed` at `point`, each time.
    #[must_use]
    pub fn at(point: Point, deed: Deed) -> Self {
        Self { at: point, when: Condition::default(), deed }
    }

    /// Only in the first `count` processes.
    #[must_use]
    pub fn first_starts(mut self, count: u64) -> Self {
        self.when.last_start = Some(count);
        self
    }

    /// Only while that device is used.
    #[must_use]
    pub fn on_device(mut self, id: &str) -> Self {
        self.when.device = Some(id.into());
        self
    }

    /// Only where the prompt or the model's path contains `text`.
    #[must_use]
    pub fn about(mut self, text: &str) -> Self {
        self.when.about = Some(text.into());
        self
    }
}

/// What must hold besides the point; what is absent always holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// The last start at which it is done; starts count from 1.
    pub last_start: Option<u64>,
    /// The device in use, or asked for.
    pub device: Option<String>,
    /// Part of the prompt or of the model's path.
    pub about: Option<String>,
}

/// A moment in the life of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Point {
    /// Before anything is read.
    Start,
    /// `initialize` was read.
    Initialize,
    /// It was answered.
    Initialized,
    /// `ping` was read.
    Ping,
    /// `model/load` is begun.
    Load,
    /// Half of the model is loaded.
    Loading,
    /// `model/load` was answered.
    Loaded,
    /// `generate` is begun.
    Generate,
    /// Half of the prompt is read.
    Prefill,
    /// Half of the reply is written.
    Writing,
    /// All of the reply is written, but not its end.
    Written,
    /// `generate` was answered.
    Generated,
    /// `cancel` was read.
    Cancel,
    /// `shutdown` was read.
    Shutdown,
    /// stdin has ended.
    EndOfInput,
}

impl Point {
    /// All of them, in the order of a life without a cancel.
    pub const ALL: [Self; 15] = [
        Self::Start,
        Self::Initialize,
        Self::Initialized,
        Self::Ping,
        Self::Load,
        Self::Loading,
        Self::Loaded,
        Self::Generate,
        Self::Prefill,
        Self::Writing,
        Self::Written,
        Self::Generated,
        Self::Cancel,
        Self::Shutdown,
        Self::EndOfInput,
    ];
}

/// Something an engine should not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
    /// Does what it was asked and never answers, or does not do what it was told.
    Silence,
    /// The thread that comes here stays here: the one that reads, or the one that works.
    Hang,
    /// Goes on only after so many milliseconds.
    Late(u64),
    /// Repeats the last progress without getting further.
    StandStill,
    /// Ends with this code.
    Exit(i32),
    /// Sends itself this signal, by its name: `SIGSEGV`.
    Signal(String),
    /// Writes this to stderr.
    Complain(String),
    /// So many lines on stdout that are no messages.
    Junk(u64),
    /// Lines of JSON, and nearly JSON, that are no messages of the protocol.
    Nonsense,
    /// So many remarks, each another one; `u64::MAX` never ends.
    Chatter(u64),
    /// A line on stdout that is no UTF-8, and a message with such text in it.
    InvalidUtf8,
    /// A well-formed message of so many bytes on one line.
    LongLine(usize),
    /// The first half of a message without its end.
    HalfLine,
    /// So many bytes on stderr.
    LogFlood(u64),
    /// stdout ends; the process lives.
    CloseOutput,
    /// It will read nothing more from its stdin but the end.
    CloseInput,
    /// Starts a process that holds the pipes for 20 seconds; `true`: in a session of its own.
    Grandchild(bool),
    /// Takes memory until there is none: at most so many MiB, by a limit of its own.
    Grow(u64),
    /// Answers twice.
    AnswerTwice,
    /// Also answers and writes for requests that nobody made.
    UnknownId,
    /// Leaves out a number and the text that went with it.
    SequenceGap,
    /// More text after the answer.
    LateTokens,
    /// Answers in a shape that the protocol does not know.
    WrongShape,
    /// Speaks this version of the protocol.
    OtherVersion(u64),
    /// Answers with an error of this code and kind.
    Refuse(i64, String),
    /// Lives on when the process that started it is gone.
    Outlive,
    /// Answers that the device asked for cannot be used.
    RefuseDevice,
    /// Loads on the device of this id, whatever was asked.
    TakeDevice(String),
    /// The backend of that device is in this state from now on, for this reason.
    BackendIs(String, String, String),
    /// Remarks something for the log: its kind and its values, as JSON.
    Remark(String, String),
}

//! Death at each step, by exit code and by each signal, and the causes that are named.

use engine_faults::{Deed, Point, Rule};

use crate::row::Row;
use crate::talk::Talk;

/// The ends an engine can come to, and the cause that must be named for each.
const ENDS: [(&str, &str); 8] = [
    ("70", "exit_code (70)"),
    ("SIGSEGV", "wrong_access"),
    ("SIGABRT", "assertion"),
    ("SIGILL", "illegal_instruction"),
    ("SIGBUS", "file_vanished"),
    ("SIGFPE", "killed (8)"),
    ("SIGKILL", "killed (9)"),
    ("SIGTERM", "killed (15)"),
];

pub(crate) fn rows() -> Vec<Row> {
    [at_each_step(), exit_codes(), last_words()].into_iter().flatten().collect()
}

fn end(name: &str) -> Deed {
    name.parse().map_or_else(|_| Deed::Signal(name.into()), Deed::Exit)
}

/// The end of a reply of which half was written when the engine died.
fn half(cause: &str) -> String {
    format!("4 words, died: {cause}")
}

/// One row per step; in it, each end once.
fn at_each_step() -> Vec<Row> {
    let load_crashed = |talk: Talk, cause: &str| {
        let words = format!("model_load_crashed: {cause}");
        talk.everything(&words).starts(2)
    };
    let without_text = |talk: Talk, cause: &str| talk.first(&format!("died: {cause}")).starts(2);
    let with_half = |talk: Talk, cause: &str| talk.first(&half(cause)).starts(2);
    let with_all =
        |talk: Talk, cause: &str| talk.first(&format!("8 words, died: {cause}")).starts(2);
    vec![
        each_end(
            "dies before it reads anything",
            Point::Start,
            "started anew, then all is well",
            |talk, _| talk.starts(2),
        ),
        each_end(
            "dies when asked who it is",
            Point::Initialize,
            "started anew, then all is well",
            |talk, _| talk.starts(2),
        ),
        each_end(
            "dies when asked to load",
            Point::Load,
            "comes back without the model, the cause is named",
            load_crashed,
        ),
        each_end(
            "dies in the middle of loading",
            Point::Loading,
            "comes back without the model, the cause is named",
            load_crashed,
        ),
        each_end(
            "dies when it has loaded",
            Point::Loaded,
            "comes back with the model by itself",
            |talk, _| talk.asking_after_start(2).starts(2),
        ),
        each_end(
            "dies when asked for a reply",
            Point::Generate,
            "that reply ends with the cause, the next is whole",
            without_text,
        ),
        each_end(
            "dies while it reads the prompt",
            Point::Prefill,
            "that reply ends with the cause, the next is whole",
            without_text,
        ),
        each_end(
            "dies in the middle of a reply",
            Point::Writing,
            "that reply keeps its text and ends with the cause, the next is whole",
            with_half,
        ),
        each_end(
            "dies between a reply's text and its end",
            Point::Written,
            "that reply keeps its text and ends with the cause, the next is whole",
            with_all,
        ),
        each_end(
            "dies when it has answered a request",
            Point::Generated,
            "that reply is whole, and so is the next",
            |talk, _| talk.asking_again_after_start(2).starts(2),
        ),
    ]
}

fn each_end(fault: &'static str, point: Point, must: &str, expect: fn(Talk, &str) -> Talk) -> Row {
    let must = format!("exit code 70 and 7 signals: {must}");
    let play_all = move || {
        for (name, cause) in ENDS {
            let talk = Talk::new(fault, [Rule::at(point, end(name)).first_starts(1)]);
            crate::row::play(expect(talk, cause).see());
        }
        ENDS.map(|(_, cause)| cause).join(", ")
    };
    Row { fault, must, check: Box::new(play_all) }
}

/// Exit codes that say that starting again will not help, and one that does not.
fn exit_codes() -> Vec<Row> {
    let hopeless = |fault, code, cause: &str| {
        let words = format!("engine_will_not_run: {cause}");
        let talk = Talk::new(fault, [Rule::at(Point::Start, Deed::Exit(code))]);
        Row::from(talk.everything(&words))
    };
    let keeps_crashing = |fault, code| {
        let words = format!("engine_keeps_crashing: exit_code ({code})");
        let talk = Talk::new(fault, [Rule::at(Point::Start, Deed::Exit(code))]);
        Row::from(talk.everything(&words).starts(5))
    };
    vec![
        hopeless("exit code 64 at each start", 64, "wrong_command_line"),
        hopeless("exit code 69 at each start", 69, "missing_library"),
        hopeless("exit code 76 at each start", 76, "wrong_version"),
        keeps_crashing("exit code 70 at each start", 70),
        keeps_crashing("exit code 0 at each start, unasked", 0),
    ]
}

/// What an engine writes before it aborts says why.
fn last_words() -> Vec<Row> {
    let says = |fault, line: &str, cause: &str| {
        let rules = [
            Rule::at(Point::Writing, Deed::Complain(line.into())).first_starts(1),
            Rule::at(Point::Writing, Deed::Signal("SIGABRT".into())).first_starts(1),
        ];
        Row::from(Talk::new(fault, rules).first(&half(cause)).starts(2))
    };
    vec![
        says("its last words: std::bad_alloc", "what():  std::bad_alloc", "out_of_memory"),
        says("its last words: the GPU is lost", "vk::Queue::submit: ErrorDeviceLost", "gpu_lost"),
        says("its last words: an assertion", "GGML_ASSERT(n <= 8) failed", "assertion"),
        says(
            "its last words: a library is missing",
            "error while loading shared libraries: libx.so.1",
            "missing_library",
        ),
        Talk::new(
            "takes memory until there is none",
            [Rule::at(Point::Writing, Deed::Grow(512)).first_starts(1)],
        )
        .first(&half("out_of_memory"))
        .starts(2)
        .into(),
    ]
}

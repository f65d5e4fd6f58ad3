//! Faults of speech: what comes over stdout is not what the protocol promises.

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::StateKind;

use crate::common::Place;
use crate::drive::{self, impatient, load_in_words, model, patient, reply};
use crate::row::Row;
use crate::talk::Talk;

const MODEL_INVALID: i64 = -32021;
const CONTEXT_OVERFLOW: i64 = -32011;

pub(crate) fn rows() -> Vec<Row> {
    let once = |point, deed| [Rule::at(point, deed).first_starts(1)];
    let broken = "engine_broke_protocol";
    [
        Talk::new("none: a well-behaved engine", []),
        Talk::new("junk between the messages", ignorable(Deed::Junk(100))),
        Talk::new("JSON between the messages that is none", ignorable(Deed::Nonsense)),
        Talk::new("invalid UTF-8 between the messages", ignorable(Deed::InvalidUtf8)),
        Talk::new("a line of 2 MiB between the messages", ignorable(Deed::LongLine(2 << 20))),
        Talk::new("answers and text for requests that nobody made", ignorable(Deed::UnknownId)),
        Talk::new("answers twice", ignorable(Deed::AnswerTwice)),
        Talk::new("more text after the answer", ignorable(Deed::LateTokens)),
        Talk::new(
            "half a message, then death",
            [
                Rule::at(Point::Writing, Deed::HalfLine).first_starts(1),
                Rule::at(Point::Writing, Deed::Exit(70)).first_starts(1),
            ],
        )
        .first("4 words, died: exit_code (70)")
        .starts(2),
        Talk::new("half a message in front of an answer", once(Point::Written, Deed::HalfLine))
            .policy(impatient())
            .first("8 words, died: hung (no token came)")
            .starts(2),
        Talk::new(
            "a gap in the numbers of the text",
            [Rule::at(Point::Writing, Deed::SequenceGap).about("first")],
        )
        .first(&format!("4 words, {broken}")),
        Talk::new(
            "another version of the protocol in its answer",
            [Rule::at(Point::Initialize, Deed::OtherVersion(2))],
        )
        .everything(broken),
        Talk::new(
            "an unknown shape instead of who it is",
            [Rule::at(Point::Initialize, Deed::WrongShape)],
        )
        .everything(broken),
        Talk::new(
            "an unknown shape instead of the model",
            [Rule::at(Point::Load, Deed::WrongShape)],
        )
        .everything(broken),
        Talk::new(
            "an unknown shape at the end of a reply",
            [Rule::at(Point::Generate, Deed::WrongShape).about("first")],
        )
        .first(&format!("8 words, {broken}")),
        Talk::new("refuses the model", [refusal(Point::Load, MODEL_INVALID, "model_invalid")])
            .everything("model_invalid"),
        Talk::new(
            "refuses a request",
            [refusal(Point::Generate, CONTEXT_OVERFLOW, "context_overflow").about("first")],
        )
        .first("context_overflow"),
    ]
    .map(Row::from)
    .into_iter()
    .chain([Row::new(
        "refuses our version of the protocol and ends with 76, as it shall",
        "told, by its words or by its exit code; never started again",
        other_version,
    )])
    .collect()
}

/// Its refusal may be read before its end is noticed, or after.
async fn other_version() -> String {
    let place = Place::with(&[
        Rule::at(Point::Initialize, Deed::Refuse(-32001, "protocol_version".into())),
        Rule::at(Point::Initialized, Deed::Exit(76)),
    ]);
    let engine = drive::engine(&place, patient());
    let load = load_in_words(&engine.load(model()).await);
    let told = ["protocol_version", "engine_will_not_run: wrong_version"];
    assert!(told.contains(&load.as_str()), "{load}");
    assert_eq!(reply(&engine, "first").await, load);
    let now = engine.snapshot();
    assert_eq!((now.state.kind(), now.starts), (StateKind::Failed, 1));
    engine.shut_down().await;
    load
}

fn refusal(at: Point, code: i64, kind: &str) -> Rule {
    Rule::at(at, Deed::Refuse(code, kind.into()))
}

/// Something that does no harm, wherever it is done.
fn ignorable(deed: Deed) -> Vec<Rule> {
    let points = [
        Point::Start,
        Point::Initialize,
        Point::Load,
        Point::Loading,
        Point::Generate,
        Point::Writing,
        Point::Generated,
    ];
    points.map(|point| Rule::at(point, deed.clone())).into()
}

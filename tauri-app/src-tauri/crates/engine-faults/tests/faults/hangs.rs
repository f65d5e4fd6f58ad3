//! Engines that live and do not go on. The limits are two or three seconds here.

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Policy, ReplyEvent};

use crate::common::{LIMIT, Place, eventually};
use crate::drive::{self, finish, impatient, prompt, reply_in_words};
use crate::row::Row;
use crate::talk::Talk;

pub(crate) fn rows() -> Vec<Row> {
    let once = |point, deed| [Rule::at(point, deed).first_starts(1)];
    let hung =
        |fault, point, deed| Talk::new(fault, once(point, deed)).policy(impatient()).starts(2);
    let loading = "model_load_crashed: hung (loading the model stood still)";
    let deaf = "hung (it did not answer to ping)";
    vec![
        hung("never answers who it is", Point::Initialize, Deed::Silence).into(),
        hung("stops reading before it was asked anything", Point::Start, Deed::Hang).into(),
        Talk::new("answers everything late, but in time", late_everywhere())
            .policy(impatient())
            .into(),
        hung("reads its stdin no more", Point::Ping, Deed::Hang).asking_after_start(2).into(),
        hung("answers no ping", Point::Ping, Deed::Silence).asking_after_start(2).into(),
        hung("stopped by SIGSTOP while it writes", Point::Writing, Deed::Signal("SIGSTOP".into()))
            .first(&format!("4 words, died: {deaf}"))
            .into(),
        hung("the fraction of a load stands still", Point::Loading, Deed::StandStill)
            .everything(loading)
            .into(),
        hung("loading says nothing any more", Point::Loading, Deed::Hang)
            .everything(loading)
            .into(),
        hung("reading the prompt stands still", Point::Prefill, Deed::StandStill)
            .first("died: hung (reading the prompt stood still)")
            .into(),
        hung("no token comes any more", Point::Writing, Deed::StandStill)
            .first("4 words, died: hung (no token came)")
            .into(),
        hung("never answers a request", Point::Written, Deed::Hang)
            .first("8 words, died: hung (no token came)")
            .into(),
        hung("closes its stdout and lives", Point::Writing, Deed::CloseOutput)
            .first("4 words, died: hung (it did not answer to ping)")
            .into(),
        Talk::new(
            "closes its stdin and lives",
            [
                Rule::at(Point::Ping, Deed::CloseInput).first_starts(1),
                Rule::at(Point::EndOfInput, Deed::Silence).first_starts(1),
            ],
        )
        .policy(impatient())
        .asking_after_start(2)
        .starts(2)
        .into(),
        Row::new(
            "does not stop writing when told to",
            "the reply goes on and ends by itself; nothing is killed",
            ignores_cancel,
        ),
        Row::new(
            "stands still and does not stop when told to",
            "killed after the limit; the cause is named",
            ignores_cancel_and_stands_still,
        ),
        Row::new(
            "reads its stdin no more while 8 MiB are sent to it",
            "nothing blocks: killed as hung, the requests are told, and the next one is answered",
            slow_reader,
        ),
    ]
}

fn late_everywhere() -> Vec<Rule> {
    let points = [
        Point::Start,
        Point::Initialize,
        Point::Ping,
        Point::Load,
        Point::Loading,
        Point::Generate,
        Point::Prefill,
        Point::Writing,
        Point::Written,
    ];
    points.map(|point| Rule::at(point, Deed::Late(300))).into()
}

async fn ignores_cancel() -> String {
    let place = Place::with(&[
        Rule::at(Point::Cancel, Deed::Silence),
        Rule::at(Point::Writing, Deed::Late(300)),
    ]);
    let (words, starts) = cancelled(&place, impatient()).await;
    assert_eq!((words.as_str(), starts), ("whole", 1));
    words
}

async fn ignores_cancel_and_stands_still() -> String {
    let place = Place::with(&[
        Rule::at(Point::Cancel, Deed::Silence),
        Rule::at(Point::Writing, Deed::StandStill),
    ]);
    let policy = Policy { token_limit: Policy::default().token_limit, ..impatient() };
    let (words, starts) = cancelled(&place, policy).await;
    assert_eq!((words.as_str(), starts), ("4 words, died: hung (it did not stop when told to)", 2));
    words
}

/// A reply that is cancelled when it has begun: how it ends, and the starts until then.
async fn cancelled(place: &Place, policy: Policy) -> (String, u64) {
    let engine = drive::engine(place, policy);
    engine.load(drive::model()).await.unwrap();
    let mut reply = engine.generate(prompt("first"));
    let mut text = String::new();
    let outcome = loop {
        match reply.next().await.unwrap() {
            ReplyEvent::Text(piece) => {
                text.push_str(&piece);
                reply.canceller().cancel();
            }
            ReplyEvent::PromptProgress { .. } => {}
            ReplyEvent::Finished(outcome) => break outcome,
        }
    };
    let died = u64::from(outcome.is_err());
    let starts = drive::settled(&engine, 1 + died).await.starts;
    engine.shut_down().await;
    (reply_in_words(&text, &outcome), starts)
}

async fn slow_reader() -> String {
    let place = Place::with(&[Rule::at(Point::Ping, Deed::Hang).first_starts(1)]);
    let engine = drive::engine(&place, impatient());
    engine.load(drive::model()).await.unwrap();
    assert!(eventually(LIMIT, || place.times_asked("ping", "") > 0), "no ping came");
    let long = "x".repeat(1_000_000);
    let replies: Vec<_> = (0..8).map(|_| engine.generate(prompt(&long))).collect();
    let mut ends = Vec::new();
    for reply in replies {
        let (text, outcome) = finish(reply).await;
        ends.push(reply_in_words(&text, &outcome));
    }
    assert_eq!(ends[0], "died: hung (it did not answer to ping)");
    assert!(ends[1..].iter().all(|end| end == "whole"), "{ends:?}");
    engine.shut_down().await;
    "the first died, 7 are whole".into()
}

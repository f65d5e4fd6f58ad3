//! Devices that the engine does not survive, does not have, or does not keep.

use engine_faults::{Deed, Point, Rule, Script};
use engine_supervisor::{DeviceNotice, Engine, EngineError, LoadParams, Policy, StateKind};

use crate::common::Place;
use crate::drive::{self, finish, load_in_words, model, patient, prompt, until, words};
use crate::row::Row;

const GPU: &str = "GPU0";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "dies in mid-reply on a GPU",
            "the text stays, the CPU is offered with the cause; comes back on the GPU",
            dies_once,
        ),
        Row::new(
            "dies in mid-reply on a GPU three times within five minutes",
            "comes back on the CPU by itself and says so; the next reply is whole; Restart tries \
             the GPU again",
            dies_three_times,
        ),
        Row::new(
            "dies in mid-reply on a GPU three times, far apart",
            "the GPU is not given up",
            dies_now_and_then,
        ),
        Row::new(
            "cannot use the device that was asked for",
            "told by its name, with what there is; on the CPU it loads",
            has_no_such_device,
        ),
        Row::new(
            "loads on another device than was asked for",
            "told with both names and the reason, as long as it is so",
            takes_another,
        ),
        Row::new(
            "a backend that is being proven turns out to be unusable",
            "seen with its reason as soon as the engine remarks it, also in mid-reply",
            loses_a_backend,
        ),
    ]
}

fn place(rules: Vec<Rule>) -> Place {
    let devices = vec![GPU.into(), "CPU".into()];
    Place::new(&Script { rules, devices, ..Script::default() })
}

fn crashing() -> Place {
    place(vec![Rule::at(Point::Writing, Deed::Signal("SIGSEGV".into())).on_device(GPU)])
}

fn on(device: &str) -> LoadParams {
    LoadParams { device: Some(device.into()), ..model() }
}

/// Asks for a reply of which half comes, and tells what is offered then.
async fn half(engine: &Engine, text: &str) -> Option<String> {
    let (text, end) = finish(engine.generate(prompt(text))).await;
    assert_eq!(text, words(4), "what was written stays");
    match end {
        Err(EngineError::Died(death)) => {
            assert_eq!(death.cause.kind(), "wrong_access");
            death.offer
        }
        other => panic!("it did not die: {other:?}"),
    }
}

/// The device that computes, once the engine of that start has loaded.
async fn computes(engine: &Engine, starts: u64) -> String {
    let idle = |kind| matches!(kind, StateKind::Idle);
    let now = until(engine, |now| now.starts == starts && idle(now.state.kind())).await;
    now.model.expect("a model is loaded").device
}

fn cpu() -> Option<String> {
    Some("CPU".to_owned())
}

async fn dies_once() -> String {
    let place = crashing();
    let engine = drive::engine(&place, patient());
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on GPU0");
    assert_eq!(half(&engine, "first").await, cpu());
    assert_eq!(computes(&engine, 2).await, GPU);
    let now = engine.snapshot();
    assert_eq!(now.last_death.and_then(|death| death.offer), cpu());
    assert_eq!(now.device_notices, []);
    assert_eq!(load_in_words(&engine.load(on("CPU")).await), "loaded on CPU");
    assert_eq!(drive::reply(&engine, "second").await, "whole");
    engine.shut_down().await;
    "4 words, wrong_access, CPU offered; on the GPU again; whole on the CPU".into()
}

async fn dies_three_times() -> String {
    let place = crashing();
    let engine = drive::engine(&place, patient());
    assert_eq!(load_in_words(&engine.load(on(GPU)).await), "loaded on GPU0");
    for (number, offer) in [(1, cpu()), (2, cpu()), (3, None)] {
        assert_eq!(half(&engine, &format!("question {number}")).await, offer);
        let expected = if number < 3 { GPU } else { "CPU" };
        assert_eq!(computes(&engine, number + 1).await, expected);
    }
    let notices = engine.snapshot().device_notices;
    let [DeviceNotice::GivenUp { device, crashes: 3, cause }] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert_eq!((device.as_str(), cause.kind()), (GPU, "wrong_access"));
    assert_eq!(drive::reply(&engine, "question 4").await, "whole");
    assert_eq!(load_in_words(&engine.load(on(GPU)).await), "loaded on CPU");
    assert_eq!(engine.snapshot().device_notices, notices, "it is said as long as it is so");
    engine.restart().await.unwrap();
    assert_eq!(computes(&engine, 5).await, GPU);
    assert_eq!(engine.snapshot().device_notices, []);
    engine.shut_down().await;
    "GPU, GPU, CPU and device_given_up (3, wrong_access); whole; on the GPU after Restart".into()
}

async fn dies_now_and_then() -> String {
    let place = crashing();
    // No two crashes lie within this.
    let policy = Policy { device_crash_window: std::time::Duration::ZERO, ..patient() };
    let engine = drive::engine(&place, policy);
    engine.load(model()).await.unwrap();
    for number in 1..=3 {
        assert_eq!(half(&engine, &format!("question {number}")).await, cpu());
        assert_eq!(computes(&engine, number + 1).await, GPU);
    }
    assert_eq!(engine.snapshot().device_notices, []);
    engine.shut_down().await;
    "on the GPU after three crashes".into()
}

async fn has_no_such_device() -> String {
    let place = place(vec![Rule::at(Point::Load, Deed::RefuseDevice).on_device(GPU)]);
    let engine = drive::engine(&place, patient());
    let refusal = match engine.load(on(GPU)).await {
        Err(EngineError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(refusal.kind(), "device_unavailable");
    assert_eq!(refusal.data["asked"], GPU);
    assert_eq!(refusal.data["available"], serde_json::json!(["CPU"]));
    let problem = engine.snapshot().problem.expect("it is a problem");
    assert_eq!(problem.kind(), "device_unavailable");
    assert_eq!(load_in_words(&engine.load(on("CPU")).await), "loaded on CPU");
    let now = engine.snapshot();
    assert_eq!((now.problem, now.starts), (None, 1));
    engine.shut_down().await;
    "device_unavailable, asked GPU0, available CPU; loaded on CPU".into()
}

async fn takes_another() -> String {
    let reason = r#"{"device": "CPU", "reason": "the card is asleep"}"#;
    let place = place(vec![
        Rule::at(Point::Load, Deed::Remark("device_chosen".into(), reason.into())).on_device(GPU),
        Rule::at(Point::Load, Deed::TakeDevice("CPU".into())).on_device(GPU),
    ]);
    let engine = drive::engine(&place, patient());
    assert_eq!(load_in_words(&engine.load(on(GPU)).await), "loaded on CPU");
    let told = engine.snapshot().device_notices;
    let expected = DeviceNotice::Other {
        asked: GPU.into(),
        actual: "CPU".into(),
        reason: Some("the card is asleep".into()),
    };
    assert_eq!(told, [expected]);
    engine.load(on("CPU")).await.unwrap();
    assert_eq!(engine.snapshot().device_notices, []);
    engine.shut_down().await;
    told[0].to_string()
}

async fn loses_a_backend() -> String {
    let is = |state: &str, reason: &str| Deed::BackendIs(GPU.into(), state.into(), reason.into());
    let remark = Deed::Remark("backend_unavailable".into(), r#"{"backend": "GPU0"}"#.into());
    let place = place(vec![
        Rule::at(Point::Initialize, is("probing", "it is tried")),
        Rule::at(Point::Writing, is("unavailable", "its driver ended")),
        Rule::at(Point::Writing, remark),
        // The reply goes on only when it was seen.
        Rule::at(Point::Writing, Deed::StandStill),
    ]);
    let engine = drive::engine(&place, patient());
    engine.load(on("CPU")).await.unwrap();
    let state = |engine: &Engine| {
        let backends = engine.snapshot().engine.expect("it runs").backends;
        let gpu = backends.into_iter().find(|backend| backend.name == GPU).expect("it is listed");
        (gpu.state, gpu.reason.unwrap_or_default())
    };
    assert_eq!(state(&engine).0, "probing");
    let reply = engine.generate(prompt("first"));
    until(&engine, |now| {
        let backends = now.engine.iter().flat_map(|engine| &engine.backends);
        backends.into_iter().any(|backend| backend.state == "unavailable")
    })
    .await;
    assert_eq!(engine.snapshot().state.kind(), StateKind::Generating);
    let (state, reason) = state(&engine);
    reply.canceller().cancel();
    let (text, end) = finish(reply).await;
    assert_eq!((text, end.is_ok()), (words(5), true));
    assert_eq!(engine.snapshot().starts, 1);
    engine.shut_down().await;
    format!("probing, then {state}: {reason}")
}

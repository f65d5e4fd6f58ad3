//! Models that crash the engine while they are loaded.

use engine_faults::{Deed, Point, Rule, Script};
use engine_supervisor::{EngineError, LoadParams, LoadedModel, Problem, StateKind};

use crate::common::Place;
use crate::drive::{self, load_in_words, model, model_at, patient};
use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "a model crashes it twice on a GPU",
            "the CPU is offered; then not tried there again; on the CPU it loads",
            crashes_on_the_gpu,
        ),
        Row::new(
            "a model crashes it twice on the only device",
            "not tried again until the user insists",
            crashes_everywhere,
        ),
        Row::new(
            "a model crashes it once, then loads",
            "the second attempt is as good as any",
            crashes_once,
        ),
        Row::new(
            "one model crashes it, another is good",
            "the good one loads, and the bad one stays in quarantine",
            another_model_is_good,
        ),
        Row::new(
            "a model in quarantine, and Restart",
            "crashes are forgotten: it is tried again",
            restart_forgets_quarantine,
        ),
    ]
}

/// What is offered instead, if it ended so.
fn offered(outcome: Result<LoadedModel, EngineError>) -> (&'static str, Option<String>) {
    match outcome {
        Err(EngineError::Failed(Problem::LoadCrashed { death, .. })) => ("crashed", death.offer),
        Err(EngineError::Failed(Problem::Quarantined { offer, .. })) => ("quarantined", offer),
        other => panic!("neither crashed nor refused: {other:?}"),
    }
}

async fn crashes_on_the_gpu() -> String {
    let place = Place::new(&Script {
        rules: vec![Rule::at(Point::Loading, Deed::Signal("SIGSEGV".into())).on_device("GPU0")],
        devices: vec!["GPU0".into(), "CPU".into()],
        ..Script::default()
    });
    let engine = drive::engine(&place, patient());
    let on = |device: &str| LoadParams { device: Some(device.into()), ..model() };
    let cpu = || Some("CPU".to_owned());
    assert_eq!(offered(engine.load(on("GPU0")).await), ("crashed", cpu()));
    let (second, offer) = offered(engine.load(on("GPU0")).await);
    assert_eq!(offer, cpu());
    assert_eq!(offered(engine.load(on("GPU0")).await), ("quarantined", cpu()));
    let asked = place.times_asked("model/load", &model().path);
    assert_eq!(asked, 2, "it was loaded on the GPU {asked} times");
    assert_eq!(load_in_words(&engine.load(on("CPU")).await), "loaded on CPU");
    assert_eq!(drive::reply(&engine, "first").await, "whole");
    engine.shut_down().await;
    format!("crashed, {second}, quarantined, each time with the CPU offered; loaded on CPU")
}

async fn crashes_everywhere() -> String {
    let place = Place::with(&[Rule::at(Point::Loading, Deed::Exit(70))]);
    let engine = drive::engine(&place, patient());
    assert_eq!(offered(engine.load(model()).await), ("crashed", None));
    assert_eq!(offered(engine.load(model()).await).1, None);
    assert_eq!(offered(engine.load(model()).await), ("quarantined", None));
    assert_eq!(place.times_asked("model/load", &model().path), 2);
    let now = drive::settled(&engine, 3).await;
    assert_eq!(now.state.kind(), StateKind::Ready, "an engine without a model runs");

    place.rewrite(&Script::default());
    // The engine that runs has read the old script: only a new one is good.
    engine.stop().await.unwrap();
    assert_eq!(load_in_words(&engine.load_insisting(model()).await), "loaded on CPU");
    engine.shut_down().await;
    "refused the third time; loaded when insisted on".into()
}

async fn crashes_once() -> String {
    let place = Place::with(&[Rule::at(Point::Loading, Deed::Exit(70)).first_starts(1)]);
    let engine = drive::engine(&place, patient());
    assert_eq!(offered(engine.load(model()).await), ("crashed", None));
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
    assert_eq!(drive::reply(&engine, "first").await, "whole");
    let starts = engine.snapshot().starts;
    assert_eq!(starts, 2);
    engine.shut_down().await;
    format!("loaded at the second attempt, {starts} starts")
}

async fn another_model_is_good() -> String {
    let place = Place::with(&[Rule::at(Point::Loading, Deed::Exit(70)).about("bad")]);
    let engine = drive::engine(&place, patient());
    let bad = || model_at("/models/bad.gguf");
    for _ in 0..2 {
        offered(engine.load(bad()).await);
    }
    assert_eq!(load_in_words(&engine.load(model()).await), "loaded on CPU");
    assert_eq!(offered(engine.load(bad()).await).0, "quarantined");
    assert_eq!(place.times_asked("model/load", &bad().path), 2);
    engine.shut_down().await;
    "the bad one was tried twice, the good one loaded".into()
}

async fn restart_forgets_quarantine() -> String {
    let place = Place::with(&[Rule::at(Point::Loading, Deed::Exit(70)).first_starts(2)]);
    let engine = drive::engine(&place, patient());
    for _ in 0..2 {
        offered(engine.load(model()).await);
    }
    assert_eq!(offered(engine.load(model()).await).0, "quarantined");
    engine.restart().await.unwrap();
    assert_eq!(load_in_words(&engine.ready().await), "loaded on CPU");
    engine.shut_down().await;
    "loaded after the restart".into()
}

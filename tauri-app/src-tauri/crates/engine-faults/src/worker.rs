//! Loads and writes, one request at a time.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use engine_faults::Point;
use serde_json::{Value, json};

use crate::deeds::Manner;
use crate::stage::Stage;
use crate::{answers, voice};

/// Steps of a load, and of reading a prompt.
const STEPS: u32 = 4;

/// Between two signs of life of a step that gets no further.
const SIGN_OF_LIFE: Duration = Duration::from_millis(50);

/// A request that waits its turn.
pub(crate) struct Job {
    pub(crate) id: Value,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// Works until the program ends.
pub(crate) fn work(stage: &Stage, jobs: &Receiver<Job>) {
    let mut loaded = false;
    for job in jobs {
        stage.begin(&job.id);
        match job.method.as_str() {
            "model/load" => loaded = load(stage, &job) || loaded,
            "model/unload" => {
                loaded = false;
                voice::answer(&job.id, &json!({}));
            }
            "session/forget" => voice::answer(&job.id, &json!({})),
            "generate" | "tokenize" if !loaded => voice::refuse(&job.id, -32010, "no_model"),
            "tokenize" => voice::answer(&job.id, &json!({"tokens": 4})),
            "generate" => generate(stage, &job),
            _ => voice::refuse(&job.id, -32601, "method_not_found"),
        }
    }
}

fn load(stage: &Stage, job: &Job) -> bool {
    let path = job.params["path"].as_str().unwrap_or_default();
    stage.use_device(job.params["device"].as_str().unwrap_or(&stage.script.devices[0]));
    stage.note("model/load", path);
    let manner = stage.reach(Point::Load, path);
    if manner.refuses() {
        return manner.answer(&job.id, &Value::Null);
    }
    if manner.refuses_device {
        voice::refuse_device(&job.id, &stage.script.devices, &stage.device());
        return false;
    }
    if let Some(id) = &manner.device {
        stage.use_device(id);
    }
    for step in 0..=STEPS {
        let fraction = f64::from(step) / f64::from(STEPS);
        let progress =
            || voice::tell("model/progress", &json!({"id": job.id, "fraction": fraction}));
        progress();
        if step == STEPS / 2 {
            stand_still(stage, &stage.reach(Point::Loading, path), progress);
        }
    }
    if stage.is_cancelled() {
        voice::refuse(&job.id, -32800, "cancelled");
        return false;
    }
    let answered = manner.answer(&job.id, &answers::loaded(path, &stage.device()));
    stage.reach(Point::Loaded, path);
    answered
}

fn generate(stage: &Stage, job: &Job) {
    let prompt = job.params["prompt"].as_str().unwrap_or_default();
    stage.note("generate", prompt);
    let manner = stage.reach(Point::Generate, prompt);
    if manner.refuses() {
        manner.answer(&job.id, &Value::Null);
        return;
    }
    for done in 0..=STEPS {
        let params = json!({"id": job.id, "promptTokensDone": done, "promptTokens": STEPS});
        let progress = || voice::tell("generate/progress", &params);
        progress();
        if done == STEPS / 2 {
            stand_still(stage, &stage.reach(Point::Prefill, prompt), progress);
        }
    }
    let (text, seq) = write(stage, job, prompt);
    stage.reach(Point::Written, prompt);
    let (reason, tokens) = (if stage.is_cancelled() { "cancelled" } else { "length" }, seq);
    manner.answer(&job.id, &answers::generated(reason, text.chars().count(), tokens));
    if stage.reach(Point::Generated, prompt).late_tokens {
        voice::delta(&job.id, seq, "too late ");
    }
}

/// `word0 word1 …`, so that what is missing or doubled can be seen.
fn write(stage: &Stage, job: &Job, prompt: &str) -> (String, u64) {
    let asked = job.params["maxTokens"].as_u64().unwrap_or(u64::MAX);
    let count = stage.script.deltas.min(asked);
    let (mut text, mut seq) = (String::new(), 0);
    for word in 0..count {
        if stage.is_cancelled() {
            break;
        }
        if word == count / 2 {
            let manner = stage.reach(Point::Writing, prompt);
            stand_still(stage, &manner, || ());
            seq += u64::from(manner.gap);
        }
        let piece = format!("word{word} ");
        voice::delta(&job.id, seq, &piece);
        text.push_str(&piece);
        seq += 1;
        std::thread::sleep(Duration::from_millis(stage.script.pace_ms));
    }
    (text, seq)
}

fn stand_still(stage: &Stage, manner: &Manner, sign_of_life: impl Fn()) {
    while manner.stands_still && !stage.is_cancelled() {
        sign_of_life();
        std::thread::sleep(SIGN_OF_LIFE);
    }
}

//! Plays rows side by side and makes a table of what came of them.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::row::Row;

/// Rows played at the same time: most of them wait, so this is more than the processors.
const AT_ONCE: usize = 6;

/// What came of a row.
pub(crate) struct Verdict {
    number: usize,
    fault: &'static str,
    must: String,
    /// What was seen; as an error, why it is not what must be.
    seen: Result<String, String>,
    took: Duration,
}

impl Verdict {
    pub(crate) fn stands(&self) -> bool {
        self.seen.is_ok()
    }
}

/// Plays all of them, in the table's order of numbers.
pub(crate) fn all(rows: Vec<Row>) -> Vec<Verdict> {
    let waiting: Mutex<VecDeque<(usize, Row)>> = Mutex::new((1..).zip(rows).collect());
    let next = || waiting.lock().unwrap().pop_front();
    let verdicts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((number, row)) = next() {
                    let verdict = one(number, row);
                    verdicts.lock().unwrap().push(verdict);
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().unwrap();
    verdicts.sort_by_key(|verdict| verdict.number);
    verdicts
}

/// On a thread of its own, so that a panic is a verdict.
fn one(number: usize, row: Row) -> Verdict {
    let started = Instant::now();
    let seen = std::thread::spawn(row.check).join().map_err(words);
    Verdict { number, fault: row.fault, must: row.must, seen, took: started.elapsed() }
}

fn words(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or("it panicked", |text| text).into(),
    }
}

/// The table as Markdown.
pub(crate) fn report(verdicts: &[Verdict]) -> String {
    let mut text = String::from("| | fault | what must come of it | seen | s | |\n|-|-|-|-|-|-|\n");
    for Verdict { number, fault, must, seen, took } in verdicts {
        let (seen, mark) = match seen {
            Ok(seen) => (seen, "stands"),
            Err(why) => (why, "**FAILS**"),
        };
        let seen = seen.replace('\n', " ").replace('|', "/");
        let seconds = took.as_secs_f64();
        let _ = writeln!(text, "| {number} | {fault} | {must} | {seen} | {seconds:.1} | {mark} |");
    }
    text
}

/// The rows as a page of documentation, without what is only seen when they are played.
pub(crate) fn documentation(rows: &[Row]) -> String {
    let mut text = String::from(
        "# Faults\n\n\
         What an engine, or the world around it, may do wrong, and what must come of it. `tests/faults` plays \
         every row with real processes: the scripted sidecar loads a model, is asked for two replies of 8 words, and \
         is told to end. This page is \
         written by `FAULTS_WRITE=1 cargo test -p engine-faults --test faults documented`, and a test compares \
         it with the rows.\n\n\
         | | fault | what must come of it |\n|-|-|-|\n",
    );
    for (number, Row { fault, must, .. }) in (1..).zip(rows) {
        let _ = writeln!(text, "| {number} | {fault} | {must} |");
    }
    text
}

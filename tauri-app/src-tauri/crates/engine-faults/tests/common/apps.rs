//! This test program once more, as a program of its own that plays one of its tests, tells
//! of it, and may be stopped or killed meanwhile.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Tells that program which engine to drive.
pub(crate) const PROGRAM: &str = "ENGINE_FAULTS_PROGRAM";

/// In front of what it tells, among what the test runner says.
const MARK: &str = "told: ";

/// What such a program tells.
pub(crate) struct Told(Lines<BufReader<ChildStdout>>);

/// Starts it with the test of that name, which drives the engine `program` if there is one.
pub(crate) fn start(test: &str, program: Option<&Path>) -> (Child, Told) {
    let mut app = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .envs(program.map(|program| (PROGRAM, program)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(app.stdout.take().unwrap());
    (app, Told(output.lines()))
}

/// The same; and the pid of its engine, which it tells first.
pub(crate) fn start_with_engine(test: &str, program: &Path) -> (Child, u32) {
    let (app, mut told) = start(test, Some(program));
    (app, told.next().parse().expect("the app tells its engine's pid"))
}

/// What such a program says to whoever started it.
pub(crate) fn tell(words: impl Display) {
    println!("{MARK}{words}");
}

impl Told {
    pub(crate) fn next(&mut self) -> String {
        let marked = self.0.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, words) = line.split_once(MARK)?;
            Some(words.trim().to_owned())
        });
        marked.expect("the app tells how it is")
    }
}

//! Plays that look at a whole process, and so have one of their own: this test program
//! once more, with only one of its tests.

use std::process::{Command, Stdio};
use std::time::Duration;

use engine_faults::{Deed, Point, Rule};
use engine_supervisor::{Policy, State};
use nix::sys::signal::Signal;

use crate::common::{Place, signal};
use crate::drive::{self, model, patient, reply, settled, until};
use crate::row;
use crate::talk::nothing_is_left;

/// In front of what such a play has seen.
const MARK: &str = "seen: ";

/// What the driving program may grow by, whatever the engine writes.
const MAX_GROWTH_KIB: u64 = 32 * 1024;

/// Plays the test of that name in a process of its own; what it saw.
pub(crate) async fn play(test: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", test]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let seen = text.lines().find_map(|line| Some(line.split_once(MARK)?.1.to_owned()));
    seen.unwrap_or_else(|| panic!("`{test}` was not played: {text}"))
}

#[test]
#[ignore = "a row of the table plays it in a process of its own"]
fn no_descriptor_is_left_after_fifty_restarts() {
    row::play(async {
        let place = Place::with(&[]);
        let policy = Policy { delays: vec![Duration::ZERO; 100], ..patient() };
        let engine = drive::engine(&place, policy);
        engine.load(model()).await.unwrap();
        let before = descriptors();
        for start in 1..=50 {
            signal(settled(&engine, start).await.pid.unwrap(), Signal::SIGKILL);
            until(&engine, |now| now.starts > start && now.state == State::Idle).await;
        }
        assert_eq!(reply(&engine, "first").await, "whole");
        let after = descriptors();
        assert_eq!(after, before, "descriptors before and after");
        engine.shut_down().await;
        nothing_is_left(&place);
        println!("{MARK}{before} descriptors before, {after} after 50 restarts");
    });
}

#[test]
#[ignore = "a row of the table plays it in a process of its own"]
fn memory_is_bounded_under_floods() {
    row::play(async {
        let mut rules = vec![
            Rule::at(Point::Loading, Deed::LogFlood(256 << 20)),
            Rule::at(Point::Writing, Deed::Junk(1_000_000)),
        ];
        rules.extend(vec![Rule::at(Point::Prefill, Deed::LongLine(2 << 20)); 20]);
        let place = Place::with(&rules);
        let engine = drive::engine(&place, patient());
        let before = peak_kib();
        engine.load(model()).await.unwrap();
        assert_eq!(reply(&engine, "first").await, "whole");
        let grown = peak_kib() - before;
        engine.shut_down().await;
        assert!(grown < MAX_GROWTH_KIB, "it grew by {grown} KiB");
        println!("{MARK}it grew by {grown} KiB");
    });
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The most memory this process ever had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

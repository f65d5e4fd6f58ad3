//! Misdeeds that need the operating system, and so far only Linux.

use std::fs::File;
use std::process::Command;
use std::str::FromStr;

use engine_faults::Deed;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, dup2_stdin, dup2_stdout, getsid};

/// How long a process that was left behind holds the pipes.
const HOLDS_FOR_S: &str = "20";

pub(crate) fn perform(deed: &Deed) {
    match deed {
        Deed::Signal(name) => send_to_myself(name),
        Deed::CloseOutput => dup2_stdout(nowhere()).expect("stdout can be replaced"),
        Deed::CloseInput => dup2_stdin(nowhere()).expect("stdin can be replaced"),
        Deed::Grandchild(own_session) => leave_behind(*own_session),
        Deed::Grow(mebibytes) => grow(*mebibytes),
        Deed::Outlive => prctl::set_pdeathsig(None).expect("the kernel takes it"),
        other => unreachable!("{other:?} needs no system"),
    }
}

/// Until it works: Rust catches the first SIGSEGV and SIGBUS to look for a stack overflow,
/// and SIGSTOP stops this thread a moment after another one has taken it.
fn send_to_myself(name: &str) -> ! {
    let signal = Signal::from_str(name).expect("the script names a signal");
    loop {
        kill(Pid::this(), signal).expect("a process may signal itself");
    }
}

fn nowhere() -> File {
    File::options().read(true).write(true).open("/dev/null").expect("it is there")
}

#[allow(clippy::zombie_processes, reason = "this process dies before it could wait")]
fn leave_behind(own_session: bool) {
    let mut command = Command::new(if own_session { "setsid" } else { "sleep" });
    if own_session {
        command.arg("sleep");
    }
    let child = command.arg(HOLDS_FOR_S).spawn().expect("`sleep` can be started");
    let pid = Pid::from_raw(child.id().cast_signed());
    while own_session && getsid(Some(pid)) != Ok(pid) {
        std::thread::yield_now();
    }
    let file = std::env::current_exe().expect("known").with_file_name("grandchild");
    std::fs::write(file, child.id().to_string()).expect("the folder can be written");
}

/// The limit is the process's own, so that no other one suffers.
fn grow(mebibytes: u64) {
    let limit = mebibytes << 20;
    setrlimit(Resource::RLIMIT_AS, limit, limit).expect("a limit may be lowered");
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(vec![1; 1 << 20]);
    }
}

//! Starts the engine's process so that it cannot outlive us.
//!
//! Three ropes hold it: the process group (one kill reaches its children too), the
//! parent-death signal on Linux, and its own promise to end when its stdin ends.

use std::io;
use std::path::Path;
use std::process::Stdio;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop, ProcessGroup};
use tokio::process::Command;

use crate::environment;

/// Starts `program` in its own folder with a clean environment and three pipes.
///
/// To be called from a thread that lives as long as the child shall: the
/// parent-death signal comes when the *thread* that started it ends.
pub(crate) fn spawn(program: &Path) -> io::Result<Box<dyn ChildWrapper>> {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(environment::clean(std::env::vars_os()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = program.parent() {
        command.current_dir(folder);
    }
    die_with_parent(&mut command);
    CommandWrap::from(command).wrap(KillOnDrop).wrap(ProcessGroup::leader()).spawn()
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let parent = std::process::id();
    // SAFETY: between fork and exec only prctl and getppid are called, both of which
    // are async-signal-safe, and the closure allocates nothing.
    #[allow(unsafe_code, reason = "there is no safe way to say this to the kernel before exec")]
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have ended before the signal was armed.
            if u32::try_from(libc::getppid()) != Ok(parent) {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}

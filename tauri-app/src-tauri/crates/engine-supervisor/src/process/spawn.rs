//! Starts the engine's process so that it cannot outlive us.
//!
//! Three ropes hold it: the process group, or job on Windows (one kill reaches its children
//! too), the death of the parent (a signal on Linux; on Windows the job closes with us), and
//! its own promise to end when its stdin ends.

use std::io;
use std::path::Path;
use std::process::Stdio;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
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
    let mut command = CommandWrap::from(command);
    // It comes before the job, which closes with us only if it finds this.
    command.wrap(KillOnDrop);
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    command.spawn()
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use nix::errno::Errno;
    use nix::sys::signal::Signal;
    use nix::unistd::getppid;

    let parent = std::process::id();
    // SAFETY: between fork and exec only prctl and getppid are called, both of which
    // are plain system calls, and the closure allocates nothing.
    #[allow(unsafe_code, reason = "there is no safe way to say this to the kernel before exec")]
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The parent may have ended before the signal was armed.
            if u32::try_from(getppid().as_raw()) != Ok(parent) {
                return Err(Errno::ESRCH.into());
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}

//! One run of the engine's program for something else than driving it: its `--bench`, say.
//! It is held by the same ropes as the engine.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::death::Exit;
use crate::process::spawn::spawn;

/// What it may print. The rest is not kept.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

/// How long what it printed may take to come when it has ended: a grandchild that holds the
/// pipe open must not hide the end.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// Runs `program` with `arguments` until it ends, and returns what it printed. Dropping the
/// future kills it, and so does the end of this process.
///
/// # Errors
/// When it cannot be started, ends by a signal, or takes longer than `limit`.
pub async fn run_once(
    program: &Path,
    arguments: Vec<OsString>,
    limit: Duration,
) -> io::Result<Vec<u8>> {
    let program = program.to_path_buf();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut answer, answered) = oneshot::channel();
    // The child dies with the thread that started it, so this one waits for its end.
    std::thread::Builder::new().name("engine-errand".into()).spawn(move || {
        runtime.block_on(async {
            let outcome = tokio::select! {
                outcome = run(&program, &arguments, limit) => outcome,
                () = answer.closed() => return,
            };
            // Whoever asked may have gone meanwhile.
            let _ = answer.send(outcome);
        });
    })?;
    answered.await.unwrap_or_else(|_| Err(io::Error::other("it was given up")))
}

async fn run(program: &Path, arguments: &[OsString], limit: Duration) -> io::Result<Vec<u8>> {
    let mut child = spawn(program, arguments)?;
    drop(child.stdin().take());
    let output = child.stdout().take().map(|pipe| tokio::spawn(first_of(pipe)));
    if let Some(log) = child.stderr().take() {
        tokio::spawn(first_of(log));
    }
    let exit = match timeout(limit, child.wait()).await {
        Ok(status) => Exit::from_status(status?),
        Err(_) => {
            end(&mut child).await;
            let limit = limit.as_secs();
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("it took over {limit} s")));
        }
    };
    end(&mut child).await;
    match (exit, output) {
        (Exit::Code(_), Some(output)) => {
            let output = timeout(LAST_OUTPUT, output).await;
            output
                .map_err(|_| io::Error::other("its output does not end"))?
                .map_err(io::Error::other)
        }
        (exit, _) => Err(io::Error::other(format!("it ended by {exit}"))),
    }
}

/// Ends whatever is left of its group; usually there is nothing.
async fn end(child: &mut Box<dyn ChildWrapper>) {
    if child.start_kill().is_ok() {
        let _ = child.wait().await;
    }
}

/// What comes first out of `pipe`; all of it is read, so that nobody waits for us.
async fn first_of(mut pipe: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut first = Vec::new();
    let _ = (&mut pipe).take(MAX_OUTPUT_BYTES).read_to_end(&mut first).await;
    let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    first
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    async fn shell(script: &str, limit: Duration) -> io::Result<Vec<u8>> {
        run_once(Path::new("/bin/sh"), vec!["-c".into(), script.into()], limit).await
    }

    #[tokio::test]
    async fn what_it_printed_comes_back_also_when_it_failed_in_order() {
        assert_eq!(shell("echo figures; exit 70", LIMIT).await.unwrap(), b"figures\n");
    }

    #[tokio::test]
    async fn its_stdin_has_ended_and_its_environment_is_clean() {
        let output = shell("cat; echo [$LD_LIBRARY_PATH$PYTHONPATH]", LIMIT).await.unwrap();
        assert_eq!(output, b"[]\n");
    }

    #[tokio::test]
    async fn one_that_takes_too_long_is_ended_and_so_is_one_that_is_killed() {
        let error = shell("sleep 600", Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = shell("kill -9 $$", LIMIT).await.unwrap_err();
        assert_eq!(error.to_string(), "it ended by signal 9 (SIGKILL)");
    }

    #[tokio::test]
    async fn dropping_the_future_kills_it() {
        let folder = std::env::temp_dir().join(format!("errand-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let begun = folder.join("begun");
        let script = format!("echo $$ > {0}.new && mv {0}.new {0}; sleep 600", begun.display());
        let running = tokio::spawn(async move { shell(&script, LIMIT).await });
        let pid = within(|| std::fs::read_to_string(&begun).ok()).await;
        running.abort();
        let gone = || (!alive(pid.trim())).then_some(());
        within(gone).await;
        std::fs::remove_dir_all(&folder).unwrap();
    }

    fn alive(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    }

    async fn within<T>(mut look: impl FnMut() -> Option<T>) -> T {
        let looking = async {
            loop {
                match look() {
                    Some(seen) => return seen,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        timeout(LIMIT, looking).await.expect("it comes to that")
    }
}

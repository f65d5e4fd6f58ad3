//! The socket between a later start and the running app: one line of JSON, answered by one.
//! A Unix socket, on Windows a named pipe.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Name, Stream};

use super::Request;

/// A path is shorter than that on every system.
const MAX_LINE_BYTES: u64 = 65_536;

/// The running app may have locked its place and not listen yet.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a connection is tried meanwhile.
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// What the running app says to a request that it took.
const TAKEN: &str = "taken\n";

#[derive(Debug)]
pub(super) struct Listener(LocalSocketListener);

/// Listens at `address`, in place of whoever did so before.
pub(super) fn listen(address: &Path) -> io::Result<Listener> {
    ListenerOptions::new().name(name(address)?).try_overwrite(true).create_sync().map(Listener)
}

impl Listener {
    /// Calls `on_request` for every request, on a thread that lives as long as the app.
    pub(super) fn serve(self, on_request: impl Fn(Request) + Send + 'static) {
        let listen = move || {
            for stream in self.0.incoming() {
                match stream.and_then(receive) {
                    Ok(request) => on_request(request),
                    Err(error) => log::warn!("a later start was not understood: {error}"),
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("instance".into()).spawn(listen) {
            log::warn!("later starts will not reach this one: {error}");
        }
    }
}

fn receive(stream: Stream) -> io::Result<Request> {
    // Not to be had on Windows; there only the user's own programs reach the pipe.
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.by_ref().take(MAX_LINE_BYTES).read_line(&mut line)?;
    let request = serde_json::from_str(&line)?;
    stream.get_mut().write_all(TAKEN.as_bytes())?;
    Ok(request)
}

/// Hands `request` to the app that listens at `address`.
pub(super) fn send(address: &Path, request: &Request) -> io::Result<()> {
    let mut stream = connect(address)?;
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).take(TAKEN.len() as u64).read_line(&mut answer)?;
    match answer.as_str() {
        TAKEN => Ok(()),
        _ => Err(io::Error::other("the running app did not understand the request")),
    }
}

fn connect(address: &Path) -> io::Result<Stream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Stream::connect(name(address)?) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(RETRY_EVERY),
            settled => return settled,
        }
    }
}

#[cfg(unix)]
fn name(address: &Path) -> io::Result<Name<'_>> {
    address.to_fs_name::<interprocess::local_socket::GenericFilePath>()
}

#[cfg(not(unix))]
fn name(address: &Path) -> io::Result<Name<'_>> {
    let name = address.file_name().unwrap_or(address.as_os_str());
    name.to_ns_name::<interprocess::local_socket::GenericNamespaced>()
}

//! Starts, watches, drives and ends an inference engine: a program that speaks the
//! sidecar protocol, version 1 (JSON-RPC lines over its stdin and stdout).
//!
//! If the engine dies, the program that uses this crate does not: the reply at work ends
//! with the cause in words, a new process takes its place, and the model is loaded again.
//! However the program ends, the engine ends with it.
//!
//! ```no_run
//! use engine_supervisor::{Client, Engine, GenerateParams, Input, LoadParams, ReplyEvent, Settings, locate};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let program = locate("localai-sidecar", &["/opt/app/engine".into()])?;
//! let client = Client { name: "my-app".into(), version: "1.0".into() };
//! let engine = Engine::new(Settings::new(program, client));
//! engine.load(LoadParams { path: "/models/tiny.gguf".into(), ..LoadParams::default() }).await?;
//! let mut reply = engine.generate(GenerateParams::new(Input::Prompt("Once upon a time".into())));
//! while let Some(event) = reply.next().await {
//!     match event {
//!         ReplyEvent::Text(text) => print!("{text}"),
//!         ReplyEvent::PromptProgress { .. } => {}
//!         ReplyEvent::Finished(outcome) => println!("\n{:?}", outcome?.finish_reason),
//!     }
//! }
//! engine.shut_down().await;
//! # Ok(())
//! # }
//! ```
//!
//! Inside, a state machine without clock, process or pipe decides ([`State`] is its state), and
//! one thread does what it says. Invariants: that thread owns the process and ends after it;
//! the engine runs one request at a time; a request that was at work when the process died is
//! never sent again by itself; nothing here knows a window.

mod actor;
mod cause;
mod classify;
mod coalesce;
mod command;
mod death;
mod devices;
mod engine;
mod environment;
mod errand;
mod error;
mod files;
mod lines;
mod locate;
mod machine;
mod methods;
mod policy;
mod problem;
mod process;
mod reply;
pub mod rpc;
mod settings;
mod snapshot;
mod stale;
mod verify;

pub use cause::{Cause, Hang};
pub use coalesce::{COALESCE_INTERVAL, Coalescer, MAX_CHUNK_BYTES};
pub use death::{Death, Exit};
pub use devices::{DeviceChoice, DeviceNotice};
pub use engine::Engine;
pub use errand::run_once;
pub use error::EngineError;
pub use locate::{NotFound, locate};
pub use methods::{
    Backend, Client, Delta, Device, FinishReason, ForgetParams, GenerateOptions, GenerateParams,
    Generated, InitializeParams, Initialized, Input, LoadParams, LoadProgress, LoadedModel,
    LogRecord, ModelInfo, Notification, PROTOCOL_VERSION, PromptProgress, Request, Role, Server,
    Status, Timings, TokenizeParams, Tokenized, Turn,
};
pub use problem::Problem;
pub use reply::{Canceller, Reply, ReplyEvent};
pub use rpc::{RequestId, RpcError};
pub use settings::{Policy, Settings};
pub use snapshot::{Snapshot, State, StateKind};
pub use verify::WrongFile;

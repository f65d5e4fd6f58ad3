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
//! let engine = Engine::new(Settings {
//!     program: locate("localai-sidecar", &["/opt/app/engine".into()])?,
//!     client: Client { name: "my-app".into(), version: "1.0".into() },
//! });
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
//! Invariants: one thread owns the process; it runs one request at a time; a request that
//! was at work when the process died is never sent again; nothing here knows a window.

mod actor;
mod coalesce;
mod death;
mod engine;
mod environment;
mod error;
mod in_flight;
mod lines;
mod locate;
mod methods;
mod process;
pub mod rpc;
mod snapshot;
mod spawn;

pub use coalesce::{COALESCE_INTERVAL, Coalescer, MAX_CHUNK_BYTES};
pub use death::{Death, Exit};
pub use engine::{Canceller, Engine, Reply, ReplyEvent, Settings};
pub use error::EngineError;
pub use locate::{NotFound, locate};
pub use methods::{
    Backend, Client, Delta, FinishReason, GenerateOptions, GenerateParams, Generated,
    InitializeParams, Initialized, Input, LoadParams, LoadProgress, LoadedModel, LogRecord,
    ModelInfo, Notification, PROTOCOL_VERSION, PromptProgress, Request, Role, Server, Timings,
    Turn,
};
pub use rpc::{RequestId, RpcError};
pub use snapshot::{Phase, Snapshot};

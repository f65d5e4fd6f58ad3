//! The results of a well-behaved engine, all fields that the protocol promises.

use serde_json::{Value, json};

/// Result of `initialize`.
pub(crate) fn initialized(version: u64, backends: &Value) -> Value {
    json!({
        "protocolVersion": version,
        "server": {"name": "faulty-engine", "version": env!("CARGO_PKG_VERSION"), "buildId": "scripted"},
        "variant": "cpu",
        "backends": backends,
        "limits": {"maxMessageBytes": 1_048_576, "maxQueuedRequests": 8},
        "capabilities": {"generate": true, "chat": true, "tokenize": true, "sessionCache": true},
    })
}

/// A backend with one device, both of the same name.
pub(crate) fn backend(id: &str, state: &str, reason: Option<&String>) -> Value {
    let kind = if id == "CPU" { "cpu" } else { "gpu" };
    let device = json!({
        "id": id, "kind": kind, "description": "scripted",
        "memoryTotal": 8_000_000_000_u64, "memoryFree": 4_000_000_000_u64,
    });
    let mut backend = json!({"name": id, "library": "none", "state": state, "devices": [device]});
    if let Some(reason) = reason {
        backend["reason"] = reason.as_str().into();
    }
    backend
}

/// Result of `model/load`.
pub(crate) fn loaded(path: &str, device: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".gguf");
    let model = json!({
        "name": name, "architecture": "llama", "parameters": 260_000, "fileBytes": 1_185_344,
        "quantization": "F32", "vocabSize": 512, "contextLength": 512,
        "trainContextLength": 512, "hasChatTemplate": false,
    });
    json!({"model": model, "device": device, "gpuLayers": 0, "threads": 1, "loadMs": 1.0})
}

/// Result of `generate`.
pub(crate) fn generated(reason: &str, characters: usize, tokens: u64) -> Value {
    let timings = json!({
        "queueMs": 0.0, "promptMs": 1.0, "firstTokenMs": 1.0, "decodeMs": 1.0,
        "promptTokensPerSecond": 1000.0, "decodeTokensPerSecond": 1000.0,
    });
    json!({
        "finishReason": reason, "seed": 1, "characters": characters, "promptTokens": 4,
        "cachedTokens": 0, "completionTokens": tokens, "timings": timings,
    })
}

/// Result of `status`.
pub(crate) fn status(device: &str, backends: &Value) -> Value {
    json!({
        "state": "idle", "model": null, "device": device, "backends": backends, "rssBytes": 1,
        "queued": 0, "uptimeMs": 1,
    })
}

//! What the app says of itself.

use engine_supervisor::Initialized;
use serde::Serialize;

/// The app, and the engine it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AppInfo {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Built to look for defects, not to be used.
    pub(crate) debug: bool,
    /// The version of Tauri.
    pub(crate) tauri: String,
    /// The version of the system's web view.
    pub(crate) webview: Option<String>,
    /// `linux`, `windows`.
    pub(crate) system: String,
    /// `x86_64`, `aarch64`.
    pub(crate) architecture: String,
    /// The engine, once it has said who it is.
    pub(crate) engine: Option<EngineInfo>,
}

/// The engine, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct EngineInfo {
    /// Its version.
    pub(crate) version: String,
    /// Names the exact bytes that were built.
    pub(crate) build_id: String,
    /// Which set of backend libraries it carries: `cpu`, `vulkan`, `cuda`.
    pub(crate) variant: String,
}

impl AppInfo {
    /// What is known now.
    pub(crate) fn new(package: &tauri::PackageInfo, engine: Option<&Initialized>) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.to_string(),
            debug: cfg!(debug_assertions),
            tauri: tauri::VERSION.into(),
            webview: tauri::webview_version().ok(),
            system: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            engine: engine.map(|engine| EngineInfo {
                version: engine.server.version.clone(),
                build_id: engine.server.build_id.clone(),
                variant: engine.variant.clone(),
            }),
        }
    }
}

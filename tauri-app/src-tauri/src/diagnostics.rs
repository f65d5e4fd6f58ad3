//! The text that a person copies for whoever helps. It holds no prompts and no folders.

use std::fmt::Write;

use engine_supervisor::{Device, Snapshot};

use crate::about::AppInfo;
use crate::shorten::shorten;
use crate::status::EngineStatus;

/// Versions, devices, the model and recent causes, a line each.
pub(crate) fn text(
    app: &AppInfo,
    status: &EngineStatus,
    snapshot: &Snapshot,
    causes: &[String],
) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = lines(&mut text, app, status, snapshot, causes);
    text
}

fn lines(
    text: &mut String,
    app: &AppInfo,
    status: &EngineStatus,
    snapshot: &Snapshot,
    causes: &[String],
) -> std::fmt::Result {
    let build = if app.debug { "debug" } else { "release" };
    writeln!(text, "{} {} ({build}), {} {}", app.name, app.version, app.system, app.architecture)?;
    let webview = app.webview.as_deref().unwrap_or("unknown");
    writeln!(text, "Tauri {}, web view {webview}", app.tauri)?;
    match &app.engine {
        Some(engine) => writeln!(
            text,
            "engine {} ({}), build {}",
            engine.version, engine.variant, engine.build_id
        )?,
        None => writeln!(text, "engine: none so far")?,
    }
    writeln!(text, "state: {:?}, starts: {}", status.state, status.starts)?;
    for backend in snapshot.engine.iter().flat_map(|engine| &engine.backends) {
        let reason = backend.reason.as_deref().map(|reason| format!(": {}", shorten(reason)));
        let library = backend.library.as_deref().unwrap_or("no library");
        writeln!(
            text,
            "backend {} ({library}): {}{}",
            backend.name,
            backend.state,
            reason.unwrap_or_default()
        )?;
        for device in &backend.devices {
            writeln!(
                text,
                "device {}: {}, {} of {} MB free{}",
                device.id,
                device.description,
                device.memory_free / 1_000_000,
                device.memory_total / 1_000_000,
                state_of(device)
            )?;
        }
    }
    let model = &status.model;
    let demo = if model.demo { " (demo)" } else { "" };
    let context =
        model.context_length.map_or("not loaded".into(), |length| format!("context {length}"));
    let device = status.device.as_deref().unwrap_or("-");
    let asked = status.requested_device.as_deref().unwrap_or("automatic");
    writeln!(text, "model {}{demo}: {context}, device {device}, asked for: {asked}", model.name)?;
    if let Some(problem) = &status.problem {
        writeln!(text, "problem {}: {}", problem.code, shorten(&problem.message))?;
    }
    for remark in &status.remarks {
        writeln!(text, "remark {}: {}", remark.code, shorten(&remark.message))?;
    }
    writeln!(text, "recent causes: {}", if causes.is_empty() { "none" } else { "" })?;
    causes.iter().try_for_each(|cause| writeln!(text, "  {cause}"))
}

/// What a device that needs a proof came to.
fn state_of(device: &Device) -> String {
    let state = device.state.iter().map(|state| format!(", {state}"));
    let reason = device.reason.iter().map(|reason| format!(": {}", shorten(reason)));
    state.chain(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::View;
    use crate::error::AppError;
    use crate::models::ChosenModel;

    #[test]
    fn it_tells_versions_and_causes_and_no_folder() {
        let app = AppInfo {
            name: "localaiapp".into(),
            version: "0.1.0".into(),
            debug: false,
            tauri: "2.12.5".into(),
            webview: Some("2.44.1".into()),
            system: "linux".into(),
            architecture: "x86_64".into(),
            engine: None,
        };
        let model = ChosenModel { id: "a".into(), path: "/home/ana/secret/chat.gguf".into() };
        let problem = AppError::new("model_not_found", "`/home/ana/secret/chat.gguf`: gone");
        let status = EngineStatus::without_engine(
            problem,
            &View { model, device: None, remarks: Vec::new() },
        );
        let causes = ["2026-11-23T17:00:00Z the engine ended: signal 9 (SIGKILL)".into()];
        assert_eq!(
            text(&app, &status, &Snapshot::default(), &causes),
            "localaiapp 0.1.0 (release), linux x86_64\n\
             Tauri 2.12.5, web view 2.44.1\n\
             engine: none so far\n\
             state: Failed, starts: 0\n\
             model chat: not loaded, device -, asked for: automatic\n\
             problem model_not_found: `…/chat.gguf`: gone\n\
             recent causes: \n  2026-11-23T17:00:00Z the engine ended: signal 9 (SIGKILL)\n"
        );
    }
}

//! Asks the app to end in order when the system asks it to: at logout, on Ctrl-C, by
//! `kill`. Without this the signal would end it at once.

use tauri::{AppHandle, Runtime};

/// Ends `app` on the first SIGTERM, SIGINT or SIGHUP.
#[cfg(unix)]
pub(crate) fn end_on_request<R: Runtime>(app: AppHandle<R>) {
    use tokio::signal::unix::{SignalKind, signal};

    tauri::async_runtime::spawn(async move {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else {
            log::warn!("signals cannot be received; the engine ends with its stdin instead");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        app.exit(0);
    });
}

#[cfg(not(unix))]
pub(crate) fn end_on_request<R: Runtime>(_app: AppHandle<R>) {}

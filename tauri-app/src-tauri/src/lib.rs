//! The desktop app: puts the engine, the history, the commands and the window together.

mod about;
mod answer;
mod assistant;
mod causes;
mod check;
mod command_line;
mod commands;
mod devices;
mod diagnostics;
mod dialogs;
mod error;
mod folders;
mod instance;
mod licences;
mod linux_webkit;
mod live;
mod logging;
mod models;
mod options;
#[cfg(test)]
mod page_contract;
mod page_process;
mod preferences;
mod prompt;
mod reading;
mod setup;
mod shorten;
mod signals;
mod status;
mod stream;
mod watcher;
mod window;

use std::sync::Arc;

use tauri::{Manager, RunEvent};

use crate::assistant::Assistant;
use crate::command_line::CommandLine;

/// Runs the app until its window is closed.
///
/// # Panics
/// When there is no display, or the app's own configuration is broken.
pub fn run() {
    logging::install();
    linux_webkit::prepare();
    let asked = CommandLine::parse(std::env::args_os().skip(1));
    let app = commands::serve(tauri::Builder::default())
        .plugin(instance::plugin(asked.request()))
        .plugin(window::keep_state())
        .setup(move |app| {
            setup::prepare(app, &asked)?;
            page_process::watch(app.handle());
            signals::end_on_request(app.handle().clone());
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("there is a display to open a window on");
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(app.state::<Arc<Assistant>>().shut_down());
        }
    });
}

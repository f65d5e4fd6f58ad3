//! The claim as a plugin: it is made before there is a window, and held as long as the app.

use std::sync::Mutex;

use tauri::plugin::{Builder, TauriPlugin};
use tauri::{AppHandle, Manager, Runtime};

use super::leave::leave;
use super::{Place, Request, Start, claim};
use crate::folders::Folders;

/// The app's place. Taken out once, to answer later starts.
struct Held(Mutex<Place>);

/// Ends this start at once, with `request` handed over, if the app runs already.
pub(crate) fn plugin<R: Runtime>(request: Request) -> TauriPlugin<R> {
    Builder::new("instance")
        .setup(move |app, _| {
            let folders = Folders::of(app)?;
            match claim(&folders, &request) {
                Ok(Start::First(place)) => {
                    app.manage(Held(Mutex::new(place)));
                }
                Ok(Start::Later) => {
                    log::info!("the app runs already, and shows its window");
                    leave(0);
                }
                Err(error) => {
                    log::error!("the app runs already, or its folder cannot be written: {error}");
                    leave(1);
                }
            }
            Ok(())
        })
        .build()
}

/// Calls `on_request` for every later start.
pub(crate) fn serve<R: Runtime>(app: &AppHandle<R>, on_request: impl Fn(Request) + Send + 'static) {
    if let Some(held) = app.try_state::<Held>() {
        held.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).serve(on_request);
    }
}

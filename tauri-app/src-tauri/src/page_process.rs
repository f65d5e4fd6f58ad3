//! The page runs in a process of its own, which the system may end. Then it is loaded anew
//! and takes up the conversation where it was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Pages that end this often within [`WINDOW`] would never stay: the app ends then, in order.
const MOST: usize = 3;

const WINDOW: Duration = Duration::from_secs(60);

/// Counts how often the page's process ended lately.
#[derive(Debug, Default)]
struct Ends(VecDeque<Instant>);

impl Ends {
    /// Whether to load the page anew after it ended at `now`.
    fn again(&mut self, now: Instant) -> bool {
        self.0.retain(|end| now.duration_since(*end) < WINDOW);
        self.0.push_back(now);
        self.0.len() <= MOST
    }
}

/// Loads the page of the main window anew whenever its process ends.
#[cfg(target_os = "linux")]
pub(crate) fn watch<R: tauri::Runtime>(app: &tauri::AppHandle<R>) {
    use tauri::Manager;
    use webkit2gtk::WebViewExt;

    let Some(window) = app.get_webview_window(crate::window::MAIN) else { return };
    let app = app.clone();
    let ends = std::cell::RefCell::new(Ends::default());
    let watched = window.with_webview(move |webview| {
        webview.inner().connect_web_process_terminated(move |view, reason| {
            log::error!("the page's process ended: {reason:?}");
            if ends.borrow_mut().again(Instant::now()) {
                view.reload();
            } else {
                app.exit(1);
            }
        });
    });
    if let Err(error) = watched {
        log::warn!("the page is not watched: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn watch<R: tauri::Runtime>(_app: &tauri::AppHandle<R>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_ends_now_and_then_is_loaded_anew_and_one_that_never_stays_is_given_up() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut ends = Ends::default();
        let again: Vec<bool> =
            [0, 50, 100, 101, 102, 103].map(|seconds| ends.again(after(seconds))).to_vec();
        assert_eq!(again, [true, true, true, true, false, false]);
        assert!(ends.again(after(300)));
    }
}

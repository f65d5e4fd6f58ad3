//! Blank windows of WebKitGTK on NVIDIA's driver, and what helps.
//!
//! Seen on Arch and Manjaro: <https://github.com/tauri-apps/tauri/issues/9394>.

/// What decides which workarounds are needed.
#[derive(Debug, Clone, Copy)]
struct Session {
    /// NVIDIA's own kernel driver is loaded.
    nvidia: bool,
    /// The display is Wayland, not X11.
    wayland: bool,
}

/// The variables to set in `session`. What the user `has_set` stays as it is.
fn workarounds(session: Session, has_set: impl Fn(&str) -> bool) -> Option<&'static str> {
    let name = match session {
        Session { nvidia: false, .. } => return None,
        Session { wayland: true, .. } => "__NV_DISABLE_EXPLICIT_SYNC",
        Session { wayland: false, .. } => "WEBKIT_DISABLE_DMABUF_RENDERER",
    };
    (!has_set(name)).then_some(name)
}

/// Sets what is needed. To be called first of all, before GTK and before any thread.
pub(crate) fn prepare() {
    let session = Session {
        nvidia: std::path::Path::new("/proc/driver/nvidia/version").exists(),
        wayland: std::env::var_os("WAYLAND_DISPLAY").is_some(),
    };
    if let Some(name) = workarounds(session, |name| std::env::var_os(name).is_some()) {
        log::info!("NVIDIA's driver is in use: {name}=1 avoids a blank window");
        // SAFETY: called at the start of `run`, when this is the only thread.
        #[allow(unsafe_code, reason = "WebKit reads its environment and has no other setting")]
        unsafe {
            std::env::set_var(name, "1");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(nvidia: bool, wayland: bool) -> Option<&'static str> {
        workarounds(Session { nvidia, wayland }, |_| false)
    }

    #[test]
    fn without_nvidia_nothing_is_changed() {
        assert_eq!(chosen(false, false), None);
        assert_eq!(chosen(false, true), None);
    }

    #[test]
    fn nvidia_needs_another_renderer_on_x11_and_no_explicit_sync_on_wayland() {
        assert_eq!(chosen(true, false), Some("WEBKIT_DISABLE_DMABUF_RENDERER"));
        assert_eq!(chosen(true, true), Some("__NV_DISABLE_EXPLICIT_SYNC"));
    }

    #[test]
    fn what_the_user_has_set_wins() {
        let session = Session { nvidia: true, wayland: false };
        assert_eq!(workarounds(session, |name| name == "WEBKIT_DISABLE_DMABUF_RENDERER"), None);
    }
}

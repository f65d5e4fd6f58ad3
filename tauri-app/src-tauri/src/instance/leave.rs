//! The end of a start that is not to become the running app.

/// Ends the process at once, without what libraries have left to be done at its end: the
/// threads of GTK and WebKit run by then, and use what would be taken away under them.
pub(super) fn leave(status: i32) -> ! {
    #[cfg(unix)]
    #[allow(unsafe_code, reason = "the standard library has no such end but by a signal")]
    // SAFETY: nothing of this process is used after it.
    unsafe {
        libc::_exit(status)
    }
    #[cfg(not(unix))]
    std::process::exit(status)
}

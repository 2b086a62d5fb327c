//! The window: opens the workbench, on a capture where one is given.

use std::path::PathBuf;

/// What keeps the window from opening.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WindowError {
    /// Neither X11 nor Wayland is reachable.
    #[error(
        "there is no display to open the window on (neither WAYLAND_DISPLAY nor DISPLAY is set); \
         everything works without one, see `scrutineer --help`"
    )]
    NoDisplay,
    /// The window is not part of this build.
    #[error("this build has no window; `scrutineer report FILE --format html` shows a capture")]
    NotPartOfThisBuild,
}

/// Whether a display is there to open the window on.
pub(crate) fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens the window, and returns when it is closed.
pub(crate) fn run(open: Option<PathBuf>) -> Result<(), WindowError> {
    drop(open);
    if has_display() {
        Err(WindowError::NotPartOfThisBuild)
    } else {
        Err(WindowError::NoDisplay)
    }
}

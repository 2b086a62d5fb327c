//! Native file dialogs behind a trait, so that everything else is tested without a desktop.

use std::path::PathBuf;

use scrutineer_profiler::capture::file::CAPTURE_EXTENSION;

/// Asks a person for files. Blocks until the answer: call it from a thread of its own. `None` is
/// a cancel, and also what a desktop without a portal says.
pub(super) trait Dialogs: Send + Sync {
    /// A capture to open.
    fn open_capture(&self) -> Option<PathBuf>;

    /// A file to write the review to.
    fn save_review(&self, suggestion: &str) -> Option<PathBuf>;
}

/// The desktop's own dialogs, through the XDG portal.
#[derive(Clone, Copy, Debug)]
pub(super) struct NativeDialogs;

impl Dialogs for NativeDialogs {
    fn open_capture(&self) -> Option<PathBuf> {
        rfd::FileDialog::new()
            .set_title("Open capture")
            .add_filter("Captures and profiles", &["*"])
            .add_filter("Scrutineer captures", &[CAPTURE_EXTENSION])
            .pick_file()
    }

    fn save_review(&self, suggestion: &str) -> Option<PathBuf> {
        rfd::FileDialog::new()
            .set_title("Export review")
            .add_filter("Documents", &["html", "pdf", "md", "json", "xml", "sarif"])
            .add_filter("HTML", &["html"])
            .add_filter("PDF", &["pdf"])
            .set_file_name(suggestion)
            .save_file()
    }
}

//! What to capture: a pid, a name or a command to launch, checked before anything is opened.

use std::{ffi::OsString, path::PathBuf};

use crate::capture::CaptureError;

/// What to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A running process with all its threads.
    Pid(u32),
    /// The one running process of that name (`comm` or file name of the executable).
    Name(String),
    /// A command to launch; its standard streams are ours.
    Launch {
        /// Program and arguments.
        command: Vec<OsString>,
        /// Folder to start it in; ours where `None`.
        folder: Option<PathBuf>,
    },
}

/// Finds the pid of a [`Target::Pid`] or [`Target::Name`] and checks that it can be captured:
/// it exists, is no kernel thread and belongs to the caller (or the caller is privileged).
pub fn resolve(target: &Target) -> Result<u32, CaptureError> {
    let _ = target;
    todo!("capture room")
}

//! Launches a command that waits to be attached to before it runs.

use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command},
};

use crate::{
    capture::{CaptureError, target},
    sys::launch::{HeldChild, spawn_held},
};

/// A launched command: held before its program runs.
#[derive(Debug)]
pub(crate) struct Launch {
    held: HeldChild,
    /// The command for messages, with secrets redacted.
    pub(crate) command: String,
}

impl Launch {
    /// Forks; the child's standard streams are ours. A command that does not exist is told by
    /// [`Launch::release`].
    pub(crate) fn hold(words: &[OsString], folder: Option<&Path>) -> Result<Self, CaptureError> {
        let display = target::display(words);
        let failed = |source| CaptureError::Launch {
            command: display.clone(),
            source,
        };
        let (program, arguments) = words.split_first().ok_or_else(|| {
            failed(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no command was given",
            ))
        })?;
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        let held = spawn_held(command).map_err(failed)?;
        Ok(Self {
            held,
            command: display,
        })
    }

    /// Pid of the child, which stays the same once it runs.
    pub(crate) fn pid(&self) -> u32 {
        self.held.pid()
    }

    /// Lets the program run.
    pub(crate) fn release(self) -> Result<Child, CaptureError> {
        let Self { held, command } = self;
        held.release()
            .map_err(|source| CaptureError::Launch { command, source })
    }

    /// Ends the child before its program ran.
    pub(crate) fn cancel(self) {
        self.held.cancel();
    }
}

/// Exit code, or 128 + signal as shells tell it.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

//! What the end-to-end tests share: running the real binary, targets to capture, loud skips.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

#[path = "../support/program_copy.rs"]
mod program_copy;

pub(crate) use program_copy::copy_program;

/// The real binary, away from any display and from our own workspace.
pub(crate) fn scrutineer() -> Command {
    headless(Command::new(env!("CARGO_BIN_EXE_scrutineer")))
}

fn headless(mut command: Command) -> Command {
    command
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null());
    command
}

/// What a finished command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    command.output().expect("the command starts").into()
}

/// Runs the binary with these arguments in `folder`.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Said {
    run(scrutineer().current_dir(folder).args(arguments))
}

impl Said {
    /// Holds for every refusal: the exit code, one clear sentence, nothing on standard output,
    /// no debug dump.
    pub(crate) fn is_refused_with(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.contains("error: "), "{self:?}");
        assert!(self.stderr.contains(words), "no “{words}” in {self:?}");
        for dump in ["panicked", "RUST_BACKTRACE", "Os {", "Error {"] {
            assert!(!self.stderr.contains(dump), "{self:?}");
        }
    }
}

/// Waits until a condition holds, for some twenty seconds.
pub(crate) fn wait_until(holds: impl Fn() -> bool, what: &str) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("waited in vain until {what}");
}

/// Tells, past the capture of libtest, that a test could not run here.
pub(crate) fn skip(test: &str, why: &str) {
    // A closed standard error hides nothing that could be shown.
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {why}\n").as_bytes());
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A process that is ended when the test ends.
#[derive(Debug)]
pub(crate) struct Target(Child);

impl Target {
    /// A shell that keeps one CPU busy.
    pub(crate) fn busy() -> Self {
        Self::start(Command::new("sh").args(["-c", "while :; do :; done"]))
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdin(Stdio::null())
                .spawn()
                .expect("the target starts"),
        )
    }

    pub(crate) fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that runs as `nobody`, through `setpriv`; only root can.
pub(crate) fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(program);
    command.env("HOME", "/nonexistent");
    headless(command)
}

/// A copy of the binary where everybody can reach it.
pub(crate) fn reachable_copy(folder: &Path) -> PathBuf {
    let copy = folder.join("scrutineer");
    copy_program(env!("CARGO_BIN_EXE_scrutineer"), &copy);
    open_to_all(folder);
    copy
}

/// Lets everybody read, write and pass through a folder.
pub(crate) fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))
        .expect("the folder is ours");
}

//! The programs that tests record, and running a test again under other circumstances.

use std::{
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[path = "../../../tests/support/program_copy.rs"]
mod program_copy;

pub(crate) use program_copy::copy_program;

/// Says that a test was skipped, past the capturing of the test harness.
pub(crate) fn skip(test: &str, why: &str) {
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {why}\n").as_bytes());
}

/// A source in `tests/targets`.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/targets")
        .join(name)
}

/// Waits for something that happens in a moment.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < give_up, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Held while a program is measured: two that are measured at once are two that wait for each
/// other, and a recorder without a CPU looks too late.
static MEASURING: Mutex<()> = Mutex::new(());

/// Waits for the turn to measure.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    // A test that failed meanwhile has spoilt nothing.
    MEASURING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary folder that any user may enter.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("the folder is ours");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a C program without frame pointers; `None` where there is no compiler.
    pub(crate) fn compile(&self, test: &str, name: &str) -> Option<PathBuf> {
        self.compile_with(test, name, &["-fomit-frame-pointer"])
    }

    /// Compiles a C program; `None` where there is no compiler.
    pub(crate) fn compile_with(&self, test: &str, name: &str, flags: &[&str]) -> Option<PathBuf> {
        let program = self.path(name.strip_suffix(".c")?);
        let source = std::env::var_os("SCRUTINEER_SOURCES")
            .map_or_else(|| source(name), |folder| PathBuf::from(folder).join(name));
        let compiled = Command::new("cc")
            .args(["-O2", "-pthread"])
            .args(flags)
            .arg("-o")
            .arg(&program)
            .arg(source)
            .status();
        match compiled {
            Ok(status) => assert!(status.success(), "{name} compiles"),
            Err(error) => {
                skip(test, &format!("no C compiler: {error}"));
                return None;
            }
        }
        Some(program)
    }
}

/// The Python interpreter itself; a `python3` on the path may be a script that starts it.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    let asked = Command::new("python3")
        .args([
            "-c",
            "import os, sys; print(os.path.realpath(sys.executable))",
        ])
        .output();
    match asked {
        Ok(output) if output.status.success() => Some(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        )),
        _ => {
            skip(test, "no python3");
            None
        }
    }
}

/// Runs a test again after `prelude` in a shell, with an environment variable set.
pub(crate) fn again_in_shell(test: &str, mark: (&str, &Path), prelude: &str) {
    let program = std::env::current_exe().expect("tests are programs");
    let script = format!("{prelude} exec \"$0\" --exact {test} --nocapture");
    let again = Command::new("bash")
        .arg("-c")
        .arg(script)
        .arg(program)
        .env(mark.0, mark.1)
        .output();
    expect_passed(test, &again.expect("bash runs"));
}

/// Runs a test again as the user nobody, without any capability.
pub(crate) fn again_as_nobody(test: &str, mark: &str) {
    if !is_root() {
        return skip(test, "only root can become another user");
    }
    let folder = Folder::new();
    let program = folder.path("test-program");
    let own = std::env::current_exe().expect("tests are programs");
    copy_program(&own, &program);
    for name in ["spin.c", "waits.c"] {
        std::fs::copy(source(name), folder.path(name)).expect("a copy that others may read");
    }
    let again = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["--inh-caps=-all", "--bounding-set=-all"])
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .current_dir(folder.0.path())
        .env(mark, "1")
        .env("SCRUTINEER_SOURCES", folder.0.path())
        .env("TMPDIR", std::env::temp_dir())
        .stdin(Stdio::null())
        .output();
    match again {
        Ok(output) => expect_passed(test, &output),
        Err(error) => skip(test, &format!("setpriv cannot be run: {error}")),
    }
}

pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t0"))
}

fn expect_passed(test: &str, output: &std::process::Output) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    for line in stderr.lines().filter(|line| line.starts_with("SKIPPED")) {
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }
    assert!(
        output.status.success(),
        "{test} failed when run again:\n{stdout}\n{stderr}"
    );
    assert!(stdout.contains("1 passed"), "{test} did not run:\n{stdout}");
}

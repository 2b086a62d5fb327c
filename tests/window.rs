//! The real window, on a virtual display: `tests/window/drive` does the work and the checking.

mod common;

use std::{path::Path, process::Command};

/// What the script exits with where a tool that it needs is missing.
const SKIPPED: i32 = 77;

#[test]
fn the_real_window_attaches_records_searches_decides_and_exports() {
    let pictures = tempfile::tempdir().expect("a temporary folder can be made");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/window/drive");
    let output = Command::new("bash")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_scrutineer"))
        .arg(pictures.path())
        .output()
        .expect("bash can be started");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.code() == Some(SKIPPED) {
        let why = said.trim().trim_start_matches("SKIPPED window/drive: ");
        common::skip(
            "the_real_window_attaches_records_searches_decides_and_exports",
            why,
        );
        return;
    }
    assert!(output.status.success(), "{said}");
}

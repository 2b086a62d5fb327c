//! Copies of programs that tests run.

use std::{path::Path, process::Command};

/// Copies a program that will be run.
///
/// Another process copies it: a descriptor of ours that writes it would be inherited by whatever
/// another test starts meanwhile, and until that one executes, Linux answers `ETXTBSY`.
pub(crate) fn copy_program(from: impl AsRef<Path>, to: &Path) {
    let copied = Command::new("cp").arg(from.as_ref()).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp copies it");
}

//! Commit of the repository that a folder lies in.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Full hash of the commit checked out in `folder`, and whether tracked files differ from it;
/// `None` outside a repository, before its first commit, or where git is not installed.
pub fn git_commit(folder: &Path) -> Option<(String, bool)> {
    let hash = run(folder, &["rev-parse", "--verify", "HEAD"])?;
    let changes = run(folder, &["status", "--porcelain", "--untracked-files=no"])?;
    Some((hash.trim().to_owned(), !changes.trim().is_empty()))
}

fn run(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

//! Findings as annotations, where a CI system reads them from standard error or a file.

use std::{fmt::Write as _, io::Write as _};

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    verdict::Outcome,
};

/// The file that annotations point at: it declares what was looked at.
const FILE: &str = "scrutineer.ron";

/// Tells findings to the CI system that runs us, if one does: GitHub Actions by workflow commands
/// and a summary, GitLab by a code quality report where `SCRUTINEER_CODE_QUALITY` names its file.
pub(super) fn tell(document: &ReviewDocument) {
    if std::env::var_os("GITHUB_ACTIONS").is_some() {
        let _ = std::io::stderr().write_all(commands(document).as_bytes());
        if let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY") {
            append(&summary, &scrutineer_report::markdown::render(document));
        }
    }
    if let Some(report) = std::env::var_os("SCRUTINEER_CODE_QUALITY")
        && std::env::var_os("GITLAB_CI").is_some()
    {
        append(&report, &code_quality(document));
    }
}

/// A summary that cannot be written is no reason to fail a check: it is said.
fn append(path: &std::ffi::OsStr, text: &str) {
    let opened = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        let path = std::path::Path::new(path);
        let _ = writeln!(
            std::io::stderr(),
            "warning: cannot write {}: {error}",
            path.display()
        );
    }
}

/// Workflow commands (docs.github.com, "Workflow commands for GitHub Actions").
fn commands(document: &ReviewDocument) -> String {
    let mut text = String::new();
    for item in document.findings() {
        let level = match item.effective {
            Outcome::Fail => "error",
            _ => "warning",
        };
        let _ = writeln!(
            text,
            "::{level} file={FILE},title={}::{}",
            property(&item.title),
            data(&words(item))
        );
    }
    text
}

/// GitLab's code quality report (docs.gitlab.com, "Code Quality report format").
fn code_quality(document: &ReviewDocument) -> String {
    let issues: Vec<_> = document
        .findings()
        .into_iter()
        .map(|item| {
            serde_json::json!({
                "description": words(item),
                "check_name": item.id,
                // One finding an item: the same one is found again by it.
                "fingerprint": item.id,
                "severity": if item.effective == Outcome::Fail { "major" } else { "minor" },
                "location": { "path": FILE, "lines": { "begin": 1 } },
            })
        })
        .collect();
    let mut text = serde_json::Value::from(issues).to_string();
    text.push('\n');
    text
}

fn words(item: &LedgerItem) -> String {
    format!("{}: {} {}", item.id, item.verdict.summary, item.remedy)
}

/// Escapes a command's text: whatever a target is called, it is one line and no other command.
fn data(words: &str) -> String {
    let clean: String = words
        .chars()
        .map(|letter| {
            if letter.is_control() && !"\n\r".contains(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect();
    clean
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(words: &str) -> String {
    data(words).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_command_or_begins_another() {
        assert_eq!(
            data("50 %\n::error::x\u{1b}"),
            "50 %25%0A::error::x\u{fffd}"
        );
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}

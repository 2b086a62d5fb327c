//! Performance gates in CI workflows and alert rules of Prometheus form, in the workspace's folder.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;
use scrutineer_evidence::{
    Absent, Gathered,
    source::{SourceFacts, SourceHit},
};

use crate::redaction::redact_text;

/// Files that are looked at; larger trees are searched as far as that.
const MOST_FILES: usize = 20_000;
const MOST_FOLDERS: usize = 20_000;
/// Larger files are no configuration.
const MOST_BYTES: u64 = 1 << 20;
const MOST_DEPTH: usize = 12;
const MOST_HITS: usize = 50;
const TEXT_CHARACTERS: usize = 160;
/// Folders of what is built, installed or fetched.
const SKIPPED_FOLDERS: &[&str] = &[
    "target",
    "node_modules",
    ".git",
    ".scrutineer",
    "vendor",
    "dist",
    "build",
    "__pycache__",
    ".venv",
    "venv",
    ".tox",
    ".cache",
    ".terraform",
];

/// Tools that compare benchmark results and can end a CI run.
static GATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)
        \bscrutineer\s+(?:check|bench\s+gate|baseline\s+compare)\b
        | \bcritcmp\b | \bcargo[\s-]codspeed\b | CodSpeedHQ/action
        | \bbencher\s+run\b | bencherdev/bencher
        | benchmark-action/github-action-benchmark
        | boa-dev/criterion-compare-action
        | \bcargo\s+(?:bench|criterion)\b.*--baseline
        | \bbenchstat\b | \bpytest\b.*--benchmark-compare | \basv\s+continuous\b
        | \bk6\s+run\b | \bhyperfoil\b | \biai-callgrind\b
        ",
    )
});
static LATENCY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)latency|duration|response_time|histogram_quantile|_seconds_bucket|apdex")
});
static ERRORS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i)error|failure|failed|exception|(?:status|code)\w*\s*=~?\s*"5"#)
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern that the tests compile")
}

/// Looks through the workspace's folder.
pub(super) fn gather(root: &Path) -> Gathered<SourceFacts> {
    fs::read_dir(root).map_err(|error| Absent::Failed {
        why: format!(
            "cannot read the workspace's folder {}: {error}",
            root.display()
        ),
    })?;
    let mut facts = SourceFacts {
        folders: Vec::new(),
        files: 0,
        performance_gates: Vec::new(),
        latency_alerts: Vec::new(),
        error_alerts: Vec::new(),
    };
    let mut folders = BTreeSet::new();
    for path in files_below(root) {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let is_workflow = is_workflow(relative);
        if !is_workflow && !is_yaml(relative) {
            continue;
        }
        let Some(text) = read_small(&path) else {
            continue;
        };
        facts.files += 1;
        folders.insert(folder_name(relative));
        if is_workflow {
            facts.performance_gates.extend(gates(relative, &text));
        } else {
            find_alerts(relative, &text, &mut facts);
        }
    }
    facts.folders = folders.into_iter().collect();
    facts.performance_gates.truncate(MOST_HITS);
    facts.latency_alerts.truncate(MOST_HITS);
    facts.error_alerts.truncate(MOST_HITS);
    Ok(facts)
}

fn folder_name(relative: &Path) -> String {
    match relative.parent() {
        Some(folder) if folder != Path::new("") => folder.display().to_string(),
        _ => ".".into(),
    }
}

/// Files below a folder, sorted, without those of folders that tools fill; links are not followed.
pub(crate) fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    let mut looked_into = 0;
    while let Some((folder, depth)) = folders.pop()
        && looked_into < MOST_FOLDERS
    {
        looked_into += 1;
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if files.len() >= MOST_FILES {
                break;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let name = entry.file_name();
            if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_dir()
                && depth < MOST_DEPTH
                && !SKIPPED_FOLDERS.iter().any(|skipped| name == *skipped)
            {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    files.sort();
    files
}

/// Text of a file of at most 1 MiB; `None` for a larger one, and for what is no UTF-8.
pub(crate) fn read_small(path: &Path) -> Option<String> {
    // Opening a pipe waits for its writer.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    let read = fs::File::open(path)
        .ok()?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .ok()?;
    (read as u64 <= MOST_BYTES).then_some(text)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// Files in which CI services keep their steps, by their documentation.
fn is_workflow(path: &Path) -> bool {
    const FOLDERS: &[&str] = &[
        ".github/workflows",
        ".github/actions",
        ".gitea/workflows",
        ".forgejo/workflows",
        ".circleci",
        ".buildkite",
        ".woodpecker",
        ".ci",
        "ci",
    ];
    const FILES: &[&str] = &[
        ".gitlab-ci.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        ".woodpecker.yml",
        ".travis.yml",
        "cloudbuild.yaml",
        ".cirrus.yml",
    ];
    FOLDERS.iter().any(|folder| path.starts_with(folder))
        || FILES.iter().any(|file| path == Path::new(file))
}

fn gates<'a>(path: &'a Path, text: &'a str) -> impl Iterator<Item = SourceHit> + 'a {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !is_comment(line) && GATE.is_match(line))
        .map(|(index, line)| hit(path, index, line))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//")
}

fn hit(path: &Path, index: usize, line: &str) -> SourceHit {
    SourceHit {
        path: path.display().to_string(),
        line: index as u32 + 1,
        text: redact_text(line.trim())
            .chars()
            .take(TEXT_CHARACTERS)
            .collect(),
    }
}

/// A rule `- alert: Name` and the lines up to the next rule; its expression decides.
fn find_alerts(path: &Path, text: &str, facts: &mut SourceFacts) {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("- alert:") || line.starts_with("- record:") || line.starts_with("- name:")
    };
    for (index, line) in lines.iter().enumerate() {
        if !line.trim_start().starts_with("- alert:") {
            continue;
        }
        let body: Vec<&str> = lines[index + 1..]
            .iter()
            .take_while(|line| !begins(line))
            .copied()
            .collect();
        let Some(expression) = expression(&body) else {
            continue;
        };
        if LATENCY.is_match(&expression) {
            facts.latency_alerts.push(hit(path, index, line));
        }
        if ERRORS.is_match(&expression) {
            facts.error_alerts.push(hit(path, index, line));
        }
    }
}

/// The value of `expr:`, on its line or in the deeper lines below it.
fn expression(body: &[&str]) -> Option<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let at = body
        .iter()
        .position(|line| line.trim_start().starts_with("expr:"))?;
    let first = body[at].trim_start().trim_start_matches("expr:").trim();
    let rest = body[at + 1..]
        .iter()
        .take_while(|line| line.trim().is_empty() || depth(line) > depth(body[at]))
        .map(|line| line.trim());
    Some(
        std::iter::once(first)
            .chain(rest)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    const ALERTS: &str = "groups:\n- name: api\n  rules:\n  - alert: SlowApi\n    expr: |\n      histogram_quantile(0.99,\n        sum(rate(http_request_duration_seconds_bucket[5m])) by (le)) > 0.5\n    for: 5m\n  - alert: ManyErrors\n    expr: rate(http_requests_total{status=~\"5..\"}[5m]) > 1\n    annotations:\n      summary: latency is fine\n  - alert: DiskFull\n    expr: disk_free_bytes < 1\n    annotations:\n      summary: errors follow\n";

    #[test]
    fn alerts_are_told_apart_by_their_expression_alone() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "deploy/alerts.yml", ALERTS);
        let facts = gather(root.path()).unwrap();
        let names = |hits: &[SourceHit]| -> Vec<(u32, String)> {
            hits.iter()
                .map(|hit| (hit.line, hit.text.clone()))
                .collect()
        };
        assert_eq!(
            names(&facts.latency_alerts),
            [(4, "- alert: SlowApi".to_owned())]
        );
        assert_eq!(
            names(&facts.error_alerts),
            [(9, "- alert: ManyErrors".to_owned())]
        );
        assert_eq!((facts.files, facts.folders), (1, vec!["deploy".to_owned()]));
    }

    #[test]
    fn a_gate_is_a_step_in_a_workflow_and_no_comment_nor_other_file() {
        let root = tempfile::tempdir().unwrap();
        let steps = "steps:\n# - run: scrutineer check\n- run: cargo bench\n- run: scrutineer check --password HUNTER2\n- run: critcmp base new\n";
        write(root.path(), ".github/workflows/ci.yml", steps);
        write(root.path(), "docs/example.yml", "- run: scrutineer check\n");
        write(root.path(), "target/.github/workflows/ci.yml", steps);
        let facts = gather(root.path()).unwrap();
        let found: Vec<(u32, &str)> = facts
            .performance_gates
            .iter()
            .map(|hit| (hit.line, hit.text.as_str()))
            .collect();
        let expected = [
            (4, "- run: scrutineer check --password •••"),
            (5, "- run: critcmp base new"),
        ];
        assert_eq!(found, expected);
        assert_eq!(facts.performance_gates[0].path, ".github/workflows/ci.yml");
    }

    #[test]
    fn large_and_binary_files_and_links_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "large.yml", &"# padding\n".repeat(200_000));
        fs::write(root.path().join("binary.yml"), [0xff, 0xfe]).unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
        write(root.path(), "small.yml", "a: 1\n");
        assert_eq!(gather(root.path()).unwrap().files, 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_failure() {
        assert!(gather(Path::new("/nonexistent/folder")).is_err());
    }
}

//! A review from evidence to a signed, bundled document, by the real binary.

mod common;

use std::{fs, path::Path, process::Command};

use common::{Said, run_in, scrutineer, skip};
use tempfile::TempDir;

/// Evidence of a service with known faults.
const EVIDENCE: &str = include_str!("../checklists/tests/evidence-1.ron");

/// A workspace with a review "spring" of that evidence.
fn workspace() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).expect("the folder is ours");
    };
    write("scrutineer.ron", "(version: 1)");
    write("seen.ron", EVIDENCE);
    in_review(
        folder.path(),
        &[
            "new",
            "spring",
            "--title",
            "Ledger, spring",
            "--evidence",
            "seen.ron",
        ],
    );
    folder
}

fn review(folder: &Path, arguments: &[&str]) -> Said {
    let all: Vec<&str> = ["review"].iter().chain(arguments).copied().collect();
    run_in(folder, &all)
}

fn in_review(folder: &Path, arguments: &[&str]) -> String {
    let said = review(folder, arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    said.stdout
}

fn in_spring(folder: &Path, arguments: &[&str]) -> String {
    let all: Vec<&str> = arguments
        .iter()
        .chain(&["--review", "spring"])
        .copied()
        .collect();
    in_review(folder, &all)
}

/// A key that signs; `None`, said aloud, where there is no ssh-keygen.
fn key(test: &str, folder: &Path) -> Option<String> {
    let key = folder.join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f"])
        .arg(&key)
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some(key.to_string_lossy().into_owned());
    }
    skip(test, "there is no ssh-keygen");
    None
}

/// A workspace whose review has a decision, a waiver, an action and the milestone "2026-q1".
fn with_milestone() -> TempDir {
    let folder = workspace();
    let root = folder.path();
    in_spring(root, &["decide", "memory.leaks", "confirm", "--by", "Ada"]);
    let waiver = [
        "decide",
        "api.pagination",
        "waive",
        "2026-12-31",
        "--why",
        "v2 pages",
    ];
    in_spring(root, &waiver);
    let action = [
        "act",
        "Page the orders",
        "--owner",
        "Ada",
        "--due",
        "2026-04-01",
    ];
    let id = in_spring(root, &action);
    fs::write(root.join("action"), id.trim()).expect("the folder is ours");
    let claim = ["find", "Orders are never paged", "--severity", "high"];
    in_spring(root, &claim);
    in_spring(root, &["note", "the pool is shared"]);
    in_spring(root, &["milestone", "2026-q1"]);
    folder
}

/// The same, approved by Grace without a signature and by Ada with her key, which the workspace
/// knows; `None`, said aloud, where there is no ssh-keygen.
fn with_signature(test: &str) -> Option<TempDir> {
    let folder = with_milestone();
    let root = folder.path();
    let approval = [
        "sign",
        "2026-q1",
        "--role",
        "reader",
        "--no-signature",
        "--by",
        "Grace",
    ];
    in_spring(root, &approval);
    let key = key(test, root)?;
    let signature = [
        "sign", "2026-q1", "--role", "owner", "--key", &key, "--by", "Ada",
    ];
    let signed = in_spring(root, &signature);
    assert!(signed.contains("signed with the key SHA256:"), "{signed}");
    let public = read(&root.join("key.pub"));
    let allowed = root.join(".scrutineer/allowed_signers");
    fs::write(allowed, format!("ada@example.org {public}")).expect("the folder is ours");
    Some(folder)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is there")
}

/// `verify` exits so and says all of this.
fn verify(folder: &Path, what: &str, code: i32, words: &[&str]) {
    let said = run_in(folder, &["verify", what]);
    assert_eq!(said.code, Some(code), "{said:?}");
    for words in words {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
}

#[test]
fn a_signed_milestone_is_verified_here_and_as_a_bundle_elsewhere() {
    let Some(folder) = with_signature("a_signed_milestone_is_verified") else {
        return;
    };
    let root = folder.path();
    let holds = [
        "signed by ada@example.org",
        "approved without a signature",
        "56 items judged again say the same",
        "2 of 2 decisions hold",
    ];
    verify(root, "spring", 0, &holds);

    in_spring(
        root,
        &["bundle", "2026-q1", "-o", "spring.scrutineer-review"],
    );
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let bundle = "spring.scrutineer-review";
    fs::copy(root.join(bundle), elsewhere.path().join(bundle)).expect("a copy");
    // Nobody there says whose the key is.
    verify(
        elsewhere.path(),
        bundle,
        0,
        &["signed with the key SHA256:"],
    );
}

#[test]
fn a_milestone_that_was_changed_is_doubted_unsigned_and_not_signed_again() {
    let Some(folder) = with_signature("a_milestone_that_was_changed") else {
        return;
    };
    let root = folder.path();
    let path = root.join(".scrutineer/reviews/spring/milestones/2026-q1.ron");
    let content = read(&path);
    // The decision's own binding stands first; the document's verdict is the last.
    let (before, after) = content.rsplit_once("outcome: fail").expect("an item fails");
    fs::write(&path, format!("{before}outcome: pass{after}")).expect("the file is ours");
    let doubts = [
        "judged again it is fail, the document says pass",
        "Ada, owner: unsigned: the milestone is not the one",
    ];
    verify(root, "spring", 1, &doubts);
    let again = ["sign", "2026-q1", "--role", "owner", "--review", "spring"];
    review(root, &again).is_refused_with(2, "does not hold");
}

#[test]
fn two_milestones_are_compared_and_neither_is_overwritten() {
    let folder = with_milestone();
    let root = folder.path();
    in_spring(root, &["done", &read(&root.join("action"))]);
    in_spring(root, &["milestone", "2026-q2"]);
    let compared = in_spring(root, &["compare", "2026-q1", "2026-q2"]);
    assert!(
        compared.contains("done: Page the orders (Ada"),
        "{compared}"
    );
    assert!(compared.contains("56 unchanged"), "{compared}");
    let trend = in_spring(root, &["trend"]);
    let rows: Vec<&str> = trend
        .lines()
        .map(|row| row.split(' ').next().unwrap_or(""))
        .collect();
    assert_eq!(rows, ["milestone", "2026-q1", "2026-q2"]);
    let listed = in_review(root, &["list"]);
    assert!(listed.contains("2026-q2 frozen") && listed.contains("nobody has approved it"));
    let again = ["milestone", "2026-q1", "--review", "spring"];
    review(root, &again).is_refused_with(2, "milestones never change");
}

#[test]
fn a_milestone_exports_the_same_bytes_in_every_format_each_time() {
    let folder = workspace();
    let root = folder.path();
    in_spring(root, &["milestone", "m"]);
    for format in ["html", "markdown", "json", "junit", "sarif"] {
        let once = in_spring(root, &["export", "m", "--format", format]);
        let again = in_spring(root, &["export", "m", "--format", format]);
        assert!(once.len() > 2_000 && once == again, "{format}");
        fs::write(root.join(format), &once).expect("the folder is ours");
    }
    for name in ["once.pdf", "again.pdf"] {
        in_spring(root, &["export", "m", "-o", name]);
    }
    let pdf = |name: &str| fs::read(root.join(name)).expect("it was written");
    assert!(pdf("once.pdf").starts_with(b"%PDF-") && pdf("once.pdf") == pdf("again.pdf"));
    let script = "import json, sys, xml.etree.ElementTree as tree\n\
        assert len(tree.parse('junit').getroot().findall('.//testcase')) == 56\n\
        assert json.load(open('sarif'))['version'] == '2.1.0'\n\
        assert json.load(open('json'))['schema_version'] == 2\n";
    match Command::new("python3")
        .args(["-c", script])
        .current_dir(root)
        .output()
    {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => skip("a_milestone_exports", &format!("no python3: {error}")),
    }
}

#[test]
fn saved_evidence_is_judged_again_byte_for_byte_and_waivers_end_with_their_day() {
    let folder = workspace();
    let root = folder.path();
    let check = |at: &str| {
        let mut command = scrutineer();
        command.current_dir(root);
        command.args([
            "check",
            "--json",
            "--review",
            "spring",
            "--evidence",
            "seen.ron",
            "--at",
            at,
        ]);
        Said::from(command.output().expect("the binary runs"))
    };
    let (once, again) = (check("2026-03-05"), check("2026-03-05"));
    assert_eq!(once.code, Some(1), "{once:?}");
    assert_eq!(once.stdout, again.stdout);
    let failing = failing(&once.stdout);
    assert!(!failing.is_empty());
    for item in &failing {
        in_spring(
            root,
            &["decide", item, "waive", "2026-03-31", "--why", "known"],
        );
    }
    assert_eq!(check("2026-03-31").code, Some(0));
    assert_eq!(check("2026-04-01").code, Some(1));
    let nonsense = check("soon");
    nonsense.is_refused_with(2, "neither a day");
}

#[test]
fn what_is_wrong_is_said_with_what_there_is() {
    let folder = workspace();
    let root = folder.path();
    for (arguments, words) in [
        (
            &["show", "--review", "autumn"][..],
            "there is no review \"autumn\"",
        ),
        (
            &["decide", "api.paginatoin", "confirm", "--review", "spring"],
            "did you mean \"api.pagination\"?",
        ),
        (
            &[
                "decide",
                "api.caching",
                "waive",
                "soon",
                "--review",
                "spring",
            ],
            "2026-06-30",
        ),
        (
            &[
                "decide",
                "api.caching",
                "overrule",
                "pass",
                "--review",
                "spring",
            ],
            "say why",
        ),
        (&["new", "../x"], "cannot be the name of a review"),
        (&["new", "spring"], "already"),
        (
            &["export", "none", "--review", "spring"],
            "has no milestone \"none\"",
        ),
    ] {
        review(root, arguments).is_refused_with(2, words);
    }
    let listed = in_review(root, &["list"]);
    assert!(listed.starts_with("spring  Ledger, spring\n"), "{listed}");
    let shown = in_spring(root, &["show"]);
    assert!(shown.contains("api.pagination"), "{shown}");
}

fn failing(json: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let items = value["items"].as_array().expect("an array");
    let failing = items.iter().filter(|item| item["effective"] == "fail");
    failing
        .map(|item| item["id"].as_str().expect("a text").to_owned())
        .collect()
}

/// A checklist of a team's own.
const TEAM: &str = "ScrutineerChecklistChanges(
    format_version: 1,
    name: \"ledger-team\",
    limits: { \"concurrency.thread-monitoring\": { \"most_threads\": 500 } },
    off: { \"caching.redis\": \"the cache is in process\" },
)
";

#[test]
fn a_team_s_own_checklist_changes_the_judgement_and_is_checked() {
    let folder = workspace();
    let root = folder.path();
    fs::write(root.join("team.ron"), TEAM).expect("the folder is ours");
    let declares = "(version: 1, checklists: [\"team.ron\"])";
    fs::write(root.join("scrutineer.ron"), declares).expect("the folder is ours");
    let lint = run_in(root, &["checklist", "lint"]);
    assert_eq!(lint.code, Some(0), "{lint:?}");
    let explained = run_in(root, &["checklist", "explain", "caching.redis"]);
    assert!(
        explained
            .stdout
            .contains("switched off by ledger-team: the cache is in process"),
        "{explained:?}"
    );
    let shown = in_spring(root, &["show"]);
    assert!(shown.contains("switched off"), "{shown}");

    fs::write(
        root.join("team.ron"),
        TEAM.replace("most_threads", "most_thread"),
    )
    .expect("ours");
    let lint = run_in(root, &["checklist", "lint"]);
    assert_eq!(lint.code, Some(1), "{lint:?}");
    assert!(
        lint.stdout.contains("team.ron:4:51: unknown limit"),
        "{lint:?}"
    );
    let check = ["check", "--evidence", "seen.ron"];
    run_in(root, &check).is_refused_with(3, "did you mean \"most_threads\"?");
}

#[test]
fn a_checklist_that_a_link_fetches_from_elsewhere_is_not_read() {
    let folder = workspace();
    let root = folder.path();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let outside = elsewhere.path().join("team.ron");
    fs::write(&outside, TEAM).expect("the folder is ours");
    std::os::unix::fs::symlink(&outside, root.join("team.ron")).expect("the folder is ours");
    let declares = "(version: 1, checklists: [\"team.ron\"])";
    fs::write(root.join("scrutineer.ron"), declares).expect("the folder is ours");
    let check = ["check", "--evidence", "seen.ron"];
    run_in(root, &check).is_refused_with(3, "lies outside of the workspace");
}

#[test]
fn promises_that_were_not_kept_are_told_by_check_as_the_workspace_says() {
    let folder = workspace();
    let path = folder.path();
    let action = [
        "act",
        "Page the orders",
        "--owner",
        "ada",
        "--due",
        "2020-01-01",
    ];
    in_spring(path, &action);
    let waiver = [
        "decide",
        "memory.leaks",
        "waive",
        "2020-01-02",
        "--why",
        "later",
    ];
    in_spring(path, &waiver);
    let told = || {
        let said = run_in(
            path,
            &["check", "--review", "spring", "--evidence", "seen.ron"],
        );
        assert_eq!(said.code, Some(1), "{said:?}");
        said.stderr
    };
    let words = told();
    assert!(
        words.contains("warning: \"Page the orders\" of ada is "),
        "{words}"
    );
    assert!(
        words.contains("error: the waiver of memory.leaks ended on 2020-01-02"),
        "{words}"
    );
    let policy = "(version: 1, check: (expired_waivers: Tell, overdue_actions: Fail))";
    fs::write(path.join("scrutineer.ron"), policy).expect("the folder is ours");
    let words = told();
    assert!(words.contains("error: \"Page the orders\""), "{words}");
    assert!(
        words.contains("warning: the waiver of memory.leaks"),
        "{words}"
    );
}

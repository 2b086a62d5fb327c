//! The demo, headless and twice: it finds the faults that it knows of, and compares with itself.

mod common;

use std::{fs, path::Path};

use common::{Said, run, scrutineer};
use serde_json::Value;

fn demo(folder: &Path) -> Said {
    let arguments = ["demo", "--seconds", "3", "--no-window", "--out", "tour"];
    let said = run(scrutineer().current_dir(folder).args(arguments));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.stderr.contains("panicked"), "{said:?}");
    said
}

/// The line of the summary that begins with this label.
fn line<'a>(said: &'a Said, label: &str) -> &'a str {
    let found = said.stdout.lines().find(|line| line.starts_with(label));
    found.unwrap_or_else(|| panic!("no {label} in {}", said.stdout))
}

/// Class of an item's outcome in the page: `pass`, `attention`, `fail` …
fn effective(page: &str, id: &str) -> String {
    let item = page.split(&format!("<article id=\"{id}\">")).nth(1);
    let class = item.and_then(|item| item.split("class=\"number ").nth(1)?.split('"').next());
    class
        .unwrap_or_else(|| panic!("no outcome of {id}"))
        .to_owned()
}

#[test]
fn the_demo_finds_its_known_faults_and_compares_with_its_first_run() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let first = demo(folder.path());
    assert!(first.stdout.lines().count() <= 24, "{}", first.stdout);
    assert!(
        line(&first, "Self time").contains("fraud::address_distance"),
        "{}",
        first.stdout
    );
    assert!(line(&first, "Memory").contains('+'), "{}", first.stdout);
    assert!(
        line(&first, "Load").contains("60 planned per second"),
        "{}",
        first.stdout
    );
    assert!(
        line(&first, "Baseline").contains("saved"),
        "{}",
        first.stdout
    );
    assert!(!line(&first, "Trust").is_empty());

    let root = folder.path().join("tour");
    let page = fs::read_to_string(root.join("review.html")).expect("the report is written");
    assert_eq!(page.matches("<article id=\"").count(), 56);
    assert_ne!(effective(&page, "api.pagination"), "pass");
    assert_ne!(effective(&page, "api.compression"), "pass");
    assert_eq!(effective(&page, "monitoring.metrics"), "pass");
    assert!(
        root.join(".scrutineer/reviews/current/evidence.ron")
            .exists()
    );
    let declared =
        fs::read_to_string(root.join("scrutineer.ron")).expect("the workspace is written");

    let second = demo(folder.path());
    assert!(
        line(&second, "Compared").contains("demo"),
        "{}",
        second.stdout
    );
    assert!(
        second.stdout.contains("address_distance"),
        "{}",
        second.stdout
    );
    let kept = fs::read_to_string(root.join("scrutineer.ron")).expect("still there");
    assert_eq!(kept, declared);
    let captures = fs::read_dir(root.join(".scrutineer/captures")).expect("captures are kept");
    let captures = captures.flatten().filter(|file| {
        file.path()
            .extension()
            .is_some_and(|extension| extension == "scrutineer")
    });
    assert_eq!(captures.count(), 2);
    assert_eq!(services(), 0, "the service outlived the demo");
}

/// Services of the demo that run as our children's children.
fn services() -> usize {
    let own = fs::read_dir("/proc")
        .expect("procfs is mounted")
        .flatten()
        .filter(|process| {
            let orphaned =
                |name: &str| fs::read_to_string(process.path().join(name)).unwrap_or_default();
            orphaned("cmdline") == "ordersd\0demo-service\0"
                && orphaned("environ").contains(&marker())
        });
    own.count()
}

/// The environment of this test run, which its children inherit and no other run's has.
fn marker() -> String {
    format!("SCRUTINEER_TEST={}", std::process::id())
}

#[test]
fn a_demo_that_is_stopped_says_so_and_takes_its_service_along() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let mut demo = scrutineer();
    demo.current_dir(folder.path())
        .args(["demo", "--seconds", "60", "--no-window"]);
    demo.env("SCRUTINEER_TEST", std::process::id().to_string());
    demo.stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let demo = demo.spawn().expect("the demo starts");
    common::wait_until(|| services() == 1, "the service runs");
    run(std::process::Command::new("kill").args(["-INT", &demo.id().to_string()]));
    let said: Said = demo.wait_with_output().expect("it ends").into();
    said.is_refused_with(3, "stopped");
    assert_eq!(services(), 0, "the service outlived the demo");
}

#[test]
fn the_service_ends_when_the_demo_is_killed() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let mut demo = scrutineer();
    demo.current_dir(folder.path())
        .args(["demo", "--seconds", "60", "--no-window"]);
    demo.env("SCRUTINEER_TEST", std::process::id().to_string());
    demo.stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut demo = demo.spawn().expect("the demo starts");
    common::wait_until(|| services() == 1, "the service runs");
    demo.kill().expect("it runs");
    demo.wait().expect("our child");
    common::wait_until(|| services() == 0, "the service has noticed");
}

#[test]
fn without_a_display_the_demo_says_so_in_one_line_and_exits_with_0() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let said = run(scrutineer()
        .current_dir(folder.path())
        .args(["demo", "--seconds", "1"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stderr.matches("no display").count(), 1, "{said:?}");
    assert!(folder.path().join("scrutineer-demo/review.html").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_leaves_no_service_behind() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    fs::write(folder.path().join("taken"), "").expect("writable");
    let arguments = [
        "demo",
        "--seconds",
        "1",
        "--no-window",
        "--out",
        "taken/tour",
    ];
    let said = run(scrutineer().current_dir(folder.path()).args(arguments));
    said.is_refused_with(3, "taken/tour");
    assert!(said.stderr.contains("--out"), "{said:?}");
}

#[test]
fn check_judges_the_running_service_and_its_json_keeps_its_form() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let text = "(version: 1, window: (seconds: 1.0, requests: 10))";
    fs::write(folder.path().join("scrutineer.ron"), text).expect("writable");
    let target = common::Target::busy();
    let said = common::run_in(folder.path(), &["check", "--pid", &target.pid(), "--json"]);
    let ledger: Value = serde_json::from_str(&said.stdout).expect("it is JSON");
    assert_eq!(ledger["schema_version"], 1);
    assert!(ledger["judged_at"].is_string());
    let items = ledger["items"].as_array().expect("a list of items");
    assert_eq!(items.len(), 56);
    for item in items {
        let keys: Vec<_> = item
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected = [
            "id",
            "outcome",
            "effective",
            "confidence",
            "summary",
            "threshold",
            "evidence",
            "decision",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected);
    }
    let fails = items.iter().any(|item| item["effective"] == "fail");
    assert_eq!(said.code, Some(i32::from(fails)), "{}", said.stderr);
    let collector = items.iter().find(|item| item["id"] == "memory.gc");
    assert_eq!(
        collector.expect("one of the 56")["outcome"],
        "not_applicable"
    );
    assert!(
        folder
            .path()
            .join(".scrutineer/reviews/current/evidence.ron")
            .exists()
    );
    assert!(
        folder
            .path()
            .join(".scrutineer/reviews/current/review.html")
            .exists()
    );
}

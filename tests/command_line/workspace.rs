//! What lies in a workspace: its file, decisions, baselines, captures that are pruned.

use std::fs;

use crate::{
    common::{run, run_in, scrutineer},
    folder, recorded,
};

#[test]
fn a_typo_in_the_workspace_file_is_told_with_line_and_column() {
    let folder = folder();
    let text = "(\n    version: 1,\n    target: (\n        endpoint: [],\n    ),\n)\n";
    fs::write(folder.path().join("scrutineer.ron"), text).expect("writable");
    run_in(folder.path(), &["check"]).is_refused_with(3, "scrutineer.ron:4:");
    run_in(folder.path(), &["check"]).is_refused_with(3, "endpoints");
}

#[test]
fn with_nothing_to_look_at_nothing_is_judged_and_check_exits_with_3() {
    let folder = folder();
    let data = folder.path().join("data");
    let said = run(scrutineer()
        .current_dir(folder.path())
        .env("XDG_DATA_HOME", &data)
        .args(["check", "--json"]));
    assert_eq!(said.code, Some(3), "{said:?}");
    let ledger: serde_json::Value = serde_json::from_str(&said.stdout).expect("it is JSON");
    let items = ledger["items"].as_array().expect("a list");
    assert_eq!(items.len(), 56);
    for item in items {
        let outcome = item["outcome"].as_str().expect("a word");
        assert!(matches!(outcome, "unknown" | "needs_person"), "{item}");
    }
}

#[test]
fn a_workspace_folder_that_is_not_there_is_wrong_usage() {
    let folder = folder();
    run_in(folder.path(), &["check", "--workspace", "nowhere"]).is_refused_with(2, "nowhere");
}

#[test]
fn a_typo_in_the_decisions_is_told_before_anything_is_gathered() {
    let folder = folder();
    let current = folder.path().join(".scrutineer/reviews/current");
    fs::create_dir_all(&current).expect("writable");
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    fs::write(current.join("decisions.ron"), "(version: 1, itemz: {})").expect("writable");
    let said = run_in(folder.path(), &["check"]);
    said.is_refused_with(3, "itemz");
    assert!(!said.stderr.contains("Gathering"), "{said:?}");
}

#[test]
fn init_drafts_a_workspace_that_can_be_loaded_and_never_overwrites_one() {
    let folder = folder();
    let said = run_in(folder.path(), &["init"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), "./scrutineer.ron\n"),
        "{said:?}"
    );
    let path = folder.path().join("scrutineer.ron");
    fs::write(&path, "(version: 1) // mine").expect("writable");
    run_in(folder.path(), &["init"]).is_refused_with(2, "scrutineer.ron");
    assert_eq!(
        fs::read_to_string(&path).expect("still there"),
        "(version: 1) // mine"
    );
}

#[test]
fn baselines_are_saved_once_listed_and_compared_with() {
    let folder = folder();
    let root = folder.path();
    fs::write(root.join("scrutineer.ron"), "(version: 1)").expect("writable");
    run_in(root, &["baseline", "save", "before"]).is_refused_with(2, "--from");
    recorded(root);
    let save = ["baseline", "save", "before", "--from", "x.scrutineer"];
    assert_eq!(run_in(root, &save).code, Some(0));
    run_in(root, &save).is_refused_with(2, "--replace");
    run_in(root, &["baseline", "save", "a/b", "--from", "x.scrutineer"]).is_refused_with(2, "a/b");
    run_in(
        root,
        &["baseline", "compare", "after", "--from", "x.scrutineer"],
    )
    .is_refused_with(2, "before");
    let listed = run_in(root, &["baseline", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("it is JSON");
    assert_eq!(
        (&listed[0]["name"], &listed[0]["runs"]),
        (&"before".into(), &1.into())
    );
    let compared = run_in(
        root,
        &[
            "baseline",
            "compare",
            "before",
            "--from",
            "x.scrutineer",
            "--json",
        ],
    );
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let comparison: serde_json::Value = serde_json::from_str(&compared.stdout).expect("it is JSON");
    assert_eq!(comparison["baseline"], "before");
    assert_eq!(comparison["mismatches"], serde_json::json!([]));
}

#[test]
fn prune_lists_what_would_go_and_removes_it_only_when_forced() {
    let folder = folder();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    let captures = folder.path().join(".scrutineer/captures");
    fs::create_dir_all(&captures).expect("writable");
    let made = recorded(folder.path());
    let (old, pinned) = (
        captures.join("old.scrutineer"),
        captures.join("pinned.scrutineer"),
    );
    fs::copy(&made, &old).expect("writable");
    fs::copy(&made, &pinned).expect("writable");
    let note = "(version: 1, pinned: true)";
    fs::write(captures.join("pinned.note.ron"), note).expect("writable");
    let listed = run_in(folder.path(), &["prune", "--max-size", "0"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.stdout.contains("old.scrutineer"), "{listed:?}");
    assert!(!listed.stdout.contains("pinned.scrutineer"), "{listed:?}");
    assert!(listed.stderr.contains("--force"), "{listed:?}");
    assert!(old.exists());
    let done = run_in(
        folder.path(),
        &["prune", "--max-size", "0", "--force", "--json"],
    );
    let told: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(told["is_dry_run"], false);
    assert_eq!(told["removed"].as_array().map(Vec::len), Some(1));
    assert!(!old.exists() && pinned.exists());
}

#[test]
fn prune_takes_its_limits_from_the_settings_and_refuses_a_broken_file_with_its_place() {
    let folder = folder();
    let config = folder.path().join("config");
    let prune = || {
        run(scrutineer()
            .current_dir(folder.path())
            .env("XDG_CONFIG_HOME", &config)
            .env("XDG_DATA_HOME", folder.path().join("data"))
            .args(["prune"]))
    };
    prune().is_refused_with(2, "--max-age");
    let file = config.join("scrutineer/settings.ron");
    fs::create_dir_all(config.join("scrutineer")).expect("writable");
    fs::write(&file, "(version: 1, prune: (max_age_days: Some(30)))").expect("writable");
    assert_eq!(prune().code, Some(0));
    fs::write(&file, "(\n version: 1,\n prune: (max_age: 3))").expect("writable");
    prune().is_refused_with(3, "settings.ron:3:");
    prune().is_refused_with(3, "max_age_days");
}

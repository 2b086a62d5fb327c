//! The workspace file, found, read and drafted.

use std::{fs, path::Path, process::Command};

use scrutineer_evidence::declared::Objective;

use super::*;

fn parse(text: &str) -> Result<Workspace, WorkspaceError> {
    Workspace::parse(text, Path::new("/srv/app/scrutineer.ron"))
}

fn refusal(text: &str) -> (usize, usize, String) {
    match parse(text) {
        Err(WorkspaceError::Invalid {
            line, column, what, ..
        }) => (line, column, what),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

const FULL: &str = r#"// comment
(
    version: 1,
    target: (
        name: "ledgerd",
        endpoints: ["http://127.0.0.1:8080/accounts"],
        metrics: "http://127.0.0.1:9090/metrics",
        stalled_request_s: 5.0,
    ),
    window: (seconds: 6.0, requests: 50),
    objectives: [(path: "/accounts", percentile: 99.0, limit_ms: 250.0)],
    critical_paths: ["/accounts"],
    restart_interval_days: 3.5,
    overrides: { "concurrency.thread-monitoring": (max_threads: 500) },
)
"#;

#[test]
fn promises_that_were_not_kept_fail_a_check_as_the_file_says() {
    let of = |text: &str| {
        let policy = parse(&format!("(version: 1, {text})")).unwrap().check;
        (policy.expired_waivers, policy.overdue_actions)
    };
    assert_eq!(of(""), (Reaction::Fail, Reaction::Tell));
    assert_eq!(
        of("check: (overdue_actions: Fail)"),
        (Reaction::Fail, Reaction::Fail)
    );
    assert_eq!(
        of("check: (expired_waivers: Tell)"),
        (Reaction::Tell, Reaction::Tell)
    );
    let (.., what) = refusal("(version: 1, check: (overdue: Fail))");
    assert!(what.contains("overdue_actions"), "{what}");
}

/// What a rule would read its override into.
#[derive(serde::Deserialize)]
struct Limits {
    max_threads: u32,
}

#[test]
fn every_field_is_read() {
    let workspace = parse(FULL).unwrap();
    assert_eq!(workspace.root, Path::new("/srv/app"));
    assert!(workspace.has_file);
    assert_eq!(workspace.target_name.as_deref(), Some("ledgerd"));
    assert_eq!(
        workspace.metrics_url.as_deref(),
        Some("http://127.0.0.1:9090/metrics")
    );
    assert_eq!(workspace.stalled_request_s, Some(5.0));
    let declared = &workspace.declared;
    assert_eq!(declared.endpoints, ["http://127.0.0.1:8080/accounts"]);
    assert_eq!(
        (declared.window.seconds, declared.window.requests),
        (6.0, 50)
    );
    assert!(declared.window_declared);
    let promised = Objective {
        path: "/accounts".into(),
        percentile: 99.0,
        limit_ms: 250.0,
    };
    assert_eq!(declared.objectives, [promised]);
    assert_eq!(declared.critical_paths, ["/accounts"]);
    assert_eq!(declared.restart_interval_days, Some(3.5));
    let limits = workspace.overrides["concurrency.thread-monitoring"].clone();
    assert_eq!(limits.into_rust::<Limits>().unwrap().max_threads, 500);
}

#[test]
fn a_version_alone_declares_the_house_rules() {
    let workspace = parse("(version: 1)").unwrap();
    assert!(!workspace.declared.window_declared);
    assert_eq!(workspace.declared.window.requests, 1_000);
    assert_eq!(workspace.stalled_request_s, None);
}

#[test]
fn an_unknown_field_is_refused_at_its_line_with_the_nearest_name() {
    let (line, _, what) =
        refusal("(\n    version: 1,\n    target: (\n        endpoint: [],\n    ),\n)");
    assert_eq!(line, 4);
    assert!(
        what.contains("unknown field `endpoint`; did you mean `endpoints`?"),
        "{what}"
    );
    let (_, _, what) = refusal("(version: 1, zebra: 2)");
    assert!(!what.contains("did you mean"), "{what}");
    assert!(what.contains("`critical_paths`"), "{what}");
}

#[test]
fn a_missing_bracket_is_refused_with_line_and_column() {
    let (line, column, _) = refusal("(\n    version: 1,\n    critical_paths: [\"/a\", \n)");
    assert!(line >= 3 && column >= 1, "{line}:{column}");
}

#[test]
fn the_version_is_demanded_and_a_newer_one_is_refused_in_one_sentence() {
    assert!(
        refusal("(window: (seconds: 1.0))")
            .2
            .contains("the version is missing")
    );
    let (line, column, what) = refusal("(\n  version: 2,\n  something_new: [1, (a: 2)],\n)");
    assert_eq!((line, column), (2, 3));
    assert!(
        what.contains("version 2") && what.contains("update"),
        "{what}"
    );
}

#[test]
fn values_that_make_no_sense_are_refused_where_they_stand() {
    let cases = [
        (
            "(version: 1, target: (endpoints: [\"127.0.0.1:80\"]))",
            "127.0.0.1:80",
        ),
        (
            "(version: 1, target: (endpoints: [\"ftp://h/\"]))",
            "ftp://h/",
        ),
        ("(version: 1, target: (metrics: \"/metrics\"))", "/metrics"),
        (
            "(version: 1, target: (stalled_request_s: 500.0))",
            "stalled_request_s",
        ),
        ("(version: 1, window: (seconds: 0.0))", "seconds"),
        (
            "(version: 1, objectives: [(path: \"/\", percentile: 100.0, limit_ms: 1.0)])",
            "percentile",
        ),
        (
            "(version: 1, objectives: [(path: \"/\", percentile: 99.0, limit_ms: -1.0)])",
            "limit_ms",
        ),
        (
            "(version: 1, restart_interval_days: 0.0)",
            "restart_interval_days",
        ),
    ];
    for (text, place) in cases {
        let (line, column, what) = refusal(text);
        assert_eq!((line, column), (1, text.find(place).unwrap() + 1), "{what}");
    }
}

#[test]
fn the_nearest_ancestor_with_a_file_is_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    fs::create_dir_all(&deep).unwrap();
    fs::write(folder.path().join(WORKSPACE_FILE), "(version: 1)").unwrap();
    let outer = Workspace::find(&deep).unwrap();
    assert_eq!(
        (outer.root.as_path(), outer.has_file),
        (folder.path(), true)
    );
    assert_eq!(
        outer.captures_folder(),
        folder.path().join(".scrutineer/captures")
    );

    fs::write(
        folder.path().join("a/b").join(WORKSPACE_FILE),
        "(version: 1)",
    )
    .unwrap();
    assert_eq!(
        Workspace::find(&deep).unwrap().root,
        folder.path().join("a/b")
    );
}

#[test]
fn without_a_file_the_folder_itself_declares_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::find(folder.path()).unwrap();
    assert_eq!(
        (workspace.root.as_path(), workspace.has_file),
        (folder.path(), false)
    );
    assert!(workspace.captures_folder().ends_with("scrutineer/captures"));
    assert!(!workspace.captures_folder().starts_with(folder.path()));
}

#[test]
fn the_data_folder_follows_the_base_directory_specification() {
    let home = || Some(PathBuf::from("/home/me"));
    assert_eq!(
        data_folder(Some("/data".into()), home()),
        Path::new("/data")
    );
    assert_eq!(
        data_folder(Some("data".into()), home()),
        Path::new("/home/me/.local/share")
    );
    assert_eq!(
        data_folder(None, home()),
        Path::new("/home/me/.local/share")
    );
}

#[test]
fn git_ignores_the_captures_of_a_workspace() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(WORKSPACE_FILE), "(version: 1)").unwrap();
    let captures = Workspace::find(folder.path())
        .unwrap()
        .prepare_captures_folder()
        .unwrap();
    assert_eq!(
        fs::read_to_string(captures.join(".gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_draft_names_what_was_found_and_parses_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"ledgerd\"\n\n[[bench]]\nname = \"posting\"\nharness = false\n",
    );
    write("benches/parse.rs", "fn main() {}");
    write("benches/big/main.rs", "fn main() {}");
    write("deploy/k8s.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    write("deploy/values.yaml", "replicas: 2\n");
    write("Dockerfile", "FROM scratch\n");
    write("docker-compose.yml", "services: {}\n");
    write("target/debug/benches/not.rs", "");

    let findings = look_around(folder.path());
    assert_eq!(findings.name.as_deref(), Some("ledgerd"));
    assert_eq!(findings.benches, ["big", "parse", "posting"]);
    assert_eq!(
        findings.container_files,
        ["Dockerfile", "deploy/k8s.yaml", "docker-compose.yml"]
    );

    let workspace =
        Workspace::parse(&draft(folder.path()), &folder.path().join(WORKSPACE_FILE)).unwrap();
    assert_eq!(workspace.target_name.as_deref(), Some("ledgerd"));
    assert!(
        workspace.declared.endpoints.is_empty(),
        "a draft declares no host on its own"
    );
}

#[test]
fn a_draft_takes_no_folder_for_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let text = draft(folder.path());
    assert_eq!(parse(&text).unwrap().target_name, None);
    assert!(text.contains("// name: \"service\","), "{text}");
}

#[test]
fn a_draft_parses_again_whatever_the_names_are_and_with_every_comment_opened() {
    let findings = Findings {
        name: Some("a \"quoted\\ name".into()),
        benches: vec!["b\nversion: 9".into()],
        services: vec![Service {
            port: 8080,
            pid: 42,
            name: "line\nend".into(),
        }],
        container_files: vec!["Dockerfile".into()],
    };
    let text = draft_from(&findings);
    assert_eq!(
        parse(&text).unwrap().target_name.as_deref(),
        Some("a \"quoted\\ name")
    );

    // Comments inside the declaration that hold a field or an item end in a comma.
    let opened: Vec<&str> = text
        .lines()
        .map(|line| match line.trim_start().strip_prefix("// ") {
            Some(rest)
                if line.starts_with(' ') && (rest.ends_with(',') || rest.contains(", //")) =>
            {
                rest
            }
            _ => line,
        })
        .collect();
    let opened = opened.join("\n");
    let workspace = parse(&opened).unwrap();
    assert_eq!(workspace.declared.endpoints, ["http://127.0.0.1:8080/"]);
    assert!(workspace.declared.window_declared);
    assert_eq!(workspace.declared.objectives.len(), 1);
    assert_eq!(workspace.stalled_request_s, Some(31.0));
    assert_eq!(workspace.declared.critical_paths, ["/items"]);
    assert_eq!(workspace.declared.restart_interval_days, Some(7.0));
}

#[test]
fn the_commit_and_its_changes_are_read_from_git() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        Command::new("git")
            .current_dir(&folder)
            .args(identity)
            .args(arguments)
            .output()
    };
    if git(&["init"]).is_err() {
        crate::sys::tests_skip(
            "the_commit_and_its_changes_are_read_from_git",
            "git is not installed",
        );
        return;
    }
    assert_eq!(git_commit(folder.path()), None, "before the first commit");
    fs::write(folder.path().join("a"), "1").unwrap();
    git(&["add", "a"]).unwrap();
    git(&["commit", "-m", "first"]).unwrap();
    let (hash, dirty) = git_commit(folder.path()).unwrap();
    assert_eq!((hash.len(), dirty), (40, false));
    fs::write(folder.path().join("a"), "2").unwrap();
    assert_eq!(git_commit(folder.path()), Some((hash, true)));
}

#[test]
fn what_the_parser_expects_is_said_in_words_for_people_at_its_place() {
    // `^` marks the place.
    let cases = [
        ("(version: 1, target: (name: ^5))", "text in double quotes"),
        ("(version: 1, window: (seconds: ^true))", "a number"),
        ("(\n  version: 1\n  ^critical_paths: [],\n)", "a comma"),
        ("(version: 1, critical_paths: [\"/a\"^", "a comma"),
        ("(version: 1, target: (name: ^\"a))", "closing `\"`"),
        ("^version: 1", "`( version: 1, … )`"),
        ("^", "`( version: 1, … )`"),
        ("(version: 1, ^version: 1)", "there twice"),
    ];
    for (marked, words) in cases {
        let before = &marked[..marked.find('^').unwrap()];
        let place = (
            before.split('\n').count(),
            before.split('\n').next_back().unwrap().len() + 1,
        );
        let (line, column, what) = refusal(&marked.replace('^', ""));
        assert!(what.contains(words), "{marked}: {what}");
        assert_eq!((line, column), place, "{marked}: {what}");
    }
}

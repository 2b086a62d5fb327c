//! The command line as scripts and people meet it: help, exit codes, streams, bad input.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use common::{Target, as_nobody, is_root, reachable_copy, run, run_in, scrutineer, skip};
use tempfile::TempDir;

const COMMANDS: [&str; 16] = [
    "demo",
    "init",
    "record",
    "report",
    "diff",
    "convert",
    "check",
    "review",
    "verify",
    "checklist",
    "baseline",
    "prune",
    "doctor",
    "gui",
    "desktop",
    "completions",
];

fn folder() -> TempDir {
    tempfile::tempdir().expect("the temporary folder is writable")
}

/// Records a busy target for a second.
fn recorded(folder: &Path) -> PathBuf {
    let target = Target::busy();
    let said = run_in(
        folder,
        &[
            "record",
            "-p",
            &target.pid(),
            "-d",
            "1",
            "-o",
            "x.scrutineer",
        ],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stdout, "x.scrutineer\n");
    folder.join("x.scrutineer")
}

#[test]
fn help_names_every_command_and_hides_the_service() {
    let said = run(scrutineer().arg("--help"));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    for command in COMMANDS {
        assert!(
            said.stdout.contains(&format!("\n  {command} ")),
            "{command} in {}",
            said.stdout
        );
    }
    assert!(!said.stdout.contains("demo-service"), "{}", said.stdout);
    assert!(said.stdout.contains("Exit codes"), "{}", said.stdout);
}

#[test]
fn help_of_every_command_teaches_by_example() {
    for command in COMMANDS {
        let said = run(scrutineer().args([command, "--help"]));
        assert_eq!(said.code, Some(0), "{command}");
        assert!(
            said.stdout.contains("Examples:"),
            "{command}: {}",
            said.stdout
        );
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = folder();
    run_in(folder.path(), &["frobnicate"]).is_refused_with(2, "unrecognized subcommand");
    run_in(folder.path(), &["record"]).is_refused_with(2, "required");
    run_in(folder.path(), &["record", "-p", "0"]).is_refused_with(2, "0");
    run_in(folder.path(), &["record", "-p", "1", "-d", "-3"]).is_refused_with(2, "-d");
    run_in(folder.path(), &["report", "x", "--format", "pdf"]).is_refused_with(2, "collapsed");
}

#[test]
fn a_pid_that_is_gone_exits_with_3() {
    let mut gone = Command::new("true").spawn().expect("`true` starts");
    let pid = gone.id().to_string();
    gone.wait().expect("our child");
    let folder = folder();
    run_in(folder.path(), &["record", "-p", &pid, "-d", "1"]).is_refused_with(3, &pid);
}

#[test]
fn a_kernel_thread_exits_with_3() {
    let comm = fs::read_to_string("/proc/2/comm").unwrap_or_default();
    if comm.trim() != "kthreadd" {
        return skip(
            "a_kernel_thread_exits_with_3",
            "kernel threads are not visible here",
        );
    }
    let folder = folder();
    run_in(folder.path(), &["record", "-p", "2", "-d", "1"]).is_refused_with(3, "kernel thread");
}

#[test]
fn somebody_elses_process_exits_with_3_and_names_its_owner() {
    let folder = folder();
    let target = Target::busy();
    let said = if is_root() {
        let copy = reachable_copy(folder.path());
        run(as_nobody(&copy)
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid()]))
    } else {
        run_in(folder.path(), &["record", "-p", "1", "-d", "1"])
    };
    said.is_refused_with(3, "belongs to root");
}

#[test]
fn a_place_that_may_not_be_written_exits_with_3_before_anything_is_recorded() {
    if !is_root() {
        return skip(
            "a_place_that_may_not_be_written_exits_with_3_before_anything_is_recorded",
            "needs root to become another user",
        );
    }
    let folder = folder();
    let copy = reachable_copy(folder.path());
    let mut record = as_nobody(&copy);
    record.args([
        "record",
        "-o",
        "/usr/x.scrutineer",
        "--",
        "touch",
        "launched",
    ]);
    run(record.current_dir(folder.path())).is_refused_with(3, "/usr/x.scrutineer");
    assert!(!folder.path().join("launched").exists());
}

#[test]
fn an_ambiguous_name_lists_the_matches_and_exits_with_2() {
    let folder = folder();
    let twin = folder.path().join(format!("twin-{}", std::process::id()));
    let name = twin
        .file_name()
        .and_then(|name| name.to_str())
        .expect("made of ASCII")
        .to_owned();
    common::copy_program("/bin/sleep", &twin);
    let twins = [(); 2].map(|()| Target::start(Command::new(&twin).arg("60")));
    let said = run_in(folder.path(), &["record", "--name", &name, "-d", "1"]);
    said.is_refused_with(2, &twins[0].pid());
    said.is_refused_with(2, &twins[1].pid());
    run_in(folder.path(), &["record", "--name", "no-such-name"]).is_refused_with(3, "no-such-name");
}

#[test]
fn captures_are_never_overwritten() {
    let folder = folder();
    fs::write(folder.path().join("x.scrutineer"), "mine").expect("writable");
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "touch", "launched"],
    );
    said.is_refused_with(2, "x.scrutineer");
    let kept = fs::read_to_string(folder.path().join("x.scrutineer")).expect("still there");
    assert_eq!(kept, "mine");
    assert!(!folder.path().join("launched").exists());
}

#[test]
fn a_command_that_cannot_start_exits_with_3() {
    let folder = folder();
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "./no-such-program"],
    );
    said.is_refused_with(3, "no-such-program");
}

#[test]
fn a_launched_commands_output_passes_through_and_its_status_is_told() {
    let folder = folder();
    let script = "echo out; echo err >&2; exit 7";
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "sh", "-c", script],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stdout, "out\n", "{said:?}");
    assert!(said.stderr.contains("err\n"), "{said:?}");
    assert!(said.stderr.contains("status 7"), "{said:?}");
    assert!(folder.path().join("x.scrutineer").exists());
}

#[test]
fn a_command_that_outlives_its_recording_is_told_with_its_pid() {
    let folder = folder();
    let said = run(scrutineer()
        .current_dir(folder.path())
        .args(["record", "-d", "0.5", "-o", "x.scrutineer", "--"])
        .args(["sh", "-c", "exec sleep 60 > /dev/null 2>&1"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let words = "the command runs on as pid ";
    let (_, rest) = said.stderr.split_once(words).expect("it runs on");
    let pid = rest.trim_end().trim_end_matches(')');
    let ended = std::process::Command::new("kill").arg(pid).status();
    assert!(ended.expect("kill starts").success(), "{said:?}");
}

#[test]
fn without_an_output_the_capture_goes_to_the_workspace() {
    let folder = folder();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    let target = Target::busy();
    let said = run_in(folder.path(), &["record", "-p", &target.pid(), "-d", "0.5"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let path = PathBuf::from(said.stdout.trim_end());
    assert!(
        path.starts_with(folder.path().join(".scrutineer/captures")),
        "{said:?}"
    );
    assert!(path.exists(), "{said:?}");
    let report = run_in(folder.path(), &["report", said.stdout.trim_end()]);
    assert_eq!(report.code, Some(0), "{report:?}");
}

#[test]
fn an_interrupted_recording_is_saved_with_its_samples() {
    for signal in ["-INT", "-TERM"] {
        let folder = folder();
        let file = folder.path().join("x.scrutineer");
        let target = Target::busy();
        let recording = scrutineer()
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid(), "-o", "x.scrutineer"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the recording starts");
        let flushed = || fs::metadata(&file).is_ok_and(|file| file.len() > 2_000);
        common::wait_until(flushed, "the first samples are flushed");
        run(Command::new("kill").args([signal, &recording.id().to_string()]));
        let said: common::Said = recording.wait_with_output().expect("it ends").into();
        assert_eq!(said.code, Some(0), "{said:?}");
        let report = run_in(
            folder.path(),
            &["report", "x.scrutineer", "--format", "collapsed"],
        );
        assert_eq!(
            (report.code, report.stderr.as_str()),
            (Some(0), ""),
            "{report:?}"
        );
        assert!(samples(&report.stdout) > 0, "{report:?}");
    }
}

/// Sum of the counts of a collapsed report.
fn samples(collapsed: &str) -> u64 {
    collapsed
        .lines()
        .map(|line| {
            line.rsplit(' ')
                .next()
                .and_then(|count| count.parse::<u64>().ok())
        })
        .map(|count| count.expect("each line ends with a count"))
        .sum()
}

#[test]
fn two_recordings_of_one_target_at_once_are_both_saved() {
    let folder = folder();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    let target = Target::busy();
    let recordings = [(); 2].map(|()| {
        scrutineer()
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid(), "-d", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the recording starts")
    });
    let mut paths = Vec::new();
    for recording in recordings {
        let said: common::Said = recording.wait_with_output().expect("it ends").into();
        assert_eq!(said.code, Some(0), "{said:?}");
        let report = run_in(
            folder.path(),
            &["report", said.stdout.trim_end(), "--format", "collapsed"],
        );
        assert!(samples(&report.stdout) > 0, "{report:?}");
        paths.push(said.stdout);
    }
    assert_ne!(paths[0], paths[1]);
}

#[test]
fn a_capture_cut_short_is_reported_as_far_as_it_goes_with_a_warning() {
    let folder = folder();
    let path = recorded(folder.path());
    let bytes = fs::read(&path).expect("just written");
    fs::write(
        folder.path().join("cut.scrutineer"),
        &bytes[..bytes.len() * 3 / 4],
    )
    .expect("writable");
    let said = run_in(
        folder.path(),
        &["report", "cut.scrutineer", "--format", "collapsed"],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stderr.contains("warning: cut.scrutineer: "),
        "{said:?}"
    );
    assert!(samples(&said.stdout) > 0, "{said:?}");
}

#[test]
fn flipped_bytes_are_told_and_never_crash() {
    let folder = folder();
    let path = recorded(folder.path());
    let whole = fs::read(&path).expect("just written");
    for position in [0, 9, 40, whole.len() / 3, whole.len() / 2, whole.len() - 2] {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x5A;
        fs::write(folder.path().join("flip.scrutineer"), bytes).expect("writable");
        let said = run_in(folder.path(), &["report", "flip.scrutineer"]);
        match said.code {
            Some(0) => assert!(said.stderr.contains("warning: "), "{position}: {said:?}"),
            _ => said.is_refused_with(3, "flip.scrutineer"),
        }
    }
}

#[test]
fn what_is_no_capture_exits_with_3() {
    let folder = folder();
    fs::write(folder.path().join("notes.txt"), "hello").expect("writable");
    run_in(folder.path(), &["report", "notes.txt"]).is_refused_with(3, "notes.txt");
    run_in(folder.path(), &["report", "missing"]).is_refused_with(3, "missing");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = folder();
    recorded(folder.path());
    let mut report = scrutineer()
        .current_dir(folder.path())
        .args(["report", "x.scrutineer", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the report starts");
    drop(report.stdout.take());
    let said: common::Said = report.wait_with_output().expect("it ends").into();
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_format_is_written_to_a_file_and_nothing_to_standard_output() {
    let folder = folder();
    recorded(folder.path());
    for (format, start) in [
        ("text", &b""[..]),
        ("svg", b"<?xml"),
        ("html", b"<!"),
        ("pprof", b"\x1f\x8b"),
        ("collapsed", b"sh;"),
        ("json", b"{"),
        ("firefox", b"{\"meta\":"),
        ("speedscope", b"{\"$schema\":"),
    ] {
        let said = run_in(
            folder.path(),
            &["report", "x.scrutineer", "--format", format, "-o", "out"],
        );
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(0), ""),
            "{format}: {said:?}"
        );
        let written = fs::read(folder.path().join("out")).expect("written");
        assert!(written.len() > 20 && written.starts_with(start), "{format}");
    }
}

#[test]
fn waits_are_recorded_when_asked_for_and_reported_by_class() {
    let folder = folder();
    let command = [
        "record",
        "--off-cpu",
        "-o",
        "x.scrutineer",
        "--",
        "sleep",
        "0.7",
    ];
    let said = run_in(folder.path(), &command);
    assert_eq!(said.code, Some(0), "{said:?}");
    let of_waits = |more: &[&str]| {
        let words = [&["report", "x.scrutineer", "--weight", "wait"][..], more].concat();
        run_in(folder.path(), &words)
    };
    let lines = of_waits(&["--wait-class", "sleep", "--format", "collapsed"]);
    let asleep: u64 = lines
        .stdout
        .lines()
        .map(|line| line.rsplit_once(' ').expect("a count").1)
        .map(|ns| ns.parse::<u64>().expect("a number"))
        .sum();
    assert!(asleep > 500_000_000, "{lines:?}");
    let text = of_waits(&[]).stdout;
    assert!(
        text.contains("waited for") && text.contains("  sleep\n"),
        "{text}"
    );
    assert_eq!(of_waits(&["--wait-class", "dream"]).code, Some(2));
    let without_waits = ["report", "x.scrutineer", "--wait-class", "lock"];
    assert_eq!(run_in(folder.path(), &without_waits).code, Some(2));
}

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
fn a_full_disk_is_told_and_what_was_recorded_before_is_kept() {
    const TEST: &str = "a_full_disk_is_told_and_what_was_recorded_before_is_kept";
    if !is_root() {
        return skip(TEST, "mounting a small file system needs root");
    }
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        return skip(TEST, "mounting a tmpfs is refused here");
    };
    let target = Target::busy();
    let file = disk.0.join("x.scrutineer");
    let said = run(scrutineer()
        .current_dir(folder.path())
        .args([
            "record",
            "-F",
            "5000",
            "-d",
            "60",
            "-p",
            &target.pid(),
            "-o",
        ])
        .arg(&file));
    said.is_refused_with(3, "No space left on device");
    said.is_refused_with(3, "x.scrutineer");
    let report = run(scrutineer()
        .arg("report")
        .arg(&file)
        .args(["--format", "collapsed"]));
    assert_eq!(report.code, Some(0), "{report:?}");
    assert!(samples(&report.stdout) > 0, "{report:?}");
}

/// A file system of a few pages.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        let disk = folder.join("disk");
        fs::create_dir(&disk).expect("writable");
        let mount = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"])
            .arg(&disk));
        (mount.code == Some(0)).then_some(Self(disk))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg(&self.0));
    }
}

#[test]
fn without_a_display_the_window_says_so_and_exits_with_3() {
    let folder = folder();
    run_in(folder.path(), &["gui"]).is_refused_with(3, "display");
    run_in(folder.path(), &[]).is_refused_with(3, "display");
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
fn doctor_answers_for_people_and_for_scripts() {
    let text = run(scrutineer().args(["doctor", "--quick"]));
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    let json = run(scrutineer().args(["doctor", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    let abilities = found["abilities"].as_array().expect("a list of features");
    assert!(
        found["noise"]["noise"]["iterations"].as_u64() > Some(0),
        "{found}"
    );
    assert!(
        found["sample_cost"]["base_ns"].as_f64() >= Some(0.0),
        "{found}"
    );
    assert!(
        abilities
            .iter()
            .any(|ability| ability["id"] == "cpu_sampling"),
        "{abilities:?}"
    );
    for ability in abilities {
        let title = ability["title"].as_str().expect("each has a title");
        assert!(text.stdout.contains(title), "{title} in {}", text.stdout);
    }
}

#[test]
fn completions_are_scripts_that_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = run(scrutineer().args(["completions", shell]));
        assert_eq!(said.code, Some(0));
        assert!(said.stdout.contains("baseline"), "{shell}");
    }
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

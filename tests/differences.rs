//! Captures compared and converted, from the command line.

mod common;

use std::{fs, path::Path};

use common::{Target, run_in};

/// Records a command under a name.
fn record(folder: &Path, name: &str, command: &[&str]) {
    let mut words = vec!["record", "-o", name, "--"];
    words.extend(command);
    let said = run_in(folder, &words);
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// Two captures: a shell that counts, and a compressor.
fn two_captures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let target = Target::busy();
    let pid = target.pid();
    let words = ["record", "-p", &pid, "-d", "1", "-o", "shell.scrutineer"];
    let said = run_in(folder.path(), &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let compress = "head -c 60000000 /dev/urandom | gzip > packed";
    record(folder.path(), "gzip.scrutineer", &["sh", "-c", compress]);
    folder
}

#[test]
fn what_grew_is_listed_with_its_interval_and_fails_above_the_limit() {
    let folder = two_captures();
    let diff = |words: &[&str]| {
        let mut all = vec!["diff", "shell.scrutineer", "gzip.scrutineer"];
        all.extend(words);
        run_in(folder.path(), &all)
    };
    let said = diff(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("sampling alone"), "{said:?}");
    assert!(said.stdout.contains("  new"), "{said:?}");
    let said = diff(&["--limit", "5"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stderr.contains("more than 5.0 points above"),
        "{said:?}"
    );
    let said = diff(&["--limit", "500"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

#[test]
fn a_capture_does_not_differ_from_itself() {
    let folder = two_captures();
    let words = ["diff", "gzip.scrutineer", "gzip.scrutineer", "--limit", "0"];
    let said = run_in(folder.path(), &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("×1.000 per second"), "{said:?}");
    let json = run_in(
        folder.path(),
        &[
            "diff",
            "gzip.scrutineer",
            "gzip.scrutineer",
            "--format",
            "json",
        ],
    );
    assert!(
        json.stdout
            .starts_with("{\n  \"format\": \"scrutineer-diff 1\"")
    );
}

#[test]
fn several_captures_a_side_tell_how_much_they_differ_by_themselves() {
    let folder = two_captures();
    let words = [
        "diff",
        "gzip.scrutineer",
        "gzip.scrutineer",
        "--base",
        "shell.scrutineer",
        "--candidate",
        "shell.scrutineer",
    ];
    let said = run_in(folder.path(), &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("in 2 captures"), "{said:?}");
    assert!(said.stdout.contains("differ by themselves."), "{said:?}");
}

#[test]
fn a_capture_is_converted_to_what_the_files_name_asks_for() {
    let folder = two_captures();
    for (name, start) in [
        ("a.pb.gz", &b"\x1f\x8b"[..]),
        ("a.profile.json.gz", b"\x1f\x8b"),
        (
            "a.speedscope.json",
            b"{\"$schema\":\"https://www.speedscope.app/",
        ),
        ("a.folded", b"sh;"),
    ] {
        let said = run_in(folder.path(), &["convert", "shell.scrutineer", name]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
        assert!(said.stderr.contains("left out"), "{name}: {said:?}");
        let written = fs::read(folder.path().join(name)).expect("written");
        assert!(written.starts_with(start), "{name}");
    }
    let said = run_in(folder.path(), &["convert", "shell.scrutineer", "a.xyz"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("--to"), "{said:?}");
}

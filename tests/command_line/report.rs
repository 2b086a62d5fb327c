//! `report` and `convert`: what is read, and what is written.

use std::{fs, process::Stdio};

use crate::{
    common::{self, run_in, scrutineer},
    folder, recorded, samples,
};

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

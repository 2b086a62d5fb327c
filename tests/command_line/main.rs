//! The command line as scripts and people meet it: help, exit codes, streams, bad input.

#[path = "../common/mod.rs"]
mod common;
mod record;
mod report;
mod workspace;

use std::path::{Path, PathBuf};

use common::{Target, run, run_in, scrutineer};
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
fn without_a_display_the_window_says_so_and_exits_with_3() {
    let folder = folder();
    run_in(folder.path(), &["gui"]).is_refused_with(3, "display");
    run_in(folder.path(), &[]).is_refused_with(3, "display");
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

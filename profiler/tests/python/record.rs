//! Runs Python programs under the recorder and reads what was captured.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use scrutineer_profiler::{
    capture::{
        model::NONE,
        recorder::{RecordOptions, Recording},
        target::Target,
    },
    profile::Profile,
};

use crate::named;

/// A Python interpreter of this machine.
pub(crate) struct Python {
    /// Its version, and where it is.
    pub(crate) name: String,
    program: PathBuf,
}

/// What a program was seen to do, and what it says itself.
pub(crate) struct Run {
    pub(crate) profile: Profile,
    pub(crate) warnings: Vec<String>,
    /// Share of the measured CPU time, by function.
    pub(crate) truth: BTreeMap<String, f64>,
}

/// One interpreter of each version from 3.8 to 3.13, and the system's own.
pub(crate) fn interpreters() -> Vec<Python> {
    let home = std::env::var("PYENV_ROOT").map_or_else(
        |_| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".pyenv"),
        PathBuf::from,
    );
    let mut programs: Vec<PathBuf> = std::fs::read_dir(home.join("versions"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/python3"))
        .collect();
    programs.sort();
    programs.insert(0, PathBuf::from("/usr/bin/python3"));
    programs
        .iter()
        .filter_map(|program| python(program))
        .collect()
}

fn python(program: &Path) -> Option<Python> {
    let asked = Command::new(program)
        .args([
            "-c",
            "import os, sys; print(sys.version_info[1], os.path.realpath(sys.executable))",
        ])
        .output()
        .ok()?;
    let answer = String::from_utf8_lossy(&asked.stdout).into_owned();
    let (minor, program) = answer.trim().split_once(' ')?;
    let minor: u8 = minor.parse().ok()?;
    (8..=13).contains(&minor).then(|| Python {
        name: format!("3.{minor} {program}"),
        program: PathBuf::from(program),
    })
}

/// The program that the tests record.
pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/targets/interpreted.py")
}

/// Records a run of the program from its start to its end.
pub(crate) fn record(python: &Python, flags: &[&str], words: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = folder.path().join("said");
    let output = folder.path().join("a.scrutineer");
    let script = script();
    // The recorder passes output through, so a shell writes it down.
    let command = [
        "sh",
        "-c",
        "exec \"$@\" >\"$0\"",
        &said.to_string_lossy(),
        &python.program.to_string_lossy(),
    ]
    .into_iter()
    .chain(flags.iter().copied())
    .chain([&*script.to_string_lossy()])
    .chain(words.iter().copied())
    .map(Into::into)
    .collect();
    let target = Target::Launch {
        command,
        folder: None,
    };
    let options = RecordOptions {
        stack_dump_bytes: Some(32 << 10),
        ..RecordOptions::new(output.clone())
    };
    let recording = Recording::start(&target, options).expect("the recording starts");
    let summary = recording.join().expect("the recording is saved");
    let text = std::fs::read_to_string(said).expect("the program says what it did");
    Run {
        profile: named::profile(&output),
        warnings: summary.warnings,
        truth: shares(&text),
    }
}

fn shares(text: &str) -> BTreeMap<String, f64> {
    let spent: BTreeMap<&str, f64> = text
        .lines()
        .filter_map(|line| {
            let (name, nanoseconds) = line.split_once(' ')?;
            Some((name, nanoseconds.parse().ok()?))
        })
        .collect();
    let all: f64 = spent.values().sum();
    let share = |(name, spent): (&&str, &f64)| ((*name).to_owned(), spent / all);
    spent.iter().map(share).collect()
}

impl Run {
    /// Names on a stack, innermost first.
    fn names(&self, stack: u32) -> Vec<&str> {
        let profile = &self.profile;
        let first = (stack != NONE).then_some(stack);
        std::iter::successors(first, |node| {
            Some(profile.stacks.parent[*node as usize]).filter(|parent| *parent != NONE)
        })
        .flat_map(|node| profile.logical_of(profile.stacks.frame[node as usize]))
        .map(|frame| profile.functions[frame.function as usize].name.as_str())
        .collect()
    }

    /// Share of the interpreter's calls that the recording warns of as read too late; 0 where it
    /// does not.
    pub(crate) fn doubt(&self) -> f64 {
        let warning = self.warnings.iter();
        let mut warning = warning.filter(|text| text.contains("had gone on before"));
        let Some(text) = warning.next() else {
            return 0.0;
        };
        let numbers: Vec<f64> = text
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        numbers[0] / numbers[1]
    }

    /// Samples with the timed functions' work in them: all but starting and ending.
    fn work(&self) -> Vec<Vec<&str>> {
        let timed = self.profile.samples.stack.iter();
        timed
            .map(|stack| self.names(*stack))
            .filter(|names| names.contains(&"interpreted.timed"))
            .collect()
    }

    /// Share of the work that has a function on its stack.
    pub(crate) fn total_share(&self, function: &str) -> f64 {
        let work = self.work();
        let hits = work.iter().filter(|names| names.contains(&function));
        hits.count() as f64 / work.len().max(1) as f64
    }
}

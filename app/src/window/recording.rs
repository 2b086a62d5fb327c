//! A recording that the window watches while it grows.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use scrutineer_profiler::{
    capture::{
        model::CallGraph,
        recorder::{RecordOptions, Recording},
        target::{self, Target},
    },
    process,
    progress::Progress,
};
use scrutineer_ui::{
    event::Event,
    record_choice::{RecordChoice, RecordSubject},
};

use super::{live::LiveProfile, session::Session, teller::Teller};
use crate::{
    captures::{self, Settings},
    jobs::JobContext,
};

/// How often the elapsed time is told.
const STATUS_EVERY: Duration = Duration::from_millis(200);

/// What to record.
#[derive(Debug)]
pub(super) struct RecordingOrder {
    /// Target.
    pub(super) target: Target,
    /// How.
    pub(super) choice: RecordChoice,
    /// Raised to stop earlier.
    pub(super) stop: Arc<AtomicBool>,
}

/// A job's progress that a stop button ends as well.
struct Stoppable<'a> {
    job: &'a JobContext,
    stop: &'a AtomicBool,
}

impl Progress for Stoppable<'_> {
    fn step(&self, text: &str, done: Option<f32>) {
        self.job.step(text, done);
    }

    fn is_cancelled(&self) -> bool {
        self.job.is_cancelled() || self.stop.load(Ordering::Relaxed)
    }
}

/// Records, shows the profile as it grows, and returns the finished capture's path.
pub(super) fn run(
    session: &Session,
    order: &RecordingOrder,
    job: &JobContext,
    teller: &Teller,
) -> Result<PathBuf> {
    let mut settings = Settings::new(session.capture_place()?);
    set(&mut settings.options, order.choice);
    settings.options.commit = session.commit();
    let progress = Stoppable {
        job,
        stop: &order.stop,
    };
    let mut live = None;
    let mut next_status = Instant::now();
    let watch = |recording: &Recording, path: &Path| {
        if Instant::now() >= next_status {
            next_status = Instant::now() + STATUS_EVERY;
            let status = recording.status();
            teller.tell(Event::Recording {
                pid: recording.pid(),
                elapsed: status.elapsed,
                quality: status.quality,
            });
        }
        // The live picture is a convenience: without it the recording goes on, and the finished
        // capture tells what is wrong with the file.
        if live.is_none() {
            live = LiveProfile::open(path, recording.pid()).ok();
        }
        if let Some(Ok(Some(picture))) = live.as_mut().map(LiveProfile::poll) {
            teller.tell(Event::Live(picture));
        }
    };
    let recorded = captures::record_watched(&order.target, &settings, &progress, watch);
    let warnings = recorded
        .as_ref()
        .map(|summary| summary.warnings.clone())
        .unwrap_or_default();
    teller.tell(Event::RecordingEnded { warnings });
    Ok(recorded?.path)
}

fn set(options: &mut RecordOptions, choice: RecordChoice) {
    options.frequency_hz = choice.frequency_hz;
    options.duration = choice.seconds.map(Duration::from_secs);
    options.follows_children = choice.follows_children;
    options.off_cpu = choice.off_cpu;
    options.page_faults = choice.page_faults;
    options.call_graph = if choice.frame_pointers {
        CallGraph::FramePointers
    } else {
        CallGraph::Dwarf
    };
}

/// What is recorded where a process was chosen.
pub(super) fn target_of(pid: u32, subject: RecordSubject) -> Result<Target> {
    Ok(match subject {
        RecordSubject::Process => Target::Pid(pid),
        RecordSubject::Tree => Target::Tree(pid),
        RecordSubject::SameName => Target::AllNamed(process::stat(pid)?.name),
        RecordSubject::ControlGroup => match target::group_of(pid) {
            Some(group) => Target::Cgroup(group),
            None => bail!(
                "process {pid} belongs to no control group of its own, so there is no group to \
                 record; record the process, or the whole machine"
            ),
        },
        RecordSubject::Machine => Target::System,
    })
}

/// Splits a command line like a POSIX shell does, without expansions.
pub(super) fn split_command(line: &str) -> Result<Vec<OsString>> {
    let Some(words) = shlex::split(line) else {
        bail!("the command has a quote that is never closed; close it, or escape it with \\");
    };
    if words.is_empty() {
        bail!("there is no command to launch; write one, for instance `python3 report.py`");
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words_stay_together() {
        let words = split_command("python3 -c 'print(1 + 1)' \"two words\"").unwrap();
        assert_eq!(words, ["python3", "-c", "print(1 + 1)", "two words"]);
    }

    #[test]
    fn an_open_quote_is_told() {
        assert!(
            split_command("echo 'open")
                .unwrap_err()
                .to_string()
                .contains("never closed")
        );
    }

    #[test]
    fn no_command_is_told() {
        assert!(
            split_command("  ")
                .unwrap_err()
                .to_string()
                .contains("no command")
        );
    }
}

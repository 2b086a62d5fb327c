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
    capture::{recorder::Recording, target::Target},
    progress::Progress,
};
use scrutineer_ui::event::Event;

use super::{live::LiveProfile, session::Session, worker::Teller};
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
    /// Hertz.
    pub(super) frequency_hz: u32,
    /// When to stop by itself.
    pub(super) duration: Option<Duration>,
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
    settings.options.frequency_hz = order.frequency_hz;
    settings.options.duration = order.duration;
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

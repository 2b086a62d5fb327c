//! The lists of the start screen: processes and recent captures.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use scrutineer_profiler::{
    capture::file::{self, CAPTURE_EXTENSION},
    probes::list::ProcessLister,
};
use scrutineer_ui::event::{Event, RecentCapture};

use super::teller::Teller;
use crate::capture_note;

/// How often the list of processes is read again.
const PROCESSES_EVERY: Duration = Duration::from_secs(1);

/// How often the watching thread looks whether it should end.
const POLL: Duration = Duration::from_millis(50);

/// Captures that are listed at most, newest first.
const MOST_CAPTURES: usize = 500;

/// Tells the list of processes every second until `watch` is lowered.
pub(super) fn watch_processes(watch: &AtomicBool, teller: &Teller) {
    let mut lister = ProcessLister::new();
    let mut next = Instant::now();
    while watch.load(Ordering::Relaxed) {
        if Instant::now() >= next {
            next = Instant::now() + PROCESSES_EVERY;
            teller.tell(Event::Processes(lister.refresh()));
        }
        std::thread::sleep(POLL);
    }
}

/// The captures in `folder`, newest first. What cannot be read as a capture is left out: it is
/// told when somebody opens it.
pub(super) fn captures(folder: &Path) -> Vec<RecentCapture> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut captures: Vec<RecentCapture> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == CAPTURE_EXTENSION))
        .filter_map(|path| recent(&path))
        .collect();
    captures.sort_by(|a, b| {
        b.started_at
            .cmp(&a.started_at)
            .then_with(|| a.path.cmp(&b.path))
    });
    captures.truncate(MOST_CAPTURES);
    captures
}

fn recent(path: &Path) -> Option<RecentCapture> {
    let summary = file::summarise(path).ok()?;
    // A note that cannot be read is told when somebody changes it.
    let note = capture_note::load(path).unwrap_or_default();
    Some(RecentCapture {
        path: path.to_owned(),
        target: summary.header.name,
        started_at: summary.header.started_at,
        duration: summary.duration_ns.map(Duration::from_nanos),
        samples: summary.samples,
        commit: summary.header.commit,
        note: note.note,
        pinned: note.pinned,
    })
}

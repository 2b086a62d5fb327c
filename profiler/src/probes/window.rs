//! The window: reads counters of the target at its start, during it and at its end.

use std::{
    thread,
    time::{Duration, Instant},
};

use scrutineer_evidence::{Evidence, Gathered, Kind};

use super::{
    GatherPlan, cgroup::CgroupWatch, residency::ResidencyWatch, sockets::SocketWatch,
    tasks::TaskWatch,
};
use crate::{process, progress::Progress};

/// How long the loop sleeps at most: cancelling is polled more often than ten times a second.
const STEP: Duration = Duration::from_millis(50);

/// Reads something of the target again and again over the window.
pub(super) trait Watch: Sized {
    /// What comes out of it.
    type Facts;

    /// First reading; the window begins after it.
    fn start(pid: u32) -> Gathered<Self>;

    /// Time between two readings; asked again after each, so that a costly one can back off.
    fn interval(&self) -> Duration;

    /// One more reading. A target that has ended leaves what was read before.
    fn read(&mut self, elapsed: Duration);

    /// Facts over the window, after the last reading.
    fn finish(self, window: Duration) -> Gathered<Self::Facts>;
}

struct Watched<W> {
    watch: Gathered<W>,
    due: Duration,
}

impl<W: Watch> Watched<W> {
    fn start(pid: u32) -> Self {
        let watch = W::start(pid);
        let due = watch.as_ref().map_or(Duration::MAX, Watch::interval);
        Self { watch, due }
    }

    fn read_when_due(&mut self, elapsed: Duration) {
        if elapsed >= self.due
            && let Ok(watch) = &mut self.watch
        {
            watch.read(elapsed);
            self.due = (self.due + watch.interval()).max(elapsed + STEP);
        }
    }

    fn finish(self, window: Duration) -> Gathered<W::Facts> {
        let mut watch = self.watch?;
        watch.read(window);
        watch.finish(window)
    }
}

/// Watches what the plan asks for, and fills it into the evidence. The window passes where
/// something is watched, or where others read over it.
pub(super) fn gather(
    pid: u32,
    plan: &GatherPlan,
    others_read: bool,
    progress: &dyn Progress,
    evidence: &mut Evidence,
) {
    let start = |kind| plan.kinds.contains(&kind);
    let mut residency = start(Kind::Residency).then(|| Watched::<ResidencyWatch>::start(pid));
    let mut tasks = start(Kind::Tasks).then(|| Watched::<TaskWatch>::start(pid));
    let mut cgroup = start(Kind::Cgroup).then(|| Watched::<CgroupWatch>::start(pid));
    let mut sockets = start(Kind::Sockets).then(|| Watched::<SocketWatch>::start(pid));
    let watches = residency.is_some() || tasks.is_some() || cgroup.is_some() || sockets.is_some();
    if !watches && !others_read {
        return;
    }
    let window = pass(Some(pid), plan.window, progress, |elapsed| {
        read_when_due(&mut residency, elapsed);
        read_when_due(&mut tasks, elapsed);
        read_when_due(&mut cgroup, elapsed);
        read_when_due(&mut sockets, elapsed);
    });
    if let Some(watched) = residency {
        evidence.residency = watched.finish(window);
    }
    if let Some(watched) = tasks {
        evidence.tasks = watched.finish(window);
    }
    if let Some(watched) = cgroup {
        evidence.cgroup = watched.finish(window);
    }
    if let Some(watched) = sockets {
        evidence.sockets = watched.finish(window);
    }
}

fn read_when_due<W: Watch>(watched: &mut Option<Watched<W>>, elapsed: Duration) {
    if let Some(watched) = watched {
        watched.read_when_due(elapsed);
    }
}

/// Lets the window pass for others that read over it.
pub(super) fn pass_without_process(window: Duration, progress: &dyn Progress) {
    pass(None, window, progress, |_| {});
}

/// Lets the window pass; it ends early when cancelled or when the target ends.
fn pass(
    pid: Option<u32>,
    window: Duration,
    progress: &dyn Progress,
    mut read: impl FnMut(Duration),
) -> Duration {
    let begin = Instant::now();
    let identity = pid.and_then(identity_of);
    let mut told = None;
    loop {
        let elapsed = begin.elapsed();
        if elapsed >= window || progress.is_cancelled() || pid.and_then(identity_of) != identity {
            return elapsed;
        }
        if told != Some(elapsed.as_secs()) {
            told = Some(elapsed.as_secs());
            tell(progress, elapsed, window);
        }
        read(elapsed);
        thread::sleep(STEP.min(window.saturating_sub(begin.elapsed())));
    }
}

fn tell(progress: &dyn Progress, elapsed: Duration, window: Duration) {
    let text = format!(
        "Reading counters, {} of {} s",
        elapsed.as_secs(),
        window.as_secs_f64().ceil()
    );
    progress.step(
        &text,
        Some(elapsed.as_secs_f32() / window.as_secs_f32().max(f32::EPSILON)),
    );
}

/// Tells a process from a later one of the same pid; `None` once it has ended.
fn identity_of(pid: u32) -> Option<u64> {
    process::stat(pid)
        .ok()
        .filter(|stat| !matches!(stat.state, 'Z' | 'X' | 'x'))
        .map(|stat| stat.started_ticks)
}

//! What threads waited for over the window, told from their stacks.

use serde::{Deserialize, Serialize};

/// How waits were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsSeen {
    /// Every switch between threads was recorded.
    Switches,
    /// Threads were looked at often; short waits were missed.
    Polled,
}

/// A function in which threads waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitSite {
    /// The innermost function that is no part of a lock's or a runtime's own code.
    pub function: String,
    /// Time waited there, over all threads, seconds.
    pub waited_s: f64,
    /// How many waits that were.
    pub waits: u64,
}

/// A thread that serves an event loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLoop {
    /// Name of the thread.
    pub thread: String,
    /// Time in which it waited for anything but events: locks, files, sleeps, blocking calls of
    /// the network; seconds.
    pub blocked_s: f64,
    /// The function in which it was blocked longest; empty where it never was.
    pub worst: String,
}

/// What threads waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFacts {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// How waits were seen.
    pub seen: WaitsSeen,
    /// CPU time of the samples taken, over all threads, seconds.
    pub on_cpu_s: f64,
    /// Time ready to run, waiting for a CPU, seconds.
    pub run_queue_s: f64,
    /// Time waiting for locks that another thread held, seconds.
    pub lock_s: f64,
    /// Time waiting for other threads by condition variables, channels and joins, seconds: work
    /// that is done elsewhere, or none that is there.
    pub handover_s: f64,
    /// Time in which pools and schedulers were parked for want of work, seconds.
    pub parked_s: f64,
    /// Time waiting for files, storage and pages, seconds.
    pub disk_s: f64,
    /// Share of the time waited of which neither stack nor system call tells for what; 0..1.
    pub unclassed_share: f64,
    /// Where threads waited for locks longest, at most five, longest first.
    pub lock_sites: Vec<WaitSite>,
    /// Threads that serve event loops, the most blocked first, at most sixteen.
    pub event_loops: Vec<EventLoop>,
}

impl WaitFacts {
    /// Time in which threads held work: ran, were ready to, or waited for a lock or for storage;
    /// seconds.
    pub fn busy_s(&self) -> f64 {
        self.on_cpu_s + self.run_queue_s + self.lock_s + self.disk_s
    }
}

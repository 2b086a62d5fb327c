//! Threads of the target over the window, from `/proc/PID/task`.

use serde::{Deserialize, Serialize};

/// One thread that was seen in the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Thread id.
    pub tid: u32,
    /// `comm` of the thread.
    pub name: String,
    /// State letter of `/proc/PID/task/TID/stat` at its last reading.
    pub state: char,
    /// Time on a CPU in the window (`schedstat` field 1), nanoseconds.
    pub run_ns: u64,
    /// Time on the run queue in the window (`schedstat` field 2), nanoseconds.
    pub wait_ns: u64,
    /// Voluntary context switches in the window.
    pub voluntary_switches: u64,
    /// Involuntary context switches in the window.
    pub involuntary_switches: u64,
}

/// Threads over the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskFacts {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// Every thread seen, sorted by thread id.
    pub tasks: Vec<Task>,
    /// Number of threads at each reading, evenly spaced over the window.
    pub counts: Vec<u32>,
    /// Kernel and user CPU time of the process in the window (`utime + stime`), nanoseconds.
    pub cpu_ns: u64,
    /// Share of `cpu_ns` that was kernel time.
    pub kernel_share: f64,
}

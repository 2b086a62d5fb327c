//! Waits of threads and page faults: the columns beside the samples of CPU time.

use serde::{Deserialize, Serialize};

/// What a thread waited for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum WaitClass {
    /// Neither the stack nor the system call tells.
    #[default]
    Unknown = 0,
    /// A lock or condition variable held or signalled by another thread (futex).
    Lock = 1,
    /// Block devices and file systems.
    Disk = 2,
    /// Sockets, and event loops that wait for them.
    Network = 3,
    /// A sleep that the program asked for.
    Sleep = 4,
    /// Memory that had to be fetched first.
    PageFault = 5,
    /// Ready to run, waiting for a CPU: it was preempted.
    RunQueue = 6,
    /// Pipes, local sockets, message queues and other processes' ends.
    Ipc = 7,
    /// Stopped by a signal or a debugger.
    Stopped = 8,
}

impl WaitClass {
    /// Every class, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Lock,
        Self::Disk,
        Self::Network,
        Self::Sleep,
        Self::PageFault,
        Self::RunQueue,
        Self::Ipc,
        Self::Stopped,
    ];

    /// The class of a number in [`Waits::class`]; unknown numbers are [`WaitClass::Unknown`].
    pub fn from_number(number: u8) -> Self {
        Self::ALL
            .get(usize::from(number))
            .copied()
            .unwrap_or_default()
    }

    /// The name that the command line takes and that documents bear: `lock`, `run-queue` …
    pub const fn id(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Lock => "lock",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Sleep => "sleep",
            Self::PageFault => "page-fault",
            Self::RunQueue => "run-queue",
            Self::Ipc => "ipc",
            Self::Stopped => "stopped",
        }
    }

    /// The words of legends and reports.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unclassed wait",
            Self::Lock => "lock",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Sleep => "sleep",
            Self::PageFault => "page fault",
            Self::RunQueue => "run queue",
            Self::Ipc => "IPC",
            Self::Stopped => "stopped",
        }
    }
}

/// Waits, one column a property. A row is one wait, or several alike ones that were too short to
/// be kept apart: then `start_ns` is the first one's and the durations are sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// When the thread left its CPU.
    pub start_ns: Vec<u64>,
    /// Until it ran again, the time on the run queue included.
    pub duration_ns: Vec<u64>,
    /// Part of the duration, at its end, in which the thread was ready and waited for a CPU;
    /// 0 where that is not known.
    pub run_queue_ns: Vec<u64>,
    /// How many waits the row stands for; at least 1.
    pub count: Vec<u32>,
    /// Thread id in the table of threads.
    pub thread: Vec<u32>,
    /// Stack node of the innermost frame, or [`NONE`](super::NONE).
    pub stack: Vec<u32>,
    /// [`WaitClass`] as a number.
    pub class: Vec<u8>,
    /// Thread (in the table of threads) that ended the wait, or [`NONE`](super::NONE).
    pub waker: Vec<u32>,
}

/// Where waits come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitSource {
    /// The kernel's context-switch event: every wait, with its stack.
    ContextSwitches,
    /// Threads looked at in `/proc` again and again: waits shorter than the interval are missed
    /// or counted by chance.
    Polling,
}

/// Page faults, one column a property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFaults {
    /// When.
    pub time_ns: Vec<u64>,
    /// Thread id in the table of threads.
    pub thread: Vec<u32>,
    /// Stack node of the innermost frame, or [`NONE`](super::NONE).
    pub stack: Vec<u32>,
    /// How many faults the row stands for.
    pub weight: Vec<u64>,
}

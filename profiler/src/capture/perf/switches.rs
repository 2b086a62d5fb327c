//! What the rings tell of threads that leave their CPU, come back and wake each other up.

use linux_perf_event_reader::{RawData, SampleRecord};

use crate::capture::{tables::Tables, unwind::Registers};

/// Where the woken thread's id stands in the data of `sched:sched_waking`: behind the common
/// fields (8 bytes) and its name (16 bytes), as the tracepoint's `format` file says.
const WOKEN_TID_OFFSET: usize = 24;

/// One thing that happened to a thread's place on a CPU. Times are `CLOCK_MONOTONIC` nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchEvent {
    /// When.
    pub at_ns: u64,
    /// Process.
    pub pid: u32,
    /// Thread.
    pub tid: u32,
    /// What.
    pub what: Switch,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// The thread is about to leave its CPU; comes just before [`Switch::Out`].
    Leaving {
        /// Its stack node, kernel frames included, or [`NONE`](crate::capture::model::NONE).
        stack: u32,
        /// User registers at its last entry into the kernel, where they were copied.
        registers: Option<Registers>,
    },
    /// It has left its CPU.
    Out {
        /// Whether it was still ready to run.
        preempted: bool,
    },
    /// It runs again.
    In,
    /// It made another thread ready to run.
    Wakes {
        /// The other thread.
        woken_tid: u32,
    },
}

/// Makes waits of what happened to threads.
pub trait SwitchTaker: std::fmt::Debug {
    /// Takes what happened since the last call, in order of time (over all CPUs within a call;
    /// between calls up to a few microseconds may be out of order). The list may be drained.
    fn take(&mut self, events: &mut Vec<SwitchEvent>, tables: &mut Tables);

    /// The capture ends at `at_ns`: waits that last still are handed to the tables.
    fn finish(&mut self, at_ns: u64, tables: &mut Tables);
}

/// The thread that a wake-up tells of; `None` where the record is too short.
pub(super) fn woken_tid(sample: &SampleRecord<'_>) -> Option<u32> {
    let RawData::Single(bytes) = sample.raw? else {
        return None;
    };
    let field = bytes.get(WOKEN_TID_OFFSET..WOKEN_TID_OFFSET + 4)?;
    u32::try_from(i32::from_ne_bytes(field.try_into().ok()?)).ok()
}

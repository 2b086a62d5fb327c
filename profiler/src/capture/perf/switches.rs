//! What the rings tell of threads that leave their CPU, come back and wake each other up.

use std::time::Duration;

use crate::capture::{tables::Tables, unwind::Registers};

/// Where the woken thread's id stands in the data of `sched:sched_waking`: behind the common
/// fields (8 bytes) and its name (16 bytes), as the tracepoint's `format` file says.
const WOKEN_TID_OFFSET: usize = 24;
/// Where the flags among the common fields stand, and those that say that an interrupt was served:
/// whatever ran at that moment had nothing to do with it.
const FLAGS_OFFSET: usize = 2;
const FLAGS_OF_INTERRUPTS: u8 = 0x08 | 0x10;

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
        /// Whether it was rather an interrupt (a timer, a device) while the thread ran.
        by_interrupt: bool,
    },
}

/// Makes waits of what happened to threads.
pub trait SwitchTaker: std::fmt::Debug {
    /// Takes what happened since the last call, in order of time (over all CPUs within a call;
    /// between calls up to a few microseconds may be out of order). The list may be drained.
    fn take(&mut self, events: &mut Vec<SwitchEvent>, tables: &mut Tables);

    /// The capture ends at `at_ns`: waits that last still are handed to the tables.
    fn finish(&mut self, at_ns: u64, tables: &mut Tables);

    /// Whether recording switches costs the target too much, so that their events are to be closed;
    /// the taker goes on by other means.
    fn has_had_enough(&self) -> bool {
        false
    }

    /// Time until it wants to be called again even if nothing happens.
    fn due_in(&self) -> Option<Duration> {
        None
    }

    /// Sentences that the user should read.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The wake-up that a record tells of; `None` where it is too short.
pub(super) fn wake_up(bytes: &[u8]) -> Option<Switch> {
    let field = bytes.get(WOKEN_TID_OFFSET..WOKEN_TID_OFFSET + 4)?;
    let woken_tid = i32::from_ne_bytes(field.try_into().ok()?);
    Some(Switch::Wakes {
        woken_tid: u32::try_from(woken_tid).ok()?,
        by_interrupt: bytes[FLAGS_OFFSET] & FLAGS_OF_INTERRUPTS != 0,
    })
}

//! What every sampler does: wait, then hand what was sampled to the tables.

use std::{os::fd::OwnedFd, time::Duration};

use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::capture::{
    CaptureError,
    model::{CallGraph, WaitSource},
    tables::Tables,
};

/// How far a sampler's samples can be trusted; counted since its start. Samples and truncated
/// stacks are counted by the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SamplerCounters {
    /// Samples that the kernel or a ring lost.
    pub lost: u64,
    /// Context switches and page faults that a ring lost.
    pub other_lost: u64,
    /// Times that the kernel slowed sampling down.
    pub throttled: u64,
    /// Time that the target stood still for samples, nanoseconds.
    pub paused_ns: u64,
}

/// Takes samples of one subject. Made, used and dropped on the recorder's thread, because ptrace
/// belongs to a thread.
pub trait Sampler {
    /// Waits until there is something to drain, the target has ended, or `at_most` has passed;
    /// a sampler that must act itself to take samples does so meanwhile.
    fn wait(&mut self, at_most: Duration, tables: &mut Tables) -> Result<(), CaptureError>;

    /// From now on waiting ends early too when this descriptor becomes readable; samplers that
    /// never wait long need not heed it.
    fn wake_by(&mut self, _descriptor: OwnedFd) {}

    /// Hands everything sampled so far to the tables. After the target's end a last call still
    /// hands over what was sampled before.
    fn drain(&mut self, tables: &mut Tables) -> Result<(), CaptureError>;

    /// The capture ends at `at_ns` (`CLOCK_MONOTONIC`), after the last drain: what lasts still is
    /// handed to the tables as far as it lasted.
    fn finish(&mut self, _at_ns: u64, _tables: &mut Tables) {}

    /// Counters since the start.
    fn counters(&self) -> SamplerCounters;

    /// How it samples.
    fn kind(&self) -> SamplerKind;

    /// Frequency that it really samples at, hertz.
    fn frequency_hz(&self) -> u32;

    /// Whether kernel frames are permitted and recorded.
    fn kernel_frames(&self) -> bool;

    /// Bytes of user stack copied with each sample now; 0 where none is copied.
    fn stack_dump_bytes(&self) -> u32;

    /// How stacks are followed.
    fn call_graph(&self) -> CallGraph {
        CallGraph::Dwarf
    }

    /// Where waits come from; `None` where they are not recorded.
    fn wait_source(&self) -> Option<WaitSource> {
        None
    }

    /// Whether page faults are recorded.
    fn page_faults(&self) -> bool {
        false
    }

    /// Whether the privileged helper opened what it samples with.
    fn by_helper(&self) -> bool {
        false
    }

    /// Sentences that the user should read: what was limited, and the command that would enable
    /// more.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The target's exit code, or 128 + signal, where the sampler itself reaped it.
    fn target_status(&self) -> Option<i32> {
        None
    }
}

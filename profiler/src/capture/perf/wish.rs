//! What is asked of the kernel: events by their role, before they become attributes.

use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::capture::model::CallGraph;

/// What an event is for. Each role has rings of its own, so that a flood of one kind of records
/// cannot lose another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventRole {
    /// Samples of CPU time, and everything that happens to processes: mappings, names, births,
    /// ends.
    Cpu,
    /// Threads that leave their CPU, with their stacks, and switch records.
    Switches,
    /// Page faults with their stacks.
    PageFaults,
    /// Wake-ups: which thread made which one ready to run.
    Wakeups {
        /// The number of the tracepoint `sched:sched_waking` on this machine.
        tracepoint: u64,
    },
}

/// An event that is wished for, the same for every thread and CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventWish {
    /// What it is for.
    pub role: EventRole,
    /// What drives samples of CPU time: [`SamplerKind::PerfCycles`] or
    /// [`SamplerKind::PerfCpuClock`].
    pub clock: SamplerKind,
    /// Whether kernel code is sampled and kernel frames are recorded.
    pub kernel: bool,
    /// Samples a second of CPU time; for page faults as many records as the rings have room for.
    pub frequency_hz: u32,
    /// How stacks are followed.
    pub call_graph: CallGraph,
    /// Bytes of user stack copied with each sample; not with frame pointers.
    pub stack_dump_bytes: u32,
    /// Whether processes born of the thread are followed; its threads always are.
    pub follows_children: bool,
    /// Whether recording begins with the next exec rather than at once.
    pub from_exec: bool,
    /// Whether the event waits until it is enabled.
    pub held_back: bool,
    /// Whether each sample wakes whoever waits for the ring, rather than a part of the ring full
    /// of them: what an interpreter keeps on the heap must be read soon.
    pub wakes_each: bool,
}

//! What a capture is made of: the chunks of the capture file, in memory.
//!
//! Tables grow by appending: the id of a module, frame, stack node or thread is its position over
//! all chunks of its kind. All times are `CLOCK_MONOTONIC` nanoseconds since the capture's start.

use scrutineer_evidence::{
    capture::{Quality, Sampler},
    process::Runtime,
    residency::ResidencySample,
    system::MachineKey,
};
use serde::{Deserialize, Serialize};

mod readings;
mod waits;

pub use readings::{Event, EventKind, ProcessEntry, Readings, Series, SeriesKind};
pub use waits::{PageFaults, WaitClass, WaitSource, Waits};

/// Stands for "no parent" in [`StackNodes::parent`] and for "no stack" in [`Samples::stack`].
pub const NONE: u32 = u32::MAX;

/// What a capture is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// One process or several, by their pids.
    #[default]
    Processes,
    /// A process with all its descendants at the start.
    Tree,
    /// The processes of a control group.
    Cgroup {
        /// Path below the hierarchy's mount point.
        path: String,
    },
    /// Every process of the machine.
    System,
}

/// How stacks are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallGraph {
    /// A copy of the stack, followed by call frame information, and frame pointers where there is
    /// none.
    #[default]
    Dwarf,
    /// The kernel follows frame pointers: cheap, and right only where all code keeps them.
    FramePointers,
}

/// First chunk of a file: what was captured, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureHeader {
    /// Version of the product that wrote the file.
    pub product_version: String,
    /// Wall-clock time of the capture's start.
    pub started_at: jiff::Timestamp,
    /// Process id of the target.
    pub pid: u32,
    /// `comm` of the target.
    pub name: String,
    /// Command line, with secrets redacted.
    pub command_line: String,
    /// Path of the executable, as the target sees it; empty where it may not be read.
    pub executable: String,
    /// Recognised runtime.
    pub runtime: Runtime,
    /// Whether the target was launched by us.
    pub launched: bool,
    /// Sampling frequency, hertz.
    pub frequency_hz: u32,
    /// How it is sampled.
    pub sampler: Sampler,
    /// Whether kernel frames are permitted and recorded.
    pub kernel_frames: bool,
    /// Bytes of user stack copied with each sample; 0 with ptrace.
    pub stack_dump_bytes: u32,
    /// The machine.
    pub machine: MachineKey,
    /// Commit of the workspace's repository, where known.
    pub commit: Option<String>,
    /// What the capture is of; `pid` is the first process of it, 0 for the whole machine.
    pub subject: Subject,
    /// Whether processes born meanwhile are followed.
    pub follows_children: bool,
    /// How stacks are followed.
    pub call_graph: CallGraph,
    /// Where waits come from; `None` where they are not captured.
    pub wait_source: Option<WaitSource>,
    /// Whether page faults are captured with their stacks.
    pub page_faults: bool,
    /// Whether the privileged helper opened the events.
    pub by_helper: bool,
}

/// What kind of code a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModuleKind {
    /// An ELF file.
    File,
    /// The vDSO.
    Vdso,
    /// The kernel and its modules.
    Kernel,
    /// Anonymous executable memory: code made at run time.
    Jit,
    /// Functions of an interpreted program. Their addresses are numbers that the recorder gave
    /// out, and their names stand in the capture from the start.
    Interpreted,
}

/// Code that was mapped into the target.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Module {
    /// What kind of code it is.
    pub kind: ModuleKind,
    /// Path as the target sees it; `[vdso]`, `[kernel]`, `[jit]`, `[python 3.11]` for the
    /// others.
    pub path: String,
    /// Build id, empty where the file has none.
    pub build_id: Vec<u8>,
    /// Whether the file had been deleted or replaced when it was mapped.
    pub deleted: bool,
}

/// An address in a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// Module id, or [`NONE`] where the address lies in no known mapping.
    pub module: u32,
    /// For [`ModuleKind::File`] and [`ModuleKind::Vdso`]: virtual address as the ELF file states
    /// it (what symbol tables use). For the others: the absolute address. For a caller's frame it
    /// lies within the call instruction (return address − 1), ready to be looked up.
    pub address: u64,
}

/// Stack-trie nodes: a stack is a node, and its callers are its ancestors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackNodes {
    /// Node of the caller, or [`NONE`] for a root. Always smaller than the node's own id.
    pub parent: Vec<u32>,
    /// Frame id.
    pub frame: Vec<u32>,
}

/// A thread of the target or of one of its children.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Process id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// `comm`; a later entry with the same ids renames the thread.
    pub name: String,
}

/// Samples, one column a property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// When.
    pub time_ns: Vec<u64>,
    /// Thread id in the table of threads (not the system's tid).
    pub thread: Vec<u32>,
    /// Stack node of the innermost frame, or [`NONE`] where no stack was had.
    pub stack: Vec<u32>,
    /// Flags: [`SAMPLE_TRUNCATED`].
    pub flags: Vec<u8>,
}

/// The stack of the sample did not reach a known root.
pub const SAMPLE_TRUNCATED: u8 = 1;

/// Process-wide counters at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// When.
    pub time_ns: u64,
    /// User CPU time since the process began, nanoseconds.
    pub user_ns: u64,
    /// Kernel CPU time since the process began, nanoseconds.
    pub kernel_ns: u64,
    /// Threads.
    pub threads: u32,
    /// Open descriptors; `None` where they may not be read.
    pub descriptors: Option<u32>,
}

/// One function at a frame; inlined callees come before the function that holds them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Symbol {
    /// Demangled name.
    pub name: String,
    /// Source file, empty where unknown.
    pub file: String,
    /// Line, 0 where unknown.
    pub line: u32,
    /// Whether the call was inlined into the next symbol.
    pub inlined: bool,
}

/// Names of a frame, innermost first. An empty list says that the frame was looked up in vain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameSymbols {
    /// Frame id.
    pub frame: u32,
    /// Innermost inlined function first, the function that the code belongs to last.
    pub symbols: Vec<Symbol>,
}

/// Why a capture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// The time asked for had passed.
    Duration,
    /// Somebody asked for the stop.
    Stopped,
    /// The target ended; the wait status where it was our child.
    TargetEnded {
        /// Exit code, or 128 + signal; `None` where it was not our child.
        status: Option<i32>,
    },
}

/// Last chunk before the symbols.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureEnd {
    /// Length of the capture.
    pub duration_ns: u64,
    /// Why it ended.
    pub reason: EndReason,
}

/// One chunk of the capture file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chunk {
    /// Always first.
    Header(CaptureHeader),
    /// More modules.
    Modules(Vec<Module>),
    /// More frames.
    Frames(Vec<Frame>),
    /// More stack nodes.
    Stacks(StackNodes),
    /// More threads, or new names for known ones.
    Threads(Vec<Thread>),
    /// More samples.
    Samples(Samples),
    /// More readings of resident memory.
    Residency(Vec<ResidencySample>),
    /// More readings of the process's counters.
    Activity(Vec<Activity>),
    /// Quality so far; the last one holds.
    Quality(Quality),
    /// The capture ended as it should.
    End(CaptureEnd),
    /// Names of frames.
    Symbols(Vec<FrameSymbols>),
    /// More waits.
    Waits(Waits),
    /// More page faults.
    PageFaults(PageFaults),
    /// More time series.
    Series(Vec<Series>),
    /// More values of time series.
    Readings(Readings),
    /// More processes, or new names and command lines for known ones.
    Processes(Vec<ProcessEntry>),
    /// More events.
    Events(Vec<Event>),
}

//! Readings alongside the samples: any number of time series in one table, processes and events.

use serde::{Deserialize, Serialize};

/// What a time series measures. New kinds are appended: the file stores their position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SeriesKind {
    /// Resident memory of a process (`VmRSS`).
    ResidentBytes,
    /// Proportional set size of a process.
    ProportionalBytes,
    /// Anonymous resident memory of a process (`RssAnon`).
    AnonymousBytes,
    /// Resident memory of mapped files (`RssFile`).
    FileBytes,
    /// Shared memory resident in a process (`RssShmem`).
    SharedBytes,
    /// Swapped-out memory of a process (`VmSwap`).
    SwapBytes,
    /// Minor page faults since the process began.
    MinorFaults,
    /// Major page faults since the process began.
    MajorFaults,
    /// CPU time of a thread since it began, nanoseconds (`schedstat`).
    ThreadCpuNs,
    /// Time of a thread on the run queue since it began, nanoseconds (`schedstat`).
    ThreadRunQueueNs,
    /// State of a thread: the letter of `/proc` as a number.
    ThreadState,
    /// Voluntary context switches of a thread.
    ThreadVoluntarySwitches,
    /// Involuntary context switches of a thread.
    ThreadInvoluntarySwitches,
    /// Bytes that a thread caused to be read from storage.
    ThreadDiskReadBytes,
    /// Bytes that a thread caused to be written to storage.
    ThreadDiskWriteBytes,
    /// Open descriptors of a kind (the subject: file, socket, pipe …).
    Descriptors,
    /// Sockets to a peer (the subject) that are established.
    SocketsEstablished,
    /// Connections to a peer seen for the first time since the start.
    SocketsOpened,
    /// Connections to a peer that have gone since the start.
    SocketsClosed,
    /// Smoothed round-trip time of the slowest connection to a peer, microseconds.
    SocketRttUs,
    /// Segments sent again to a peer, since the connections began.
    SocketRetransmits,
    /// Bytes sent to a peer and acknowledged.
    SocketSentBytes,
    /// Bytes received from a peer.
    SocketReceivedBytes,
    /// Bytes that a process read from storage.
    DiskReadBytes,
    /// Bytes that a process wrote to storage.
    DiskWriteBytes,
    /// Read system calls of a process.
    ReadCalls,
    /// Write system calls of a process.
    WriteCalls,
    /// Memory charged to a control group (the subject), bytes.
    CgroupMemoryBytes,
    /// Memory limit of a control group, bytes; absent where unlimited.
    CgroupMemoryLimitBytes,
    /// Times that a control group hit its limit.
    CgroupMemoryFailures,
    /// OOM kills in a control group.
    CgroupOomKills,
    /// CPU time of a control group, nanoseconds.
    CgroupCpuNs,
    /// Time that a control group was throttled, nanoseconds.
    CgroupThrottledNs,
    /// Periods in which a control group was throttled.
    CgroupThrottledPeriods,
    /// Stall time by pressure (the subject: `cpu some`, `memory full` …), microseconds.
    PressureStallUs,
    /// Most memory that was ever resident in a process (`VmHWM`).
    PeakResidentBytes,
    /// Anonymous memory of a process in huge pages (`AnonHugePages`).
    AnonymousHugeBytes,
    /// User CPU time of a process since it began, nanoseconds, in steps of a clock tick.
    ProcessUserNs,
    /// Kernel CPU time of a process since it began, nanoseconds, in steps of a clock tick.
    ProcessKernelNs,
    /// Threads of a process.
    ProcessThreads,
    /// Threads of all processes that are counted alone, because there are too many.
    ThreadsNotShown,
    /// Processes of the capture that are counted alone, because there are too many.
    ProcessesNotShown,
    /// Most descriptors that a process may open (the soft limit).
    DescriptorLimit,
    /// Sockets in a state (the subject: `CLOSE_WAIT`, `TIME_WAIT` …).
    SocketsInState,
    /// Connections that wait at a listener (the subject: its address) to be accepted.
    ListenQueue,
    /// Connections that may wait at a listener (the subject: its address) to be accepted.
    ListenBacklog,
    /// Bytes that a process got from read system calls, from storage or not.
    CallReadBytes,
    /// Bytes that a process handed to write system calls, to storage or not.
    CallWriteBytes,
    /// Most memory that was ever charged to a control group, bytes.
    CgroupMemoryPeakBytes,
    /// Page cache charged to a control group, bytes: the kernel takes most of it back when memory
    /// becomes scarce.
    CgroupMemoryFileBytes,
    /// CPU limit of a control group, thousandths of a CPU; absent where unlimited.
    CgroupCpuLimitMillicores,
    /// Periods of a control group's CPU limit, throttled or not.
    CgroupPeriods,
    /// Stall time of a control group, microseconds; the subject is its path, a space, and what
    /// `PressureStallUs` has (`/shop memory full`).
    CgroupPressureStallUs,
    /// CPU time that reading these series took since the start, nanoseconds.
    ReadingCpuNs,
}

/// A time series: what it measures and of what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Series {
    /// What it measures.
    pub kind: SeriesKind,
    /// Process that it belongs to; 0 for the machine and for control groups.
    pub pid: u32,
    /// Thread that it belongs to; 0 where it is the whole process.
    pub tid: u32,
    /// A peer's address, a control group's path, a kind of descriptor; empty where the kind says
    /// it all.
    pub subject: String,
}

/// Values of time series, one column a property. The rows of one series stand in order of time.
///
/// A value that stays is written once in ten seconds; before the next other value comes the time
/// at which the old one was seen last. So the line through the points is what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// When.
    pub time_ns: Vec<u64>,
    /// Position in the table of series.
    pub series: Vec<u32>,
    /// Value, in the unit of its kind.
    pub value: Vec<u64>,
}

/// A process of the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessEntry {
    /// Process id.
    pub pid: u32,
    /// Its parent's, 0 where unknown.
    pub parent_pid: u32,
    /// `comm`.
    pub name: String,
    /// Command line, with secrets redacted; empty where it could not be read.
    pub command_line: String,
}

/// What happened at a moment of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A process was born.
    ProcessStarted,
    /// A process executed another program.
    Exec,
    /// A process ended.
    ProcessEnded,
    /// The kernel killed a process because memory ran out.
    OomKill,
    /// The kernel slowed sampling down.
    SamplingThrottled,
    /// The size of the stack copies was changed, bytes in the text.
    StackCopyChanged,
    /// The target was stopped by a signal, or went on.
    StoppedOrContinued,
    /// Something could not be read alongside; what and why stand in the text.
    NotRead,
    /// From here on threads were polled for their waits, because they switched too often; how
    /// often, a second, stands in the text.
    WaitsPolled,
}

/// Something that happened at a moment of the capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time_ns: u64,
    /// What.
    pub kind: EventKind,
    /// Process that it happened to; 0 where it concerns the capture.
    pub pid: u32,
    /// What is shown with it; may be empty.
    pub text: String,
}

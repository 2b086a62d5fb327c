//! What each kind of series is called, measured in, and belongs to.

use crate::capture::model::SeriesKind as Kind;

/// What a series' values are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Thousandths of a CPU.
    Millicores,
    /// The letter of a thread's state (`R`, `S`, `D` …) as a number.
    State,
}

impl Unit {
    /// What a rate of it is called: `B/s`, `/s`; times become shares of the time.
    pub const fn rate_label(self) -> &'static str {
        match self {
            Self::Bytes => "B/s",
            Self::Count | Self::Millicores | Self::State => "/s",
            Self::Nanoseconds | Self::Microseconds => "of the time",
        }
    }
}

/// Whether values are a state or a count since some beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// The value at the time.
    Gauge,
    /// Counts up; what matters are differences and rates.
    Cumulative,
}

/// The part of a report, or the tab of a screen, that a series belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Memory of processes.
    Memory,
    /// Threads.
    Threads,
    /// Descriptors.
    Descriptors,
    /// Sockets.
    Sockets,
    /// Storage.
    Disk,
    /// Control groups.
    ControlGroups,
    /// Pressure stalls of the machine and of control groups.
    Pressure,
    /// Processes as a whole, and the cost of reading.
    Processes,
}

impl Topic {
    /// Every topic, in the order in which screens and reports show them.
    pub const ALL: [Self; 8] = [
        Self::Memory,
        Self::Threads,
        Self::Descriptors,
        Self::Sockets,
        Self::Disk,
        Self::ControlGroups,
        Self::Pressure,
        Self::Processes,
    ];

    /// The title of a tab or section.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Memory => "Memory",
            Self::Threads => "Threads",
            Self::Descriptors => "Descriptors",
            Self::Sockets => "Sockets",
            Self::Disk => "Disk",
            Self::ControlGroups => "Control groups",
            Self::Pressure => "Pressure",
            Self::Processes => "Processes",
        }
    }
}

impl Kind {
    /// What it measures, in words, without its subject.
    pub const fn label(self) -> &'static str {
        describe(self).0
    }

    /// Unit of its values.
    pub const fn unit(self) -> Unit {
        describe(self).1
    }

    /// Whether its values count up.
    pub const fn nature(self) -> Nature {
        describe(self).2
    }

    /// Where it belongs.
    pub const fn topic(self) -> Topic {
        describe(self).3
    }
}

const fn describe(kind: Kind) -> (&'static str, Unit, Nature, Topic) {
    use Nature::{Cumulative, Gauge};
    use Topic::{ControlGroups, Descriptors, Disk, Memory, Pressure, Processes, Sockets, Threads};
    use Unit::{Bytes, Count, Microseconds, Millicores, Nanoseconds, State};
    match kind {
        Kind::ResidentBytes => ("resident", Bytes, Gauge, Memory),
        Kind::PeakResidentBytes => ("highest resident so far", Bytes, Gauge, Memory),
        Kind::ProportionalBytes => ("proportional", Bytes, Gauge, Memory),
        Kind::AnonymousBytes => ("anonymous", Bytes, Gauge, Memory),
        Kind::AnonymousHugeBytes => ("anonymous in huge pages", Bytes, Gauge, Memory),
        Kind::FileBytes => ("mapped files", Bytes, Gauge, Memory),
        Kind::SharedBytes => ("shared", Bytes, Gauge, Memory),
        Kind::SwapBytes => ("swapped out", Bytes, Gauge, Memory),
        Kind::MinorFaults => ("minor page faults", Count, Cumulative, Memory),
        Kind::MajorFaults => ("major page faults", Count, Cumulative, Memory),
        Kind::ThreadCpuNs => ("CPU time", Nanoseconds, Cumulative, Threads),
        Kind::ThreadRunQueueNs => ("run queue", Nanoseconds, Cumulative, Threads),
        Kind::ThreadState => ("state", State, Gauge, Threads),
        Kind::ThreadVoluntarySwitches => ("voluntary switches", Count, Cumulative, Threads),
        Kind::ThreadInvoluntarySwitches => ("involuntary switches", Count, Cumulative, Threads),
        Kind::ThreadsNotShown => ("threads not shown", Count, Gauge, Threads),
        Kind::ThreadDiskReadBytes => ("read from storage by thread", Bytes, Cumulative, Disk),
        Kind::ThreadDiskWriteBytes => ("written to storage by thread", Bytes, Cumulative, Disk),
        Kind::DiskReadBytes => ("read from storage", Bytes, Cumulative, Disk),
        Kind::DiskWriteBytes => ("written to storage", Bytes, Cumulative, Disk),
        Kind::CallReadBytes => ("read by system calls", Bytes, Cumulative, Disk),
        Kind::CallWriteBytes => ("written by system calls", Bytes, Cumulative, Disk),
        Kind::ReadCalls => ("read calls", Count, Cumulative, Disk),
        Kind::WriteCalls => ("write calls", Count, Cumulative, Disk),
        Kind::Descriptors => ("open", Count, Gauge, Descriptors),
        Kind::DescriptorLimit => ("limit", Count, Gauge, Descriptors),
        Kind::SocketsEstablished => ("established", Count, Gauge, Sockets),
        Kind::SocketsInState => ("in state", Count, Gauge, Sockets),
        Kind::SocketsOpened => ("opened", Count, Cumulative, Sockets),
        Kind::SocketsClosed => ("closed", Count, Cumulative, Sockets),
        Kind::SocketRttUs => ("slowest round trip", Microseconds, Gauge, Sockets),
        Kind::SocketRetransmits => ("segments sent again", Count, Cumulative, Sockets),
        Kind::SocketSentBytes => ("sent", Bytes, Cumulative, Sockets),
        Kind::SocketReceivedBytes => ("received", Bytes, Cumulative, Sockets),
        Kind::ListenQueue => ("waiting to be accepted", Count, Gauge, Sockets),
        Kind::ListenBacklog => ("may wait to be accepted", Count, Gauge, Sockets),
        Kind::CgroupMemoryBytes => ("memory", Bytes, Gauge, ControlGroups),
        Kind::CgroupMemoryPeakBytes => ("highest memory so far", Bytes, Gauge, ControlGroups),
        Kind::CgroupMemoryFileBytes => ("page cache", Bytes, Gauge, ControlGroups),
        Kind::CgroupMemoryLimitBytes => ("memory limit", Bytes, Gauge, ControlGroups),
        Kind::CgroupMemoryFailures => ("memory limit hit", Count, Cumulative, ControlGroups),
        Kind::CgroupOomKills => ("OOM kills", Count, Cumulative, ControlGroups),
        Kind::CgroupCpuNs => ("CPU time", Nanoseconds, Cumulative, ControlGroups),
        Kind::CgroupCpuLimitMillicores => ("CPU limit", Millicores, Gauge, ControlGroups),
        Kind::CgroupThrottledNs => ("throttled", Nanoseconds, Cumulative, ControlGroups),
        Kind::CgroupPeriods => ("periods", Count, Cumulative, ControlGroups),
        Kind::CgroupThrottledPeriods => ("throttled periods", Count, Cumulative, ControlGroups),
        Kind::PressureStallUs => ("stalled", Microseconds, Cumulative, Pressure),
        Kind::CgroupPressureStallUs => ("group stalled", Microseconds, Cumulative, Pressure),
        Kind::ProcessUserNs => ("user CPU time", Nanoseconds, Cumulative, Processes),
        Kind::ProcessKernelNs => ("kernel CPU time", Nanoseconds, Cumulative, Processes),
        Kind::ProcessThreads => ("threads", Count, Gauge, Processes),
        Kind::ProcessesNotShown => ("processes not shown", Count, Gauge, Processes),
        Kind::ReadingCpuNs => ("cost of reading", Nanoseconds, Cumulative, Processes),
    }
}

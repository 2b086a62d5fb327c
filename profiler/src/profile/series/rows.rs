//! Tables over a window: threads, processes, peers, descriptors, storage, groups and pressure.

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;

use super::{SeriesTable, process_name, thread_name};
use crate::{
    capture::model::{Series, SeriesKind as Kind},
    profile::Profile,
};

/// What a thread did over a window. `None` where the kernel does not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ThreadUse {
    /// Process.
    pub pid: u32,
    /// Thread.
    pub tid: u32,
    /// Latest name.
    pub name: String,
    /// Time on a CPU, nanoseconds.
    pub cpu_ns: u64,
    /// Time on the run queue, nanoseconds.
    pub run_queue_ns: u64,
    /// Voluntary context switches.
    pub voluntary_switches: u64,
    /// Involuntary context switches.
    pub involuntary_switches: u64,
    /// Bytes read from storage.
    pub read_bytes: Option<u64>,
    /// Bytes written to storage.
    pub write_bytes: Option<u64>,
    /// State letters with the share of the readings' time that the thread was in each; largest
    /// first.
    pub states: Vec<(char, f64)>,
}

/// Memory and CPU time of a process over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProcessUse {
    /// Process.
    pub pid: u32,
    /// Parent's pid, 0 where unknown.
    pub parent_pid: u32,
    /// Latest name.
    pub name: String,
    /// Resident memory at the start.
    pub first_resident_bytes: u64,
    /// Resident memory at the end.
    pub last_resident_bytes: u64,
    /// Highest resident memory that was read.
    pub peak_resident_bytes: u64,
    /// Swapped-out memory at the end.
    pub swap_bytes: u64,
    /// Minor page faults.
    pub minor_faults: u64,
    /// Major page faults.
    pub major_faults: u64,
    /// User CPU time, nanoseconds.
    pub user_ns: u64,
    /// Kernel CPU time, nanoseconds.
    pub kernel_ns: u64,
    /// Threads at the end.
    pub threads: u64,
}

/// Connections to a peer over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PeerUse {
    /// Remote address and port; for accepted connections the remote address and the local
    /// listener.
    pub peer: String,
    /// Established at the end.
    pub established: u64,
    /// Most established at once.
    pub peak_established: u64,
    /// Opened in the window.
    pub opened: u64,
    /// Closed in the window.
    pub closed: u64,
    /// Highest smoothed round-trip time, microseconds; `None` where the kernel did not tell.
    pub rtt_us: Option<u64>,
    /// Segments sent again; `None` where the kernel did not tell.
    pub retransmits: Option<u64>,
    /// Bytes sent and acknowledged; `None` where the kernel did not tell.
    pub sent_bytes: Option<u64>,
    /// Bytes received; `None` where the kernel did not tell.
    pub received_bytes: Option<u64>,
}

/// A listener over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ListenerUse {
    /// Address and port.
    pub address: String,
    /// Most connections that waited to be accepted.
    pub peak_queue: u64,
    /// Connections that may wait.
    pub backlog: u64,
}

/// Open descriptors of a kind over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DescriptorUse {
    /// Process.
    pub pid: u32,
    /// Kind: file, socket, pipe …; `all` for the sum.
    pub kind: String,
    /// Open at the start.
    pub first: u64,
    /// Open at the end.
    pub last: u64,
    /// Most open at once.
    pub peak: u64,
}

/// Storage and system calls of a process over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DiskUse {
    /// Process.
    pub pid: u32,
    /// Latest name.
    pub name: String,
    /// Bytes read from storage.
    pub read_bytes: u64,
    /// Bytes written to storage.
    pub write_bytes: u64,
    /// Bytes got from read calls, from storage or not.
    pub call_read_bytes: u64,
    /// Bytes handed to write calls, to storage or not.
    pub call_write_bytes: u64,
    /// Read calls.
    pub read_calls: u64,
    /// Write calls.
    pub write_calls: u64,
}

/// A control group over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupUse {
    /// Path below the hierarchy's topmost group that can be seen.
    pub path: String,
    /// Memory at the end; `None` where the group has no memory controller.
    pub memory_bytes: Option<u64>,
    /// Highest memory that was read.
    pub peak_memory_bytes: Option<u64>,
    /// Page cache within it at the end.
    pub file_bytes: Option<u64>,
    /// Limit; `None` where unlimited.
    pub limit_bytes: Option<u64>,
    /// Highest memory that was read ÷ limit.
    pub nearness: Option<f64>,
    /// Times that the limit was hit.
    pub failures: u64,
    /// OOM kills.
    pub oom_kills: u64,
    /// CPU time, nanoseconds.
    pub cpu_ns: Option<u64>,
    /// CPU limit, thousandths of a CPU; `None` where unlimited.
    pub cpu_limit_millicores: Option<u64>,
    /// Time throttled, nanoseconds.
    pub throttled_ns: u64,
    /// Periods of the CPU limit.
    pub periods: u64,
    /// Periods in which the group was throttled.
    pub throttled_periods: u64,
}

/// Pressure stalls over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PressureUse {
    /// `cpu some`, `memory full` …, with a control group's path before it where it is a group's.
    pub what: String,
    /// Time stalled, microseconds.
    pub stall_us: u64,
    /// Share of the window.
    pub share: f64,
}

/// Threads that were read, most CPU time first.
pub fn threads(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<ThreadUse> {
    let rows = grouped(profile, |series| series.tid != 0);
    let row = |((pid, tid, _), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        ThreadUse {
            pid,
            tid,
            name: thread_name(profile, pid, tid).to_owned(),
            cpu_ns: of.count(Kind::ThreadCpuNs),
            run_queue_ns: of.count(Kind::ThreadRunQueueNs),
            voluntary_switches: of.count(Kind::ThreadVoluntarySwitches),
            involuntary_switches: of.count(Kind::ThreadInvoluntarySwitches),
            read_bytes: of.change(Kind::ThreadDiskReadBytes),
            write_bytes: of.change(Kind::ThreadDiskWriteBytes),
            states: of.states(),
        }
    };
    let mut threads: Vec<ThreadUse> = rows.into_iter().map(row).collect();
    threads.sort_by(|a, b| {
        let heavy = (b.cpu_ns, b.run_queue_ns).cmp(&(a.cpu_ns, a.run_queue_ns));
        heavy.then((a.pid, a.tid).cmp(&(b.pid, b.tid)))
    });
    threads
}

/// Processes that were read, most memory at the end first.
pub fn processes(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<ProcessUse> {
    let rows = grouped(profile, |series| {
        series.pid != 0 && series.tid == 0 && series.subject.is_empty()
    });
    let row = |((pid, _, _), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        let parent = super::process(profile, pid).map(|process| process.parent_pid);
        ProcessUse {
            pid,
            parent_pid: parent.unwrap_or(0),
            name: process_name(profile, pid).to_owned(),
            first_resident_bytes: of.first(Kind::ResidentBytes).unwrap_or(0),
            last_resident_bytes: of.last(Kind::ResidentBytes).unwrap_or(0),
            peak_resident_bytes: of.peak(Kind::ResidentBytes).unwrap_or(0),
            swap_bytes: of.last(Kind::SwapBytes).unwrap_or(0),
            minor_faults: of.count(Kind::MinorFaults),
            major_faults: of.count(Kind::MajorFaults),
            user_ns: of.count(Kind::ProcessUserNs),
            kernel_ns: of.count(Kind::ProcessKernelNs),
            threads: of.last(Kind::ProcessThreads).unwrap_or(0),
        }
    };
    let mut processes: Vec<ProcessUse> = rows.into_iter().map(row).collect();
    processes.sort_by(|a, b| {
        let large = b.last_resident_bytes.cmp(&a.last_resident_bytes);
        large.then(a.pid.cmp(&b.pid))
    });
    processes
}

/// Peers of TCP connections, most bytes first, then most connections.
pub fn peers(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<PeerUse> {
    let rows = grouped(profile, |series| {
        matches!(
            series.kind,
            Kind::SocketsEstablished
                | Kind::SocketsOpened
                | Kind::SocketsClosed
                | Kind::SocketRttUs
                | Kind::SocketRetransmits
                | Kind::SocketSentBytes
                | Kind::SocketReceivedBytes
        )
    });
    let row = |((_, _, peer), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        PeerUse {
            peer: peer.to_owned(),
            established: of.last(Kind::SocketsEstablished).unwrap_or(0),
            peak_established: of.peak(Kind::SocketsEstablished).unwrap_or(0),
            opened: of.count(Kind::SocketsOpened),
            closed: of.count(Kind::SocketsClosed),
            rtt_us: of.peak(Kind::SocketRttUs),
            retransmits: of.change(Kind::SocketRetransmits),
            sent_bytes: of.change(Kind::SocketSentBytes),
            received_bytes: of.change(Kind::SocketReceivedBytes),
        }
    };
    let mut peers: Vec<PeerUse> = rows.into_iter().map(row).collect();
    peers.sort_by(|a, b| {
        let weight = |peer: &PeerUse| {
            let bytes = peer.sent_bytes.unwrap_or(0) + peer.received_bytes.unwrap_or(0);
            (bytes, peer.peak_established)
        };
        weight(b).cmp(&weight(a)).then(a.peer.cmp(&b.peer))
    });
    peers
}

/// Listeners, sorted by address.
pub fn listeners(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<ListenerUse> {
    let rows = grouped(profile, |series| {
        matches!(series.kind, Kind::ListenQueue | Kind::ListenBacklog)
    });
    let row = |((_, _, address), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        ListenerUse {
            address: address.to_owned(),
            peak_queue: of.peak(Kind::ListenQueue).unwrap_or(0),
            backlog: of.last(Kind::ListenBacklog).unwrap_or(0),
        }
    };
    rows.into_iter().map(row).collect()
}

/// Descriptors by process and kind.
pub fn descriptors(
    profile: &Profile,
    table: &SeriesTable,
    window: &Range<u64>,
) -> Vec<DescriptorUse> {
    let rows = grouped(profile, |series| series.kind == Kind::Descriptors);
    let row = |((pid, _, kind), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        DescriptorUse {
            pid,
            kind: kind.to_owned(),
            first: of.first(Kind::Descriptors).unwrap_or(0),
            last: of.last(Kind::Descriptors).unwrap_or(0),
            peak: of.peak(Kind::Descriptors).unwrap_or(0),
        }
    };
    rows.into_iter().map(row).collect()
}

/// Storage and read and write calls, most bytes on storage first, then most through calls.
pub fn disk(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<DiskUse> {
    let rows = grouped(profile, |series| {
        series.tid == 0
            && matches!(
                series.kind,
                Kind::DiskReadBytes
                    | Kind::DiskWriteBytes
                    | Kind::CallReadBytes
                    | Kind::CallWriteBytes
                    | Kind::ReadCalls
                    | Kind::WriteCalls
            )
    });
    let row = |((pid, _, _), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        DiskUse {
            pid,
            name: process_name(profile, pid).to_owned(),
            read_bytes: of.count(Kind::DiskReadBytes),
            write_bytes: of.count(Kind::DiskWriteBytes),
            call_read_bytes: of.count(Kind::CallReadBytes),
            call_write_bytes: of.count(Kind::CallWriteBytes),
            read_calls: of.count(Kind::ReadCalls),
            write_calls: of.count(Kind::WriteCalls),
        }
    };
    let mut disk: Vec<DiskUse> = rows.into_iter().map(row).collect();
    disk.sort_by(|a, b| {
        let weight = |row: &DiskUse| {
            let storage = row.read_bytes + row.write_bytes;
            (storage, row.call_read_bytes + row.call_write_bytes)
        };
        weight(b).cmp(&weight(a)).then(a.pid.cmp(&b.pid))
    });
    disk
}

/// Control groups, outermost first.
pub fn groups(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<GroupUse> {
    let rows = grouped(profile, |series| {
        series.kind.topic() == super::Topic::ControlGroups
    });
    let row = |((_, _, path), ids): (Key<'_>, Ids)| {
        let of = Reading { table, window, ids };
        let limit_bytes = of.last(Kind::CgroupMemoryLimitBytes);
        let peak_memory_bytes = of.peak(Kind::CgroupMemoryBytes);
        let nearness = peak_memory_bytes
            .zip(limit_bytes)
            .filter(|(_, limit)| *limit > 0)
            .map(|(peak, limit)| peak as f64 / limit as f64);
        GroupUse {
            path: path.to_owned(),
            memory_bytes: of.last(Kind::CgroupMemoryBytes),
            peak_memory_bytes,
            file_bytes: of.last(Kind::CgroupMemoryFileBytes),
            limit_bytes,
            nearness,
            failures: of.count(Kind::CgroupMemoryFailures),
            oom_kills: of.count(Kind::CgroupOomKills),
            cpu_ns: of.change(Kind::CgroupCpuNs),
            cpu_limit_millicores: of.last(Kind::CgroupCpuLimitMillicores),
            throttled_ns: of.count(Kind::CgroupThrottledNs),
            periods: of.count(Kind::CgroupPeriods),
            throttled_periods: of.count(Kind::CgroupThrottledPeriods),
        }
    };
    rows.into_iter().map(row).collect()
}

/// Pressure stalls of the machine, then of control groups.
pub fn pressure(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<PressureUse> {
    let span_us = window.end.saturating_sub(window.start).max(1) as f64 / 1e3;
    let rows = |kind: Kind| {
        let rows = grouped(profile, |series| series.kind == kind);
        let row = move |((_, _, what), ids): (Key<'_>, Ids)| {
            let of = Reading { table, window, ids };
            let stall_us = of.count(kind);
            PressureUse {
                what: what.to_owned(),
                stall_us,
                share: (stall_us as f64 / span_us).min(1.0),
            }
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let mut found = rows(Kind::PressureStallUs);
    found.extend(rows(Kind::CgroupPressureStallUs));
    found
}

/// CPU time that reading took in all, nanoseconds; `None` in captures without readings.
pub fn reading_cpu_ns(profile: &Profile, table: &SeriesTable) -> Option<u64> {
    let mut series = profile.series.iter();
    let id = series.position(|series| series.kind == Kind::ReadingCpuNs)?;
    Some(table.points(id as u32).last()?.value as u64)
}

/// Process, thread, subject.
type Key<'a> = (u32, u32, &'a str);
type Ids = BTreeMap<Kind, u32>;

/// The series that pass, by process, thread and subject.
fn grouped(profile: &Profile, passes: impl Fn(&Series) -> bool) -> BTreeMap<Key<'_>, Ids> {
    let mut groups: BTreeMap<Key<'_>, Ids> = BTreeMap::new();
    for (id, series) in profile.series.iter().enumerate() {
        if passes(series) {
            groups
                .entry((series.pid, series.tid, &series.subject))
                .or_default()
                .insert(series.kind, id as u32);
        }
    }
    groups
}

/// The series of one row over a window.
struct Reading<'a> {
    table: &'a SeriesTable,
    window: &'a Range<u64>,
    ids: Ids,
}

impl Reading<'_> {
    fn change(&self, kind: Kind) -> Option<u64> {
        let change = self.table.change(*self.ids.get(&kind)?, self.window)?;
        Some(change.max(0.0) as u64)
    }

    fn count(&self, kind: Kind) -> u64 {
        self.change(kind).unwrap_or(0)
    }

    fn last(&self, kind: Kind) -> Option<u64> {
        let value = self
            .table
            .value_at(*self.ids.get(&kind)?, self.window.end)?;
        Some(value as u64)
    }

    /// Value at the start, or the first one within the window.
    fn first(&self, kind: Kind) -> Option<u64> {
        let id = *self.ids.get(&kind)?;
        let held = self.table.value_at(id, self.window.start);
        let value = held.or_else(|| Some(self.table.points(id).first()?.value))?;
        Some(value as u64)
    }

    fn peak(&self, kind: Kind) -> Option<u64> {
        let (_, high) = self.table.extremes(*self.ids.get(&kind)?, self.window)?;
        Some(high as u64)
    }

    /// Each state holds from one reading to the next.
    fn states(&self) -> Vec<(char, f64)> {
        let Some(id) = self.ids.get(&Kind::ThreadState) else {
            return Vec::new();
        };
        let mut held: BTreeMap<char, u64> = BTreeMap::new();
        let points = self.table.in_range(*id, self.window);
        for pair in points.windows(2) {
            let from = pair[0].time_ns.max(self.window.start);
            let to = pair[1].time_ns.min(self.window.end);
            let letter = char::from_u32(pair[0].value as u32).unwrap_or('?');
            *held.entry(letter).or_default() += to.saturating_sub(from);
        }
        let all: u64 = held.values().sum();
        let mut shares: Vec<(char, f64)> = held
            .into_iter()
            .filter(|(_, time_ns)| *time_ns > 0)
            .map(|(letter, time_ns)| (letter, time_ns as f64 / all as f64))
            .collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        shares
    }
}

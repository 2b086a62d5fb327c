//! The tables of what was read alongside, in words and numbers.

use std::ops::Range;

use scrutineer_profiler::profile::{
    Profile,
    series::{self, SeriesTable, Topic},
};

use super::{Column, Table};
use crate::format;

const fn words(title: &'static str) -> Column {
    Column {
        title,
        is_number: false,
    }
}

const fn number(title: &'static str) -> Column {
    Column {
        title,
        is_number: true,
    }
}

/// The table of a topic in a window (nanoseconds), and what else is to be said.
pub(super) fn of(
    profile: &Profile,
    table: &SeriesTable,
    topic: Topic,
    window: &Range<u64>,
) -> (Table, Vec<String>) {
    match topic {
        Topic::Threads => (threads(profile, table, window), Vec::new()),
        Topic::Descriptors => (descriptors(profile, table, window), limits(profile, table)),
        Topic::Sockets => (
            peers(profile, table, window),
            listeners(profile, table, window),
        ),
        Topic::Disk => (disk(profile, table, window), Vec::new()),
        Topic::ControlGroups => (groups(profile, table, window), Vec::new()),
        Topic::Pressure => (pressure(profile, table, window), Vec::new()),
        Topic::Memory => (processes(profile, table, window), Vec::new()),
        Topic::Processes => (Table::default(), Vec::new()),
    }
}

/// Mebibytes with a decimal where they are few.
fn mebibytes(bytes: u64) -> String {
    let value = bytes as f64 / format::MEBIBYTE;
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format::mebibytes(bytes)
    }
}

fn milliseconds(ns: u64) -> String {
    format::count((ns as f64 / 1e6).round() as u64)
}

fn known(value: Option<String>) -> String {
    value.unwrap_or_else(|| "\u{2013}".to_owned())
}

fn owner(profile: &Profile, pid: u32) -> String {
    let name = series::process(profile, pid).map(|process| process.name.as_str());
    let target = (pid == profile.header.pid).then_some(profile.header.name.as_str());
    format!("{} {pid}", name.or(target).unwrap_or("process"))
}

fn threads(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |thread: series::ThreadUse| {
        let most = thread.states.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let state = most.map(|(letter, share)| format!("{letter} {:.0} %", share * 100.0));
        vec![
            thread.name,
            thread.tid.to_string(),
            owner(profile, thread.pid),
            milliseconds(thread.cpu_ns),
            milliseconds(thread.run_queue_ns),
            format::count(thread.voluntary_switches),
            format::count(thread.involuntary_switches),
            known(thread.read_bytes.map(mebibytes)),
            known(thread.write_bytes.map(mebibytes)),
            known(state),
        ]
    };
    Table {
        columns: vec![
            words("Thread"),
            number("TID"),
            words("Process"),
            number("CPU, ms"),
            number("Run queue, ms"),
            number("Waited"),
            number("Preempted"),
            number("Read, MiB"),
            number("Written, MiB"),
            number("Mostly"),
        ],
        rows: series::threads(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

fn processes(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |process: series::ProcessUse| {
        let grown = process.last_resident_bytes as f64 - process.first_resident_bytes as f64;
        vec![
            process.name,
            process.pid.to_string(),
            mebibytes(process.first_resident_bytes),
            mebibytes(process.last_resident_bytes),
            format::signed_short(grown / format::MEBIBYTE),
            mebibytes(process.peak_resident_bytes),
            mebibytes(process.swap_bytes),
            format::count(process.minor_faults),
            format::count(process.major_faults),
        ]
    };
    Table {
        columns: vec![
            words("Process"),
            number("PID"),
            number("First, MiB"),
            number("Last, MiB"),
            number("Change, MiB"),
            number("Peak, MiB"),
            number("Swap, MiB"),
            number("Minor faults"),
            number("Major faults"),
        ],
        rows: series::processes(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

fn descriptors(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |kind: series::DescriptorUse| {
        vec![
            kind.kind,
            owner(profile, kind.pid),
            format::count(kind.first),
            format::count(kind.last),
            format::signed_count(kind.last as i64 - kind.first as i64),
            format::count(kind.peak),
        ]
    };
    Table {
        columns: vec![
            words("Kind"),
            words("Process"),
            number("First"),
            number("Last"),
            number("Change"),
            number("Peak"),
        ],
        rows: series::descriptors(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

/// How many descriptors each process may open.
fn limits(profile: &Profile, table: &SeriesTable) -> Vec<String> {
    use scrutineer_profiler::capture::model::SeriesKind;
    let listed = series::list(profile, Topic::Descriptors);
    let limits = listed
        .iter()
        .filter(|listed| listed.series.kind == SeriesKind::DescriptorLimit);
    limits
        .filter_map(|listed| {
            let last = table.points(listed.id).last()?.value as u64;
            let owner = owner(profile, listed.series.pid);
            Some(format!("{owner} may open {}.", format::count(last)))
        })
        .collect()
}

fn peers(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |peer: series::PeerUse| {
        let rtt = peer.rtt_us.map(|us| format!("{:.2}", us as f64 / 1e3));
        vec![
            peer.peer,
            format::count(peer.established),
            format::count(peer.peak_established),
            format::count(peer.opened),
            format::count(peer.closed),
            known(rtt),
            known(peer.retransmits.map(format::count)),
            known(peer.sent_bytes.map(mebibytes)),
            known(peer.received_bytes.map(mebibytes)),
        ]
    };
    Table {
        columns: vec![
            words("Peer"),
            number("Established"),
            number("Peak"),
            number("Opened"),
            number("Closed"),
            number("Slowest RTT, ms"),
            number("Sent again"),
            number("Sent, MiB"),
            number("Received, MiB"),
        ],
        rows: series::peers(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

fn listeners(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Vec<String> {
    let words = |listener: series::ListenerUse| {
        format!(
            "At {} at most {} of {} connections waited to be accepted.",
            listener.address,
            format::count(listener.peak_queue),
            format::count(listener.backlog)
        )
    };
    let found = series::listeners(profile, table, window);
    found.into_iter().map(words).collect()
}

fn disk(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |disk: series::DiskUse| {
        vec![
            disk.name,
            disk.pid.to_string(),
            mebibytes(disk.read_bytes),
            mebibytes(disk.write_bytes),
            mebibytes(disk.call_read_bytes),
            mebibytes(disk.call_write_bytes),
            format::count(disk.read_calls),
            format::count(disk.write_calls),
        ]
    };
    Table {
        columns: vec![
            words("Process"),
            number("PID"),
            number("From storage, MiB"),
            number("To storage, MiB"),
            number("By calls read, MiB"),
            number("Written, MiB"),
            number("Read calls"),
            number("Write calls"),
        ],
        rows: series::disk(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

fn groups(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |group: series::GroupUse| {
        let cores = group
            .cpu_limit_millicores
            .map(|limit| format!("{:.2}", limit as f64 / 1e3));
        vec![
            group.path,
            known(group.memory_bytes.map(mebibytes)),
            known(group.peak_memory_bytes.map(mebibytes)),
            known(group.limit_bytes.map(mebibytes)),
            known(group.nearness.map(format::percent)),
            format::count(group.failures),
            format::count(group.oom_kills),
            known(group.cpu_ns.map(milliseconds)),
            known(cores),
            milliseconds(group.throttled_ns),
        ]
    };
    Table {
        columns: vec![
            words("Control group"),
            number("Memory, MiB"),
            number("Peak, MiB"),
            number("Limit, MiB"),
            number("Of the limit"),
            number("Limit hit"),
            number("OOM kills"),
            number("CPU, ms"),
            number("CPU limit"),
            number("Throttled, ms"),
        ],
        rows: series::groups(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

fn pressure(profile: &Profile, table: &SeriesTable, window: &Range<u64>) -> Table {
    let row = |pressure: series::PressureUse| {
        vec![
            pressure.what,
            milliseconds(pressure.stall_us * 1_000),
            format::percent(pressure.share),
        ]
    };
    Table {
        columns: vec![
            words("Stalled on"),
            number("Stalled, ms"),
            number("Of the time"),
        ],
        rows: series::pressure(profile, table, window)
            .into_iter()
            .map(row)
            .collect(),
    }
}

//! What was read alongside the samples, for text and JSON: memory, threads, sockets and more.

use std::{io, ops::Range};

use scrutineer_evidence::residency::Growth;
use serde::Serialize;

use super::one_line;
use crate::{
    capture::model::{Event, EventKind},
    memory::{
        growth,
        growth_sources::{GrowthSources, growth_sources},
    },
    profile::{
        Profile, Selection,
        series::{
            self, DescriptorUse, DiskUse, GroupUse, ListenerUse, PeerUse, PressureUse, ProcessUse,
            SeriesTable, ThreadUse,
        },
    },
};

/// Rows of each table in text.
const ROWS: usize = 10;

/// All tables over the selection's time.
#[derive(Debug, Serialize)]
pub(super) struct Alongside {
    memory: Memory,
    processes: Vec<ProcessUse>,
    thread_use: Vec<ThreadUse>,
    descriptors: Vec<DescriptorUse>,
    peers: Vec<PeerUse>,
    listeners: Vec<ListenerUse>,
    disk: Vec<DiskUse>,
    control_groups: Vec<GroupUse>,
    pressure: Vec<PressureUse>,
    /// What could not be read, and why.
    not_read: Vec<String>,
    /// CPU time of the reading itself, nanoseconds.
    reading_cpu_ns: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Memory {
    /// Highest resident memory of the target that was read.
    peak_resident_bytes: Option<u64>,
    /// Slope with its interval; `None` below 20 readings.
    growth: Option<Growth>,
    /// Where it came from; `None` where resident memory was not read twice.
    sources: Option<GrowthSources>,
    /// Highest memory ÷ limit of the control group that came nearest to its limit.
    nearest_limit: Option<NearestLimit>,
    oom_kills: Vec<OomKill>,
}

#[derive(Debug, Serialize)]
struct NearestLimit {
    path: String,
    limit_bytes: u64,
    peak_memory_bytes: u64,
    nearness: f64,
}

#[derive(Debug, Serialize)]
struct OomKill {
    time_ns: u64,
    pid: u32,
    text: String,
}

impl Alongside {
    pub(super) fn of(profile: &Profile, selection: &Selection) -> Self {
        let table = SeriesTable::of(profile);
        let window = selection
            .time_ns
            .clone()
            .unwrap_or(0..profile.duration_ns());
        let control_groups = series::groups(profile, &table, &window);
        Self {
            memory: memory(profile, &table, &window, &control_groups),
            processes: series::processes(profile, &table, &window),
            thread_use: series::threads(profile, &table, &window),
            descriptors: series::descriptors(profile, &table, &window),
            peers: series::peers(profile, &table, &window),
            listeners: series::listeners(profile, &table, &window),
            disk: series::disk(profile, &table, &window),
            control_groups,
            pressure: series::pressure(profile, &table, &window),
            not_read: events(profile, EventKind::NotRead, &(0..u64::MAX))
                .map(|event| event.text.clone())
                .collect(),
            reading_cpu_ns: series::reading_cpu_ns(profile, &table),
        }
    }
}

fn memory(
    profile: &Profile,
    table: &SeriesTable,
    window: &Range<u64>,
    groups: &[GroupUse],
) -> Memory {
    let readings: Vec<_> = profile
        .residency
        .iter()
        .filter(|reading| (window.start..=window.end).contains(&reading.time_ns))
        .copied()
        .collect();
    let nearest = groups
        .iter()
        .filter_map(|group| {
            Some(NearestLimit {
                path: group.path.clone(),
                limit_bytes: group.limit_bytes?,
                peak_memory_bytes: group.peak_memory_bytes?,
                nearness: group.nearness?,
            })
        })
        .max_by(|a, b| a.nearness.total_cmp(&b.nearness));
    let asked = window.start..window.end.saturating_add(1);
    Memory {
        peak_resident_bytes: readings.iter().map(|reading| reading.rss_bytes).max(),
        growth: growth::estimate(&readings),
        sources: growth_sources(profile, table, Some(asked.clone())),
        nearest_limit: nearest,
        oom_kills: events(profile, EventKind::OomKill, &asked)
            .map(|event| OomKill {
                time_ns: event.time_ns,
                pid: event.pid,
                text: event.text.clone(),
            })
            .collect(),
    }
}

fn events<'a>(
    profile: &'a Profile,
    kind: EventKind,
    window: &Range<u64>,
) -> impl Iterator<Item = &'a Event> {
    let window = window.clone();
    profile
        .events
        .iter()
        .filter(move |event| event.kind == kind && window.contains(&event.time_ns))
}

/// Short tables for a terminal; nothing where nothing was read.
pub(super) fn write_text(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let found = Alongside::of(profile, selection);
    write_memory(&found.memory, out)?;
    write_threads(&found.thread_use, out)?;
    write_peers(&found.peers, &found.listeners, out)?;
    write_disk(&found.disk, out)?;
    write_groups(&found.control_groups, out)?;
    write_pressure(&found.pressure, out)?;
    for text in &found.not_read {
        writeln!(out, "not read: {}", one_line(text))?;
    }
    Ok(())
}

fn write_memory(memory: &Memory, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(peak) = memory.peak_resident_bytes else {
        return Ok(());
    };
    writeln!(out, "\nmemory: resident at most {}", bytes(peak))?;
    if let Some(growth) = &memory.growth {
        writeln!(
            out,
            "  slope {}/s, 99 % interval {}/s to {}/s",
            signed_bytes(growth.slope_bytes_per_s),
            signed_bytes(growth.low_bytes_per_s),
            signed_bytes(growth.high_bytes_per_s),
        )?;
    }
    if let Some(sources) = &memory.sources {
        writeln!(out, "  {}", one_line(&sources.sentence()))?;
        for remark in &sources.remarks {
            writeln!(out, "  {}", one_line(remark))?;
        }
        if !sources.functions.is_empty() {
            writeln!(out, "{:>11} {:>11}  touched first by", "self", "total")?;
        }
        for function in sources.functions.iter().take(ROWS) {
            writeln!(
                out,
                "{:>11} {:>11}  {}",
                bytes(function.self_bytes),
                bytes(function.total_bytes),
                one_line(&function.name)
            )?;
        }
    }
    if let Some(nearest) = &memory.nearest_limit {
        writeln!(
            out,
            "  control group {}: at most {} of {} ({:.1} %)",
            one_line(&nearest.path),
            bytes(nearest.peak_memory_bytes),
            bytes(nearest.limit_bytes),
            nearest.nearness * 100.0
        )?;
    }
    for kill in &memory.oom_kills {
        writeln!(
            out,
            "  at {:.3} s, process {}: {}",
            kill.time_ns as f64 / 1e9,
            kill.pid,
            one_line(&kill.text)
        )?;
    }
    Ok(())
}

/// Those with most CPU time, then those that waited longest for a CPU.
fn write_threads(threads: &[ThreadUse], out: &mut dyn io::Write) -> io::Result<()> {
    let row = |out: &mut dyn io::Write, thread: &ThreadUse| {
        writeln!(
            out,
            "{:>11} {:>11} {:>9} {:>9}  {} ({})",
            seconds(thread.cpu_ns),
            seconds(thread.run_queue_ns),
            thread.voluntary_switches,
            thread.involuntary_switches,
            one_line(&thread.name),
            thread.tid
        )
    };
    if threads.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:>11} {:>11} {:>9} {:>9}  thread",
        "CPU", "run queue", "waited", "preempted"
    )?;
    for thread in threads.iter().take(ROWS) {
        row(out, thread)?;
    }
    let mut queued: Vec<&ThreadUse> = threads.iter().skip(ROWS).collect();
    queued.sort_by_key(|thread| std::cmp::Reverse(thread.run_queue_ns));
    queued.retain(|thread| thread.run_queue_ns > 0);
    if !queued.is_empty() {
        writeln!(out, "of the others, those that waited longest for a CPU")?;
    }
    for thread in queued.into_iter().take(ROWS / 2) {
        row(out, thread)?;
    }
    Ok(())
}

fn write_peers(
    peers: &[PeerUse],
    listeners: &[ListenerUse],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if !peers.is_empty() {
        writeln!(
            out,
            "\n{:>6} {:>7} {:>7} {:>10} {:>8} {:>11} {:>11}  peer",
            "open", "opened", "closed", "round trip", "resent", "sent", "received"
        )?;
    }
    let told = |value: Option<String>| value.unwrap_or_else(|| "not told".to_owned());
    for peer in peers.iter().take(ROWS) {
        writeln!(
            out,
            "{:>6} {:>7} {:>7} {:>10} {:>8} {:>11} {:>11}  {}",
            peer.established,
            peer.opened,
            peer.closed,
            told(peer.rtt_us.map(|us| format!("{us} µs"))),
            told(peer.retransmits.map(|count| count.to_string())),
            told(peer.sent_bytes.map(bytes)),
            told(peer.received_bytes.map(bytes)),
            one_line(&peer.peer)
        )?;
    }
    for listener in listeners.iter().filter(|listener| listener.peak_queue > 0) {
        writeln!(
            out,
            "{}: up to {} connections waited to be accepted, of {} that may",
            listener.address, listener.peak_queue, listener.backlog
        )?;
    }
    Ok(())
}

fn write_disk(disk: &[DiskUse], out: &mut dyn io::Write) -> io::Result<()> {
    let used = |row: &&DiskUse| row.call_read_bytes + row.call_write_bytes > 0;
    let rows: Vec<&DiskUse> = disk.iter().filter(used).take(ROWS).collect();
    if !rows.is_empty() {
        writeln!(
            out,
            "\n{:>11} {:>11} {:>11} {:>11}  storage of",
            "read", "written", "by reads", "by writes"
        )?;
    }
    for row in rows {
        writeln!(
            out,
            "{:>11} {:>11} {:>11} {:>11}  {} ({})",
            bytes(row.read_bytes),
            bytes(row.write_bytes),
            bytes(row.call_read_bytes),
            bytes(row.call_write_bytes),
            one_line(&row.name),
            row.pid
        )?;
    }
    Ok(())
}

fn write_groups(groups: &[GroupUse], out: &mut dyn io::Write) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:>11} {:>11} {:>9} {:>11} {:>9}  control group",
        "memory", "limit", "OOM kills", "CPU", "throttled"
    )?;
    for group in groups.iter().take(ROWS) {
        let unless_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        writeln!(
            out,
            "{:>11} {:>11} {:>9} {:>11} {:>9}  {}",
            unless_none(group.memory_bytes.map(bytes)),
            unless_none(group.limit_bytes.map(bytes)),
            group.oom_kills,
            unless_none(group.cpu_ns.map(seconds)),
            seconds(group.throttled_ns),
            one_line(&group.path)
        )?;
    }
    Ok(())
}

fn write_pressure(pressure: &[PressureUse], out: &mut dyn io::Write) -> io::Result<()> {
    let rows: Vec<String> = pressure
        .iter()
        .filter(|row| row.stall_us > 0)
        .take(ROWS)
        .map(|row| format!("{} {:.1} %", one_line(&row.what), row.share * 100.0))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nstalled by pressure: {}", rows.join(", "))
}

fn seconds(nanoseconds: u64) -> String {
    format!("{:.3} s", nanoseconds as f64 / 1e9)
}

fn bytes(count: u64) -> String {
    let value = count as f64;
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", value / 1_048_576.0),
        _ => format!("{:.2} GiB", value / 1_073_741_824.0),
    }
}

fn signed_bytes(count: f64) -> String {
    let sign = if count < 0.0 { "−" } else { "+" };
    format!("{sign}{}", bytes(count.abs() as u64))
}

//! Read-outs of time series: what there is, points for a plot, rates, and tables over a window.
//!
//! ```
//! # use scrutineer_profiler::profile::{Profile, series::{self, SeriesTable, Topic, Nature}};
//! # fn draw(profile: &Profile) {
//! // Kept by the screen; `update` takes in what a capture under way has grown by.
//! let mut table = SeriesTable::default();
//! table.update(profile);
//! let window = 0..profile.duration_ns();
//! for listed in series::list(profile, Topic::Disk) {
//!     let points = table.in_range(listed.id, &window);
//!     // Cumulative series are drawn as rates, gauges as they are.
//!     let rates = series::rates(points, listed.unit);
//!     let line = match listed.nature {
//!         Nature::Cumulative => &rates[..],
//!         Nature::Gauge => points,
//!     };
//!     for bucket in series::decimate(line, &window, 600) {
//!         // One vertical stroke a pixel: from `bucket.min` to `bucket.max`.
//!         let _ = (bucket.pixel, bucket.min, bucket.max);
//!     }
//! }
//! // Tables of the same window, most first.
//! let threads = series::threads(profile, &table, &window);
//! let peers = series::peers(profile, &table, &window);
//! # let _ = (threads, peers);
//! # }
//! ```

mod kinds;
mod points;
mod rows;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::{
    capture::model::{ProcessEntry, Series},
    profile::Profile,
};

pub use kinds::{Nature, Topic, Unit};
pub use points::{Bucket, Point, decimate, rates};
pub use rows::{
    DescriptorUse, DiskUse, GroupUse, ListenerUse, PeerUse, PressureUse, ProcessUse, ThreadUse,
    descriptors, disk, groups, listeners, peers, pressure, processes, reading_cpu_ns, threads,
};

/// A time series that a capture has.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<'a> {
    /// Position in [`Profile::series`]: what [`SeriesTable`] goes by.
    pub id: u32,
    /// What it measures and of what.
    pub series: &'a Series,
    /// What it measures and of what, in words.
    pub label: String,
    /// Unit of its values.
    pub unit: Unit,
    /// Whether its values count up.
    pub nature: Nature,
}

/// The series of a topic, sorted by kind, process, thread and subject.
pub fn list(profile: &Profile, topic: Topic) -> Vec<Listed<'_>> {
    let mut listed: Vec<Listed<'_>> = profile
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| series.kind.topic() == topic)
        .map(|(id, series)| Listed {
            id: id as u32,
            series,
            label: label(profile, series),
            unit: series.kind.unit(),
            nature: series.kind.nature(),
        })
        .collect();
    listed.sort_by(|a, b| a.series.cmp(b.series).then(a.id.cmp(&b.id)));
    listed
}

/// `CPU time · worker (thread 17)`, `to storage · ledgerd (process 7)`, `memory · /shop`.
fn label(profile: &Profile, series: &Series) -> String {
    let kind = series.kind.label();
    let subject = &series.subject;
    let owner = if series.tid != 0 {
        let name = thread_name(profile, series.pid, series.tid);
        format!("{name} (thread {})", series.tid)
    } else if series.pid != 0 {
        let name = process_name(profile, series.pid);
        format!("{name} (process {})", series.pid)
    } else {
        String::new()
    };
    [kind, subject, &owner]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Latest name of a thread; empty where the capture has none.
fn thread_name(profile: &Profile, pid: u32, tid: u32) -> &str {
    let mut threads = profile.threads.iter().rev();
    threads
        .find(|thread| (thread.pid, thread.tid) == (pid, tid))
        .map_or("", |thread| &thread.name)
}

/// Latest entry of a process.
pub fn process(profile: &Profile, pid: u32) -> Option<&ProcessEntry> {
    let mut processes = profile.processes.iter().rev();
    processes.find(|process| process.pid == pid)
}

fn process_name(profile: &Profile, pid: u32) -> &str {
    let target = (pid == profile.header.pid).then_some(profile.header.name.as_str());
    process(profile, pid)
        .map(|process| process.name.as_str())
        .or(target)
        .unwrap_or("")
}

/// The values of all series, each in order of time: [`Profile::readings`] sorted by series.
#[derive(Clone, Debug, Default)]
pub struct SeriesTable {
    taken: usize,
    points: Vec<Vec<Point>>,
}

impl SeriesTable {
    /// The values of a profile.
    pub fn of(profile: &Profile) -> Self {
        let mut table = Self::default();
        table.update(profile);
        table
    }

    /// Takes in the readings that the profile has grown by since the last call. Linear in these.
    pub fn update(&mut self, profile: &Profile) {
        let readings = &profile.readings;
        self.points.resize_with(profile.series.len(), Vec::new);
        for row in self.taken..readings.time_ns.len() {
            if let Some(points) = self.points.get_mut(readings.series[row] as usize) {
                points.push(Point {
                    time_ns: readings.time_ns[row],
                    value: readings.value[row] as f64,
                });
            }
        }
        self.taken = readings.time_ns.len();
    }

    /// All points of a series (its position in [`Profile::series`]), in order of time; none where
    /// it is unknown.
    pub fn points(&self, series: u32) -> &[Point] {
        self.points.get(series as usize).map_or(&[], Vec::as_slice)
    }

    /// The points in a range and one on either side of it, so that a line reaches the edges.
    pub fn in_range(&self, series: u32, range: &Range<u64>) -> &[Point] {
        let points = self.points(series);
        let first = points.partition_point(|point| point.time_ns < range.start);
        let end = points.partition_point(|point| point.time_ns < range.end);
        &points[first.saturating_sub(1)..(end + 1).min(points.len()).max(first)]
    }

    /// The value that was read last at or before a time.
    pub fn value_at(&self, series: u32, time_ns: u64) -> Option<f64> {
        let points = self.points(series);
        let end = points.partition_point(|point| point.time_ns <= time_ns);
        Some(points.get(end.checked_sub(1)?)?.value)
    }

    /// What a series grew by over a range, between the last readings at or before its ends; one
    /// that begins within the range counts from its first reading. `None` where no reading lies
    /// before the range's end.
    pub fn change(&self, series: u32, range: &Range<u64>) -> Option<f64> {
        let end = self.value_at(series, range.end)?;
        let start = self
            .value_at(series, range.start)
            .unwrap_or_else(|| self.points(series)[0].value);
        Some(end - start)
    }

    /// Lowest and highest value within a range, the one that held at its start included.
    pub fn extremes(&self, series: u32, range: &Range<u64>) -> Option<(f64, f64)> {
        let held = self.value_at(series, range.start);
        let points = self.points(series).iter();
        let within = points.filter(|point| range.contains(&point.time_ns));
        within
            .map(|point| point.value)
            .chain(held)
            .map(|value| (value, value))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

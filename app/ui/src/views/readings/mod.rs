//! What was read alongside the samples, as charts and tables: threads, descriptors, sockets, storage,
//! control groups, pressure; and which functions touched the memory that grew.

mod tables;

use std::{collections::BTreeMap, ops::Range};

use scrutineer_profiler::{
    capture::model::{EventKind, SeriesKind},
    memory::growth_sources::{GrowthSources, growth_sources},
    profile::{
        Profile,
        series::{self, Listed, Nature, SeriesTable, Topic, Unit},
    },
};

use super::digest::decimated;
use crate::format;

/// Lines of one chart at most; those that reach highest are kept.
const MOST_LINES: usize = 8;

/// The topics that have a tab, in its order.
pub(crate) const TOPICS: [Topic; 7] = [
    Topic::Memory,
    Topic::Threads,
    Topic::Descriptors,
    Topic::Sockets,
    Topic::Disk,
    Topic::ControlGroups,
    Topic::Pressure,
];

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// What of.
    pub(crate) name: String,
    /// Time in seconds and value.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    /// Title, with the unit.
    pub(crate) title: &'static str,
    /// Whether it holds numbers.
    pub(crate) is_number: bool,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A topic over the whole capture, and its table over the range.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Picture {
    /// Highest first.
    pub(crate) lines: Vec<Line>,
    /// How many lines there would be.
    pub(crate) line_count: usize,
    /// Unit of the values.
    pub(crate) unit: &'static str,
    pub(crate) table: Table,
    /// What else is to be known, a sentence each.
    pub(crate) remarks: Vec<String>,
}

impl Picture {
    /// Whether nothing was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.table.rows.is_empty()
    }
}

/// All topics.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pictures {
    pub(crate) by_topic: BTreeMap<Topic, Picture>,
    /// Where resident memory grew in the range.
    pub(crate) growth: Option<GrowthSources>,
    /// Processes that the kernel killed because memory ran out: when, and the words.
    pub(crate) out_of_memory: Vec<(f64, String)>,
    /// What could not be read and why, a sentence each.
    pub(crate) not_read: Vec<String>,
}

/// Works all topics out; tables over `range_s` (seconds), the whole capture where `None`.
pub(super) fn pictures(profile: &Profile, range_s: Option<(f64, f64)>) -> Pictures {
    let table = SeriesTable::of(profile);
    let range = range_s.map(|(from, to)| (from * 1e9) as u64..(to * 1e9) as u64);
    let window = range.clone().unwrap_or(0..profile.duration_ns());
    let by_topic = TOPICS
        .into_iter()
        .map(|topic| (topic, picture(profile, &table, topic, &window)))
        .collect();
    let texts = |wanted: EventKind| {
        profile
            .events
            .iter()
            .filter(move |event| event.kind == wanted)
    };
    Pictures {
        by_topic,
        growth: growth_sources(profile, &table, range),
        out_of_memory: texts(EventKind::OomKill)
            .map(|event| (event.time_ns as f64 / 1e9, killed(event.pid, &event.text)))
            .collect(),
        not_read: texts(EventKind::NotRead)
            .map(|event| event.text.clone())
            .collect(),
    }
}

fn killed(pid: u32, text: &str) -> String {
    match (pid, text) {
        (0, "") => "out of memory".to_owned(),
        (0, text) => format!("out of memory: {text}"),
        (pid, "") => format!("out of memory: process {pid} killed"),
        (pid, text) => format!("out of memory: process {pid} killed, {text}"),
    }
}

fn picture(profile: &Profile, table: &SeriesTable, topic: Topic, window: &Range<u64>) -> Picture {
    let (kinds, unit): (&[SeriesKind], &'static str) = match topic {
        Topic::Threads => (&[SeriesKind::ProcessThreads], "threads"),
        Topic::Descriptors => (&[SeriesKind::Descriptors], "open"),
        Topic::Sockets => (&[SeriesKind::SocketsEstablished], "connections"),
        Topic::Disk => (
            &[SeriesKind::DiskReadBytes, SeriesKind::DiskWriteBytes],
            "MiB/s",
        ),
        Topic::ControlGroups => (&[SeriesKind::CgroupMemoryBytes], "MiB"),
        Topic::Pressure => (
            &[
                SeriesKind::PressureStallUs,
                SeriesKind::CgroupPressureStallUs,
            ],
            "% of the time",
        ),
        Topic::Memory | Topic::Processes => (&[], "MiB"),
    };
    let listed_under = match topic {
        // How many there are is a matter of the process.
        Topic::Threads => Topic::Processes,
        topic => topic,
    };
    let mut lines: Vec<Line> = series::list(profile, listed_under)
        .iter()
        .filter(|listed| kinds.contains(&listed.series.kind) && listed.series.tid == 0)
        .map(|listed| line(listed, table, kinds.len() == 1))
        .filter(|line| !line.points.is_empty())
        .collect();
    let line_count = lines.len();
    let highest = |line: &Line| line.points.iter().map(|point| point.1).fold(0.0, f64::max);
    lines.sort_by(|a, b| highest(b).total_cmp(&highest(a)).then(a.name.cmp(&b.name)));
    lines.truncate(MOST_LINES);
    let (table, remarks) = tables::of(profile, table, topic, window);
    Picture {
        lines,
        line_count,
        unit,
        table,
        remarks,
    }
}

/// Bytes become mebibytes, shares of the time percent; what counts up becomes a rate.
fn line(listed: &Listed<'_>, table: &SeriesTable, is_only_kind: bool) -> Line {
    let points = table.points(listed.id);
    let rates = match listed.nature {
        Nature::Cumulative => series::rates(points, listed.unit),
        Nature::Gauge => points.to_vec(),
    };
    let scale = match (listed.unit, listed.nature) {
        (Unit::Bytes, _) => 1.0 / format::MEBIBYTE,
        (Unit::Nanoseconds | Unit::Microseconds, Nature::Cumulative) => 100.0,
        _ => 1.0,
    };
    let points = rates
        .into_iter()
        .map(|point| (point.time_ns as f64 / 1e9, point.value * scale));
    // What all lines measure stands above them.
    let name = match listed.label.split_once(" · ") {
        Some((_, of_what)) if is_only_kind => of_what.to_owned(),
        _ => listed.label.clone(),
    };
    Line {
        name,
        points: decimated(points.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn of(topic: Topic) -> Picture {
        let profile = fixtures::loaded_with_readings().profile;
        pictures(&profile, None).by_topic[&topic].clone()
    }

    #[test]
    fn what_counts_up_is_drawn_as_a_rate() {
        let disk = of(Topic::Disk);
        assert_eq!(disk.unit, "MiB/s");
        let written = &disk.lines[0];
        assert!(written.name.contains("written"), "{}", written.name);
        assert!(
            written
                .points
                .iter()
                .all(|point| (point.1 - 3.0).abs() < 1e-6)
        );
    }

    #[test]
    fn stalls_are_drawn_in_percent_of_the_time() {
        let pressure = of(Topic::Pressure);
        assert!((pressure.lines[0].points[0].1 - 25.0).abs() < 1e-6);
    }

    #[test]
    fn a_table_counts_within_the_range_alone() {
        let profile = fixtures::loaded_with_readings().profile;
        let rows = |range| {
            pictures(&profile, range).by_topic[&Topic::Disk]
                .table
                .rows
                .clone()
        };
        assert_eq!(rows(None)[0][3], "177");
        assert_eq!(rows(Some((10.0, 20.0)))[0][3], "30.0");
    }

    #[test]
    fn a_capture_without_readings_has_empty_pictures() {
        let profile = fixtures::loaded().profile;
        let pictures = pictures(&profile, None);
        assert!(pictures.by_topic[&Topic::Sockets].is_empty());
        assert!(pictures.out_of_memory.is_empty());
    }

    #[test]
    fn kills_are_told_with_what_is_known() {
        let profile = fixtures::loaded_with_readings().profile;
        let pictures = pictures(&profile, None);
        assert_eq!(
            pictures.out_of_memory,
            [(
                40.0,
                "out of memory: process 41900 killed, importer".to_owned()
            )]
        );
        assert_eq!(
            pictures.not_read,
            ["Sockets of process 41900 are closed to us."]
        );
    }
}

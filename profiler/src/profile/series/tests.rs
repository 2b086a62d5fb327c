//! Series of a small capture, read out as tables and as points.

use super::*;
use crate::{
    capture::model::{Chunk, Readings, SeriesKind as Kind, Thread},
    profile::testing,
};

const S: u64 = 1_000_000_000;

fn series(kind: Kind, pid: u32, tid: u32, subject: &str) -> Series {
    Series {
        kind,
        pid,
        tid,
        subject: subject.to_owned(),
    }
}

/// A capture with these series, each with its times and values.
fn capture(list: &[(Series, &[(u64, u64)])]) -> Profile {
    let mut chunks = testing::chunks(&[vec!["main"]]);
    chunks.push(Chunk::Threads(vec![Thread {
        pid: 7,
        tid: 9,
        name: "worker".into(),
    }]));
    chunks.push(Chunk::Series(list.iter().map(|(s, _)| s.clone()).collect()));
    // Rows of different series stand between each other, as in a real file.
    let mut rows: Vec<(u64, u32, u64)> = list
        .iter()
        .enumerate()
        .flat_map(|(id, (_, points))| points.iter().map(move |(t, v)| (*t, id as u32, *v)))
        .collect();
    rows.sort_unstable();
    chunks.push(Chunk::Readings(Readings {
        time_ns: rows.iter().map(|row| row.0).collect(),
        series: rows.iter().map(|row| row.1).collect(),
        value: rows.iter().map(|row| row.2).collect(),
    }));
    testing::build(chunks)
}

#[test]
fn series_are_listed_by_topic_with_words_and_units() {
    let profile = capture(&[
        (series(Kind::CgroupMemoryBytes, 0, 0, "/shop"), &[(0, 1)]),
        (series(Kind::ThreadCpuNs, 7, 9, ""), &[(0, 1)]),
        (series(Kind::ResidentBytes, 41_823, 0, ""), &[(0, 1)]),
    ]);
    let threads = list(&profile, Topic::Threads);
    assert_eq!(threads.len(), 1);
    assert_eq!(threads[0].label, "CPU time · worker (thread 9)");
    assert_eq!(threads[0].nature, Nature::Cumulative);
    assert_eq!(
        list(&profile, Topic::ControlGroups)[0].label,
        "memory · /shop"
    );
    let memory = list(&profile, Topic::Memory);
    assert_eq!(memory[0].label, "resident · ledgerd (process 41823)");
    assert_eq!((memory[0].id, memory[0].unit), (2, Unit::Bytes));
    assert!(list(&profile, Topic::Pressure).is_empty());
}

#[test]
fn a_table_takes_in_what_a_capture_grows_by() {
    let mut profile = capture(&[(series(Kind::ResidentBytes, 7, 0, ""), &[(1, 10), (2, 20)])]);
    let mut table = SeriesTable::of(&profile);
    profile.readings.time_ns.push(5);
    profile.readings.series.push(0);
    profile.readings.value.push(50);
    table.update(&profile);
    table.update(&profile);
    let values: Vec<f64> = table.points(0).iter().map(|point| point.value).collect();
    assert_eq!(values, [10.0, 20.0, 50.0]);
    assert!(table.points(1).is_empty());
    assert_eq!(table.value_at(0, 0), None);
    assert_eq!(table.value_at(0, 4), Some(20.0));
    assert_eq!(table.extremes(0, &(2..5)), Some((20.0, 20.0)));
    assert_eq!(table.extremes(0, &(2..6)), Some((20.0, 50.0)));
    assert_eq!(table.in_range(0, &(3..4)).len(), 2);
    assert_eq!(table.in_range(0, &(6..9)).len(), 1);
    assert_eq!(table.in_range(0, &(0..1)).len(), 1);
}

#[test]
fn rates_are_those_of_each_step_and_a_count_that_begins_anew_has_none() {
    let points = |values: &[(u64, f64)]| -> Vec<Point> {
        let point = |(time_ns, value): &(u64, f64)| Point {
            time_ns: *time_ns,
            value: *value,
        };
        values.iter().map(point).collect()
    };
    let bytes = points(&[(0, 0.0), (S, 100.0), (3 * S, 500.0), (4 * S, 1.0)]);
    let found: Vec<f64> = rates(&bytes, Unit::Bytes).iter().map(|p| p.value).collect();
    assert_eq!(found, [100.0, 200.0]);
    let half = points(&[(0, 0.0), (2 * S, 1e9)]);
    assert!((rates(&half, Unit::Nanoseconds)[0].value - 0.5).abs() < 1e-12);
    let half = points(&[(0, 0.0), (2 * S, 1e6)]);
    assert!((rates(&half, Unit::Microseconds)[0].value - 0.5).abs() < 1e-12);
}

#[test]
fn a_pixel_keeps_the_lowest_and_the_highest_of_what_lies_under_it() {
    let points: Vec<Point> = (0..1000)
        .map(|n| Point {
            time_ns: n,
            value: if n == 555 { 9.0 } else { 1.0 },
        })
        .collect();
    let buckets = decimate(&points, &(100..1100), 10);
    assert_eq!(buckets.len(), 9);
    assert!(buckets.iter().map(|b| b.pixel).eq(0..9));
    assert_eq!((buckets[4].min, buckets[4].max), (1.0, 9.0));
    assert_eq!(buckets[4].time_ns, 599);
    let held = decimate(&points[..5], &(100..200), 10);
    assert_eq!((held.len(), held[0].pixel, held[0].time_ns), (1, 0, 100));
    assert!(decimate(&points, &(5..5), 10).is_empty());
    assert!(decimate(&points, &(0..5), 0).is_empty());
}

#[test]
fn threads_are_told_by_cpu_time_run_queue_and_the_states_they_were_in() {
    let profile = capture(&[
        (series(Kind::ThreadCpuNs, 7, 8, ""), &[(0, 50), (S, 60)]),
        (series(Kind::ThreadCpuNs, 7, 9, ""), &[(0, 10), (S, 110)]),
        (series(Kind::ThreadRunQueueNs, 7, 9, ""), &[(0, 1), (S, 4)]),
        (
            series(Kind::ThreadState, 7, 9, ""),
            &[
                (0, u64::from(b'R')),
                (S / 4, u64::from(b'S')),
                (S, u64::from(b'S')),
            ],
        ),
    ]);
    let rows = threads(&profile, &SeriesTable::of(&profile), &(0..S));
    assert_eq!(
        (rows[0].tid, rows[0].cpu_ns, rows[0].run_queue_ns),
        (9, 100, 3)
    );
    assert_eq!(rows[0].name, "worker");
    assert_eq!(rows[0].states, [('S', 0.75), ('R', 0.25)]);
    assert_eq!((rows[1].tid, rows[1].cpu_ns), (8, 10));
    assert_eq!(rows[1].read_bytes, None);
}

#[test]
fn a_peer_that_appears_within_the_window_counts_from_its_first_reading() {
    let profile = capture(&[
        (
            series(Kind::SocketSentBytes, 0, 0, "10.0.0.9:5432"),
            &[(S, 100), (2 * S, 700)],
        ),
        (
            series(Kind::SocketsOpened, 0, 0, "10.0.0.9:5432"),
            &[(S, 1), (2 * S, 3)],
        ),
        (
            series(Kind::SocketsEstablished, 0, 0, "10.0.0.9:5432"),
            &[(S, 4), (2 * S, 2)],
        ),
        (
            series(Kind::ListenQueue, 0, 0, "0.0.0.0:80"),
            &[(S, 3), (2 * S, 0)],
        ),
    ]);
    let table = SeriesTable::of(&profile);
    let rows = peers(&profile, &table, &(0..3 * S));
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].sent_bytes, rows[0].opened), (Some(600), 2));
    assert_eq!((rows[0].established, rows[0].peak_established), (2, 4));
    assert_eq!(rows[0].rtt_us, None);
    assert_eq!(listeners(&profile, &table, &(0..3 * S))[0].peak_queue, 3);
}

#[test]
fn a_group_tells_how_near_to_its_limit_it_came() {
    let profile = capture(&[
        (
            series(Kind::CgroupMemoryBytes, 0, 0, "/shop"),
            &[(0, 10), (S, 90), (2 * S, 20)],
        ),
        (
            series(Kind::CgroupMemoryLimitBytes, 0, 0, "/shop"),
            &[(0, 100)],
        ),
        (
            series(Kind::CgroupOomKills, 0, 0, "/shop"),
            &[(0, 4), (S, 5)],
        ),
        (series(Kind::CgroupMemoryBytes, 0, 0, "/"), &[(0, 10)]),
    ]);
    let rows = groups(&profile, &SeriesTable::of(&profile), &(0..3 * S));
    assert_eq!(rows[0].path, "/");
    assert_eq!((rows[0].limit_bytes, rows[0].nearness), (None, None));
    assert_eq!(rows[1].nearness, Some(0.9));
    assert_eq!((rows[1].memory_bytes, rows[1].oom_kills), (Some(20), 1));
}

#[test]
fn storage_descriptors_processes_and_pressure_have_their_tables() {
    let profile = capture(&[
        (series(Kind::DiskWriteBytes, 7, 0, ""), &[(0, 0), (S, 4096)]),
        (series(Kind::WriteCalls, 8, 0, ""), &[(0, 0), (S, 2)]),
        (
            series(Kind::Descriptors, 7, 0, "socket"),
            &[(0, 1), (S, 9), (2 * S, 3)],
        ),
        (
            series(Kind::PressureStallUs, 0, 0, "cpu some"),
            &[(0, 0), (S, 500_000)],
        ),
        (
            series(Kind::CgroupPressureStallUs, 0, 0, "/a cpu some"),
            &[(0, 0), (S, 1)],
        ),
        (series(Kind::ResidentBytes, 7, 0, ""), &[(0, 5), (S, 8)]),
    ]);
    let (table, window) = (SeriesTable::of(&profile), 0..2 * S);
    let rows = disk(&profile, &table, &window);
    assert_eq!((rows[0].pid, rows[0].write_bytes), (7, 4096));
    assert_eq!((rows[1].pid, rows[1].write_calls), (8, 2));
    let open = &descriptors(&profile, &table, &window)[0];
    assert_eq!((open.first, open.last, open.peak), (1, 3, 9));
    let stalls = pressure(&profile, &table, &window);
    assert!((stalls[0].share - 0.25).abs() < 1e-12);
    assert_eq!(stalls[1].what, "/a cpu some");
    let process = &processes(&profile, &table, &window)[0];
    assert_eq!(
        (process.first_resident_bytes, process.last_resident_bytes),
        (5, 8)
    );
}

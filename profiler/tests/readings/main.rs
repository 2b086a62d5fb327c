//! Reads real processes that do known things, and looks at what the time series tell.

mod groups;
mod recorded;
mod target;

#[path = "../support/named.rs"]
mod named;
#[path = "../recording/programs.rs"]
#[allow(dead_code, reason = "shared with the tests that record")]
mod programs;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    time::{Duration, Instant},
};

use programs::{Folder, again_as_nobody, skip};
use scrutineer_profiler::{
    capture::model::{EventKind, SeriesKind as Kind},
    profile::series::{self, Topic},
};
use target::{Reading, Target};

const MIB: u64 = 1 << 20;

#[test]
fn memory_that_is_touched_in_steps_shows_in_each_step() {
    let test = "memory_that_is_touched_in_steps_shows_in_each_step";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("a first reading", |of| of.last(Kind::AnonymousBytes) > 0);
    for step in [32, 64] {
        let before = [
            reading.last(Kind::ResidentBytes),
            reading.last(Kind::AnonymousBytes),
        ];
        let faults = reading.last(Kind::MinorFaults);
        target.asks(&format!("touch {step}"));
        reading.until("the step", |of| {
            of.last(Kind::AnonymousBytes) >= before[1] + step * MIB
                && of.last(Kind::ResidentBytes) >= before[0] + step * MIB
                && of.last(Kind::MinorFaults) >= faults + step * 256
        });
        let grown = reading.last(Kind::AnonymousBytes) - before[1];
        assert!(grown < step * MIB * 21 / 20, "{grown} for {step} MiB");
        let faulted = reading.last(Kind::MinorFaults) - faults;
        assert!(faulted < step * 256 * 21 / 20, "{faulted} for {step} MiB");
    }
    reading.until("a proportional reading of it", |of| {
        of.last(Kind::ProportionalBytes) > 96 * MIB && of.last(Kind::PeakResidentBytes) > 96 * MIB
    });
    let profile = reading.stop();
    assert!(profile.residency.iter().any(|r| r.rss_bytes > 96 * MIB));
    assert!(profile.activity.iter().any(|a| a.threads == 1));
    let process = &series::processes(
        &profile,
        &series::SeriesTable::of(&profile),
        &(0..profile.duration_ns()),
    )[0];
    assert_eq!(process.pid, target.pid());
    assert!(process.name.starts_with("python"), "{}", process.name);
    let grown = process.last_resident_bytes - process.first_resident_bytes;
    assert!((96 * MIB..101 * MIB).contains(&grown), "{grown}");
}

#[test]
fn threads_are_read_with_their_names_cpu_times_and_states() {
    let test = "threads_are_read_with_their_names_cpu_times_and_states";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("a first reading", |of| of.last(Kind::ThreadCpuNs) > 0);
    target.asks("threads 1 busy-one 0.4");
    target.asks("threads 3 idle-one 0");
    let named = |of: &Reading, name: &str| of.profile().threads.iter().any(|t| t.name == name);
    reading.until("both names", |of| {
        named(of, "busy-one") && named(of, "idle-one")
    });
    let profile = reading.stop();
    let table = series::SeriesTable::of(&profile);
    let rows = series::threads(&profile, &table, &(0..profile.duration_ns()));
    let busy = rows.iter().find(|row| row.name == "busy-one").unwrap();
    // Counted from its birth, though it was read only after it.
    assert!(busy.cpu_ns > 390_000_000, "{busy:?}");
    assert!(busy.voluntary_switches > 0 && busy.write_bytes.is_some());
    let idle: Vec<_> = rows.iter().filter(|row| row.name == "idle-one").collect();
    assert_eq!(idle.len(), 3);
    assert!(idle.iter().all(|row| row.cpu_ns < busy.cpu_ns / 4));
    let states = list_values(&profile, Kind::ThreadState, idle[0].tid);
    assert_eq!(states.last(), Some(&u64::from(b'S')));
}

#[test]
fn descriptors_are_counted_by_kind() {
    let test = "descriptors_are_counted_by_kind";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let folder = Folder::new();
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(""), open_to_all).unwrap();
    let mut reading = Reading::of(&[target.pid()], false);
    target.asks(&format!("files 20 {}", folder.path("").display()));
    target.asks("eventfds 3");
    reading.until("the files", |of| {
        of.subject(Kind::Descriptors, "file") >= 20 && of.subject(Kind::Descriptors, "eventfd") == 3
    });
    assert!(reading.subject(Kind::Descriptors, "pipe") >= 2);
    let all = reading.subject(Kind::Descriptors, "all");
    assert!((25..=40).contains(&all), "{all}");
    assert!(reading.last(Kind::DescriptorLimit) >= all);
}

#[test]
fn connections_are_told_by_peer_with_their_bytes_and_churn() {
    let test = "connections_are_told_by_peer_with_their_bytes_and_churn";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let port = echo();
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("a first reading", |of| of.has(Kind::ThreadsNotShown));
    target.asks(&format!("connect {port} 5 1000"));
    let peer = format!("127.0.0.1:{port}");
    reading.until("the connections", |of| {
        of.subject(Kind::SocketsEstablished, &peer) == 5
            && of.subject(Kind::SocketSentBytes, &peer) >= 5_000
    });
    target.asks("hang_up 2");
    reading.until("their end", |of| {
        of.subject(Kind::SocketsClosed, &peer) == 2
            && of.subject(Kind::SocketsEstablished, &peer) == 3
    });
    let profile = reading.stop();
    let table = series::SeriesTable::of(&profile);
    let rows = series::peers(&profile, &table, &(0..profile.duration_ns()));
    let row = rows.iter().find(|row| row.peer == peer).unwrap();
    assert_eq!((row.opened, row.closed, row.peak_established), (5, 2, 5));
    assert!(row.rtt_us.is_some_and(|us| us > 0), "{row:?}");
    // An acknowledged byte more is the connection's own (its opening or its end).
    let bytes = |found: Option<u64>| found.is_some_and(|n| (5_000..=5_010).contains(&n));
    assert!(
        bytes(row.sent_bytes) && bytes(row.received_bytes),
        "{row:?}"
    );
}

#[test]
fn connections_are_told_by_peer_where_netlink_is_refused() {
    let test = "connections_are_told_by_peer_where_netlink_is_refused";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let port = echo();
    if let Err(why) = target::refuse_netlink() {
        return skip(test, &why);
    }
    let mut reading = Reading::of(&[target.pid()], false);
    target.asks(&format!("connect {port} 2 10"));
    let peer = format!("127.0.0.1:{port}");
    reading.until("the connections", |of| {
        of.subject(Kind::SocketsEstablished, &peer) == 2
    });
    let profile = reading.stop();
    let said = profile.events.iter().find(|e| e.kind == EventKind::NotRead);
    assert!(said.unwrap().text.contains("sock_diag"), "{said:?}");
    assert!(
        !profile
            .series
            .iter()
            .any(|s| s.kind == Kind::SocketSentBytes)
    );
}

#[test]
fn what_is_written_to_storage_is_read_by_process_and_by_thread() {
    let test = "what_is_written_to_storage_is_read_by_process_and_by_thread";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let folder = Folder::new();
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("a first reading", |of| of.has(Kind::DiskWriteBytes));
    let before = reading.last(Kind::CallWriteBytes);
    target.asks(&format!("write {} 8", folder.path("data").display()));
    reading.until("the calls", |of| {
        of.last(Kind::CallWriteBytes) >= before + 8 * MIB
    });
    let kind = std::process::Command::new("stat")
        .args(["-f", "-c", "%T"])
        .arg(folder.path("data"))
        .output();
    if kind.is_ok_and(|kind| kind.stdout.starts_with(b"tmpfs")) {
        return skip(test, "the temporary folder lies in memory");
    }
    reading.until("the storage", |of| {
        of.last(Kind::DiskWriteBytes) >= 8 * MIB && of.last(Kind::ThreadDiskWriteBytes) >= 8 * MIB
    });
}

#[test]
fn children_are_found_and_counted_from_their_birth() {
    let test = "children_are_found_and_counted_from_their_birth";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let mut reading = Reading::of(&[target.pid()], true);
    reading.until("a first reading", |of| of.last(Kind::MinorFaults) > 0);
    let child: u32 = target.asks("fork 16").parse().unwrap();
    reading.until("the child", |of| {
        of.of_process(Kind::MinorFaults, child) >= 16 * 256
    });
    let entry = series::process(reading.profile(), child).unwrap();
    assert_eq!(entry.parent_pid, target.pid());
    assert!(entry.command_line.contains("-c"), "{entry:?}");
    target::signal(child, libc::SIGKILL);
    let profile = reading.stop();
    let first = list_points(&profile, Kind::MinorFaults, child)[0];
    assert_eq!(first.1, 0, "it begins at its birth");
    assert!(!profile.events.iter().any(|e| e.kind == EventKind::OomKill));
}

#[test]
fn a_process_that_the_sampler_saw_is_read() {
    let test = "a_process_that_the_sampler_saw_is_read";
    let (Some(mut target), Some(other)) = (Target::start(test), Target::start(test)) else {
        return;
    };
    let mut reading = Reading::of(&[target.pid()], false);
    reading.reader().add_process(other.pid(), 5);
    reading.until("the other", |of| {
        of.of_process(Kind::ResidentBytes, other.pid()) > 0
    });
    target.asks("eventfds 1");
    let pids: Vec<u32> = reading.profile().processes.iter().map(|p| p.pid).collect();
    assert_eq!(pids, [target.pid(), other.pid()]);
}

#[test]
fn of_a_thousand_threads_a_few_are_read_and_the_rest_is_counted() {
    let test = "of_a_thousand_threads_a_few_are_read_and_the_rest_is_counted";
    let Some(mut target) = Target::start(test) else {
        return;
    };
    target.asks("threads 1000 many 0");
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("all of them", |of| {
        of.last(Kind::ThreadsNotShown) == 1001 - 256
    });
    reading.until("those that are shown", |of| {
        of.ids(Kind::ThreadCpuNs).len() == 256
    });
    let listed = series::list(reading.profile(), Topic::Threads);
    let shown: BTreeMap<u32, usize> = listed.iter().fold(BTreeMap::new(), |mut all, one| {
        *all.entry(one.series.tid).or_default() += 1;
        all
    });
    assert_eq!(shown.len(), 257, "256 threads, and what counts the rest");
}

#[test]
fn a_target_that_ends_leaves_what_was_read() {
    let test = "a_target_that_ends_leaves_what_was_read";
    let Some(target) = Target::start(test) else {
        return;
    };
    let pid = target.pid();
    let mut reading = Reading::of(&[pid], true);
    reading.until("a first reading", |of| of.last(Kind::ResidentBytes) > 0);
    drop(target);
    let profile = reading.stop();
    assert!(!list_points(&profile, Kind::ResidentBytes, pid).is_empty());
    let gone = Reading::of(&[pid], true);
    assert!(gone.stop().residency.is_empty());
}

#[test]
fn a_user_without_privileges_reads_its_own_process() {
    let test = "a_user_without_privileges_reads_its_own_process";
    if std::env::var_os("SCRUTINEER_AS_NOBODY").is_none() {
        return again_as_nobody(test, "SCRUTINEER_AS_NOBODY");
    }
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let port = echo();
    let mut reading = Reading::of(&[target.pid()], true);
    target.asks("touch 16");
    target.asks(&format!("connect {port} 1 10"));
    let peer = format!("127.0.0.1:{port}");
    reading.until("each kind", |of| {
        of.last(Kind::ProportionalBytes) > 16 * MIB
            && of.subject(Kind::SocketsEstablished, &peer) == 1
            && of.has(Kind::ThreadDiskWriteBytes)
            && of.has(Kind::CallWriteBytes)
            && of.subject(Kind::Descriptors, "socket") == 1
    });
    let refused: Vec<_> = reading
        .stop()
        .events
        .into_iter()
        .filter(|event| event.pid != 0)
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
#[ignore = "measures; run alone with --nocapture"]
fn cost_of_reading() {
    for (name, deeds) in [
        ("1 thread", vec![]),
        ("1,000 idle threads", vec!["threads 1000 many 0"]),
        ("1 GiB resident", vec!["touch 1024"]),
        ("1,000 files", vec!["files 900 ."]),
    ] {
        let Some(mut target) = Target::start("cost_of_reading") else {
            return;
        };
        for deed in deeds {
            target.asks(deed);
        }
        let mut reading = Reading::of(&[target.pid()], true);
        std::thread::sleep(Duration::from_secs(2));
        let (start, length) = (Instant::now(), Duration::from_secs(10));
        let first_ns = reading.reader().cpu_ns();
        while start.elapsed() < length {
            std::thread::sleep(Duration::from_millis(500));
            reading.take();
        }
        let cpu = Duration::from_nanos(reading.reader().cpu_ns() - first_ns);
        println!(
            "{name}: {:.1} ms in the first 2 s, then {:.3} % of a CPU; {} rows in all",
            first_ns as f64 / 1e6,
            100.0 * cpu.as_secs_f64() / length.as_secs_f64(),
            reading.profile().readings.time_ns.len()
        );
    }
}

/// A server that sends everything back; its port.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let (mut stream, mut buffer) = (stream.expect("a client"), [0; 4096]);
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    stream.write_all(&buffer[..length]).expect("it reads");
                }
            });
        }
    });
    port
}

/// Times and values of a process's series of a kind.
fn list_points(
    profile: &scrutineer_profiler::profile::Profile,
    kind: Kind,
    pid: u32,
) -> Vec<(u64, u64)> {
    let of = |s: &scrutineer_profiler::capture::model::Series| (s.kind, s.pid) == (kind, pid);
    let Some(id) = profile.series.iter().position(of) else {
        return Vec::new();
    };
    let table = series::SeriesTable::of(profile);
    let points = table.points(id as u32).iter();
    points.map(|p| (p.time_ns, p.value as u64)).collect()
}

fn list_values(profile: &scrutineer_profiler::profile::Profile, kind: Kind, tid: u32) -> Vec<u64> {
    let of = |s: &scrutineer_profiler::capture::model::Series| (s.kind, s.tid) == (kind, tid);
    let id = profile.series.iter().position(of).expect("it was read");
    let table = series::SeriesTable::of(profile);
    table
        .points(id as u32)
        .iter()
        .map(|p| p.value as u64)
        .collect()
}

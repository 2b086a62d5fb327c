//! Where something runs out: room in the rings, memory, disk.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use scrutineer_profiler::capture::{
    CaptureError, file,
    model::{CallGraph, Chunk, Frame, NONE},
    recorder::{RecordOptions, Recording},
    tables::{Sample, Tables},
    target::Target,
};

use crate::{
    capture::Capture,
    programs::{Folder, again_in_shell, is_root, skip, wait_until},
    setup::{FEW, Running, launch, pause, perf_works, rates, status_bytes},
};

/// What a recorder in a process of its own is told: pid and file.
const RECORDER: &str = "SCRUTINEER_TEST_RECORDER";

/// The recorder that the next test stops: a program of its own, because a stopped process cannot
/// look on.
fn recorder_of(test: &str, pid: u32, output: &Path) -> Child {
    Command::new(std::env::current_exe().expect("tests are programs"))
        .args(["--exact", test, "--nocapture"])
        .env(RECORDER, format!("{pid} {}", output.display()))
        .stdout(Stdio::null())
        .spawn()
        .expect("the test program runs")
}

fn record_as_told(told: &str) {
    let (pid, output) = told.split_once(' ').expect("pid and file");
    let options = RecordOptions {
        frequency_hz: 9_999,
        stack_dump_bytes: Some(65_528),
        call_graph: CallGraph::Dwarf,
        duration: Some(Duration::from_secs(4)),
        ..RecordOptions::new(PathBuf::from(output))
    };
    let target = Target::Pid(pid.parse().expect("a pid"));
    let recording = Recording::start(&target, options).expect("the recording starts");
    recording.join().expect("the recording is saved");
}

#[test]
fn a_recorder_that_falls_behind_loses_samples_counts_them_and_blocks_nobody() {
    let test = "limits::a_recorder_that_falls_behind_loses_samples_counts_them_and_blocks_nobody";
    if let Ok(told) = std::env::var(RECORDER) {
        return record_as_told(&told);
    }
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "rate.c").filter(|_| perf_works(test)) else {
        return;
    };
    let slices = folder.path("slices");
    let busy = Running::start(&program, &["86400", "2"], Some(&slices));
    let output = folder.path("a.scrutineer");
    let mut recorder = recorder_of(test, busy.pid(), &output);
    let signal = |name: &str| {
        let words = [format!("-{name}"), recorder.id().to_string()];
        assert!(
            Command::new("kill")
                .args(words)
                .status()
                .is_ok_and(|s| s.success())
        );
    };
    wait_until("the recording", || {
        fs::metadata(&output).is_ok_and(|m| m.len() > 100)
    });
    signal("STOP");
    let (_, before) = rates(&slices, 0);
    // Rings hold a fraction of a second at this rate; the target must go on all the same.
    wait_until("work while nobody reads the rings", || {
        rates(&slices, 0).1 >= before + 15
    });
    let (meanwhile, _) = rates(&slices, before);
    assert!(
        meanwhile.iter().skip(1).all(|rate| *rate > 0.0),
        "{meanwhile:?}"
    );
    signal("CONT");
    assert!(recorder.wait().expect("it ends").success());

    let capture = Capture::read(&output);
    assert!(capture.is_complete() && capture.samples() > FEW);
    let lost = lost_in(&output);
    assert!(lost > 0, "{lost} lost of {}", capture.samples());
}

fn lost_in(path: &Path) -> u64 {
    let (chunks, _) = file::read(path).expect("the capture can be read");
    let mut qualities = chunks.iter().rev().filter_map(|chunk| match chunk {
        Chunk::Quality(quality) => Some(quality.lost),
        _ => None,
    });
    qualities.next().unwrap_or(0)
}

const MARK: &str = "SCRUTINEER_LIMITS";

/// Run again in a process of its own, whose memory is that of the tables.
#[test]
fn tables_stay_within_bounds_however_many_stacks_threads_and_processes_pass() {
    let test = "limits::tables_stay_within_bounds_however_many_stacks_threads_and_processes_pass";
    if std::env::var_os(MARK).is_none() {
        return again_in_shell(test, (MARK, Path::new("1")), "");
    }
    let mut tables = Tables::new(0);
    let own = std::process::id();
    let (mut first_peak, mut address) = (0, 0_u64);
    // Six times what is remembered, as an hour of a restless machine would bring it.
    for part in 0_u32..120 {
        for number in 0..10_000_u32 {
            let frames: Vec<u32> = (0..10)
                .map(|_| {
                    address += 1;
                    tables.frame(Frame {
                        module: NONE,
                        address,
                    })
                })
                .collect();
            let stack = tables.stack(&frames);
            let tid = part * 10_000 + number;
            tables.name_thread(tid, tid, "short");
            tables.sample(Sample {
                at_ns: address,
                pid: tid,
                tid,
                stack,
                truncated: false,
            });
            tables.end_thread(tid, tid);
        }
        drop(tables.drain_chunks());
        if part == 60 {
            first_peak = status_bytes(own, "VmHWM:");
        }
    }
    let peak = status_bytes(own, "VmHWM:");
    assert!(peak < 600 << 20, "{} MiB", peak >> 20);
    let grown = peak.saturating_sub(first_peak);
    assert!(grown < 64 << 20, "{} MiB in the second half", grown >> 20);
}

#[test]
fn a_target_whose_every_stack_is_new_is_recorded() {
    let test = "a_target_whose_every_stack_is_new_is_recorded";
    let folder = Folder::new();
    let program = folder.compile(test, "restless.c");
    let Some(program) = program.filter(|_| perf_works(test)) else {
        return;
    };
    let options = RecordOptions {
        frequency_hz: 4_999,
        ..RecordOptions::new(folder.path("a.scrutineer"))
    };
    let (_, capture) = crate::setup::record(&launch(&program, &["stacks", "2"]), options);
    assert!(capture.is_complete() && capture.samples() > FEW);
    assert!(capture.truncated_share() < 0.05);
    assert!(capture.deepest() > 40, "{}", capture.deepest());
}

/// A file system of one megabyte; unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(test: &str, folder: &Folder) -> Option<Self> {
        if !is_root() {
            skip(test, "only root can mount a small file system");
            return None;
        }
        let place = folder.path("disk");
        fs::create_dir(&place).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&place)
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            skip(test, "mounting is refused here");
            return None;
        }
        Some(Self(place))
    }

    /// Leaves so many bytes free.
    fn fill_but(&self, free: u64) {
        let mut filler = File::create(self.0.join("filler")).expect("a file");
        let zeros = [0; 4096];
        while filler.write_all(&zeros).is_ok() {}
        let length = filler.metadata().expect("a file has metadata").len();
        filler.set_len(length - free).expect("shorter");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_the_capture_with_what_it_has() {
    let test = "a_full_disk_ends_the_capture_with_what_it_has";
    let folder = Folder::new();
    let program = folder.compile(test, "restless.c");
    let Some(program) = program.filter(|_| perf_works(test)) else {
        return;
    };
    let Some(disk) = SmallDisk::mount(test, &folder) else {
        return;
    };
    disk.fill_but(512 << 10);
    let output = disk.0.join("a.scrutineer");
    let options = RecordOptions {
        frequency_hz: 4_999,
        ..RecordOptions::new(output.clone())
    };
    let running = Running::start(&program, &["stacks", "86400"], None);
    let recording = Recording::start(&running.target(), options).expect("it starts");
    wait_until("a disk that is full", || recording.is_finished());
    let error = recording.join().expect_err("the disk is full");
    let CaptureError::Write { path, source } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (path, source.kind()),
        (&output, std::io::ErrorKind::StorageFull)
    );
    assert!(error.to_string().contains("Free space"), "{error}");
    pause(50);
    assert_eq!(running.state(), 'R');

    let (chunks, _) = file::read(&output).expect("what was written can be read");
    let samples: usize = chunks
        .iter()
        .map(|chunk| match chunk {
            Chunk::Samples(samples) => samples.stack.len(),
            _ => 0,
        })
        .sum();
    assert!(samples > FEW, "{samples} samples were kept");
}

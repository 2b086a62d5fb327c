//! Records real processes through perf events and looks at what the captures hold.

mod capture;
#[path = "../support/named.rs"]
mod named;
mod programs;
mod refusal;
mod subjects;
mod waits;

use std::{
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use capture::Capture;
use programs::{Folder, copy_program, skip, wait_until};
use scrutineer_evidence::capture::Sampler as SamplerKind;
use scrutineer_profiler::capture::{
    CaptureError,
    model::{EndReason, ModuleKind},
    perf::EventChoice,
    recorder::{RecordOptions, Recording, RecordingSummary},
    target::Target,
};

/// Fewer samples than this say nothing about shares, even on a busy machine.
const FEW: usize = 50;

/// Whether perf events can be opened; says so where they cannot.
fn perf_works(test: &str) -> bool {
    match EventChoice::best_for_us() {
        Ok(_) => true,
        Err(error) => {
            skip(test, &format!("perf_event_open is refused: {error}"));
            false
        }
    }
}

fn options(output: &Path) -> RecordOptions {
    RecordOptions {
        stack_dump_bytes: Some(32 << 10),
        ..RecordOptions::new(output.to_owned())
    }
}

fn launch(words: &[&str]) -> Target {
    Target::Launch {
        command: words.iter().map(Into::into).collect(),
        folder: None,
    }
}

fn record(target: &Target, options: RecordOptions) -> (RecordingSummary, Capture) {
    let path = options.output.clone();
    let recording = Recording::start(target, options).expect("the recording starts");
    let summary = recording.join().expect("the recording is saved");
    (summary, Capture::read(&path))
}

/// Ends a process that a test started, also when the test fails.
struct Running(Child);

impl Running {
    fn start(program: &Path, words: &[&str]) -> Self {
        let child = Command::new(program)
            .args(words)
            .spawn()
            .expect("the program starts");
        let pid = child.id();
        // Attached to before its exec, it would still be called like this test.
        wait_until("the program's exec", || {
            let image = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
            image.is_some_and(|image| image.ends_with(program.file_name().expect("a file")))
        });
        Self(child)
    }

    fn target(&self) -> Target {
        Target::Pid(self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_launched_program_is_recorded_from_start_to_end() {
    let test = "a_launched_program_is_recorded_from_start_to_end";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let command = launch(&[&spin.to_string_lossy(), "1"]);
    let (summary, capture) = record(&command, options(&folder.path("a.scrutineer")));

    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    assert!(capture.is_complete());
    let header = capture.header();
    assert!(header.launched);
    assert_eq!((header.pid, header.name.as_str()), (summary.pid, "spin"));
    assert_eq!(
        capture.threads.last().map(|thread| thread.name.as_str()),
        Some("spin")
    );
    assert!(capture.samples() > FEW, "{} samples", capture.samples());
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
    let known: f64 = ["heavy", "middling", "churn"]
        .iter()
        .map(|name| capture.self_share(&spin, name))
        .sum();
    assert!(
        known > 0.9,
        "{known} of the samples lie where the program works"
    );
    assert!(capture.self_share(&spin, "heavy") > capture.self_share(&spin, "middling"));
    // Frame-pointer unwinding would lose the recursion: this code keeps none.
    assert!(capture.total_share(&spin, "work") > 0.9);
    assert!(capture.total_share(&spin, "main") > 0.9);
    assert!(!capture.activity.is_empty() && !capture.residency.is_empty());
}

#[test]
fn a_child_s_exit_status_is_told() {
    let test = "a_child_s_exit_status_is_told";
    if !perf_works(test) {
        return;
    }
    let folder = Folder::new();
    for (script, status) in [("exit 7", 7), ("kill -KILL $$", 137)] {
        let output = folder.path(&format!("{status}.scrutineer"));
        let (summary, _) = record(&launch(&["sh", "-c", script]), options(&output));
        assert_eq!(
            summary.reason,
            EndReason::TargetEnded {
                status: Some(status)
            }
        );
    }
}

#[test]
fn a_command_that_does_not_exist_leaves_no_file() {
    let test = "a_command_that_does_not_exist_leaves_no_file";
    if !perf_works(test) {
        return;
    }
    let folder = Folder::new();
    let output = folder.path("none.scrutineer");
    let error = Recording::start(&launch(&["/no/such/program"]), options(&output));
    let Err(CaptureError::Launch { command, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(command, "/no/such/program");
    assert!(!output.exists());
}

#[test]
fn children_of_the_target_are_recorded_with_stacks_of_their_own() {
    let test = "children_of_the_target_are_recorded_with_stacks_of_their_own";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let script = format!("{spin} 0.5; {spin} 0.5", spin = spin.display());
    let output = options(&folder.path("a.scrutineer"));
    let (_, capture) = record(&launch(&["sh", "-c", &script]), output);

    let spinning = capture.pids_of_threads_named("spin");
    assert_eq!(spinning.len(), 2, "{:?}", capture.threads);
    assert!(capture.samples() > FEW);
    assert!(capture.total_share(&spin, "main") > 0.8);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
}

#[test]
fn threads_born_after_attaching_are_sampled() {
    let test = "threads_born_after_attaching_are_sampled";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&spin, &["1", "3", "0.5"]);
    let (summary, capture) = record(&running.target(), options(&folder.path("a.scrutineer")));

    assert_eq!(summary.reason, EndReason::TargetEnded { status: None });
    assert!(capture.is_complete());
    let workers = capture
        .sampled_threads()
        .filter(|thread| thread.tid != thread.pid)
        .count();
    assert_eq!(workers, 3);
    assert!(capture.total_share(&spin, "work") > 0.8);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
}

#[test]
fn threads_that_exist_already_are_sampled_once_each() {
    let test = "threads_that_exist_already_are_sampled_once_each";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&spin, &["30", "2"]);
    let tasks = format!("/proc/{}/task", running.0.id());
    wait_until("both threads", || {
        std::fs::read_dir(&tasks).is_ok_and(|list| list.count() == 3)
    });
    let mut with_limit = options(&folder.path("a.scrutineer"));
    with_limit.duration = Some(Duration::from_secs(1));
    let (summary, capture) = record(&running.target(), with_limit);

    assert_eq!(summary.reason, EndReason::Duration);
    assert_eq!(
        capture
            .sampled_threads()
            .filter(|thread| thread.tid != thread.pid)
            .count(),
        2
    );
    // A thread with two events per CPU would be sampled at twice the rate.
    let fastest = capture.fastest_thread_hz();
    assert!(fastest < 1_300.0, "a thread was sampled at {fastest} Hz");
}

#[test]
fn frames_that_need_more_than_three_registers_are_followed() {
    let test = "frames_that_need_more_than_three_registers_are_followed";
    if !cfg!(target_arch = "x86_64") {
        return skip(test, "the program is written in x86-64 assembly");
    }
    let folder = Folder::new();
    let Some(odd) = folder
        .compile(test, "odd_frames.c")
        .filter(|_| perf_works(test))
    else {
        return;
    };
    for (mode, function) in [
        ("rax", "spin_rax"),
        ("memory", "spin_memory"),
        ("signal", "handler"),
    ] {
        let command = launch(&[&odd.to_string_lossy(), mode, "0.5"]);
        let output = folder.path(&format!("{mode}.scrutineer"));
        let (_, capture) = record(&command, options(&output));
        assert!(
            capture.samples() > FEW,
            "{mode}: {} samples",
            capture.samples()
        );
        assert!(capture.self_share(&odd, function) > 0.9, "{mode}");
        assert!(capture.total_share(&odd, "main") > 0.9, "{mode}");
        assert!(
            capture.truncated_share() < 0.05,
            "{mode}: {}",
            capture.truncated_share()
        );
    }
}

#[test]
fn stacks_of_python_reach_their_root() {
    let test = "stacks_of_python_reach_their_root";
    let folder = Folder::new();
    let Some(python) = programs::python(test).filter(|_| perf_works(test)) else {
        return;
    };
    let script = programs::source("busy.py");
    let command = launch(&[&python.to_string_lossy(), &script.to_string_lossy(), "1"]);
    let (_, capture) = record(&command, options(&folder.path("a.scrutineer")));
    assert!(capture.samples() > FEW);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
    assert!(
        capture.deepest() > 15,
        "the deepest stack has {} frames",
        capture.deepest()
    );
}

#[test]
fn rust_threads_of_this_very_process_are_unwound() {
    let test = "rust_threads_of_this_very_process_are_unwound";
    if !perf_works(test) {
        return;
    }
    let folder = Folder::new();
    let worker = std::thread::Builder::new()
        .name("number-cruncher".to_owned())
        .spawn(|| {
            let end = std::time::Instant::now() + Duration::from_millis(1_200);
            let mut sum = 0_u64;
            while std::time::Instant::now() < end {
                sum = (0..10_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
            }
            sum
        })
        .expect("a thread starts");
    let mut with_limit = options(&folder.path("a.scrutineer"));
    with_limit.duration = Some(Duration::from_secs(1));
    let (_, capture) = record(&Target::Pid(std::process::id()), with_limit);
    worker.join().expect("the worker ends");
    let crunching = capture
        .sampled_threads()
        .any(|thread| thread.name == "number-cruncher");
    assert!(crunching, "{:?}", capture.threads);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
}

#[test]
fn a_program_deleted_while_it_runs_is_unwound() {
    let test = "a_program_deleted_while_it_runs_is_unwound";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let doomed = folder.path("doomed");
    copy_program(&spin, &doomed);
    let running = Running::start(&doomed, &["30"]);
    std::fs::remove_file(&doomed).expect("was there");
    let mut with_limit = options(&folder.path("a.scrutineer"));
    with_limit.duration = Some(Duration::from_millis(700));
    let (_, capture) = record(&running.target(), with_limit);

    let module = capture
        .modules
        .iter()
        .find(|module| module.path.ends_with("/doomed"));
    let module = module.expect("the deleted program is a module");
    assert!(module.deleted && module.kind == ModuleKind::File);
    assert!(!module.build_id.is_empty());
    assert!(capture.samples() > FEW);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
}

#[test]
fn two_recordings_of_one_target_both_get_its_samples() {
    let test = "two_recordings_of_one_target_both_get_its_samples";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&spin, &["30"]);
    let paths = ["a.scrutineer", "b.scrutineer"].map(|name| folder.path(name));
    let recordings = paths.each_ref().map(|path| {
        let mut with_limit = options(path);
        with_limit.duration = Some(Duration::from_secs(1));
        Recording::start(&running.target(), with_limit).expect("the recording starts")
    });
    for recording in recordings {
        recording.join().expect("the recording is saved");
    }
    for path in paths {
        let capture = Capture::read(&path);
        assert!(capture.samples() > FEW, "{} samples", capture.samples());
        assert!(capture.truncated_share() < 0.05);
    }
}

#[test]
fn a_stopped_recording_is_complete() {
    let test = "a_stopped_recording_is_complete";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&spin, &["30"]);
    let path = folder.path("a.scrutineer");
    let recording = Recording::start(&running.target(), options(&path)).expect("it starts");
    assert_eq!(recording.pid(), running.0.id());
    wait_until("samples", || {
        recording.status().quality.samples > FEW as u64
    });
    assert!(!recording.is_finished());
    recording.stop();
    let summary = recording.join().expect("the recording is saved");
    assert_eq!(summary.reason, EndReason::Stopped);
    let capture = Capture::read(&path);
    assert!(capture.is_complete());
    assert_eq!(capture.samples() as u64, summary.quality.samples);
}

#[test]
fn a_recording_that_is_dropped_is_saved() {
    let test = "a_recording_that_is_dropped_is_saved";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&spin, &["30"]);
    let path = folder.path("a.scrutineer");
    drop(Recording::start(&running.target(), options(&path)).expect("it starts"));
    assert!(Capture::read(&path).is_complete());
}

#[test]
fn an_existing_file_is_kept_and_the_command_does_not_run() {
    let test = "an_existing_file_is_kept_and_the_command_does_not_run";
    if !perf_works(test) {
        return;
    }
    let folder = Folder::new();
    let (output, mark) = (folder.path("a.scrutineer"), folder.path("mark"));
    std::fs::write(&output, "precious").expect("a file");
    let target = launch(&["touch", &mark.to_string_lossy()]);
    let error = Recording::start(&target, options(&output)).expect_err("the file exists");
    assert!(matches!(error, CaptureError::Write { .. }), "{error}");
    assert_eq!(std::fs::read(&output).expect("still there"), b"precious");
    assert!(!mark.exists());
}

#[test]
fn a_full_disk_ends_the_recording_and_keeps_what_was_written() {
    let test = "a_full_disk_ends_the_recording_and_keeps_what_was_written";
    if let Some(spin) = std::env::var_os("SCRUTINEER_FULL_DISK") {
        let folder = Folder::new();
        let running = Running::start(Path::new(&spin), &["30"]);
        let path = folder.path("a.scrutineer");
        let recording = Recording::start(&running.target(), options(&path)).expect("it starts");
        let error = recording
            .join()
            .expect_err("the limit of a file's size is reached");
        assert!(matches!(error, CaptureError::Write { .. }), "{error}");
        let capture = Capture::read(&path);
        assert!(capture.samples() > 0);
        return;
    }
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    // A file that reaches 4 KiB is where the disk ends.
    programs::again_in_shell(
        test,
        ("SCRUTINEER_FULL_DISK", &spin),
        "trap '' XFSZ; ulimit -f 4;",
    );
}

#[test]
fn where_perf_events_are_refused_ptrace_takes_over() {
    let test = "where_perf_events_are_refused_ptrace_takes_over";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c") else {
        return;
    };
    if let Err(why) = refusal::refuse_perf_events() {
        return skip(test, &why);
    }
    let command = launch(&[&spin.to_string_lossy(), "2"]);
    let (summary, capture) = record(&command, options(&folder.path("a.scrutineer")));

    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    assert_eq!(capture.header().sampler, SamplerKind::Ptrace);
    assert_eq!(capture.header().frequency_hz, 99);
    assert!(
        summary.warnings[0].contains("ptrace"),
        "{:?}",
        summary.warnings
    );
    assert!(capture.samples() > 20, "{} samples", capture.samples());
    assert!(capture.total_share(&spin, "work") > 0.8);
    assert!(
        capture.truncated_share() < 0.05,
        "{} truncated",
        capture.truncated_share()
    );
    assert!(summary.quality.paused_ns > 0);
    assert!(capture.is_complete());
    if std::env::var_os("SCRUTINEER_AS_NOBODY").is_none() {
        programs::again_as_nobody(test, "SCRUTINEER_AS_NOBODY");
    }
}

#[test]
fn a_command_that_does_not_exist_is_told_under_ptrace_too() {
    let test = "a_command_that_does_not_exist_is_told_under_ptrace_too";
    if let Err(why) = refusal::refuse_perf_events() {
        return skip(test, &why);
    }
    let folder = Folder::new();
    let output = folder.path("none.scrutineer");
    let error = Recording::start(&launch(&["/no/such/program"]), options(&output));
    assert!(
        matches!(error, Err(CaptureError::Launch { .. })),
        "{error:?}"
    );
    assert!(!output.exists());
}

#[test]
fn a_user_without_privileges_records_its_own_process() {
    let test = "a_user_without_privileges_records_its_own_process";
    if std::env::var_os("SCRUTINEER_AS_NOBODY").is_some() {
        if !perf_works(test) {
            return;
        }
        let folder = Folder::new();
        let Some(spin) = folder.compile(test, "spin.c") else {
            return;
        };
        let command = launch(&[&spin.to_string_lossy(), "1"]);
        let (summary, capture) = record(&command, options(&folder.path("a.scrutineer")));
        assert!(capture.samples() > FEW, "{} samples", capture.samples());
        assert!(capture.truncated_share() < 0.05);
        assert!(capture.total_share(&spin, "work") > 0.8);
        if !capture.header().kernel_frames {
            let share = summary.quality.kernel_invisible_share;
            assert!(share.is_some_and(|share| share < 0.5), "{share:?}");
        }
        return;
    }
    programs::again_as_nobody(test, "SCRUTINEER_AS_NOBODY");
}

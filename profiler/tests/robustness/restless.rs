//! Targets that fork, exec, start thousands of threads, replace their libraries, stop and die.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use scrutineer_profiler::capture::{
    CaptureError,
    model::EndReason,
    recorder::{RecordOptions, Recording},
    target::Target,
};

use crate::{
    capture::Capture,
    programs::{Folder, wait_until},
    setup::{FEW, Running, launch, perf_works, record},
};

fn restless(test: &str, folder: &Folder) -> Option<std::path::PathBuf> {
    folder
        .compile(test, "restless.c")
        .filter(|_| perf_works(test))
}

fn options(folder: &Folder) -> RecordOptions {
    RecordOptions::new(folder.path("a.scrutineer"))
}

fn expect_whole(capture: &Capture) {
    assert!(capture.is_complete());
    assert!(capture.samples() > FEW, "{} samples", capture.samples());
    let truncated = capture.truncated_share();
    assert!(truncated < 0.05, "{truncated} truncated");
}

#[test]
fn hundreds_of_short_children_are_captured() {
    let test = "hundreds_of_short_children_are_captured";
    let folder = Folder::new();
    let Some(program) = restless(test, &folder) else {
        return;
    };
    let (summary, capture) = record(&launch(&program, &["fork", "200"]), options(&folder));
    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    expect_whole(&capture);
    assert!(capture.total_share(&program, "child_work") > 0.5);
    let pids: BTreeSet<u32> = capture.sampled_threads().map(|thread| thread.pid).collect();
    assert!(pids.len() > 50, "{} processes were sampled", pids.len());
}

#[test]
fn a_program_that_executes_itself_again_and_again_is_captured() {
    let test = "a_program_that_executes_itself_again_and_again_is_captured";
    let folder = Folder::new();
    let Some(program) = restless(test, &folder) else {
        return;
    };
    let (summary, capture) = record(&launch(&program, &["exec", "30"]), options(&folder));
    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    expect_whole(&capture);
    assert!(capture.total_share(&program, "exec_work") > 0.7);
    let pids: BTreeSet<u32> = capture.sampled_threads().map(|thread| thread.pid).collect();
    assert_eq!(pids, BTreeSet::from([summary.pid]));
}

#[test]
fn ten_thousand_short_threads_are_captured() {
    let test = "ten_thousand_short_threads_are_captured";
    let folder = Folder::new();
    let Some(program) = restless(test, &folder) else {
        return;
    };
    let (summary, capture) = record(&launch(&program, &["threads", "10000"]), options(&folder));
    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    expect_whole(&capture);
    let born: BTreeSet<u32> = capture.threads.iter().map(|thread| thread.tid).collect();
    assert_eq!(born.len(), 10_001, "every thread is known");
    assert!(capture.total_share(&program, "thread_work") > 0.5);
    // The kernel starts a thread's period anew at its birth: those that live for less than one are
    // not sampled, by no profiler that counts per thread.
    let sampled = capture.sampled_threads().count();
    assert!(sampled > FEW, "{sampled} threads were sampled");
}

/// Children that are born while the events are opened anew for larger stack copies have neither the
/// old ones for long nor the new ones by birth.
#[test]
fn children_born_while_the_stack_copies_grow_are_captured() {
    let test = "children_born_while_the_stack_copies_grow_are_captured";
    let folder = Folder::new();
    let Some(program) = restless(test, &folder) else {
        return;
    };
    let (summary, capture) = record(&launch(&program, &["births", "400"]), options(&folder));
    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    let mut by_child: BTreeMap<u32, usize> = BTreeMap::new();
    for thread in &capture.columns.thread {
        let pid = capture.threads[*thread as usize].pid;
        *by_child.entry(pid).or_default() += 1;
    }
    by_child.remove(&summary.pid);
    // Each works for 20 periods.
    let most = by_child.values().max().copied().unwrap_or_default();
    let whole = by_child.values().filter(|samples| **samples >= 14).count();
    assert!(whole >= 396, "{whole} of 400 children: {by_child:?}");
    assert!(most < 30, "nobody is sampled twice: {by_child:?}");
}

#[test]
fn libraries_that_are_replaced_while_mapped_are_unwound() {
    let test = "libraries_that_are_replaced_while_mapped_are_unwound";
    let (folder, other) = (Folder::new(), Folder::new());
    let Some(program) = restless(test, &folder) else {
        return;
    };
    let flags = ["-DPLUGIN", "-shared", "-fPIC"];
    let built = other.compile_with(test, "restless.c", &flags);
    let built = built.expect("what compiled once compiles again");
    let plugin = folder.path("plugin.so");
    fs::copy(&built, &plugin).expect("a copy");
    let words = ["library", plugin.to_str().unwrap(), built.to_str().unwrap()];
    let (summary, capture) = record(&launch(&program, &words), options(&folder));
    assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
    expect_whole(&capture);
    let inside = capture.total_share(&plugin, "plugin_work");
    assert!(inside > 0.8, "{inside} of the samples lie in the library");
    assert!(capture.total_share(&program, "main") > 0.8);
}

#[test]
fn a_target_that_is_stopped_and_continued_is_captured_before_and_after() {
    let test = "a_target_that_is_stopped_and_continued_is_captured_before_and_after";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&program, &["86400"], None);
    let recording = Recording::start(&running.target(), options(&folder)).expect("it starts");
    let taken = || recording.status().quality.samples;
    wait_until("samples before the stop", || taken() > FEW as u64);
    running.signal("STOP");
    wait_until("the stop", || running.state() == 'T');
    // What was in the rings when it stopped arrives first.
    let mut before = u64::MAX;
    wait_until("a recording that stands still", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        std::mem::replace(&mut before, taken()) == taken()
    });
    assert!(!recording.is_finished());
    running.signal("CONT");
    wait_until("samples after the stop", || taken() > before + FEW as u64);
    recording.stop();
    let summary = recording.join().expect("the recording is saved");
    assert_eq!(summary.reason, EndReason::Stopped);
    expect_whole(&Capture::read(&summary.path));
    assert_ne!(running.state(), 'T');
}

#[test]
fn a_target_that_is_killed_is_captured_as_far_as_it_lived() {
    let test = "a_target_that_is_killed_is_captured_as_far_as_it_lived";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let running = Running::start(&program, &["86400", "2"], None);
    let recording = Recording::start(&running.target(), options(&folder)).expect("it starts");
    wait_until("samples", || {
        recording.status().quality.samples > FEW as u64
    });
    running.signal("KILL");
    let summary = recording.join().expect("the recording is saved");
    assert_eq!(summary.reason, EndReason::TargetEnded { status: None });
    let capture = Capture::read(&summary.path);
    expect_whole(&capture);
    assert!(capture.total_share(&program, "work") > 0.8);
}

#[test]
fn a_target_that_ends_at_once_leaves_a_whole_capture() {
    let test = "a_target_that_ends_at_once_leaves_a_whole_capture";
    if !perf_works(test) {
        return;
    }
    for _ in 0..10 {
        let folder = Folder::new();
        let (summary, capture) = record(&launch("/bin/true".as_ref(), &[]), options(&folder));
        assert_eq!(summary.reason, EndReason::TargetEnded { status: Some(0) });
        assert!(capture.is_complete());
    }
}

#[test]
fn a_target_that_has_ended_already_is_said_to_be_gone() {
    let folder = Folder::new();
    let mut child = std::process::Command::new("true").spawn().expect("it runs");
    let pid = child.id();
    child.wait().expect("it ends");
    let error = Recording::start(&Target::Pid(pid), options(&folder)).expect_err("it is gone");
    assert!(
        matches!(error, CaptureError::NoSuchProcess { .. }),
        "{error}"
    );
    assert!(!folder.path("a.scrutineer").exists());
}

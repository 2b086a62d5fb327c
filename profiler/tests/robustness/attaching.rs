//! Attaching to a busy program and leaving it again, over and over.

use std::{fs, path::Path};

use scrutineer_profiler::capture::recorder::{RecordOptions, Recording};

use crate::{
    programs::{Folder, again_in_shell, wait_until},
    setup::{Holdings, Running, median, pause, perf_works, rates},
};

const MARK: &str = "SCRUTINEER_ATTACHING";
/// 40, or as many as `SCRUTINEER_ATTACH_ROUNDS` says.
fn rounds() -> usize {
    let asked = std::env::var("SCRUTINEER_ATTACH_ROUNDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Run again in a process of its own, where no other test opens files and starts threads.
#[test]
fn attaching_and_detaching_leaves_nothing_behind() {
    let test = "attaching::attaching_and_detaching_leaves_nothing_behind";
    if std::env::var_os(MARK).is_none() {
        return again_in_shell(test, (MARK, Path::new("1")), "");
    }
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "rate.c").filter(|_| perf_works(test)) else {
        return;
    };
    let slices = folder.path("slices");
    let busy = Running::start(&program, &["86400", "3"], Some(&slices));
    wait_until("slices of undisturbed work", || rates(&slices, 0).1 >= 10);
    let (undisturbed, _) = rates(&slices, 0);

    // The first rounds fill caches that are meant to stay.
    attach_and_detach(&busy, &folder, 5);
    let target_before = Holdings::of(busy.pid());
    let own_before = Holdings::of(std::process::id());
    attach_and_detach(&busy, &folder, rounds());
    let own = Holdings::of(std::process::id());
    let target = Holdings::of(busy.pid());
    assert_eq!(own.descriptors, own_before.descriptors);
    assert_eq!(own.threads, own_before.threads);
    assert_eq!(target.descriptors, target_before.descriptors);
    assert_eq!(target.threads, target_before.threads);
    let grown = |after: Holdings, before: Holdings| {
        after.resident_bytes.saturating_sub(before.resident_bytes)
    };
    assert!(grown(own, own_before) < 8 << 20, "{own:?} {own_before:?}");
    assert!(
        grown(target, target_before) < 1 << 20,
        "{target:?} {target_before:?}"
    );

    let (_, so_far) = rates(&slices, 0);
    wait_until("slices after the last detach", || {
        rates(&slices, so_far + 1).1 >= so_far + 11
    });
    let (after, _) = rates(&slices, so_far + 1);
    let back = median(after) / median(undisturbed);
    assert!(back > 0.8, "its work per CPU-second is {back} of before");
    assert!(matches!(busy.state(), 'R' | 'S'), "{}", busy.state());
}

fn attach_and_detach(busy: &Running, folder: &Folder, rounds: usize) {
    for round in 0..rounds {
        let output = folder.path("a.scrutineer");
        let options = RecordOptions::new(output.clone());
        let recording = Recording::start(&busy.target(), options).expect("the recording starts");
        pause(10);
        recording.stop();
        let summary = recording.join().expect("the recording is saved");
        assert_eq!(summary.pid, busy.pid(), "round {round}");
        fs::remove_file(output).expect("the capture was written");
    }
}

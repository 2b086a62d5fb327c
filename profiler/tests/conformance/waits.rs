//! Time off the CPU: each function's waits, within 5 percent, and what they were for.

use std::collections::BTreeSet;

use scrutineer_profiler::{
    capture::{
        model::{WaitClass, WaitSource},
        recorder::RecordOptions,
    },
    profile::{Profile, Selection, Weight, wait_facts},
};

use crate::{
    account,
    programs::{Folder, skip},
    setup::{launch, perf_works},
};

const LARGEST_DIFFERENCE: f64 = 0.05;
/// Less than this in all says nothing: a file system in memory does not wait.
const LEAST_NS: f64 = 20e6;

#[test]
fn each_function_s_waits_are_right_and_classed() {
    let test = "each_function_s_waits_are_right_and_classed";
    let folder = Folder::new();
    let program = folder.compile(test, "split_waits.c");
    let Some(program) = program.filter(|_| perf_works(test)) else {
        return;
    };
    let told = folder.path("account");
    let words = [told.to_str().expect("a temporary path is text"), "3"];
    let options = RecordOptions {
        off_cpu: true,
        ..RecordOptions::new(folder.path("a.scrutineer"))
    };
    let profile = account::record(&launch(&program, &words), options);
    if profile.header.wait_source != Some(WaitSource::ContextSwitches) {
        return skip(test, "context switches may not be recorded here");
    }
    let told = account::of_the_program(&told);
    let names: Vec<&String> = told.keys().collect();
    let (found, _) =
        account::of_the_capture(&profile, &Selection::weighed_by(Weight::Wait), &names);
    for (name, class) in [
        ("wait_for_sleep", WaitClass::Sleep),
        ("wait_for_lock", WaitClass::Lock),
        ("wait_for_pipe", WaitClass::Ipc),
        ("wait_for_disk", WaitClass::Disk),
    ] {
        if told[name] < LEAST_NS {
            assert_eq!(name, "wait_for_disk", "{told:?}");
            skip(test, "writing to the temporary folder takes no time");
            continue;
        }
        let ratio = found[name] / told[name];
        assert!(
            (ratio - 1.0).abs() <= LARGEST_DIFFERENCE,
            "{name}: the program says {} ms, the capture has {ratio} of it",
            told[name] / 1e6
        );
        // Time on the run queue is told apart and grows with the machine's load.
        let classes = BTreeSet::from([class, WaitClass::RunQueue]);
        let of_its_class = Selection {
            wait_classes: Some(classes),
            ..Selection::weighed_by(Weight::Wait)
        };
        let (of_class, _) = account::of_the_capture(&profile, &of_its_class, &names);
        assert!(
            of_class[name] >= 0.9 * found[name],
            "{name}: {} of {} ms are classed {}",
            of_class[name] / 1e6,
            found[name] / 1e6,
            class.id()
        );
    }
    expect_lock(&profile, found["wait_for_lock"]);
}

/// The facts that the guideline is judged by name the function that waited for a lock, with the
/// time that the capture has of it; what the run queue took is told apart.
fn expect_lock(profile: &Profile, waited_ns: f64) {
    let facts = wait_facts(profile).expect("waits were recorded");
    let mut sites = facts.lock_sites.iter();
    let site = sites.find(|site| site.function == "wait_for_lock");
    let site = site.unwrap_or_else(|| panic!("{facts:?}"));
    let run_queue_s = facts.run_queue_s;
    let expected_s = waited_ns / 1e9;
    assert!(
        site.waited_s <= expected_s + 1e-9 && site.waited_s + run_queue_s >= 0.95 * expected_s,
        "{site:?} of {expected_s} s, {run_queue_s} s on the run queue"
    );
}

//! Records real Python programs of every version at hand and compares what the stacks say with
//! what the programs measured themselves.

#[path = "../support/named.rs"]
mod named;
mod record;

use std::io::Write as _;

/// Recordings that are made, at most, until one has read what the program ran in time.
const TRIES: usize = 3;
/// Largest difference between a function's share of the samples and of the CPU time that the
/// program measured. Chance alone gives 0.015 one time in a hundred at 1,200 samples; the rest is
/// for machines so busy that samples are unwound late.
const LARGEST_DIFFERENCE: f64 = 0.05;

/// Runs a part of the program with every interpreter at hand, and compares.
fn compare(test: &str, part: &str) {
    let interpreters = record::interpreters();
    if interpreters.is_empty() {
        let line = format!("SKIPPED {test}: no Python from 3.8 to 3.13\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    for python in interpreters {
        let mut run = record::record(&python, &[], &["2", part]);
        for _ in 1..TRIES {
            if run.doubt() > 0.0 {
                run = record::record(&python, &[], &["2", part]);
            }
        }
        // What a recording says to doubt may be wrong.
        let allowed = LARGEST_DIFFERENCE + run.doubt();
        assert!(
            !run.truth.is_empty(),
            "{}: {part} measures itself",
            python.name
        );
        for (name, truth) in &run.truth {
            let seen = run.total_share(&format!("interpreted.{name}"));
            assert!(
                (seen - truth).abs() < allowed,
                "{}, {part}: {name} took {truth:.4} of the time and has {seen:.4} of the samples; \
                 {:?}",
                python.name,
                run.warnings
            );
        }
    }
}

#[test]
fn functions_have_the_shares_that_the_program_measured() {
    compare(
        "functions_have_the_shares_that_the_program_measured",
        "split",
    );
}

#[test]
fn nested_and_recursive_calls_are_followed() {
    compare("nested_and_recursive_calls_are_followed", "calls");
}

#[test]
fn calls_through_native_code_lie_between_its_frames() {
    compare("calls_through_native_code_lie_between_its_frames", "native");
}

#[test]
fn generators_lie_where_they_are_resumed() {
    compare("generators_lie_where_they_are_resumed", "generators");
}

#[test]
fn each_thread_has_its_own_functions() {
    compare("each_thread_has_its_own_functions", "threads");
}

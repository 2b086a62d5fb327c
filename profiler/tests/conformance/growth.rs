//! Growth of memory: who touched how many pages first, within 5 percent.

use scrutineer_profiler::{
    capture::recorder::RecordOptions,
    profile::{Selection, Weight},
};

use crate::{
    account,
    programs::Folder,
    setup::{launch, perf_works},
};

const LARGEST_DIFFERENCE: f64 = 0.05;

/// Faults are thinned out to the sampling frequency, so that a program that touches a gigabyte a
/// second is told less exactly: this one touches steadily, some tens of megabytes a second.
#[test]
fn each_function_s_growth_is_right() {
    let test = "each_function_s_growth_is_right";
    let folder = Folder::new();
    let program = folder.compile(test, "split_touch.c");
    let Some(program) = program.filter(|_| perf_works(test)) else {
        return;
    };
    let options = RecordOptions {
        frequency_hz: 4_999,
        page_faults: true,
        ..RecordOptions::new(folder.path("a.scrutineer"))
    };
    let told = folder.path("account");
    let words = [told.to_str().expect("a temporary path is text"), "160"];
    let profile = account::record(&launch(&program, &words), options);
    let told = account::of_the_program(&told);
    let names: Vec<&String> = told.keys().collect();
    let selection = Selection::weighed_by(Weight::PageFaults);
    let (found, rows) = account::of_the_capture(&profile, &selection, &names);
    for (name, faults) in &told {
        let ratio = found[name] / faults;
        assert!(
            (ratio - 1.0).abs() <= LARGEST_DIFFERENCE,
            "{name} took {faults} faults; the capture has {ratio} of them, in {rows} rows"
        );
    }
}

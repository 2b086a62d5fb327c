//! Growth of memory: who touched how much, within 5 percent.

use scrutineer_profiler::{capture::recorder::RecordOptions, profile::Weight};

use crate::{
    account,
    programs::Folder,
    setup::{launch, perf_works},
};

const LARGEST_DIFFERENCE: f64 = 0.05;
/// What is touched in all; of it `greedy` touches three quarters.
const MEBIBYTES: f64 = 160.0;
const PAGE_BYTES: f64 = 4096.0;

#[test]
fn each_function_s_growth_is_right() {
    let test = "each_function_s_growth_is_right";
    let folder = Folder::new();
    let program = folder.compile(test, "touch.c");
    let Some(program) = program.filter(|_| perf_works(test)) else {
        return;
    };
    let options = RecordOptions {
        page_faults: true,
        ..RecordOptions::new(folder.path("a.scrutineer"))
    };
    let profile = account::record(&launch(&program, &["160"]), options);
    let (greedy, modest) = ("greedy".to_owned(), "modest".to_owned());
    let names = [&greedy, &modest];
    let (found, _) = account::of_the_capture(&profile, Weight::PageFaults, &names);
    for (name, share) in [(&greedy, 0.75), (&modest, 0.25)] {
        let touched = MEBIBYTES * f64::from(1 << 20) * share;
        let ratio = found[name] * PAGE_BYTES / touched;
        assert!(
            (ratio - 1.0).abs() <= LARGEST_DIFFERENCE,
            "{name} touched {touched} bytes; the capture has {ratio} of it"
        );
    }
}

//! Captures that earlier formats wrote stay readable for ever.

use std::path::{Path, PathBuf};

use scrutineer_evidence::{capture::Sampler, process::Runtime};
use scrutineer_profiler::{
    capture::{
        file,
        model::{CallGraph, CaptureEnd, EndReason, Subject},
    },
    profile::{Profile, ProfileBuilder, Selection, top_functions},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn load(name: &str) -> Profile {
    let (chunks, damage) = file::read(&fixture(name)).expect("the fixture can be read");
    assert_eq!(damage.what, None);
    let mut builder = ProfileBuilder::default();
    for chunk in chunks {
        builder.push(chunk);
    }
    builder.finish().expect("the fixture has a header")
}

/// Name, self samples and total samples of the busiest functions.
fn busiest(profile: &Profile, count: usize) -> Vec<(&str, u64, u64)> {
    top_functions(profile, &Selection::default(), false)
        .iter()
        .take(count)
        .map(|top| {
            let name = profile.functions[top.function as usize].name.as_str();
            (name, top.self_samples, top.total_samples)
        })
        .collect()
}

/// Written by the version before format 2, of a C program built with `-O2 -g`.
#[test]
fn a_capture_of_format_1_says_what_it_said_when_it_was_written() {
    let profile = load("format-1.scrutineer");
    let header = &profile.header;
    assert_eq!(header.product_version, "0.1.0");
    let started_at = "2026-11-26T08:52:08.166465852Z".parse();
    assert_eq!(header.started_at, started_at.expect("a time"));
    assert_eq!((header.pid, header.name.as_str()), (29303, "split"));
    assert_eq!(header.command_line, "./split");
    assert_eq!(header.executable, "/tmp/target-1/split");
    assert_eq!(header.runtime, Runtime::Native);
    assert!(header.launched && header.kernel_frames);
    assert_eq!(header.frequency_hz, 999);
    assert_eq!(header.sampler, Sampler::PerfCpuClock);
    assert_eq!(header.stack_dump_bytes, 32 << 10);
    assert_eq!((header.machine.cores, &header.commit), (2, &None));

    let end = CaptureEnd {
        duration_ns: 1_003_000_808,
        reason: EndReason::TargetEnded { status: Some(0) },
    };
    assert_eq!(profile.end, Some(end));
    let quality = &profile.quality;
    assert_eq!((quality.samples, quality.lost), (998, 0));
    assert_eq!((quality.truncated, quality.unresolved), (0, 0));
    assert_eq!(quality.kernel_invisible_share, None);
    assert_eq!(quality.profiler_cpu_ns, 115_698_176);
    assert_eq!(quality.paused_ns, 0);

    assert_eq!(profile.samples.time_ns.len(), 998);
    let sampled_names: Vec<&str> = profile.threads.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(sampled_names.last(), Some(&"split"));
    assert_eq!(
        busiest(&profile, 4),
        [
            ("churn", 788, 790),
            ("inlined_part", 206, 206),
            ("main", 1, 998),
            ("one_part", 1, 186),
        ]
    );
    assert!(profile.looked_up.iter().all(|looked_up| *looked_up));
    assert!(!profile.residency.is_empty() && !profile.activity.is_empty());
}

#[test]
fn what_format_1_did_not_know_is_absent() {
    let profile = load("format-1.scrutineer");
    assert_eq!(profile.header.subject, Subject::Processes);
    assert_eq!(profile.header.call_graph, CallGraph::Dwarf);
    assert_eq!(profile.header.wait_source, None);
    assert!(!profile.header.page_faults && !profile.header.by_helper);
    assert!(profile.waits.start_ns.is_empty() && profile.page_faults.time_ns.is_empty());
    assert!(profile.series.is_empty() && profile.events.is_empty());
    assert_eq!(profile.quality.overhead_share, None);
}

//! Whole recordings: what was read reaches the file, the report and the explanation of growth.

use scrutineer_profiler::{
    capture::{
        model::{Series, SeriesKind},
        perf::EventChoice,
        recorder::{RecordOptions, Recording},
        target::Target as Subject,
    },
    formats::{self, Format},
    memory::growth_sources::growth_sources,
    profile::{
        Profile, Selection,
        series::{self, SeriesTable},
    },
};

use super::{
    MIB, named,
    programs::{Folder, skip},
};

/// Records a command to its end, with names.
fn record(folder: &Folder, command: &[&str], page_faults: bool) -> Profile {
    let path = folder.path("a.scrutineer");
    let target = Subject::Launch {
        command: command.iter().map(Into::into).collect(),
        folder: None,
    };
    let options = RecordOptions {
        page_faults,
        ..RecordOptions::new(path.clone())
    };
    let recording = Recording::start(&target, options).expect("the recording starts");
    recording.join().expect("the recording is saved");
    named::profile(&path)
}

fn perf_works(test: &str) -> bool {
    let opened = EventChoice::best_for_us();
    if let Err(error) = &opened {
        skip(test, &format!("perf_event_open is refused: {error}"));
    }
    opened.is_ok()
}

#[test]
fn growth_is_explained_by_the_functions_that_touched_it() {
    let test = "growth_is_explained_by_the_functions_that_touched_it";
    let folder = Folder::new();
    let Some(touch) = folder.compile(test, "touch.c").filter(|_| perf_works(test)) else {
        return;
    };
    let profile = record(&folder, &[&touch.to_string_lossy(), "160"], true);
    let table = SeriesTable::of(&profile);
    let found = growth_sources(&profile, &table, None).unwrap();
    let growth = u64::try_from(found.growth_bytes).unwrap();
    assert!(growth > 100 * MIB, "{found:?}");
    let apart = found.touched_bytes.abs_diff(growth) as f64 / growth as f64;
    assert!(apart < 0.05, "{found:?}");
    assert!(found.explained_share.is_some_and(|share| share > 0.95));
    let of = |name: &str| {
        let of = found.functions.iter().find(|f| f.name == name);
        of.map_or(0.0, |function| function.total_share)
    };
    // How exactly faults are shared out among functions is the sampler's affair.
    assert!(of("greedy") > of("modest"), "{:?}", found.functions);
    assert!(of("greedy") + of("modest") > 0.95, "{:?}", found.functions);
}

#[test]
fn a_recording_reports_what_was_read_alongside() {
    let test = "a_recording_reports_what_was_read_alongside";
    let folder = Folder::new();
    let Some(spin) = folder.compile(test, "spin.c").filter(|_| perf_works(test)) else {
        return;
    };
    let profile = record(&folder, &[&spin.to_string_lossy(), "2"], false);
    let (table, window) = (SeriesTable::of(&profile), 0..profile.duration_ns());
    let threads = series::threads(&profile, &table, &window);
    assert_eq!(threads.len(), 1);
    assert_eq!(threads[0].name, "spin");
    // Two ways to tell one time, until the thread was read for the last time.
    let of = |series: &Series| series.kind == SeriesKind::ThreadCpuNs;
    let id = profile.series.iter().position(of).unwrap();
    let last_ns = table.points(id as u32).last().unwrap().time_ns;
    let sampled = profile.count(&Selection {
        time_ns: Some(0..last_ns),
        ..Selection::default()
    }) as f64;
    let read = threads[0].cpu_ns as f64 / 1e9 * f64::from(profile.header.frequency_hz);
    assert!((read / sampled - 1.0).abs() < 0.2, "{read}, {sampled}");
    assert!(profile.residency.len() > 20 && !profile.activity.is_empty());
    let cost = series::reading_cpu_ns(&profile, &table).unwrap();
    assert!((1..profile.quality.profiler_cpu_ns).contains(&cost));

    let mut written = Vec::new();
    formats::write(&profile, Format::Text, &mut written).unwrap();
    let report = String::from_utf8(written).unwrap();
    for part in ["memory: resident at most", "run queue", "spin ("] {
        assert!(report.contains(part), "{part} in {report}");
    }
    let mut json = Vec::new();
    formats::write(&profile, Format::Json, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["thread_use"][0]["cpu_ns"], threads[0].cpu_ns);
    assert!(json["memory"]["peak_resident_bytes"].as_u64() > Some(MIB));
    assert_eq!(json["processes"][0]["name"], "spin");
}

//! Files of the tools themselves, round trips through our own writers, and damaged files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use super::*;
use crate::{
    capture::model::NONE,
    formats::{Format, write_selected},
    profile::{Profile, Selection, Unit, Weight, testing},
};

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(golden_path(name)).expect("the golden file is there")
}

fn golden_path(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/profiles");
    root.join(name)
}

fn read_golden(name: &str) -> Profile {
    measured(name, None)
}

fn measured(name: &str, measure: Option<&str>) -> Profile {
    let options = ReadOptions {
        measure: measure.map(str::to_owned),
    };
    profile_of(&golden(name), name, &options).expect("the tool's own file is read")
}

/// Functions of a row's stack, the outermost first.
fn stack_of(profile: &Profile, row: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut node = profile.samples.stack[row];
    while node != NONE {
        for logical in profile.logical_of(profile.stacks.frame[node as usize]) {
            names.push(profile.functions[logical.function as usize].name.clone());
        }
        node = profile.stacks.parent[node as usize];
    }
    names.reverse();
    names
}

/// Weight by stack.
fn stacks(profile: &Profile) -> BTreeMap<Vec<String>, u64> {
    let mut sums = BTreeMap::new();
    for row in profile.weighed(&Selection::default()) {
        let stack = stack_of(profile, row.row as usize);
        *sums.entry(stack).or_default() += row.weight;
    }
    sums
}

fn samples_by_thread(profile: &Profile) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for thread in &profile.samples.thread {
        let name = profile.threads[*thread as usize].name.clone();
        *sums.entry(name).or_default() += 1;
    }
    sums
}

#[test]
fn each_kind_of_perf_data_has_the_samples_that_perf_itself_finds() {
    let counts = String::from_utf8(golden("perf.counts")).expect("it is text");
    let mut expected: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for line in counts.lines() {
        let [file, thread, count] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line:?} is no count");
        };
        let count = count.parse().expect("it is a number");
        expected
            .entry(file)
            .or_default()
            .insert(thread.to_owned(), count);
    }
    assert_eq!(expected.len(), 6);
    for (file, threads) in expected {
        let profile = read_golden(&format!("{file}.xz"));
        assert_eq!(samples_by_thread(&profile), threads, "{file}");
        assert_eq!(profile.header.name, "burn", "{file}");
        assert!(profile.samples.time_ns.is_sorted(), "{file}");
        let lasted = profile.duration_ns();
        assert!(
            (10_000_000..2_000_000_000).contains(&lasted),
            "{file}: {lasted} ns"
        );
    }
}

#[test]
fn stacks_of_perf_data_are_those_of_perf_script() {
    let (binary, text) = (
        read_golden("fp.perf.data.xz"),
        read_golden("fp.perf.txt.gz"),
    );
    assert_eq!(binary.samples.time_ns.len(), text.samples.time_ns.len());
    assert_eq!(binary.header.frequency_hz, 199);
    for row in 0..binary.samples.time_ns.len() {
        let apart = binary.samples.time_ns[row].abs_diff(text.samples.time_ns[row]);
        assert!(apart < 2_000, "row {row} is {apart} ns apart");
        let (ours, theirs) = (stack_of(&binary, row), stack_of(&text, row));
        assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    }
}

#[test]
fn compressed_and_piped_records_hold_whole_stacks() {
    for file in [
        "zstd.perf.data.xz",
        "pipe.perf.data.xz",
        "dwarf.perf.data.xz",
    ] {
        let profile = read_golden(file);
        let deepest = (0..profile.samples.time_ns.len()).map(|row| stack_of(&profile, row).len());
        assert!(deepest.max() >= Some(7), "{file}");
        let of_burn = profile
            .modules
            .iter()
            .find(|module| module.path.ends_with("/burn"));
        let build_id = &of_burn.expect("the program is mapped").build_id;
        // perf notes build ids neither with -z nor into a pipe.
        let expected = if file.starts_with("dwarf") { 20 } else { 0 };
        assert_eq!(build_id.len(), expected, "{file}");
    }
}

#[test]
fn the_events_of_a_file_are_chosen_by_name() {
    let switches = read_golden("events.perf.data.xz");
    assert_eq!(switches.label(Weight::Cpu), "sched:sched_switch");
    assert_eq!(switches.unit(Weight::Cpu), Unit::Events);
    let note = &switches.foreign.as_ref().expect("it is foreign").notes[0];
    assert!(note.contains("page-faults ("), "{note}");
    let told = switches.foreign.as_ref().expect("it is foreign");
    assert_eq!(told.measures, ["sched:sched_switch", "page-faults"]);
    assert_eq!(told.measure_name(), Some("sched:sched_switch"));
    let faults = measured("events.perf.data.xz", Some("page-faults"));
    let told = faults.foreign.as_ref().expect("it is foreign");
    assert_eq!(told.measure_name(), Some("page-faults"));
    let one = read_golden("fp.perf.data.xz")
        .foreign
        .expect("it is foreign");
    assert_eq!(one.measure_name(), None);
    assert_eq!(faults.label(Weight::Cpu), "page-faults");
    assert!(faults.total(&Selection::default()) > 20);
    let options = ReadOptions {
        measure: Some("cycles".to_owned()),
    };
    let refused = profile_of(&golden("events.perf.data.xz"), "x", &options);
    let refused = refused.expect_err("there are no cycles").to_string();
    assert!(
        refused.contains("sched:sched_switch, page-faults"),
        "{refused}"
    );
}

#[test]
fn heaptrack_and_dhat_tell_what_the_program_allocates() {
    // Ten blocks of 5,000 bytes of which one stays, and a hundred of 1,000 released at once.
    for (file, all) in [
        ("burn.heaptrack.zst", "keep_some"),
        ("burn.dhat.json.gz", "keep_some"),
    ] {
        let of = |measure: &str| -> u64 {
            let profile = measured(file, Some(measure));
            let found = stacks(&profile);
            let own = found
                .iter()
                .filter(|(stack, _)| stack.iter().any(|name| name == all));
            own.map(|(_, weight)| weight).sum()
        };
        assert_eq!(of("allocated"), 150_000, "{file}");
        assert_eq!(of("allocations"), 110, "{file}");
        assert_eq!(of("leaked"), 5_000, "{file}");
        assert!(
            (50_000..=51_000).contains(&of("peak")),
            "{file}: {}",
            of("peak")
        );
        let profile = read_golden(file);
        assert!(
            !profile.has_times() && profile.unit(Weight::Cpu) == Unit::Bytes,
            "{file}"
        );
        let churned = stacks(&profile);
        let churned = churned
            .iter()
            .filter(|(stack, _)| stack.iter().any(|name| name == "churn"));
        assert_eq!(
            churned.map(|(_, weight)| weight).sum::<u64>(),
            100_000,
            "{file}"
        );
    }
    assert_eq!(
        measured("burn.heaptrack.zst", Some("temporary")).total(&Selection::default()),
        100
    );
}

#[test]
fn a_profile_of_node_weighs_its_functions_by_time() {
    let profile = read_golden("burn.cpuprofile.gz");
    assert_eq!(profile.unit(Weight::Cpu), Unit::Nanoseconds);
    let sums = stacks(&profile);
    let burnt = sums
        .iter()
        .filter(|(stack, _)| stack.last().is_some_and(|name| name == "burnLeaf"));
    let burnt: u64 = burnt.map(|(_, weight)| weight).sum();
    assert!((200_000_000..400_000_000).contains(&burnt), "{burnt} ns");
    let deep = sums
        .keys()
        .find(|stack| stack.last().is_some_and(|name| name == "burnLeaf"));
    let deep = deep
        .expect("it ran")
        .iter()
        .filter(|name| *name == "burnDeep")
        .count();
    assert_eq!(deep, 6);
}

/// The share of a function, itself or with what it calls, in all of a profile.
fn share_of(profile: &Profile, name: &str, is_self: bool) -> f64 {
    let stacks = stacks(profile);
    let holds = |stack: &&Vec<String>| {
        if is_self {
            stack.last().is_some_and(|last| last.ends_with(name))
        } else {
            stack.iter().any(|frame| frame.ends_with(name))
        }
    };
    let part: u64 = stacks
        .iter()
        .filter(|(stack, _)| holds(stack))
        .map(|(_, w)| w)
        .sum();
    part as f64 / stacks.values().sum::<u64>() as f64
}

#[test]
fn a_profile_of_go_has_its_functions_files_and_measures() {
    let profile = read_golden("go.pb.gz");
    let told = profile.foreign.as_ref().expect("it is foreign");
    assert_eq!(told.measures, ["samples", "cpu"]);
    assert_eq!(told.measure_name(), Some("cpu"));
    assert_eq!(profile.unit(Weight::Cpu), Unit::Nanoseconds);
    // Three parts to one, some of it seen where the runtime preempts.
    let much = share_of(&profile, "main.burnMuch", false);
    let little = share_of(&profile, "main.burnLittle", false);
    assert!((0.6..0.9).contains(&much), "{much}");
    assert!((0.1..0.4).contains(&little), "{little}");
    assert!(share_of(&profile, "main.burnBoth", false) > 0.9);
    let time_ns = profile.total(&Selection::default());
    assert!(
        (300_000_000..1_500_000_000).contains(&time_ns),
        "{time_ns} ns"
    );
    let samples = measured("go.pb.gz", Some("samples"));
    // Go samples a hundred times a second.
    assert_eq!(samples.total(&Selection::default()) * 10_000_000, time_ns);
    assert_eq!(samples.unit(Weight::Cpu), Unit::Samples);
    let files = profile.files.iter();
    assert!(
        files.clone().any(|file| file.ends_with("burn.go")),
        "{files:?}"
    );
    let executable = &profile.header.executable;
    assert!(executable.ends_with("/burn-go"), "{executable}");
}

#[test]
fn both_formats_of_py_spy_have_threads_by_name_and_functions_whatever_their_lines() {
    for file in ["py-spy.speedscope.json.gz", "py-spy.folded.gz"] {
        let profile = read_golden(file);
        let by_thread = samples_by_thread(&profile);
        assert!(by_thread.contains_key("burner"), "{file}: {by_thread:?}");
        assert_eq!(profile.threads.len(), 2, "{file}: {by_thread:?}");
        assert!(
            profile.threads.iter().all(|thread| thread.tid > 1),
            "{file}"
        );
        let names: Vec<&str> = profile.functions.iter().map(|f| f.name.as_str()).collect();
        let count_of = |name: &str| names.iter().filter(|found| **found == name).count();
        assert_eq!(
            (count_of("burn_much"), count_of("burn_little")),
            (1, 1),
            "{file}: {names:?}"
        );
        let much = share_of(&profile, "burn_much", true);
        let little = share_of(&profile, "burn_little", true);
        assert!((0.5..0.9).contains(&much), "{file}: {much}");
        assert!((0.1..0.45).contains(&little), "{file}: {little}");
        assert!(much > 1.5 * little, "{file}: {much} and {little}");
        assert!(
            profile.files.iter().any(|path| path.ends_with("burn.py")),
            "{file}"
        );
        let lines: std::collections::BTreeSet<u32> = profile
            .logical
            .iter()
            .filter(|at| profile.functions[at.function as usize].name == "burn_much")
            .map(|at| at.line)
            .collect();
        assert!(
            lines.iter().all(|line| (8..13).contains(line)),
            "{file}: {lines:?}"
        );
    }
    let timed = read_golden("py-spy.speedscope.json.gz");
    assert_eq!(timed.unit(Weight::Cpu), Unit::Nanoseconds);
    let time_ns = timed.total(&Selection::default());
    assert!(
        (500_000_000..2_200_000_000).contains(&time_ns),
        "{time_ns} ns"
    );
}

#[test]
fn stacks_that_inferno_collapsed_weigh_what_the_perf_script_does() {
    let (folded, text) = (
        read_golden("inferno.folded.gz"),
        read_golden("fp.perf.txt.gz"),
    );
    let all = Selection::default();
    // inferno sums up the periods, of 199 to a second each.
    assert_eq!(folded.total(&all), text.total(&all) * 5_025_125);
    for name in ["burn_leaf", "burn_deep"] {
        let (theirs, ours) = (share_of(&folded, name, false), share_of(&text, name, false));
        assert!((theirs - ours).abs() < 1e-9, "{name}: {theirs} and {ours}");
        assert!(ours > 0.5, "{name}: {ours}");
    }
}

#[test]
fn a_trace_brings_the_profile_of_each_thread_in_pieces() {
    let trace = r#"{"traceEvents":[
        {"name":"thread_name","ph":"M","pid":7,"tid":9,"args":{"name":"CrRendererMain"}},
        {"name":"Profile","ph":"P","pid":7,"tid":9,"id":"0x1","args":{"data":{"startTime":1000}}},
        {"name":"ProfileChunk","ph":"P","pid":7,"tid":12,"id":"0x1","args":{"data":{"cpuProfile":
            {"nodes":[{"id":1,"callFrame":{"functionName":"(root)"}},
                      {"id":2,"parent":1,"callFrame":{"functionName":"f","url":"a.js","lineNumber":4}}],
             "samples":[2,2]},"timeDeltas":[10,20]}}},
        {"name":"ProfileChunk","ph":"P","pid":7,"tid":12,"id":"0x1","args":{"data":{"cpuProfile":
            {"nodes":[{"id":3,"parent":2,"callFrame":{"functionName":"g"}}],"samples":[3]},
             "timeDeltas":[30]}}}]}"#;
    let profile = profile_of(trace.as_bytes(), "trace.json", &ReadOptions::default());
    let profile = profile.expect("the trace is whole");
    assert_eq!(profile.threads[0].name, "CrRendererMain");
    assert_eq!(profile.samples.time_ns, [10_000, 30_000, 60_000]);
    assert_eq!(profile.sample_weights, [20_000, 30_000, 30_000]);
    assert_eq!(stack_of(&profile, 2), ["f", "g"]);
}

#[test]
fn an_evented_speedscope_file_becomes_stretches_of_time() {
    let text = r#"{"$schema":"x","shared":{"frames":[{"name":"a"},{"name":"b"}]},"profiles":[
        {"type":"evented","name":"t","unit":"milliseconds","startValue":5,"endValue":20,"events":[
        {"type":"O","frame":0,"at":5},{"type":"O","frame":1,"at":8},{"type":"C","frame":1,"at":18},
        {"type":"C","frame":0,"at":20}]}]}"#;
    let profile = profile_of(text.as_bytes(), "t.json", &ReadOptions::default()).expect("whole");
    let expected = [
        (vec!["a".to_owned()], 5_000_000),
        (vec!["a".to_owned(), "b".to_owned()], 10_000_000),
    ];
    assert_eq!(stacks(&profile), BTreeMap::from(expected));
    assert_eq!(profile.samples.time_ns, [0, 3_000_000, 13_000_000]);
}

#[test]
fn each_golden_file_is_told_by_what_it_holds() {
    for (file, format) in [
        ("fp.perf.data.xz", "perf.data"),
        ("pipe.perf.data.xz", "perf.data"),
        ("fp.perf.txt.gz", "perf script"),
        ("burn.heaptrack.zst", "heaptrack"),
        ("burn.dhat.json.gz", "DHAT"),
        ("burn.cpuprofile.gz", "Chrome CPU profile"),
        ("go.pb.gz", "pprof"),
        ("py-spy.speedscope.json.gz", "speedscope"),
        ("py-spy.folded.gz", "collapsed stacks"),
        ("inferno.folded.gz", "collapsed stacks"),
    ] {
        let profile = profile_of(&golden(file), "no-name", &ReadOptions::default());
        let foreign = profile.expect("it is read").foreign.expect("it is foreign");
        assert_eq!(foreign.format, format, "{file}");
    }
    let refused = profile_of(b"hello, world\n", "x.perf.data", &ReadOptions::default());
    let refused = refused.expect_err("it is text").to_string();
    assert!(
        refused.contains("of no format that is known here"),
        "{refused}"
    );
}

/// A profile of two threads whose samples take a period each.
fn two_threads(rows: &[(u8, Vec<u8>)]) -> Profile {
    let named = |stack: &Vec<u8>| stack.iter().map(|f| format!("f{f}")).collect();
    let stacks: Vec<Vec<String>> = rows.iter().map(|(_, stack)| named(stack)).collect();
    let mut profile = testing::profile(&stacks);
    profile.threads.push(crate::capture::model::Thread {
        pid: 41_823,
        tid: 41_824,
        name: "worker".into(),
    });
    for (thread, (wanted, _)) in profile.samples.thread.iter_mut().zip(rows) {
        *thread = u32::from(*wanted);
    }
    profile
}

fn through(profile: &Profile, format: Format) -> Profile {
    let mut bytes = Vec::new();
    write_selected(profile, &Selection::default(), format, &mut bytes).expect("memory takes it");
    profile_of(&bytes, "again", &ReadOptions::default()).expect("our own file is read")
}

/// Weight by thread and stack, times `scale`.
fn by_thread(profile: &Profile, scale: u64) -> BTreeMap<(String, Vec<String>), u64> {
    let mut sums = BTreeMap::new();
    for row in profile.weighed(&Selection::default()) {
        let thread = profile.threads[row.thread as usize].name.clone();
        let key = (thread, stack_of(profile, row.row as usize));
        *sums.entry(key).or_default() += row.weight * scale;
    }
    sums
}

proptest! {
    #[test]
    fn what_a_format_can_hold_comes_back_as_it_was(
        rows in prop::collection::vec((0_u8..2, prop::collection::vec(0_u8..6, 0..8)), 1..40),
    ) {
        let profile = two_threads(&rows);
        // pprof: sums and stacks by thread.
        let again = through(&profile, Format::Pprof);
        prop_assert_eq!(by_thread(&again, 1), by_thread(&profile, 1));
        prop_assert_eq!(again.header.frequency_hz, profile.header.frequency_hz);
        prop_assert!(!again.has_times());
        // Firefox: times as well. Main threads bear their process's name there.
        let again = through(&profile, Format::Firefox);
        let renamed: BTreeMap<_, u64> = by_thread(&profile, 1)
            .into_iter()
            .map(|((thread, stack), weight)| ((thread.replace("main", "ledgerd"), stack), weight))
            .collect();
        prop_assert_eq!(by_thread(&again, 1), renamed);
        prop_assert_eq!(&again.samples.time_ns, &profile.samples.time_ns);
        let row_stack = |of: &Profile| (0..rows.len()).map(|row| stack_of(of, row)).collect::<Vec<_>>();
        prop_assert_eq!(row_stack(&again), row_stack(&profile));
        // speedscope: the time that samples stand for, in their order by thread.
        let again = through(&profile, Format::Speedscope);
        prop_assert_eq!(by_thread(&again, 1), by_thread(&profile, 1_000_000));
        // Collapsed: sums, with the thread at the root.
        let again = through(&profile, Format::Collapsed);
        let rooted: BTreeMap<Vec<String>, u64> = by_thread(&profile, 1)
            .into_iter()
            .map(|((thread, stack), weight)| (std::iter::once(thread).chain(stack).collect(), weight))
            .collect();
        prop_assert_eq!(stacks(&again), rooted);
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_and_never_more(
        file in prop::sample::select(vec![
            "fp.perf.data.xz", "pipe.perf.data.xz", "zstd.perf.data.xz", "events.perf.data.xz",
            "dwarf.perf.data.xz", "fp.perf.txt.gz", "burn.heaptrack.zst", "burn.dhat.json.gz",
            "burn.cpuprofile.gz", "go.pb.gz", "py-spy.speedscope.json.gz", "py-spy.folded.gz",
        ]),
        keep in 0.0_f64..1.0,
        places in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 0..12),
    ) {
        let packed = golden(file);
        let mut bytes = envelope::unpack(&packed).expect("it is whole").expect("it is packed");
        bytes.truncate((bytes.len() as f64 * keep) as usize + 8);
        for (at, byte) in places {
            let at = (bytes.len() as f64 * at) as usize;
            bytes[at] = byte;
        }
        match profile_of(&bytes, "damaged", &ReadOptions::default()) {
            Ok(profile) => fuzzing::look_at(&profile),
            Err(error) => {
                let words = error.to_string();
                prop_assert!(!words.contains('\n') && words.len() > 20, "{}", words);
            }
        }
    }
}

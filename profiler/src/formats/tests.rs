//! Every format on the same profiles, hostile names among them.

use std::{collections::BTreeMap, io::Read as _};

use ::pprof::protos::{Message as _, Profile as Proto};

use super::*;
use crate::capture::model::{ModuleKind, NONE, Thread, WaitClass, Waits};
use crate::profile::testing;
use scrutineer_evidence::process::Runtime;

fn written(profile: &Profile, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    write(profile, format, &mut out).expect("memory can be written to");
    out
}

fn text_of(profile: &Profile, format: Format) -> String {
    String::from_utf8(written(profile, format)).expect("the format is text")
}

fn hostile() -> Profile {
    testing::profile(&[
        vec!["main", "<script>alert(1)</script>"],
        vec!["main", "a;b\nc\u{1}d"],
        vec!["main", "\"><img src=x onerror='x'>&amp;"],
        vec!["main", "counted 12"],
        vec!["main", "main 3;4 5"],
    ])
}

#[test]
fn a_profile_without_samples_is_refused_in_every_format() {
    let profile = testing::profile::<&str>(&[]);
    for format in Format::ALL {
        let result = write(&profile, format, &mut Vec::new());
        assert!(matches!(result, Err(FormatError::NoSamples)), "{format:?}");
    }
}

#[test]
fn every_format_comes_out_the_same_twice() {
    for format in Format::ALL {
        assert_eq!(
            written(&hostile(), format),
            written(&hostile(), format),
            "{format:?}"
        );
    }
}

#[test]
fn collapsed_stacks_are_sorted_lines_with_the_thread_first() {
    let mut profile = testing::profile(&[vec!["main", "b"], vec!["main", "a"], vec!["main", "b"]]);
    profile.threads[0].name = "pool;1".into();
    assert_eq!(
        text_of(&profile, Format::Collapsed),
        "pool:1;main;a 1\npool:1;main;b 2\n"
    );
    let inlined = testing::inlined_profile();
    assert_eq!(text_of(&inlined, Format::Collapsed), "main;outer;inner 2\n");
}

#[test]
fn names_cannot_break_out_of_a_collapsed_line() {
    let lines = text_of(&hostile(), Format::Collapsed);
    assert_eq!(lines.lines().count(), 5);
    assert!(lines.contains("main;main;a:b c d 1\n"), "{lines}");
    assert!(
        lines.lines().all(|line| line.matches(';').count() == 2),
        "{lines}"
    );
}

#[test]
fn samples_without_a_stack_belong_to_their_thread() {
    let mut profile = testing::profile(&[vec!["main"], vec!["main"]]);
    profile.samples.stack[1] = crate::capture::model::NONE;
    assert_eq!(
        text_of(&profile, Format::Collapsed),
        "main 1\nmain;main 1\n"
    );
    for format in Format::ALL {
        assert!(!written(&profile, format).is_empty());
    }
}

#[test]
fn names_cannot_break_out_of_a_page_or_a_picture() {
    for format in [Format::Html, Format::Svg] {
        let page = text_of(&hostile(), format);
        assert!(!page.contains("<script>alert"), "{format:?}");
        assert!(!page.contains("<img"), "{format:?}");
        assert!(!page.contains('\u{1}'), "{format:?}");
        assert!(page.contains("&lt;script&gt;alert(1)"), "{format:?}");
    }
    let page = text_of(&hostile(), Format::Html);
    assert!(!page.contains("<script"), "the page holds no script at all");
    assert!(!page.contains("<?xml") && page.matches("<svg").count() == 1);
}

#[test]
fn a_number_at_the_end_of_a_name_stays_in_the_name() {
    let picture = text_of(&hostile(), Format::Svg);
    assert!(picture.contains("counted\u{a0}12 (1 samples, 20.00%)"));
}

#[test]
fn frames_that_interleave_by_spelling_are_drawn_once() {
    // As text the stack `f` comes first, then `f::x`, then `f;z`.
    let profile = testing::profile(&[vec!["f"], vec!["f::x"], vec!["f", "z"]]);
    let picture = text_of(&profile, Format::Svg);
    assert!(
        picture.contains("<title>f (2 samples, 66.67%)</title>"),
        "{picture}"
    );
}

#[test]
fn the_table_shows_self_and_total_with_shares() {
    let profile = testing::profile(&[vec!["main", "hot"], vec!["main", "hot"], vec!["main"]]);
    let text = text_of(&profile, Format::Text);
    let row = text
        .lines()
        .find(|line| line.ends_with("  hot"))
        .expect("a row for hot");
    let words: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(words, ["2", "66.7", "%", "2", "66.7", "%", "hot"]);
    assert!(text.contains("3 samples are few"));
}

#[test]
fn what_cannot_be_trusted_is_said_with_what_to_do() {
    let mut profile = testing::profile(&[vec!["main"]]);
    profile.quality.samples = 1_000;
    let all_well = "No sample was lost";
    assert!(text_of(&profile, Format::Text).contains(all_well));
    profile.quality.lost = 10;
    profile.quality.truncated = 20;
    profile.quality.unresolved = 30;
    profile.quality.kernel_invisible_share = Some(0.125);
    profile.end = None;
    for format in [Format::Text, Format::Html, Format::Json] {
        let text = text_of(&profile, format);
        for words in [
            "10 samples (1.0 %) were lost",
            "20 stacks (2.0 %)",
            "30 samples (3.0 %)",
            "12.5 %",
            "cut short",
        ] {
            assert!(text.contains(words), "{format:?} says {words}");
        }
        assert!(!text.contains(all_well));
    }
}

#[test]
fn compiled_code_without_a_name_is_told_from_stripped_code() {
    let mut profile = testing::profile(&[vec!["main", "0x1"], vec!["main", "0x2"]]);
    profile.quality.unresolved = 2;
    profile.header.runtime = Runtime::Node;
    let function = profile
        .functions
        .iter_mut()
        .find(|function| function.name == "0x1")
        .expect("the first leaf");
    function.named = false;
    function.module = profile.modules.len() as u32;
    let mut jit = profile.modules[0].clone();
    jit.kind = ModuleKind::Jit;
    profile.modules.push(jit);
    let text = text_of(&profile, Format::Text);
    assert!(text.contains("--perf-basic-prof"), "{text}");
    assert!(
        text.contains("1 samples (50.0 %) end in code without a name"),
        "{text}"
    );
}

#[test]
fn json_holds_shares_threads_and_the_schemas_version() {
    let profile = testing::two_threads();
    let json: serde_json::Value =
        serde_json::from_slice(&written(&profile, Format::Json)).expect("it is JSON");
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["header"]["name"], "ledgerd");
    assert_eq!(json["top_functions"][0]["name"], "a");
    assert_eq!(json["top_functions"][0]["self_share"], 0.5);
    assert_eq!(json["threads"][1]["name"], "worker");
    assert_eq!(json["threads"][1]["samples"], 1);
}

/// Samples by names from the leaf to the root, as a reader of pprof sees them.
fn decoded(bytes: &[u8]) -> (Proto, BTreeMap<String, i64>) {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .expect("it is gzipped");
    let proto = Proto::decode(&*plain).expect("it is a profile");
    let text = |id: i64| proto.string_table[id as usize].as_str();
    let mut stacks = BTreeMap::new();
    for sample in &proto.sample {
        let mut names = Vec::new();
        for id in &sample.location_id {
            let location = proto
                .location
                .iter()
                .find(|l| l.id == *id)
                .expect("a known location");
            assert!(
                location.mapping_id == 0
                    || proto.mapping.iter().any(|m| m.id == location.mapping_id)
            );
            for line in &location.line {
                let function = proto.function.iter().find(|f| f.id == line.function_id);
                names.push(text(function.expect("a known function").name));
            }
        }
        names.push(text(sample.label[0].str));
        names.reverse();
        *stacks.entry(names.join(";")).or_default() += sample.value[0];
    }
    (proto, stacks)
}

#[test]
fn pprof_holds_the_same_stacks_as_the_collapsed_lines() {
    for profile in [
        testing::two_threads(),
        testing::inlined_profile(),
        testing::profile(&[
            vec!["main", "a", "a"],
            vec!["main", "a"],
            vec!["main", "a", "a"],
        ]),
    ] {
        let (proto, stacks) = decoded(&written(&profile, Format::Pprof));
        let expected: BTreeMap<String, i64> = text_of(&profile, Format::Collapsed)
            .lines()
            .map(|line| line.rsplit_once(' ').expect("a count"))
            .map(|(stack, count)| (stack.to_owned(), count.parse().expect("a number")))
            .collect();
        assert_eq!(stacks, expected);
        assert_eq!(proto.string_table[0], "");
        assert_eq!(proto.period, 1_000_000);
        assert_eq!(
            proto.string_table[proto.mapping[0].build_id as usize],
            "0102"
        );
    }
}

/// A thread that waits for a lock 8 ms, of which 2 ms on the run queue, until `worker` wakes it.
fn waiting() -> Profile {
    let mut profile = testing::profile(&[vec!["main", "lock"], vec!["main", "nap"]]);
    profile.threads.push(Thread {
        pid: 41_823,
        tid: 41_824,
        name: "worker".into(),
    });
    profile.waits = Waits {
        start_ns: vec![0, 20_000_000],
        duration_ns: vec![8_000_000, 2_000_000],
        run_queue_ns: vec![2_000_000, 0],
        count: vec![1, 4],
        thread: vec![0, 0],
        stack: vec![1, 2],
        class: vec![WaitClass::Lock as u8, WaitClass::Sleep as u8],
        waker: vec![1, NONE],
    };
    profile
}

fn written_as(profile: &Profile, selection: &Selection, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    write_selected(profile, selection, format, &mut out).expect("memory can be written to");
    out
}

#[test]
fn waits_are_written_in_nanoseconds_by_class_and_waker() {
    let profile = waiting();
    let waits = Selection::weighed_by(Weight::Wait);
    let lines = written_as(&profile, &waits, Format::Collapsed);
    assert_eq!(
        String::from_utf8_lossy(&lines),
        "main;main;lock 8000000\nmain;main;nap 2000000\n"
    );
    let text = written_as(&profile, &waits, Format::Text);
    let text = String::from_utf8_lossy(&text);
    let row = |end: &str| {
        let line = text.lines().find(|line| line.ends_with(end));
        let words = line.expect("a row").split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("  lock"), "6.0 ms 60.0 % 1 lock");
    assert_eq!(row("  run queue"), "2.0 ms 20.0 % 0 run queue");
    assert!(row("← worker (41824)").starts_with("6.0 ms 1 main"));
    assert!(text.contains("10.0 ms of waits"), "{text}");
    for format in Format::ALL {
        assert!(!written_as(&profile, &waits, format).is_empty());
    }
}

#[test]
fn pprof_states_the_unit_of_the_weight_and_counts_waits() {
    let bytes = written_as(
        &waiting(),
        &Selection::weighed_by(Weight::Wait),
        Format::Pprof,
    );
    let (proto, _) = decoded(&bytes);
    let text = |id: i64| proto.string_table[id as usize].as_str();
    let kinds: Vec<_> = proto
        .sample_type
        .iter()
        .map(|kind| (text(kind.ty), text(kind.unit)))
        .collect();
    assert_eq!(kinds, [("waits", "count"), ("delay", "nanoseconds")]);
    let values: Vec<_> = proto
        .sample
        .iter()
        .map(|sample| &sample.value[..])
        .collect();
    assert_eq!(values, [[1, 8_000_000], [4, 2_000_000]]);
}

#[test]
fn a_weight_that_the_capture_lacks_is_refused_with_what_to_do() {
    let profile = testing::profile(&[vec!["main"]]);
    for (weight, words) in [
        (Weight::Wait, "--off-cpu"),
        (Weight::PageFaults, "no page faults"),
    ] {
        let selection = Selection::weighed_by(weight);
        let refused = write_selected(&profile, &selection, Format::Text, &mut Vec::new());
        assert!(
            refused
                .expect_err("it has none")
                .to_string()
                .contains(words)
        );
    }
    let selection = Selection {
        wait_classes: Some([WaitClass::Disk].into()),
        ..Selection::weighed_by(Weight::Wait)
    };
    let refused = write_selected(&waiting(), &selection, Format::Text, &mut Vec::new());
    assert!(matches!(refused, Err(FormatError::NoneChosen)));
}

/// Names of a processed profile's stack, from the outermost function inwards.
fn firefox_stack(thread: &serde_json::Value, stack: &serde_json::Value) -> Vec<String> {
    let column = |table: &str, name: &str, row: usize| thread[table][name][row].clone();
    let mut names = Vec::new();
    let mut at = stack.as_u64();
    while let Some(row) = at {
        let frame = column("stackTable", "frame", row as usize)
            .as_u64()
            .expect("a frame");
        let function = column("frameTable", "func", frame as usize)
            .as_u64()
            .expect("a function");
        let name = column("funcTable", "name", function as usize)
            .as_u64()
            .expect("a name");
        let name = thread["stringArray"][name as usize]
            .as_str()
            .expect("a string");
        names.push(name.to_owned());
        at = column("stackTable", "prefix", row as usize).as_u64();
    }
    names.reverse();
    names
}

#[test]
fn the_firefox_profile_holds_every_sample_with_its_stack_and_time() {
    let profile = testing::two_threads();
    let value: serde_json::Value =
        serde_json::from_str(&text_of(&profile, Format::Firefox)).expect("JSON");
    let threads = value["threads"].as_array().expect("threads");
    let mut stacks: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for thread in threads {
        let samples = &thread["samples"];
        for stack in samples["stack"].as_array().expect("stacks") {
            *stacks.entry(firefox_stack(thread, stack)).or_default() += 1;
        }
    }
    let expected: BTreeMap<Vec<String>, usize> = collapsed::stacks(&profile, &Selection::default())
        .into_iter()
        .map(|(stack, weight)| (stack[1..].to_vec(), weight as usize))
        .collect();
    assert_eq!(stacks, expected);
    assert_eq!(threads.len(), 2);
}

#[test]
fn speedscope_holds_the_weights_of_each_thread_and_where_functions_stand() {
    let profile = testing::two_threads();
    let value: serde_json::Value =
        serde_json::from_str(&text_of(&profile, Format::Speedscope)).expect("JSON");
    let frames = value["shared"]["frames"].as_array().expect("frames");
    let profiles = value["profiles"].as_array().expect("profiles");
    assert_eq!(profiles.len(), 2);
    let mut total = 0;
    for sampled in profiles {
        let weights = sampled["weights"].as_array().expect("weights");
        let sum: u64 = weights.iter().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(sampled["endValue"].as_u64(), Some(sum));
        assert_eq!(
            sampled["samples"].as_array().map(Vec::len),
            Some(weights.len())
        );
        for id in sampled["samples"].as_array().into_iter().flatten() {
            let ids = id.as_array().expect("frames of a sample");
            assert!(
                ids.iter()
                    .all(|id| (id.as_u64().expect("an id") as usize) < frames.len())
            );
        }
        total += sum;
    }
    let period_ns = 1_000_000_000 / u64::from(profile.header.frequency_hz);
    assert_eq!(total, profile.total(&Selection::default()) * period_ns);
}

#[test]
fn waits_are_weighed_in_their_time_by_formats_of_other_tools_too() {
    let profile = waiting();
    let selection = Selection::weighed_by(Weight::Wait);
    let mut out = Vec::new();
    write_selected(&profile, &selection, Format::Speedscope, &mut out).expect("it is written");
    let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let sum = |sampled: &serde_json::Value| sampled["endValue"].as_u64().expect("a sum");
    let total: u64 = value["profiles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(sum)
        .sum();
    assert_eq!(total, profile.total(&selection));
}

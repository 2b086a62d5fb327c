//! CPU time: the split among functions, within 2 percentage points at 10,000 samples.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use scrutineer_profiler::{
    capture::{model::CallGraph, recorder::RecordOptions, target::Target},
    profile::Selection,
};

use crate::{
    account,
    programs::{self, Folder, skip},
    setup::{launch, pause, perf_works},
};

/// At this rate, 10,000 samples of the program's CPU time.
const FREQUENCY_HZ: u32 = 4_999;
const CPU_SECONDS: &str = "2.2";
const LEAST_SAMPLES: usize = 10_000;
const LARGEST_DIFFERENCE: f64 = 0.02;

/// Runs a compiler; `None` where it is missing.
fn build(test: &str, words: &[&str], source: &str, program: &Path) -> Option<PathBuf> {
    let source = programs::source(source);
    let built = Command::new(words[0])
        .args(&words[1..])
        .arg("-o")
        .args([program, &source])
        .status();
    match built {
        Ok(status) => assert!(status.success(), "{words:?} compiles {}", source.display()),
        Err(error) => {
            skip(test, &format!("no {}: {error}", words[0]));
            return None;
        }
    }
    Some(program.to_owned())
}

fn expect_the_split(folder: &Folder, program: &Path, words: &[&str], call_graph: CallGraph) {
    let told = folder.path("account");
    let told_text = told.to_str().expect("a temporary path is text");
    let words: Vec<&str> = words
        .iter()
        .copied()
        .chain([told_text, CPU_SECONDS])
        .collect();
    expect_split_of(&launch(program, &words), &told, folder, call_graph);
}

fn expect_split_of(target: &Target, told: &Path, folder: &Folder, call_graph: CallGraph) {
    let options = RecordOptions {
        frequency_hz: FREQUENCY_HZ,
        call_graph,
        ..RecordOptions::new(folder.path("a.scrutineer"))
    };
    let profile = account::record(target, options);
    let told = account::of_the_program(told);
    let names: Vec<&String> = told.keys().collect();
    let (found, samples) = account::of_the_capture(&profile, &Selection::default(), &names);
    // The program works for a fixed CPU time, so the machine's load does not decide it; a kernel
    // that slows sampling down, or a ring that was lost, does, and leaves more to chance.
    assert!(
        samples > LEAST_SAMPLES / 4,
        "{samples} samples in {found:?}"
    );
    let scarcity = (LEAST_SAMPLES as f64 / samples as f64).sqrt().max(1.0);
    let (told, found) = (account::shares(&told), account::shares(&found));
    for (name, share) in &told {
        let difference = (found[name] - share).abs();
        assert!(
            difference <= LARGEST_DIFFERENCE * scarcity,
            "{name}: the program says {share:.4}, the capture {:.4} ({samples} samples)",
            found[name]
        );
    }
    let truncated = profile.quality.share(profile.quality.truncated);
    assert!(truncated < 0.05, "{truncated} truncated");
}

#[test]
fn the_split_of_c_without_frame_pointers_is_right() {
    let test = "the_split_of_c_without_frame_pointers_is_right";
    let folder = Folder::new();
    let words = ["cc", "-O2", "-fomit-frame-pointer"];
    let Some(program) = build(test, &words, "split.c", &folder.path("split")) else {
        return;
    };
    if perf_works(test) {
        expect_the_split(&folder, &program, &[], CallGraph::Dwarf);
    }
}

#[test]
fn the_split_of_c_with_frame_pointers_is_right_without_copies_of_the_stack() {
    let test = "the_split_of_c_with_frame_pointers_is_right_without_copies_of_the_stack";
    let folder = Folder::new();
    let words = ["cc", "-O2", "-fno-omit-frame-pointer"];
    let Some(program) = build(test, &words, "split.c", &folder.path("split")) else {
        return;
    };
    if perf_works(test) {
        expect_the_split(&folder, &program, &[], CallGraph::FramePointers);
    }
}

#[test]
fn the_split_of_a_static_program_of_another_c_library_is_right() {
    let test = "the_split_of_a_static_program_of_another_c_library_is_right";
    let folder = Folder::new();
    let words = ["musl-gcc", "-O2", "-static", "-fasynchronous-unwind-tables"];
    let Some(program) = build(test, &words, "split.c", &folder.path("split")) else {
        return;
    };
    if perf_works(test) {
        // It bears no build id, so that its file counts only where it is older than the capture.
        pause(50);
        expect_the_split(&folder, &program, &[], CallGraph::Dwarf);
    }
}

#[test]
fn threads_of_another_c_library_are_followed_to_where_they_begin() {
    let test = "threads_of_another_c_library_are_followed_to_where_they_begin";
    let folder = Folder::new();
    let words = [
        "musl-gcc",
        "-O2",
        "-static",
        "-pthread",
        "-fasynchronous-unwind-tables",
    ];
    let Some(program) = build(test, &words, "rate.c", &folder.path("rate")) else {
        return;
    };
    if !perf_works(test) {
        return;
    }
    let options = RecordOptions::new(folder.path("threads.scrutineer"));
    let profile = account::record(&launch(&program, &["2", "3"]), options);
    assert!(profile.quality.samples > 300, "{:?}", profile.quality);
    let truncated = profile.quality.share(profile.quality.truncated);
    assert!(truncated < 0.05, "{truncated} truncated");
}

#[test]
fn the_split_of_cpp_with_templates_and_exceptions_is_right() {
    let test = "the_split_of_cpp_with_templates_and_exceptions_is_right";
    let folder = Folder::new();
    let Some(program) = build(test, &["c++", "-O2"], "split.cpp", &folder.path("split")) else {
        return;
    };
    if perf_works(test) {
        expect_the_split(&folder, &program, &[], CallGraph::Dwarf);
    }
}

#[test]
fn the_split_of_rust_with_inlined_functions_is_right() {
    let test = "the_split_of_rust_with_inlined_functions_is_right";
    let folder = Folder::new();
    let words = ["rustc", "-O", "-g", "--edition", "2024"];
    let Some(program) = build(test, &words, "split.rs", &folder.path("split")) else {
        return;
    };
    if perf_works(test) {
        expect_the_split(&folder, &program, &[], CallGraph::Dwarf);
    }
}

#[test]
fn the_split_of_node_is_right() {
    let test = "the_split_of_node_is_right";
    let folder = Folder::new();
    let Some(node) = on_the_path("node") else {
        return skip(test, "no node");
    };
    if !perf_works(test) {
        return;
    }
    let script = programs::source("split.js");
    let words = [
        "--perf-basic-prof",
        "--interpreted-frames-native-stack",
        // A function that is inlined into another loses its name in the perf map.
        "--no-turbo-inlining",
        script.to_str().expect("the path of the sources is text"),
    ];
    expect_the_split(&folder, &node, &words, CallGraph::Dwarf);
}

fn on_the_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
#[test]
fn the_split_of_python_is_right() {
    let test = "the_split_of_python_is_right";
    let folder = Folder::new();
    let Some(python) = programs::python(test).filter(|_| perf_works(test)) else {
        return;
    };
    let script = programs::source("split.py");
    let script = script.to_str().expect("the path of the sources is text");
    expect_the_split(&folder, &python, &[script], CallGraph::Dwarf);
}

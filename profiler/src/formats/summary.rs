//! What text, HTML and JSON have in common: top functions, threads and how far to trust them.

use std::collections::BTreeMap;

use scrutineer_evidence::{process::Runtime, trust::limits};
use serde::Serialize;

use super::percent;
use crate::capture::model::{ModuleKind, NONE, WaitSource};
use crate::profile::{Foreign, Profile, Selection, Weight, top_functions};

/// A function with its samples, or with what else the weight counts.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) module: Option<String>,
    pub(super) self_samples: u64,
    pub(super) self_share: f64,
    pub(super) total_samples: u64,
    pub(super) total_share: f64,
}

/// A thread with its samples, or with what else the weight counts.
#[derive(Debug, Serialize)]
pub(super) struct ThreadRow {
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) name: String,
    pub(super) samples: u64,
}

/// Functions, most self samples first.
pub(super) fn rows(profile: &Profile, selection: &Selection) -> Vec<Row> {
    let all = profile.total(selection).max(1);
    let share = |part: u64| part as f64 / all as f64;
    let row = |top: crate::profile::TopFunction| {
        let function = &profile.functions[top.function as usize];
        let module = profile.modules.get(function.module as usize);
        Row {
            name: function.name.clone(),
            category: function.category.id(),
            module: module.map(|module| module.path.clone()),
            self_samples: top.self_samples,
            self_share: share(top.self_samples),
            total_samples: top.total_samples,
            total_share: share(top.total_samples),
        }
    };
    top_functions(profile, selection, false)
        .into_iter()
        .map(row)
        .collect()
}

/// Threads that have samples, most first.
pub(super) fn threads(profile: &Profile, selection: &Selection) -> Vec<ThreadRow> {
    let mut samples: BTreeMap<u32, u64> = BTreeMap::new();
    profile
        .weighed(selection)
        .for_each(|row| *samples.entry(row.thread).or_default() += row.weight);
    let row = |(thread, samples): (u32, u64)| {
        let thread = &profile.threads[thread as usize];
        ThreadRow {
            pid: thread.pid,
            tid: thread.tid,
            name: thread.name.clone(),
            samples,
        }
    };
    let mut threads: Vec<ThreadRow> = samples.into_iter().map(row).collect();
    threads.sort_by(|a, b| {
        b.samples
            .cmp(&a.samples)
            .then((a.pid, a.tid).cmp(&(b.pid, b.tid)))
    });
    threads
}

/// What was captured, in one line.
pub(super) fn headline(profile: &Profile, selection: &Selection) -> String {
    let header = &profile.header;
    if let (Some(foreign), Weight::Cpu) = (&profile.foreign, selection.weight) {
        return foreign_headline(profile, foreign, selection);
    }
    let total = profile
        .unit(selection.weight)
        .words(profile.total(selection));
    let what = match selection.weight {
        Weight::Cpu | Weight::PageFaults => total,
        Weight::Wait => format!("{total} of waits"),
    };
    let how = match (selection.weight, header.wait_source) {
        (Weight::Cpu, _) => {
            format!("at {} Hz ({})", header.frequency_hz, header.sampler.label())
        }
        (Weight::Wait, Some(WaitSource::Polling)) => "(threads polled)".to_owned(),
        (Weight::Wait, _) => match profile.waits_polled_since() {
            Some((since_ns, _)) => format!(
                "(context switches for {:.1} s, then threads polled)",
                since_ns as f64 / 1e9
            ),
            None => "(context switches)".to_owned(),
        },
        (Weight::PageFaults, _) => "(each with its stack)".to_owned(),
    };
    format!(
        "{} (pid {}), {what} in {:.1} s {how}, {}",
        header.name,
        header.pid,
        profile.duration_ns() as f64 / 1e9,
        header.started_at,
    )
}

/// What another tool's profile holds, in one line.
fn foreign_headline(profile: &Profile, foreign: &Foreign, selection: &Selection) -> String {
    let total = foreign.unit.words(profile.total(selection));
    let name = match (&profile.header.name, profile.header.pid) {
        (name, 0) => name.clone(),
        (name, pid) => format!("{name} (pid {pid})"),
    };
    let long = if foreign.has_times {
        format!(" in {:.1} s", profile.duration_ns() as f64 / 1e9)
    } else {
        String::new()
    };
    let what = if foreign.label == foreign.unit.noun() {
        String::new()
    } else {
        format!(" ({})", foreign.label)
    };
    format!("{name}, {total}{what}{long}, from {}", foreign.format)
}

/// What shares of a weight are shares of.
pub(super) fn whole(profile: &Profile, weight: Weight) -> &'static str {
    match weight {
        Weight::Cpu => profile.unit(weight).noun(),
        Weight::Wait => "time waited",
        Weight::PageFaults => "page faults",
    }
}

/// How far a weight of the capture can be trusted, a sentence each; what makes it untrustworthy
/// comes first.
pub(super) fn notes(profile: &Profile, selection: &Selection) -> Vec<String> {
    let notes = match selection.weight {
        Weight::Cpu => quality_notes(profile),
        Weight::Wait | Weight::PageFaults => other_notes(profile, selection),
    };
    profile.trust().warning().into_iter().chain(notes).collect()
}

fn other_notes(profile: &Profile, selection: &Selection) -> Vec<String> {
    let quality = &profile.quality;
    let mut notes = Vec::new();
    if profile.end.is_none() {
        notes.push("The capture has no end: it was cut short, or still runs.".to_owned());
    }
    if quality.other_lost > 0 {
        notes.push(format!(
            "{} context switches or page faults were lost: sums are too low; record for a shorter \
             time, or while there is less load.",
            quality.other_lost
        ));
    }
    if selection.weight == Weight::Wait && profile.header.wait_source == Some(WaitSource::Polling) {
        notes.push(
            "Threads were looked at again and again: waits shorter than the interval between two \
             looks are missing. To see every wait: sudo sysctl kernel.perf_event_paranoid=1"
                .to_owned(),
        );
    }
    if let Some((since_ns, per_s)) = profile
        .waits_polled_since()
        .filter(|_| selection.weight == Weight::Wait)
    {
        notes.push(format!(
            "From {:.1} s on threads were looked at again and again, because {per_s} switches a \
             second would have slowed the target down: from there on waits shorter than the \
             interval between two looks are missing.",
            since_ns as f64 / 1e9
        ));
    }
    let without_stack: u64 = profile
        .weighed(selection)
        .filter(|row| row.stack == NONE)
        .map(|row| row.weight)
        .sum();
    let total = profile.total(selection);
    if without_stack > 0 {
        notes.push(format!(
            "{} of the {} has no stack.",
            percent(without_stack, total),
            whole(profile, selection.weight)
        ));
    }
    if notes.is_empty() {
        notes.push("Nothing was lost, and all of it has a stack.".to_owned());
    }
    notes
}

/// Samples whose innermost frame is compiled code that no perf map names.
fn unnamed_jit_samples(profile: &Profile) -> u64 {
    let is_unnamed_jit = |stack: u32| {
        let frame = *profile.stacks.frame.get(stack as usize)?;
        let function = &profile.functions[profile.logical_of(frame)[0].function as usize];
        let module = profile.modules.get(function.module as usize)?;
        Some(!function.named && module.kind == ModuleKind::Jit)
    };
    let stacks = profile.samples.stack.iter();
    stacks
        .filter(|stack| is_unnamed_jit(**stack) == Some(true))
        .count() as u64
}

/// How a runtime is made to write `/tmp/perf-PID.map`, from which compiled code gets its names.
fn how_to_name_jit_code(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Node => "start Node.js with --perf-basic-prof",
        Runtime::Jvm => "run `jcmd PID Compiler.perfmap` (JDK 17 or newer) while it is recorded",
        Runtime::Python => "start Python (3.12 or newer) with -X perf",
        Runtime::DotNet => "start it with DOTNET_PerfMapEnabled=1",
        Runtime::Ruby => "start Ruby with --yjit-perf=map",
        Runtime::Rust | Runtime::Native | Runtime::Go => {
            "let the runtime write /tmp/perf-PID.map while it is recorded"
        }
    }
}

/// How far its CPU time can be trusted, a sentence each, with what to do; one that says that all is
/// well where nothing is amiss.
fn quality_notes(profile: &Profile) -> Vec<String> {
    let quality = &profile.weighed_quality();
    let share = |part| percent(part, quality.samples);
    let mut notes = Vec::new();
    if let Some(foreign) = &profile.foreign {
        notes.extend(foreign.notes.iter().cloned());
    } else if profile.end.is_none() {
        notes.push("The capture has no end: it was cut short, or still runs.".to_owned());
    }
    if quality.lost > 0 {
        let of = percent(quality.lost, quality.samples + quality.lost);
        notes.push(format!(
            "{} samples ({of}) were lost: record at a lower frequency.",
            quality.lost
        ));
    }
    if quality.truncated > 0 {
        notes.push(format!(
            "{} stacks ({}) do not reach a known root: totals near the root are too low.",
            quality.truncated,
            share(quality.truncated)
        ));
    }
    // Rows are counted there, which are not samples where they weigh more than one.
    let jit = if profile.sample_weights.is_empty() {
        unnamed_jit_samples(profile)
    } else {
        0
    };
    if jit > 0 {
        notes.push(format!(
            "{jit} samples ({}) end in code that its runtime compiled while it ran (JIT), without \
             a name: {}.",
            share(jit),
            how_to_name_jit_code(profile.header.runtime)
        ));
    }
    let unnamed = quality.unresolved.saturating_sub(jit);
    if unnamed > 0 {
        notes.push(format!(
            "{unnamed} samples ({}) end in code without a name: install its debug symbols, or \
             build it without stripping.",
            share(unnamed)
        ));
    }
    notes.extend(hidden_time_notes(profile));
    if quality.samples < limits::FEW_SAMPLES {
        let half_width = 98.0 / (quality.samples.max(1) as f64).sqrt();
        notes.push(format!(
            "{} samples are few: a share may be off by {half_width:.0} points; record for longer, \
             or under load.",
            quality.samples
        ));
    }
    if notes.is_empty() {
        notes
            .push("No sample was lost, every stack is whole and every leaf has a name.".to_owned());
    }
    notes
}

fn hidden_time_notes(profile: &Profile) -> Vec<String> {
    let quality = &profile.quality;
    let mut notes = Vec::new();
    if let Some(hidden) = quality.kernel_invisible_share.filter(|share| *share > 0.0) {
        notes.push(format!(
            "{:.1} % of the CPU time was spent in the kernel and may not be seen here: allow it \
             with `sudo sysctl kernel.perf_event_paranoid=1`.",
            hidden * 100.0
        ));
    }
    let duration_ns = profile.duration_ns().max(1);
    if quality.paused_ns > 0 {
        notes.push(format!(
            "The target stood still for {} of the time while it was sampled by ptrace.",
            percent(quality.paused_ns, duration_ns)
        ));
    }
    if quality.profiler_cpu_ns as f64 > duration_ns as f64 * limits::PROFILER_CPU.attention {
        notes.push(format!(
            "The profiler itself used {} of one CPU: record at a lower frequency.",
            percent(quality.profiler_cpu_ns, duration_ns)
        ));
    }
    notes
}

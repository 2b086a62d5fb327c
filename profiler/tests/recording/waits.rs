//! Records programs that know how long they wait in which function, and compares.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use scrutineer_evidence::capture::Sampler as SamplerKind;
use scrutineer_profiler::{
    capture::{
        model::{NONE, WaitClass, WaitSource},
        recorder::{RecordOptions, Recording, RecordingSummary},
        target::Target,
    },
    profile::{Profile, Selection, Weight, top_functions},
};

use crate::{
    named, perf_works,
    programs::{self, Folder, skip, turn, wait_until},
    refusal,
};

/// The target `waits.c`, which waits for a byte before it begins.
struct Waiter {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Waiter {
    fn start(program: &Path, mode: &str, rounds: u32) -> Self {
        let mut child = Command::new(program)
            .args([mode, &rounds.to_string()])
            .current_dir(program.parent().expect("it lies in a folder"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut waiter = Self { child, lines };
        assert_eq!(waiter.line(), "ready");
        waiter
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the program speaks");
        line.trim_end().to_owned()
    }

    /// Lets it do its work; nanoseconds off the CPU by function, as it measured them itself.
    fn work(&mut self) -> BTreeMap<String, u64> {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"\n").expect("the program listens");
        let mut measured = BTreeMap::new();
        loop {
            let line = self.line();
            if line == "done" {
                return measured;
            }
            let (name, ns) = line.split_once(' ').expect("a name and a number");
            measured.insert(name.to_owned(), ns.parse().expect("a number"));
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the whole machine may be recorded, or one process alone.
#[derive(Clone, Copy)]
enum Whose {
    Process,
    Machine,
}

/// What a program measured, and what was recorded meanwhile.
struct Recorded {
    pid: u32,
    measured: BTreeMap<String, u64>,
    summary: RecordingSummary,
    profile: Profile,
}

fn record(program: &Path, mode: &str, rounds: u32) -> Recorded {
    record_of(Whose::Process, program, mode, rounds)
}

fn record_of(whose: Whose, program: &Path, mode: &str, rounds: u32) -> Recorded {
    let mut waiter = Waiter::start(program, mode, rounds);
    let output = program.with_extension("scrutineer");
    let options = RecordOptions {
        off_cpu: true,
        ..RecordOptions::new(output)
    };
    let target = match whose {
        Whose::Process => Target::Pid(waiter.child.id()),
        Whose::Machine => Target::System,
    };
    let recording = Recording::start(&target, options).expect("the recording starts");
    // The first drain has looked at who waits already.
    wait_until("the first drain", || !recording.status().elapsed.is_zero());
    let measured = waiter.work();
    recording.stop();
    let summary = recording.join().expect("the recording is saved");
    let profile = named::profile(&summary.path);
    Recorded {
        pid: waiter.child.id(),
        measured,
        summary,
        profile,
    }
}

impl Recorded {
    /// Time waited in a function and what it calls, nanoseconds; of these classes alone.
    fn waited(&self, function: &str, classes: Option<&[WaitClass]>) -> u64 {
        // Another test may run the same program meanwhile.
        let threads = self.profile.threads.iter().zip(0..);
        let own = threads.filter(|(thread, _)| thread.pid == self.pid);
        let selection = Selection {
            threads: Some(own.map(|(_, position)| position).collect()),
            wait_classes: classes.map(|classes| classes.iter().copied().collect()),
            ..Selection::weighed_by(Weight::Wait)
        };
        top_functions(&self.profile, &selection, false)
            .into_iter()
            .filter(|top| self.profile.functions[top.function as usize].name == function)
            .map(|top| top.total_samples)
            .sum()
    }

    fn source(&self) -> Option<WaitSource> {
        self.profile.header.wait_source
    }

    fn assert_close(&self, function: &str, share: f64) {
        let (found, truth) = (self.waited(function, None), self.measured[function]);
        let slack = truth as f64 * share + 5e6;
        assert!(
            (found as f64 - truth as f64).abs() <= slack,
            "{function}: {found} ns recorded, {truth} ns measured"
        );
    }
}

/// Whether switches are recorded here with kernel frames that have names.
fn sees_switches(test: &str, recorded: &Recorded) -> bool {
    if recorded.source() != Some(WaitSource::ContextSwitches) {
        skip(test, "context switches may not be recorded");
        return false;
    }
    true
}

const KINDS: [(&str, WaitClass); 5] = [
    ("nap", WaitClass::Sleep),
    ("await_lock", WaitClass::Lock),
    ("await_pipe", WaitClass::Ipc),
    ("await_tcp", WaitClass::Network),
    ("await_poll", WaitClass::Network),
];

#[test]
fn waits_are_as_long_and_of_the_kind_that_the_program_measured() {
    let _turn = turn();
    let test = "waits_are_as_long_and_of_the_kind_that_the_program_measured";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    let recorded = record(&program, "mixed", 40);
    if !sees_switches(test, &recorded) {
        return;
    }
    for (function, class) in KINDS {
        recorded.assert_close(function, 0.05);
        let of_class = recorded.waited(function, Some(&[class, WaitClass::RunQueue]));
        let all = recorded.waited(function, None);
        assert!(
            of_class as f64 >= 0.95 * all as f64,
            "{function}: {of_class} of {all} ns are {class:?}"
        );
    }
    recorded.assert_close("await_disk", 0.05);
    if recorded.measured["await_disk"] > 20_000_000 {
        let queued = [WaitClass::Disk, WaitClass::RunQueue, WaitClass::Lock];
        let of_class = recorded.waited("await_disk", Some(&queued));
        let all = recorded.waited("await_disk", None);
        assert!(
            of_class as f64 >= 0.95 * all as f64,
            "{of_class} of {all} ns"
        );
    }
    assert_eq!(recorded.summary.quality.other_lost, 0);
    // It waited for its byte when the recording began, and waits for the end of it still.
    assert!(recorded.waited("main", None) > recorded.measured.values().sum());
}

#[test]
fn waits_are_seen_on_the_whole_machine_too() {
    let _turn = turn();
    let test = "waits_are_seen_on_the_whole_machine_too";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    if !programs::is_root() {
        return skip(test, "only root may record the whole machine");
    }
    let recorded = record_of(Whose::Machine, &program, "mixed", 20);
    for (function, _) in KINDS {
        recorded.assert_close(function, 0.05);
    }
}

#[test]
fn thousands_of_short_waits_a_second_sum_up_in_few_rows() {
    let _turn = turn();
    let test = "thousands_of_short_waits_a_second_sum_up_in_few_rows";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    let recorded = record(&program, "brief", 6_000);
    if !sees_switches(test, &recorded) {
        return;
    }
    recorded.assert_close("nap_briefly", 0.05);
    let waits = &recorded.profile.waits;
    let counted: u64 = waits.count.iter().map(|count| u64::from(*count)).sum();
    assert!(counted >= 6_000, "{counted}");
    assert!(waits.count.len() < 3_000, "{} rows", waits.count.len());
}

#[test]
fn preempted_threads_wait_on_the_run_queue() {
    let _turn = turn();
    let test = "preempted_threads_wait_on_the_run_queue";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    let recorded = record(&program, "crowded", 200);
    if !sees_switches(test, &recorded) {
        return;
    }
    recorded.assert_close("spin_in_crowd", 0.05);
    let queued = recorded.waited("spin_in_crowd", Some(&[WaitClass::RunQueue]));
    let all = recorded.waited("spin_in_crowd", None);
    assert!(queued as f64 >= 0.95 * all as f64, "{queued} of {all} ns");
}

#[test]
fn a_flood_of_switches_loses_no_cpu_sample_and_is_bounded() {
    let _turn = turn();
    let test = "a_flood_of_switches_loses_no_cpu_sample_and_is_bounded";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    let recorded = record(&program, "rapid", 100_000);
    if !sees_switches(test, &recorded) {
        return;
    }
    let summary = &recorded.summary;
    assert_eq!(summary.quality.lost, 0);
    let per_s = 200_000.0 / summary.duration.as_secs_f64();
    let was_bounded = summary
        .warnings
        .iter()
        .any(|warning| warning.contains("too much"));
    assert!(
        was_bounded || per_s < 20_000.0,
        "{per_s} switches a second: {:?}",
        summary.warnings
    );
    assert!(recorded.waited("await_pong", None) > 0);
    // What the recorder said, the file says too.
    assert_eq!(recorded.profile.waits_polled_since().is_some(), was_bounded);
}

#[test]
fn without_privileges_threads_are_polled() {
    let _turn = turn();
    let test = "waits::without_privileges_threads_are_polled";
    if std::env::var_os("SCRUTINEER_AS_NOBODY").is_none() {
        programs::again_as_nobody(test, "SCRUTINEER_AS_NOBODY");
        return;
    }
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c") else {
        return;
    };
    let recorded = record(&program, "mixed", 300);
    assert_near(&recorded);
}

#[test]
fn where_perf_events_are_refused_threads_are_polled_beside_ptrace() {
    let _turn = turn();
    let test = "where_perf_events_are_refused_threads_are_polled_beside_ptrace";
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c") else {
        return;
    };
    if let Err(why) = refusal::refuse_perf_events() {
        return skip(test, &why);
    }
    let recorded = record(&program, "mixed", 300);
    assert_eq!(recorded.profile.header.sampler, SamplerKind::Ptrace);
    assert_eq!(recorded.source(), Some(WaitSource::Polling));
    assert_near(&recorded);
}

/// What was polled a few hundred times is near what was measured.
fn assert_near(recorded: &Recorded) {
    // Yama permits it for children, which this program is.
    let warnings = &recorded.summary.warnings;
    assert!(recorded.source().is_some(), "no waits: {warnings:?}");
    let found: u64 = KINDS
        .iter()
        .map(|(name, _)| recorded.waited(name, None))
        .sum();
    let truth: u64 = KINDS.iter().map(|(name, _)| recorded.measured[*name]).sum();
    for (function, class) in KINDS {
        let found_share = recorded.waited(function, None) as f64 / found as f64;
        let true_share = recorded.measured[function] as f64 / truth as f64;
        assert!(
            (found_share - true_share).abs() < 0.08,
            "{function}: {found_share:.3} recorded, {true_share:.3} measured"
        );
        let of_class = recorded.waited(function, Some(&[class, WaitClass::RunQueue]));
        let all = recorded.waited(function, None);
        assert!(
            of_class as f64 >= 0.9 * all as f64,
            "{function}: {of_class} of {all} ns are {class:?}"
        );
    }
    let error = (found as f64 - truth as f64).abs();
    assert!(error < 0.1 * truth as f64, "{found} of {truth} ns");
    if recorded.source() == Some(WaitSource::Polling) {
        assert!(
            warnings.iter().any(|warning| warning.contains("looked at")),
            "{warnings:?}"
        );
    }
}

#[test]
fn who_ended_a_wait_is_told_where_tracepoints_may_be_read() {
    let _turn = turn();
    let test = "waits::who_ended_a_wait_is_told_where_tracepoints_may_be_read";
    if std::env::var_os("SCRUTINEER_TRACING").is_none() {
        // A mount of its own, so that the machine stays as it is.
        let script = "{ mountpoint -q /sys/kernel/tracing || \
                        mount -t tracefs tracefs /sys/kernel/tracing; } && \
                      exec \"$0\" --exact \"$1\" --nocapture || \
                      echo SKIPPED \"$1\": tracefs cannot be mounted >&2";
        let again = Command::new("unshare")
            .args(["--mount", "sh", "-c", script])
            .arg(std::env::current_exe().expect("tests are programs"))
            .arg(test)
            .env("SCRUTINEER_TRACING", "1")
            .output();
        match again {
            Ok(output) if output.status.success() => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                for line in stderr.lines().filter(|line| line.starts_with("SKIPPED")) {
                    skip(test, line);
                }
            }
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stdout)),
            Err(error) => skip(test, &format!("unshare cannot be run: {error}")),
        }
        return;
    }
    let folder = Folder::new();
    let Some(program) = folder.compile(test, "waits.c").filter(|_| perf_works(test)) else {
        return;
    };
    let recorded = record(&program, "mixed", 20);
    if !sees_switches(test, &recorded) {
        return;
    }
    let main = recorded.profile.header.pid;
    let helper = |tid: u32| tid != main && tid != 0;
    assert!(recorded.share_woken("await_lock", helper) > 0.9);
    assert!(recorded.share_woken("await_pipe", helper) > 0.9);
    // A timer ends a sleep, whatever thread it interrupts.
    assert!(recorded.share_woken("nap", |tid| tid != 0) < 0.1);
    let warnings = recorded.summary.warnings.iter();
    if warnings
        .into_iter()
        .any(|text| text.contains("ready to run a second"))
    {
        return skip(test, "the machine makes too many threads ready to run");
    }
    if programs::is_root() {
        let wakers = recorded.profile.waits.waker.iter();
        let outside = wakers
            .filter_map(|waker| recorded.profile.threads.get(*waker as usize))
            .find(|thread| thread.pid == std::process::id());
        let name = outside.map(|thread| thread.name.as_str());
        assert!(
            name.is_some_and(|name| !name.is_empty()),
            "we wrote the byte that it waited for: {name:?}, {:?}",
            recorded.summary.warnings
        );
    }
}

impl Recorded {
    /// Share of the time waited in a function that a thread ended for which `is_waker` holds.
    fn share_woken(&self, function: &str, is_waker: impl Fn(u32) -> bool) -> f64 {
        let profile = &self.profile;
        let is_within = |stack: u32| {
            std::iter::successors(Some(stack), |node| {
                profile.stacks.parent.get(*node as usize).copied()
            })
            .take_while(|node| *node != NONE)
            .flat_map(|node| profile.logical_of(profile.stacks.frame[node as usize]))
            .any(|frame| profile.functions[frame.function as usize].name == function)
        };
        let (mut all, mut woken) = (0, 0);
        for row in 0..profile.waits.start_ns.len() {
            let is_wait = profile.waits.class[row] != WaitClass::RunQueue as u8;
            if !is_wait || !is_within(profile.waits.stack[row]) {
                continue;
            }
            let duration_ns = profile.waits.duration_ns[row];
            all += duration_ns;
            let waker = profile.waits.waker[row];
            if waker != NONE && is_waker(profile.threads[waker as usize].tid) {
                woken += duration_ns;
            }
        }
        woken as f64 / all.max(1) as f64
    }
}

//! A program that does known things when asked, and a reader of it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use scrutineer_evidence::{capture::Sampler, process::Runtime, system::MachineKey};
use scrutineer_profiler::{
    capture::{
        model::{CallGraph, CaptureHeader, Chunk, SeriesKind, Subject},
        readings::{Batch, ReadingsReader, Scope},
    },
    profile::{Profile, ProfileBuilder, series::SeriesTable},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::programs;

const SCRIPT: &str = include_str!("../../../tests/targets/deeds.py");

/// `tests/targets/deeds.py`, running.
pub(crate) struct Target {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Target {
    /// `None` where there is no Python.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let python = programs::python(test)?;
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut target = Self {
            requests: child.stdin.take().expect("it is piped"),
            answers: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
        };
        assert_eq!(target.answer().as_deref(), Some("ready"));
        Some(target)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for a deed and waits until it is done; its answer.
    pub(crate) fn asks(&mut self, deed: &str) -> String {
        writeln!(self.requests, "{deed}").expect("it reads");
        self.answer().unwrap_or_else(|| panic!("it died of {deed}"))
    }

    /// Asks for a deed that it will not live to answer.
    pub(crate) fn dies_of(&mut self, deed: &str) {
        writeln!(self.requests, "{deed}").expect("it reads");
        assert_eq!(self.answer(), None, "it lived through {deed}");
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).unwrap_or(0);
        (length > 0).then(|| line.trim().to_owned())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reader with the profile that grows from it.
pub(crate) struct Reading {
    reader: ReadingsReader,
    builder: ProfileBuilder,
    table: SeriesTable,
}

impl Reading {
    pub(crate) fn of(pids: &[u32], finds_children: bool) -> Self {
        let scope = Scope {
            pids: pids.to_vec(),
            finds_children,
        };
        let mut builder = ProfileBuilder::default();
        builder.push(Chunk::Header(header(pids[0])));
        Self {
            reader: ReadingsReader::start(scope, monotonic_ns()).expect("a thread"),
            builder,
            table: SeriesTable::default(),
        }
    }

    pub(crate) fn reader(&self) -> &ReadingsReader {
        &self.reader
    }

    pub(crate) fn profile(&self) -> &Profile {
        self.builder.profile().expect("the header was pushed")
    }

    pub(crate) fn take(&mut self) {
        let batch = self.reader.take();
        self.add(batch);
    }

    fn add(&mut self, batch: Batch) {
        self.builder.push(Chunk::Threads(batch.threads.clone()));
        for chunk in batch.into_chunks() {
            self.builder.push(chunk);
        }
        let profile = self.builder.profile().expect("the header was pushed");
        self.table.update(profile);
    }

    /// Takes what is read until something holds.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let give_up = Instant::now() + Duration::from_mins(1);
        loop {
            self.take();
            if holds(self) {
                return;
            }
            assert!(Instant::now() < give_up, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn stop(mut self) -> Profile {
        let batch = self.reader.stop();
        self.add(batch);
        self.builder.finish().expect("the header was pushed")
    }

    pub(crate) fn ids(&self, kind: SeriesKind) -> Vec<u32> {
        let series = self.profile().series.iter().enumerate();
        series
            .filter(|(_, series)| series.kind == kind)
            .map(|(id, _)| id as u32)
            .collect()
    }

    pub(crate) fn has(&self, kind: SeriesKind) -> bool {
        !self.ids(kind).is_empty()
    }

    /// Last value of the first series of a kind, 0 where there is none.
    pub(crate) fn last(&self, kind: SeriesKind) -> u64 {
        self.ids(kind).first().map_or(0, |id| self.last_of(*id))
    }

    pub(crate) fn subject(&self, kind: SeriesKind, subject: &str) -> u64 {
        self.find(|series| series.kind == kind && series.subject == subject)
    }

    pub(crate) fn of_process(&self, kind: SeriesKind, pid: u32) -> u64 {
        self.find(|series| series.kind == kind && series.pid == pid)
    }

    fn find(&self, passes: impl Fn(&scrutineer_profiler::capture::model::Series) -> bool) -> u64 {
        let id = self.profile().series.iter().position(passes);
        id.map_or(0, |id| self.last_of(id as u32))
    }

    fn last_of(&self, id: u32) -> u64 {
        let points = self.table.points(id);
        points.last().map_or(0, |point| point.value as u64)
    }
}

/// Sends a signal.
pub(crate) fn signal(pid: u32, signal: i32) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

/// `socket(AF_NETLINK, …)` fails with `EACCES` from now on for this thread and those that it
/// starts.
pub(crate) fn refuse_netlink() -> Result<(), String> {
    let architecture: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(|_| "no filter for this machine".to_owned())?;
    let family = libc::AF_NETLINK as u64;
    let is_netlink = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| error.to_string())?;
    let filter = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_socket, vec![is_netlink])]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES as u32),
        architecture,
    )
    .map_err(|error| error.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|error| format!("{error}"))?;
    seccompiler::apply_filter(&program).map_err(|error| format!("no seccomp filter: {error}"))
}

/// `/proc/uptime` counts suspended time too: only its steps matter, and tests need none exact.
fn monotonic_ns() -> u64 {
    let uptime = std::fs::read_to_string("/proc/uptime").expect("it is there");
    let seconds: f64 = uptime.split(' ').next().expect("one").parse().expect("one");
    (seconds * 1e9) as u64
}

fn header(pid: u32) -> CaptureHeader {
    CaptureHeader {
        product_version: String::new(),
        started_at: "2026-03-14T09:26:53Z".parse().expect("a valid time"),
        pid,
        name: "python3".into(),
        command_line: String::new(),
        executable: String::new(),
        runtime: Runtime::Python,
        launched: false,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: false,
        stack_dump_bytes: 0,
        machine: MachineKey {
            cpu_model: String::new(),
            cores: 2,
            kernel: String::new(),
            governor: None,
        },
        commit: None,
        subject: Subject::Processes,
        follows_children: true,
        call_graph: CallGraph::Dwarf,
        wait_source: None,
        page_faults: false,
        by_helper: false,
    }
}

//! Samples through `perf_event_open`: ring buffers per role and CPU, unwound when they are drained.

mod attach;
pub(crate) mod attributes;
mod choice;
mod cpus;
mod end_watch;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod happenings;
mod opener;
mod records;
mod reopening;
mod rings;
mod sample;
mod stack_copy;
mod switches;
pub(crate) mod threads;
mod wake_ups;
mod wish;

use std::{
    collections::{BTreeSet, HashSet},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::{
    capture::{
        CaptureError,
        model::{CallGraph, Event, EventKind, ProcessEntry, WaitSource},
        sampler::{Sampler, SamplerCounters},
        tables::Tables,
        unwind::Unwinder,
    },
    process,
    redaction::redact_command_line,
    sys::{self, clock},
};
pub use attach::{AttachError, PerfOptions, PerfSubject};
pub use choice::EventChoice;
pub(crate) use end_watch::EndWatch;
use happenings::Happening;
pub use opener::{EventOpener, OwnOpener, Scope};
use records::Reader;
use rings::RoleRings;
use stack_copy::StackCopy;
pub use switches::{Switch, SwitchEvent, SwitchTaker};
use wake_ups::WakeUpBudget;
pub use wish::{EventRole, EventWish};

/// How long samples of interpreted programs may lie before they are unwound, where no sample wakes
/// us up.
const INTERPRETER_WAIT: Duration = Duration::from_micros(150);
/// The same for threads that leave their CPU, which wake nobody up: what they executed is read while
/// they wait.
const INTERPRETER_SWITCH_WAIT: Duration = Duration::from_millis(1);
/// Up to this frequency each sample of an interpreted program wakes us up, which costs the program
/// some 19 µs; at a higher one looking often costs it less, and is as soon.
const MOST_WAKES_HZ: u32 = 2_000;

/// Processes beyond so many are sampled, and told by their pids alone.
const MOST_DESCRIBED: usize = 1_000;

/// Samples processes, their threads and their children, a control group or the whole machine
/// through perf events.
#[derive(Debug)]
pub struct PerfSampler {
    choice: EventChoice,
    subject: PerfSubject,
    opener: Box<dyn EventOpener>,
    /// One per role; the role of CPU time comes first.
    roles: Vec<RoleRings>,
    /// Held open, because closing one ends it. Those of CPU time by themselves: they are opened
    /// anew when the stack copies' size changes.
    cpu_events: Vec<OwnedFd>,
    other_events: Vec<(EventRole, OwnedFd)>,
    /// Threads that have events of their own or inherited them.
    followed: HashSet<u32>,
    /// Threads born since their events began to be opened anew; `None` at other times.
    births: Option<reopening::Births>,
    /// Processes that are followed and live.
    processes: BTreeSet<u32>,
    end_watch: EndWatch,
    /// Becomes readable when the capture is to stop.
    woken: Option<OwnedFd>,
    unwinder: Unwinder,
    stack_copy: StackCopy,
    /// Processes whose old mappings may be forgotten after the next drain: samples from before
    /// may lie in a ring that was read earlier than the one that told.
    finished: Vec<Finished>,
    reader: Reader,
    switch_taker: Option<Box<dyn SwitchTaker>>,
    switch_events: Vec<SwitchEvent>,
    wake_up_budget: WakeUpBudget,
    counters: SamplerCounters,
    warnings: Vec<String>,
    scratch: Vec<u8>,
    /// Processes whose names and command lines were noted.
    described: usize,
    /// Whether events that wake us up with each sample could not be opened.
    wakes_in_vain: bool,
}

/// What has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finished {
    Process(u32),
    Program(u32),
    Thread { pid: u32, tid: u32 },
}

impl Sampler for PerfSampler {
    fn wait(&mut self, at_most: Duration, _tables: &mut Tables) -> Result<(), CaptureError> {
        let due_in = self.switch_taker.as_ref().and_then(|taker| taker.due_in());
        let at_most = due_in.map_or(at_most, |due_in| due_in.min(at_most));
        let at_most = self.interpreters_wait(at_most);
        let rings = self.roles.iter().flat_map(RoleRings::descriptors);
        let mut descriptors: Vec<_> = rings.collect();
        let ring_count = descriptors.len();
        descriptors.extend(self.end_watch.descriptors());
        let watched_ends = ring_count..descriptors.len();
        descriptors.extend(self.woken.as_ref().map(AsFd::as_fd));
        let ready =
            sys::pidfd::wait(&descriptors, at_most).map_err(|source| CaptureError::System {
                what: "waiting for samples".to_owned(),
                source,
            })?;
        if ready[watched_ends].contains(&true) {
            self.end_watch.refresh();
        }
        Ok(())
    }

    fn wake_by(&mut self, descriptor: OwnedFd) {
        self.woken = Some(descriptor);
    }

    fn drain(&mut self, tables: &mut Tables) -> Result<(), CaptureError> {
        let finished = std::mem::take(&mut self.finished);
        // Heads first, happenings up to later heads: whatever a sample depends on is then known.
        let heads: Vec<Vec<u64>> = self.roles.iter().map(RoleRings::heads).collect();
        self.apply_happenings(tables);
        for (role, heads) in heads.into_iter().enumerate() {
            for (cpu, head) in heads.into_iter().enumerate() {
                self.take_records(role, cpu, head, tables);
            }
        }
        self.sift_wake_ups(clock::monotonic_ns(), tables);
        if let Some(taker) = &mut self.switch_taker {
            self.switch_events.sort_by_key(|event| event.at_ns);
            taker.take(&mut self.switch_events, tables);
            self.switch_events.clear();
            if taker.has_had_enough() {
                // What was inherited of them ends with them.
                self.other_events
                    .retain(|(role, _)| *role == EventRole::PageFaults);
            }
        }
        for done in finished {
            self.forget(done, tables);
        }
        self.adapt(tables);
        Ok(())
    }

    fn finish(&mut self, at_ns: u64, tables: &mut Tables) {
        if let Some(taker) = &mut self.switch_taker {
            taker.finish(at_ns, tables);
        }
    }

    fn counters(&self) -> SamplerCounters {
        self.counters
    }

    fn kind(&self) -> SamplerKind {
        self.choice.clock
    }

    fn frequency_hz(&self) -> u32 {
        self.cpu_wish().frequency_hz
    }

    fn kernel_frames(&self) -> bool {
        self.choice.kernel
    }

    fn stack_dump_bytes(&self) -> u32 {
        match self.cpu_wish().call_graph {
            CallGraph::Dwarf => self.stack_copy.bytes(),
            CallGraph::FramePointers => 0,
        }
    }

    fn call_graph(&self) -> CallGraph {
        self.cpu_wish().call_graph
    }

    fn wait_source(&self) -> Option<WaitSource> {
        self.switch_taker
            .as_ref()
            .map(|_| WaitSource::ContextSwitches)
    }

    fn page_faults(&self) -> bool {
        self.roles
            .iter()
            .any(|role| role.wish.role == EventRole::PageFaults)
    }

    fn by_helper(&self) -> bool {
        self.opener.is_helper()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        warnings.extend(self.switch_taker.iter().flat_map(|taker| taker.warnings()));
        warnings.extend(self.unwinder.interpreters().warnings());
        if self.counters.throttled > 0 {
            warnings.push(
                "The kernel throttled sampling at times, so busy moments are under-represented; \
                 record at a lower frequency with -F"
                    .to_owned(),
            );
        }
        warnings
    }
}

impl PerfSampler {
    fn cpu_wish(&self) -> &EventWish {
        &self.roles[0].wish
    }

    /// Applies everything but samples that the rings tell, over all CPUs in order of time.
    fn apply_happenings(&mut self, tables: &mut Tables) {
        let mut happenings = Vec::new();
        for role in &mut self.roles {
            let is_cpu = role.wish.role == EventRole::Cpu;
            for cpu_ring in &mut role.rings {
                let head = cpu_ring.ring.head();
                let from = cpu_ring.looked_at;
                cpu_ring
                    .ring
                    .visit(from, head, &mut self.scratch, |record| {
                        let read = happenings::read(record, role.parse_info);
                        happenings
                            .extend(read.map(|(at_ns, happening)| (at_ns, is_cpu, happening)));
                    });
                cpu_ring.looked_at = head;
            }
        }
        happenings.sort_by_key(|(at_ns, _, _)| *at_ns);
        for (at_ns, is_cpu, happening) in happenings {
            match happening {
                Happening::Lost { count } if is_cpu => self.counters.lost += count,
                Happening::Lost { count } => self.counters.other_lost += count,
                Happening::Throttled => self.counters.throttled += 1,
                happening => self.apply(at_ns, happening, tables),
            }
        }
    }

    fn apply(&mut self, at_ns: u64, happening: Happening, tables: &mut Tables) {
        match happening {
            Happening::Mapped { pid, mapping } => {
                if !self.unwinder.knows(pid) {
                    // It ran before we came: its other mappings were never told.
                    let _ = self.unwinder.load_process(pid, tables);
                }
                self.unwinder.add_mapping(pid, &mapping, tables);
            }
            Happening::Named {
                pid,
                tid,
                name,
                by_exec,
            } => {
                tables.name_thread(pid, tid, &name);
                if by_exec {
                    self.unwinder.exec(pid, at_ns);
                    self.finished.push(Finished::Program(pid));
                    tell(at_ns, EventKind::Exec, pid, name, tables);
                    self.describe(pid, tables);
                }
            }
            Happening::Born {
                pid,
                tid,
                parent_pid,
                parent_tid,
            } => self.apply_birth(at_ns, (pid, tid), (parent_pid, parent_tid), tables),
            Happening::Ended { pid, tid } => {
                self.followed.remove(&tid);
                self.finished.push(Finished::Thread { pid, tid });
                if pid == tid && self.processes.contains(&pid) {
                    self.finished.push(Finished::Process(pid));
                }
            }
            Happening::Lost { .. } | Happening::Throttled => {}
        }
    }

    fn apply_birth(
        &mut self,
        at_ns: u64,
        (pid, tid): (u32, u32),
        parent: (u32, u32),
        tables: &mut Tables,
    ) {
        if pid != parent.0 {
            if !self.cpu_wish().follows_children {
                return;
            }
            self.finished.retain(|done| *done != Finished::Process(pid));
            self.unwinder.fork(parent.0, pid);
            self.processes.insert(pid);
            tell(at_ns, EventKind::ProcessStarted, pid, String::new(), tables);
            self.describe(pid, tables);
        }
        self.followed.insert(tid);
        if let Some(births) = &mut self.births {
            births.insert(tid, (at_ns, parent.1));
        }
        self.finished
            .retain(|done| *done != Finished::Thread { pid, tid });
        let name = tables.thread_name(parent.0, parent.1).to_owned();
        tables.name_thread(pid, tid, &name);
    }

    fn forget(&mut self, done: Finished, tables: &mut Tables) {
        match done {
            // Threads may outlive the first one.
            Finished::Process(pid) if threads::list(pid).is_ok_and(|list| list.len() > 1) => {}
            Finished::Process(pid) => {
                self.unwinder.exit(pid);
                if self.processes.remove(&pid) {
                    let now_ns = clock::monotonic_ns();
                    tell(now_ns, EventKind::ProcessEnded, pid, String::new(), tables);
                }
            }
            Finished::Program(pid) => self.unwinder.forget_before_exec(pid),
            Finished::Thread { pid, tid } => tables.end_thread(pid, tid),
        }
    }

    /// Notes what a process is called and runs, as far as it can be read, and as long as there are
    /// not too many: programs that start others without end must not keep the recorder busy.
    fn describe(&mut self, pid: u32, tables: &mut Tables) {
        if self.described >= MOST_DESCRIBED {
            return;
        }
        let Ok(stat) = process::stat(pid) else {
            return;
        };
        self.described += 1;
        tables.process(ProcessEntry {
            pid,
            parent_pid: stat.parent,
            command_line: redact_command_line(&process::arguments(pid)),
            name: stat.name,
        });
    }

    fn take_records(&mut self, role: usize, cpu: usize, head: u64, tables: &mut Tables) {
        let Self {
            roles,
            unwinder,
            reader,
            stack_copy,
            switch_events,
            scratch,
            choice,
            ..
        } = self;
        let role = &mut roles[role];
        let mut taking = records::Taking {
            wish: &role.wish,
            parse_info: role.parse_info,
            kernel_module: if choice.kernel {
                reader.kernel_module(tables)
            } else {
                crate::capture::model::NONE
            },
            unwinder,
            stack_copy,
            switch_events,
            tables,
            frames: &mut reader.frames,
        };
        let cpu_ring = &mut role.rings[cpu];
        let from = cpu_ring.ring.tail();
        cpu_ring
            .ring
            .visit(from, head, scratch, |record| taking.take(record));
        cpu_ring.ring.release(head);
    }

    /// How long samples may lie where an interpreter runs.
    fn interpreters_wait(&self, at_most: Duration) -> Duration {
        if !self.unwinder.follows_interpreters() {
            return at_most;
        }
        let records_switches = self
            .switch_taker
            .as_ref()
            .is_some_and(|taker| !taker.has_had_enough());
        if !self.cpu_wish().wakes_each {
            at_most.min(INTERPRETER_WAIT)
        } else if records_switches {
            at_most.min(INTERPRETER_SWITCH_WAIT)
        } else {
            at_most
        }
    }

    /// Opens the events of CPU time anew where what was seen asks for others: an interpreter for
    /// waking up with each sample, the stacks for larger or smaller copies.
    fn adapt(&mut self, tables: &mut Tables) {
        if self.cpu_wish().call_graph != CallGraph::Dwarf {
            return;
        }
        let wish = self.cpu_wish();
        let is_late = self.unwinder.follows_interpreters() && !wish.wakes_each;
        let is_seldom = wish.frequency_hz <= MOST_WAKES_HZ;
        if is_late && is_seldom && !self.wakes_in_vain {
            // Where this fails, samples are looked for often instead.
            self.wakes_in_vain = self.reopen(self.stack_copy.bytes(), tables).is_err();
        }
        self.adapt_stack_copies(tables);
    }

    fn adapt_stack_copies(&mut self, tables: &mut Tables) {
        let now_ns = clock::monotonic_ns();
        let Some(bytes) = self.stack_copy.decide(now_ns) else {
            return;
        };
        if self.reopen(bytes, tables).is_ok() {
            self.stack_copy.changed(bytes, now_ns);
            let text = format!("stack copies of {bytes} bytes from here on");
            tell(now_ns, EventKind::StackCopyChanged, 0, text, tables);
        } else {
            // What is open goes on as it was.
            self.stack_copy.give_up();
        }
    }
}

/// Notes what happened to a process at `at_ns` (`CLOCK_MONOTONIC`).
fn tell(at_ns: u64, kind: EventKind, pid: u32, text: String, tables: &mut Tables) {
    let time_ns = at_ns.saturating_sub(tables.start_ns());
    tables.event(Event {
        time_ns,
        kind,
        pid,
        text,
    });
}

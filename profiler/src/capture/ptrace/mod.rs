//! Samples by ptrace, where perf events are refused: the threads that run are stopped for some
//! tens of microseconds, their registers and stacks copied, and let go.

mod attach;
mod tracees;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::{
    capture::{
        CaptureError,
        model::NONE,
        sampler::{Sampler, SamplerCounters},
        tables::{Sample, Tables},
        unwind::{Registers, UnwindEnd, Unwinder},
    },
    sys::{
        clock::monotonic_ns,
        ptrace::{self, EVENT_STOP, Ticker, Wait},
    },
};
use tracees::Tracees;

/// Highest frequency: each sample stops a thread.
pub const MAX_PTRACE_HZ: u32 = 99;

/// Bytes of stack that are copied at most.
const STACK_BYTES: usize = 64 << 10;

/// Bytes below the stack pointer that a leaf function may use (x86-64 psABI, 3.2.2).
const RED_ZONE_BYTES: u64 = 128;

/// Looking through the threads may take this share of the time at most.
const SCAN_SHARE: u32 = 10;

/// Least time between two readings of a process's mappings.
const RELOAD_EVERY_NS: u64 = 100_000_000;

/// How long the end waits for threads that cannot be stopped (uninterruptible sleep). Those left
/// are let go by the kernel when the recorder's thread ends.
const DETACH_AT_MOST: Duration = Duration::from_secs(2);

/// Samples a process, its threads and its children through ptrace.
///
/// Made, used and dropped on one thread. While it lives, nothing else may wait for the target:
/// where the target is our own child, its exit status is [`Sampler::target_status`].
///
/// A thread is sampled at a tick where it is runnable and has used CPU time of at least a period
/// since its last samples, so the samples of a thread add up to its CPU time, and waiting for a
/// CPU does not count.
#[derive(Debug)]
pub struct PtraceSampler {
    target: u32,
    frequency_hz: u32,
    period: Duration,
    next_tick: Instant,
    tracees: Tracees,
    unwinder: Unwinder,
    counters: SamplerCounters,
    has_ended: bool,
    /// Exit status of the target, where its end was reported to us.
    status: Option<i32>,
    is_detaching: bool,
    /// Per process, when its mappings were read last.
    reloaded_ns: BTreeMap<u32, u64>,
    stack: Box<[u8]>,
    frames: Vec<u32>,
    /// Dropped after the detaching, which its ticks keep from waiting for ever.
    _ticker: Ticker,
}

impl PtraceSampler {
    /// Whether the target has ended.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Threads that are traced now.
    pub fn thread_count(&self) -> usize {
        self.tracees.len()
    }

    /// Stops the threads that are due; they are sampled as their stops are reported.
    fn tick(&mut self, tables: &mut Tables) {
        let start = Instant::now();
        for tid in self.tracees.due(self.period) {
            if ptrace::interrupt(tid).is_ok() {
                self.tracees.mark_interrupted(tid, monotonic_ns());
            }
        }
        self.tracees.name_new(tables);
        let now = Instant::now();
        let least = (now - start) * SCAN_SHARE;
        self.next_tick += self.period;
        while self.next_tick < now.max(start + least) {
            self.next_tick += self.period;
            self.counters.lost += 1;
        }
    }

    fn handle(&mut self, wait: Wait, tables: &mut Tables) -> io::Result<()> {
        match wait {
            Wait::Nothing => {}
            Wait::NobodyLeft => self.has_ended = true,
            Wait::Gone { tid, status } => {
                self.tracees.remove(tid);
                self.unwinder.exit(tid);
                self.reloaded_ns.remove(&tid);
                if tid == self.target {
                    self.has_ended = true;
                    self.status = Some(status);
                }
            }
            Wait::Stopped { tid, signal, event } => {
                self.tracees.add_unknown(tid);
                let taken = self.take(tid);
                self.follow(tid, event)?;
                let is_group_stop = event == EVENT_STOP && signal != libc::SIGTRAP;
                let deliver = if event == 0 { signal } else { 0 };
                let result = if self.is_detaching {
                    self.tracees.remove(tid);
                    ptrace::detach(tid, deliver)
                } else if is_group_stop {
                    ptrace::listen(tid)
                } else {
                    ptrace::resume(tid, deliver)
                };
                // A thread that was killed meanwhile is reported as gone soon.
                ignore_gone(result)?;
                if let Some(taken) = taken {
                    self.keep(&taken, tables);
                }
            }
        }
        Ok(())
    }

    /// What an event means for who is traced and what is mapped.
    fn follow(&mut self, tid: u32, event: i32) -> io::Result<()> {
        match event {
            libc::PTRACE_EVENT_CLONE | libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => {
                let child = ignore_gone(ptrace::event_message(tid))?;
                if let Some(child) = child
                    && let Some(pid) = self.tracees.add_unknown(child)
                    && let Some(parent) = self.tracees.pid_of(tid)
                    && pid != parent
                {
                    self.unwinder.fork(parent, pid);
                }
            }
            libc::PTRACE_EVENT_EXEC => {
                // All other threads are gone, and this one bears the leader's id now.
                self.tracees.remove_others(tid);
                self.unwinder.exec(tid, monotonic_ns());
                self.unwinder.forget_before_exec(tid);
                // Its libraries are not mapped yet: the first sample reads what is.
                self.reloaded_ns.remove(&tid);
                self.tracees.rename(tid);
            }
            _ => {}
        }
        Ok(())
    }

    /// Copies registers and stack of a stopped thread, where it was stopped for that.
    fn take(&mut self, tid: u32) -> Option<Taken> {
        let stopped_ns = monotonic_ns();
        let interruption = self.tracees.take_interrupted(tid)?;
        let pid = interruption.pid;
        if self.is_detaching {
            return None;
        }
        let registers = ptrace::registers(tid).ok()?;
        let stack_start = registers.sp().saturating_sub(RED_ZONE_BYTES) & !7;
        let stack_bytes = ptrace::read_memory(pid, stack_start, &mut self.stack).unwrap_or(0);
        let stood_since_ns = interruption.at_ns.saturating_add(interruption.still_ran_ns);
        Some(Taken {
            pid,
            tid,
            paused_since_ns: stood_since_ns.min(stopped_ns),
            at_ns: stopped_ns,
            registers,
            stack_start,
            stack_bytes,
        })
    }

    /// Unwinds what was copied, after the thread was let go.
    fn keep(&mut self, taken: &Taken, tables: &mut Tables) {
        self.counters.paused_ns += monotonic_ns().saturating_sub(taken.paused_since_ns);
        self.tracees.refresh_name(taken.tid, taken.at_ns, tables);
        let reloaded_ns = self.reloaded_ns.get(&taken.pid).copied();
        if reloaded_ns.is_none() {
            self.reload(taken.pid, tables);
        }
        let mut end = self.unwind(taken, tables);
        let is_stale =
            reloaded_ns.is_some_and(|at| taken.at_ns.saturating_sub(at) >= RELOAD_EVERY_NS);
        if end == UnwindEnd::Truncated && is_stale {
            // A library may have been loaded since.
            self.reload(taken.pid, tables);
            end = self.unwind(taken, tables);
        }
        let stack = if self.frames.is_empty() {
            NONE
        } else {
            tables.stack(&self.frames)
        };
        tables.sample(Sample {
            at_ns: taken.at_ns,
            pid: taken.pid,
            tid: taken.tid,
            stack,
            truncated: end == UnwindEnd::Truncated,
        });
    }

    fn unwind(&mut self, taken: &Taken, tables: &mut Tables) -> UnwindEnd {
        self.frames.clear();
        let stack = &self.stack[..taken.stack_bytes];
        let read = |address: u64| {
            let at = usize::try_from(address.checked_sub(taken.stack_start).ok_or(())?);
            let bytes = at
                .ok()
                .and_then(|at| stack.get(at..)?.first_chunk::<8>())
                .ok_or(())?;
            Ok(u64::from_ne_bytes(*bytes))
        };
        let (pid, registers) = (taken.pid, &taken.registers);
        self.unwinder
            .unwind(pid, u64::MAX, registers, read, tables, &mut self.frames)
    }

    /// Reads a process's mappings. Where that fails, the process has just ended, and its stacks
    /// count as truncated.
    fn reload(&mut self, pid: u32, tables: &mut Tables) {
        self.reloaded_ns.insert(pid, monotonic_ns());
        let _ = self.unwinder.load_process(pid, tables);
    }

    fn system(source: io::Error) -> CaptureError {
        CaptureError::System {
            what: "tracing the target".to_owned(),
            source,
        }
    }
}

/// A sample that was copied and is not yet unwound.
#[derive(Debug)]
struct Taken {
    pid: u32,
    tid: u32,
    /// Since when the thread stood still: from the request on, less the time in which it still ran
    /// or waited for a CPU, but at the latest when its stop was reported.
    paused_since_ns: u64,
    at_ns: u64,
    registers: Registers,
    stack_start: u64,
    stack_bytes: usize,
}

/// `None` where the thread is gone: SIGKILL ends a thread in any state, also a stopped one.
fn ignore_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Sampler for PtraceSampler {
    fn wait(&mut self, at_most: Duration, tables: &mut Tables) -> Result<(), CaptureError> {
        let deadline = Instant::now() + at_most;
        while !self.has_ended {
            let now = Instant::now();
            if now >= self.next_tick {
                self.tick(tables);
            }
            if now >= deadline {
                break;
            }
            let wait = ptrace::wait(true).map_err(Self::system)?;
            self.handle(wait, tables).map_err(Self::system)?;
        }
        Ok(())
    }

    /// Samples are handed over as they are taken; here only those that stand still already.
    fn drain(&mut self, tables: &mut Tables) -> Result<(), CaptureError> {
        while !self.has_ended {
            match ptrace::wait(false).map_err(Self::system)? {
                Wait::Nothing => break,
                wait => self.handle(wait, tables).map_err(Self::system)?,
            }
        }
        self.tracees.name_new(tables);
        Ok(())
    }

    fn counters(&self) -> SamplerCounters {
        self.counters
    }

    fn kind(&self) -> SamplerKind {
        SamplerKind::Ptrace
    }

    fn frequency_hz(&self) -> u32 {
        self.frequency_hz
    }

    fn kernel_frames(&self) -> bool {
        false
    }

    fn stack_dump_bytes(&self) -> u32 {
        0
    }

    fn warnings(&self) -> Vec<String> {
        if self.counters.lost == 0 {
            return Vec::new();
        }
        vec![format!(
            "{} moments of sampling were left out, because looking through the target's threads \
             took too long or the machine was busy; the samples that were taken are sound.",
            self.counters.lost
        )]
    }

    fn target_status(&self) -> Option<i32> {
        self.status
    }
}

impl Drop for PtraceSampler {
    fn drop(&mut self) {
        self.is_detaching = true;
        for tid in self.tracees.tids() {
            // Fails where the thread is gone, which the waiting below reports.
            let _ = ptrace::interrupt(tid);
        }
        let (deadline, mut unused) = (Instant::now() + DETACH_AT_MOST, Tables::new(0));
        while self.tracees.len() > 0 && Instant::now() < deadline {
            match ptrace::wait(true) {
                Ok(Wait::NobodyLeft) | Err(_) => break,
                // What could not be let go is let go by the kernel when this thread ends.
                Ok(wait) => drop(self.handle(wait, &mut unused)),
            }
        }
    }
}

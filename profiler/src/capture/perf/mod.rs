//! Samples through `perf_event_open`: one ring buffer per CPU, unwound when it is drained.

mod attach;
mod attributes;
mod cpus;
mod happenings;
mod rings;
mod threads;

use std::{
    collections::HashSet,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use linux_perf_event_reader::{
    EventRecord, RawData, RawEventRecord, RecordParseInfo, RecordType, SampleRecord,
};
use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::{
    capture::{
        CaptureError,
        model::{Frame, Module, ModuleKind, NONE},
        sampler::{Sampler, SamplerCounters},
        tables::{Sample, Tables},
        unwind::{UnwindEnd, Unwinder},
    },
    sys::{self, perf::Record},
};
pub use attach::{AttachError, PerfOptions};
pub use attributes::EventChoice;
use happenings::Happening;
use rings::CpuRing;

/// Values at and above this in a call chain are marks (`PERF_CONTEXT_…`), not addresses.
const FIRST_CONTEXT_MARK: u64 = -4095_i64 as u64;
const CONTEXT_KERNEL: u64 = -128_i64 as u64;

/// Samples a process, its threads and its children through perf events.
#[derive(Debug)]
pub struct PerfSampler {
    choice: EventChoice,
    frequency_hz: u32,
    stack_dump_bytes: u32,
    parse_info: RecordParseInfo,
    rings: Vec<CpuRing>,
    /// Held open, because closing one ends it.
    events: Vec<OwnedFd>,
    /// Threads that have events of their own or inherited them.
    followed: HashSet<u32>,
    end_watch: Option<OwnedFd>,
    unwinder: Unwinder,
    /// Processes whose old mappings may be forgotten after the next drain: samples from before
    /// may lie in a ring that was read earlier than the one that told.
    finished: Vec<Finished>,
    kernel_module: Option<u32>,
    lost: u64,
    was_throttled: bool,
    warnings: Vec<String>,
    scratch: Vec<u8>,
    frames: Vec<u32>,
}

/// What a process has finished with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finished {
    Process(u32),
    Program(u32),
}

impl Sampler for PerfSampler {
    fn wait(&mut self, at_most: Duration, _tables: &mut Tables) -> Result<(), CaptureError> {
        let descriptors: Vec<_> = self
            .rings
            .iter()
            .map(|cpu_ring| cpu_ring.ring.descriptor())
            .chain(self.end_watch.as_ref().map(AsFd::as_fd))
            .collect();
        sys::pidfd::wait(&descriptors, at_most)
            .map(drop)
            .map_err(|source| CaptureError::System {
                what: "waiting for samples".to_owned(),
                source,
            })
    }

    fn drain(&mut self, tables: &mut Tables) -> Result<(), CaptureError> {
        let finished = std::mem::take(&mut self.finished);
        // Heads first, happenings up to later heads: whatever a sample depends on is then known.
        let heads: Vec<u64> = self
            .rings
            .iter()
            .map(|cpu_ring| cpu_ring.ring.head())
            .collect();
        self.apply_happenings(tables);
        for (index, head) in heads.into_iter().enumerate() {
            self.take_samples(index, head, tables);
        }
        for done in finished {
            match done {
                // Threads may outlive the first one.
                Finished::Process(pid) if threads::list(pid).is_ok_and(|list| list.len() > 1) => {}
                Finished::Process(pid) => self.unwinder.exit(pid),
                Finished::Program(pid) => self.unwinder.forget_before_exec(pid),
            }
        }
        Ok(())
    }

    fn counters(&self) -> SamplerCounters {
        SamplerCounters {
            lost: self.lost,
            paused_ns: 0,
        }
    }

    fn kind(&self) -> SamplerKind {
        self.choice.kind
    }

    fn frequency_hz(&self) -> u32 {
        self.frequency_hz
    }

    fn kernel_frames(&self) -> bool {
        self.choice.kernel
    }

    fn stack_dump_bytes(&self) -> u32 {
        self.stack_dump_bytes
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        if self.was_throttled {
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
    /// Applies everything but samples that the rings tell, over all CPUs in order of time.
    fn apply_happenings(&mut self, tables: &mut Tables) {
        let mut happenings = Vec::new();
        for cpu_ring in &mut self.rings {
            let head = cpu_ring.ring.head();
            cpu_ring
                .ring
                .visit(cpu_ring.looked_at, head, &mut self.scratch, |record| {
                    happenings.extend(happenings::read(record, self.parse_info));
                });
            cpu_ring.looked_at = head;
        }
        happenings.sort_by_key(|(at_ns, _)| *at_ns);
        for (at_ns, happening) in happenings {
            self.apply(at_ns, happening, tables);
        }
    }

    fn apply(&mut self, at_ns: u64, happening: Happening, tables: &mut Tables) {
        match happening {
            Happening::Mapped { pid, mapping } => {
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
                }
            }
            Happening::Born {
                pid,
                tid,
                parent_pid,
                parent_tid,
            } => {
                self.followed.insert(tid);
                if pid != parent_pid {
                    self.finished.retain(|done| *done != Finished::Process(pid));
                    self.unwinder.fork(parent_pid, pid);
                }
                let name = tables.thread_name(parent_pid, parent_tid).to_owned();
                tables.name_thread(pid, tid, &name);
            }
            Happening::Ended { pid, tid } => {
                self.followed.remove(&tid);
                if pid == tid {
                    self.finished.push(Finished::Process(pid));
                }
            }
            Happening::Lost { count } => self.lost += count,
            Happening::Throttled => self.was_throttled = true,
        }
    }

    fn take_samples(&mut self, ring_index: usize, head: u64, tables: &mut Tables) {
        let kernel_module = match self.kernel_module {
            Some(id) => id,
            None if self.choice.kernel => *self.kernel_module.insert(tables.module(&kernel())),
            None => NONE,
        };
        let Self {
            rings,
            unwinder,
            frames,
            scratch,
            parse_info,
            ..
        } = self;
        let cpu_ring = &mut rings[ring_index];
        cpu_ring
            .ring
            .visit(cpu_ring.ring.tail(), head, scratch, |record| {
                if let Some(sample) = parse_sample(record, *parse_info) {
                    take_sample(&sample, kernel_module, unwinder, frames, tables);
                }
            });
        cpu_ring.ring.release(head);
    }
}

fn kernel() -> Module {
    Module {
        kind: ModuleKind::Kernel,
        path: "[kernel]".to_owned(),
        build_id: Vec::new(),
        deleted: false,
    }
}

fn parse_sample(record: Record<'_>, parse_info: RecordParseInfo) -> Option<SampleRecord<'_>> {
    let kind = RecordType(record.kind);
    if kind != RecordType::SAMPLE {
        return None;
    }
    let raw = RawEventRecord::new(kind, record.misc, RawData::Single(record.body), parse_info);
    match raw.parse().ok()? {
        EventRecord::Sample(sample) => Some(sample),
        _ => None,
    }
}

fn take_sample(
    sample: &SampleRecord<'_>,
    kernel_module: u32,
    unwinder: &mut Unwinder,
    frames: &mut Vec<u32>,
    tables: &mut Tables,
) {
    let (pid, tid) = (
        sample.pid.unwrap_or(0) as u32,
        sample.tid.unwrap_or(0) as u32,
    );
    let at_ns = sample.timestamp.unwrap_or(0);
    if !unwinder.knows(pid) {
        // Its birth was lost. What cannot be read any more stays unknown, and truncated.
        let _ = unwinder.load_process(pid, tables);
    }
    if !tables.knows_thread(pid, tid)
        && let Some(name) = threads::name(pid, tid)
    {
        tables.name_thread(pid, tid, &name);
    }
    frames.clear();
    push_kernel_frames(sample, kernel_module, frames, tables);
    let end = match sample.user_regs.as_ref() {
        Some(sampled) => unwind_user(sample, sampled, pid, at_ns, unwinder, frames, tables),
        // Kernel threads and processes on their way out have no user stack: nothing is missing.
        None if !frames.is_empty() => UnwindEnd::Root,
        None => UnwindEnd::Truncated,
    };
    let stack = tables.stack(frames);
    let truncated = end == UnwindEnd::Truncated;
    tables.sample(Sample {
        at_ns,
        pid,
        tid,
        stack,
        truncated,
    });
}

/// Kernel frames, innermost first: all but the first are return addresses.
fn push_kernel_frames(
    sample: &SampleRecord<'_>,
    kernel_module: u32,
    frames: &mut Vec<u32>,
    tables: &mut Tables,
) {
    let Some(chain) = &sample.callchain else {
        return;
    };
    let mut in_kernel = false;
    for entry in (0..chain.len()).filter_map(|index| chain.get(index)) {
        if entry >= FIRST_CONTEXT_MARK {
            in_kernel = entry == CONTEXT_KERNEL;
        } else if in_kernel {
            let address = if frames.is_empty() {
                entry
            } else {
                entry.wrapping_sub(1)
            };
            frames.push(tables.frame(Frame {
                module: kernel_module,
                address,
            }));
        }
    }
}

fn unwind_user(
    sample: &SampleRecord<'_>,
    sampled: &linux_perf_event_reader::Regs<'_>,
    pid: u32,
    at_ns: u64,
    unwinder: &mut Unwinder,
    frames: &mut Vec<u32>,
    tables: &mut Tables,
) -> UnwindEnd {
    let Some(registers) = attributes::registers(sampled) else {
        let address = sample.ip.unwrap_or(0);
        if frames.is_empty() {
            frames.push(tables.frame(Frame {
                module: NONE,
                address,
            }));
        }
        return UnwindEnd::Truncated;
    };
    let (stack, length) = match &sample.user_stack {
        Some((RawData::Single(bytes), length)) => (*bytes, *length as usize),
        _ => (&[][..], 0),
    };
    let stack = stack.get(..length).unwrap_or(stack);
    let sp = registers.sp();
    let read_stack = |address: u64| {
        let offset = address
            .checked_sub(sp)
            .and_then(|o| usize::try_from(o).ok())
            .ok_or(())?;
        let end = offset.checked_add(8).ok_or(())?;
        let word = stack.get(offset..end).ok_or(())?;
        Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
    };
    unwinder.unwind(pid, at_ns, &registers, read_stack, tables, frames)
}

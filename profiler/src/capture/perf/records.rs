//! Reads samples and switch records, and hands them to the tables.

use linux_perf_event_reader::{RawData, RawEventRecord, RecordParseInfo, RecordType};

use super::{
    attributes,
    sample::{Sample, UserRegisters},
    stack_copy::StackCopy,
    switches::{Switch, SwitchEvent, wake_up},
    threads,
    wish::{EventRole, EventWish},
};
use crate::{
    capture::{
        model::{CallGraph, Frame, Module, ModuleKind, NONE},
        tables::{self, PageFault, Tables},
        unwind::{Registers, UnwindEnd, Unwinder},
    },
    sys::perf::Record,
};

/// Values at and above this in a call chain are marks (`PERF_CONTEXT_…`), not addresses.
const FIRST_CONTEXT_MARK: u64 = -4095_i64 as u64;
const CONTEXT_KERNEL: u64 = -128_i64 as u64;
const CONTEXT_USER: u64 = -512_i64 as u64;
/// `PERF_RECORD_SWITCH`, its form for events of whole CPUs, and their bits in a record's `misc`.
const SWITCH: u32 = 14;
const SWITCH_CPU_WIDE: u32 = 15;
const MISC_SWITCH_OUT: u16 = 1 << 13;
const MISC_SWITCH_OUT_PREEMPT: u16 = 1 << 14;

/// What reading keeps between drains.
#[derive(Debug, Default)]
pub(super) struct Reader {
    kernel_module: Option<u32>,
    pub(super) frames: Vec<u32>,
}

impl Reader {
    pub(super) fn kernel_module(&mut self, tables: &mut Tables) -> u32 {
        *self.kernel_module.get_or_insert_with(|| {
            tables.module(&Module {
                kind: ModuleKind::Kernel,
                path: "[kernel]".to_owned(),
                build_id: Vec::new(),
                deleted: false,
            })
        })
    }
}

/// Takes the records of one ring.
pub(super) struct Taking<'a> {
    pub(super) wish: &'a EventWish,
    pub(super) parse_info: RecordParseInfo,
    pub(super) kernel_module: u32,
    pub(super) unwinder: &'a mut Unwinder,
    pub(super) stack_copy: &'a mut StackCopy,
    pub(super) switch_events: &'a mut Vec<SwitchEvent>,
    pub(super) tables: &'a mut Tables,
    pub(super) frames: &'a mut Vec<u32>,
}

/// Who was sampled, and when.
#[derive(Clone, Copy)]
struct Place {
    at_ns: u64,
    pid: u32,
    tid: u32,
}

impl Taking<'_> {
    pub(super) fn take(&mut self, record: Record<'_>) {
        if matches!(record.kind, SWITCH | SWITCH_CPU_WIDE) {
            self.take_switch(record);
            return;
        }
        let Some(sample) = Sample::read(record.kind, record.body, self.wish) else {
            return;
        };
        let place = Place {
            at_ns: sample.at_ns,
            pid: sample.pid,
            tid: sample.tid,
        };
        if let EventRole::Wakeups { .. } = self.wish.role {
            self.switch_events
                .extend(wake_up(sample.raw).map(|what| switch_event(place, what)));
            return;
        }
        self.know(place);
        let (stack, end) = self.follow(&sample, place);
        self.keep(&sample, place, stack, end);
    }

    fn take_switch(&mut self, record: Record<'_>) {
        let kind = RecordType(record.kind);
        let raw = RawEventRecord::new(
            kind,
            record.misc,
            RawData::Single(record.body),
            self.parse_info,
        );
        // TID and TIME end the record.
        let Some(ids) = record.body.len().checked_sub(16) else {
            return;
        };
        let number = |at: usize| {
            let bytes = record.body.get(at..at + 4)?;
            Some(u32::from_ne_bytes(bytes.try_into().ok()?))
        };
        let (Some(pid), Some(tid)) = (number(ids), number(ids + 4)) else {
            return;
        };
        let place = Place {
            at_ns: raw.timestamp().unwrap_or(0),
            pid,
            tid,
        };
        let what = if record.misc & MISC_SWITCH_OUT == 0 {
            Switch::In
        } else {
            Switch::Out {
                preempted: record.misc & MISC_SWITCH_OUT_PREEMPT != 0,
            }
        };
        self.switch_events.push(switch_event(place, what));
    }

    /// Reads what is not known of a process or thread: its birth was lost, or came before us.
    fn know(&mut self, place: Place) {
        if !self.unwinder.knows(place.pid) {
            // What cannot be read any more stays unknown, and truncated.
            let _ = self.unwinder.load_process(place.pid, self.tables);
        }
        if !self.tables.knows_thread(place.pid, place.tid)
            && let Some(name) = threads::name(place.pid, place.tid)
        {
            self.tables.name_thread(place.pid, place.tid, &name);
        }
    }

    fn follow(&mut self, sample: &Sample<'_>, place: Place) -> (u32, UnwindEnd) {
        self.frames.clear();
        self.push_kernel_frames(sample);
        let end = match (self.wish.call_graph, &sample.user) {
            (CallGraph::FramePointers, _) => self.follow_chain(sample, place),
            (CallGraph::Dwarf, UserRegisters::Known(registers)) => {
                return self.follow_copy(sample, registers, place);
            }
            (CallGraph::Dwarf, UserRegisters::Foreign) => {
                if self.frames.is_empty() {
                    self.frames.push(self.tables.frame(Frame {
                        module: NONE,
                        address: sample.ip,
                    }));
                }
                UnwindEnd::Truncated
            }
            // Kernel threads and processes on their way out have no user stack: nothing is
            // missing.
            (CallGraph::Dwarf, UserRegisters::Missing) if !self.frames.is_empty() => {
                UnwindEnd::Root
            }
            (CallGraph::Dwarf, UserRegisters::Missing) => UnwindEnd::Truncated,
        };
        (self.tables.stack(self.frames), end)
    }

    fn keep(&mut self, sample: &Sample<'_>, place: Place, stack: u32, end: UnwindEnd) {
        match self.wish.role {
            EventRole::Cpu => self.tables.sample(tables::Sample {
                at_ns: place.at_ns,
                pid: place.pid,
                tid: place.tid,
                stack,
                truncated: end == UnwindEnd::Truncated,
            }),
            EventRole::PageFaults => self.tables.page_fault(PageFault {
                at_ns: place.at_ns,
                pid: place.pid,
                tid: place.tid,
                stack,
                weight: attributes::PAGE_FAULT_PERIOD,
            }),
            EventRole::Switches => {
                let registers = match sample.user {
                    UserRegisters::Known(registers) => Some(registers),
                    UserRegisters::Foreign | UserRegisters::Missing => None,
                };
                let what = Switch::Leaving { stack, registers };
                self.switch_events.push(switch_event(place, what));
            }
            EventRole::Wakeups { .. } => {}
        }
    }

    /// Kernel frames, innermost first: all but the first are return addresses.
    fn push_kernel_frames(&mut self, sample: &Sample<'_>) {
        if !self.wish.kernel {
            return;
        }
        let mut in_kernel = false;
        for entry in sample.chain.entries() {
            if entry >= FIRST_CONTEXT_MARK {
                in_kernel = entry == CONTEXT_KERNEL;
            } else if in_kernel {
                let address = entry.wrapping_sub(u64::from(!self.frames.is_empty()));
                self.frames.push(self.tables.frame(Frame {
                    module: self.kernel_module,
                    address,
                }));
            }
        }
    }

    /// User frames as the kernel followed them.
    fn follow_chain(&mut self, sample: &Sample<'_>, place: Place) -> UnwindEnd {
        let has_kernel_frames = !self.frames.is_empty();
        let mut in_user = false;
        let addresses = sample.chain.entries().filter(|entry| {
            let is_mark = *entry >= FIRST_CONTEXT_MARK;
            if is_mark {
                in_user = *entry == CONTEXT_USER;
            }
            in_user && !is_mark
        });
        let end =
            self.unwinder
                .follow_chain(place.pid, place.at_ns, addresses, self.tables, self.frames);
        match end {
            Some(end) => end,
            None if has_kernel_frames => UnwindEnd::Root,
            None => UnwindEnd::Truncated,
        }
    }

    fn follow_copy(
        &mut self,
        sample: &Sample<'_>,
        registers: &Registers,
        place: Place,
    ) -> (u32, UnwindEnd) {
        let mut copy = Copied::of(sample, registers);
        let (stack, end) = self.unwinder.unwind_sample(
            (place.pid, place.tid),
            place.at_ns,
            registers,
            |address| copy.read(address),
            self.tables,
            self.frames,
        );
        let was_cut_short = end == UnwindEnd::Truncated && copy.was_exceeded && copy.is_full;
        if self.wish.role == EventRole::Cpu {
            self.stack_copy.observe(copy.needed_bytes, was_cut_short);
            self.tables.count_cut_short(was_cut_short);
        }
        (stack, end)
    }
}

fn switch_event(place: Place, what: Switch) -> SwitchEvent {
    SwitchEvent {
        at_ns: place.at_ns,
        pid: place.pid,
        tid: place.tid,
        what,
    }
}

/// The copy of a thread's stack.
struct Copied<'a> {
    bytes: &'a [u8],
    sp: u64,
    /// Whether the stack may go on behind what was copied.
    is_full: bool,
    /// Whether something behind the copy was asked for.
    was_exceeded: bool,
    /// End of what was read.
    needed_bytes: u32,
}

impl<'a> Copied<'a> {
    fn of(sample: &Sample<'a>, registers: &Registers) -> Self {
        Self {
            bytes: sample.stack,
            sp: registers.sp(),
            // A copy that ends before its room does has met the end of the stack's mapping.
            is_full: sample.stack.len() == sample.stack_room,
            was_exceeded: false,
            needed_bytes: 0,
        }
    }

    fn read(&mut self, address: u64) -> Result<u64, ()> {
        let offset = address
            .checked_sub(self.sp)
            .and_then(|offset| usize::try_from(offset).ok())
            .ok_or(())?;
        let end = offset.checked_add(8).ok_or(())?;
        let Some(word) = self.bytes.get(offset..end) else {
            self.was_exceeded = true;
            return Err(());
        };
        self.needed_bytes = self.needed_bytes.max(end as u32);
        Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
    }
}

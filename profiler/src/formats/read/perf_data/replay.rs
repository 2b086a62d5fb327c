//! Replays what happened to processes, and follows the stacks of the samples: each core a part.

use std::{collections::VecDeque, path::PathBuf};

use super::{
    Entry, PerfFile, Records,
    cursor::Cursor,
    merge::{Merged, Part},
    records::kind,
    sample::Sample,
};
use crate::{
    capture::{
        model::{Frame, Module, ModuleKind, NONE, SAMPLE_TRUNCATED},
        tables::Tables,
        unwind::{Mapping, RecordedFiles, Registers, UnwindEnd, Unwinder},
    },
    formats::read::assembly::Row,
    sys::cores,
};

/// Bits of records' `misc`.
const MISC_MMAP_DATA: u16 = 1 << 13;
const MISC_COMM_EXEC: u16 = 1 << 13;
const MISC_MMAP_BUILD_ID: u16 = 1 << 14;
const PROT_EXEC: u32 = 4;
/// Samples below which a second thread costs more than it saves.
const FEW_SAMPLES: usize = 2_000;
/// Parts a core: the samples of one may take far longer than those of another.
const PARTS_A_CORE: usize = 1;

/// Follows all samples of the chosen event.
pub(super) fn run(file: &PerfFile<'_>, records: &Records<'_>, chosen: usize) -> Merged {
    let parts = if records.samples.len() < FEW_SAMPLES {
        1
    } else {
        cores::count() * PARTS_A_CORE
    };
    let share = records.samples.len().div_ceil(parts).max(1);
    let known = know_files(file, records);
    let found = cores::each(
        "scrutineer-replay",
        records.samples.chunks(share),
        |samples| Replay::new(file, records, chosen, &known).run(samples),
    );
    Merged::of(found)
}

/// Opens each file once, for all cores.
fn know_files(file: &PerfFile<'_>, records: &Records<'_>) -> Unwinder {
    let mut build_ids = file.build_ids.clone();
    for entry in &records.changes {
        if let Some((_, mapping, Some(build_id))) = mapping(entry) {
            build_ids.entry(mapping.path).or_insert(build_id);
        }
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut known = Unwinder::of_recording(RecordedFiles {
        build_ids,
        written_s: file.written_s,
        kept: home.map(|home| home.join(".debug/.build-id")),
    });
    let mut tables = Tables::new(0);
    let sampled: std::collections::HashSet<u32> = records.pids_of_changes().collect();
    for entry in &records.changes {
        if let Some((pid, mapping, _)) = mapping(entry).filter(|(pid, ..)| sampled.contains(pid)) {
            known.add_mapping(pid, &mapping, &mut tables);
        }
    }
    known
}

/// Mappings that children get from their parents, at most: what a file of forks alone could take.
const MOST_INHERITED: usize = 8 << 20;
/// Threads of a process may run on for so long after its first one has ended.
const LINGERS_NS: u64 = 1_000_000_000;

/// One core's part of the samples.
struct Replay<'a> {
    file: &'a PerfFile<'a>,
    records: &'a Records<'a>,
    chosen: usize,
    unwinder: Unwinder,
    tables: Tables,
    kernel_module: u32,
    /// Changes that were replayed.
    replayed: usize,
    kernel_frames: Vec<u32>,
    /// Mappings that children got from their parents.
    inherited: usize,
    /// Processes that have ended, with the time, in its order.
    ended: VecDeque<(u64, u32)>,
    part: Part,
}

impl<'a> Replay<'a> {
    fn new(
        file: &'a PerfFile<'a>,
        records: &'a Records<'a>,
        chosen: usize,
        known: &Unwinder,
    ) -> Self {
        let mut tables = Tables::new(records.start_ns);
        let kernel_module = tables.module(&Module {
            kind: ModuleKind::Kernel,
            path: "[kernel]".to_owned(),
            build_id: Vec::new(),
            deleted: false,
        });
        Self {
            file,
            records,
            chosen,
            unwinder: known.with_same_files(),
            tables,
            kernel_module,
            replayed: 0,
            kernel_frames: Vec::new(),
            inherited: 0,
            ended: VecDeque::new(),
            part: Part::default(),
        }
    }

    fn run(mut self, samples: &[Entry<'_>]) -> Part {
        for entry in samples {
            self.replay_to(entry.time_ns);
            if entry.event as usize == self.chosen {
                self.take(entry);
            }
        }
        // The names that threads took after their last sample count as well.
        self.part.chunks = self.tables.drain_chunks();
        self.part
    }

    fn replay_to(&mut self, time_ns: u64) {
        let changes = &self.records.changes[self.replayed..];
        for entry in changes.iter().take_while(|entry| entry.time_ns <= time_ns) {
            self.replayed += 1;
            self.forget_ended(entry.time_ns);
            self.change(entry);
        }
    }

    fn change(&mut self, entry: &Entry<'_>) {
        let record = entry.record;
        let mut cursor = Cursor(record.body);
        match record.kind {
            kind::COMM => {
                let (Some(pid), Some(tid)) = (cursor.u32(), cursor.u32()) else {
                    return;
                };
                if record.misc & MISC_COMM_EXEC != 0 {
                    self.unwinder.exec(pid, entry.time_ns);
                    self.unwinder.forget_before_exec(pid);
                }
                self.tables.name_thread(pid, tid, &cursor.text());
            }
            kind::FORK => {
                let ids = (cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32());
                if let (Some(pid), Some(parent), Some(tid), Some(parent_tid)) = ids {
                    self.fork(parent, pid);
                    let name = self.tables.thread_name(parent, parent_tid).to_owned();
                    if !self.tables.knows_thread(pid, tid) && !name.is_empty() {
                        self.tables.name_thread(pid, tid, &name);
                    }
                }
            }
            kind::EXIT => {
                let ids = (cursor.u32(), cursor.u32(), cursor.u32());
                if let (Some(pid), _, Some(tid)) = ids
                    && pid == tid
                {
                    self.ended.push_back((entry.time_ns, pid));
                }
            }
            _ => {
                if let Some((pid, mapping, _)) = mapping(entry) {
                    self.unwinder.add_mapping(pid, &mapping, &mut self.tables);
                }
            }
        }
    }

    fn fork(&mut self, parent: u32, child: u32) {
        if parent == child {
            return;
        }
        self.ended.retain(|(_, pid)| *pid != child);
        self.inherited += self.unwinder.mapping_count(parent);
        if self.inherited <= MOST_INHERITED {
            self.unwinder.fork(parent, child);
        }
    }

    fn forget_ended(&mut self, now_ns: u64) {
        while let Some((at_ns, pid)) = self.ended.front().copied()
            && at_ns.saturating_add(LINGERS_NS) < now_ns
        {
            self.ended.pop_front();
            self.inherited = self
                .inherited
                .saturating_sub(self.unwinder.mapping_count(pid));
            self.unwinder.exit(pid);
        }
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let event = &self.file.events[self.chosen];
        let Some(sample) = Sample::parse(event, entry.record.misc, entry.record.body) else {
            self.part.unread += 1;
            return;
        };
        let (stack, end) = self.follow(&sample);
        let weight = if event.counts_samples() {
            1
        } else {
            sample.period.unwrap_or_else(|| event.usual_period())
        };
        self.part.rows.push(Row {
            time_ns: entry.time_ns.saturating_sub(self.records.start_ns),
            thread: self.tables.thread(sample.pid, sample.tid),
            stack,
            weight,
            flags: if end == UnwindEnd::Truncated {
                SAMPLE_TRUNCATED
            } else {
                0
            },
        });
    }

    fn follow(&mut self, sample: &Sample<'_>) -> (u32, UnwindEnd) {
        self.push_kernel_frames(sample);
        let place = (sample.pid, sample.tid);
        if let Some(registers) = sample.registers.filter(|_| self.may_unwind(sample)) {
            return self.follow_copy(sample, place, &registers);
        }
        let event = &self.file.events[self.chosen];
        let found = if event.branches_are_calls() && !sample.in_kernel {
            let calls = std::iter::once(sample.ip).chain(sample.calls());
            self.unwinder
                .follow_chain_on(place, calls, &mut self.tables, &self.kernel_frames)
        } else {
            let chain = sample.user_chain();
            self.unwinder
                .follow_chain_on(place, chain, &mut self.tables, &self.kernel_frames)
        };
        found.unwrap_or_else(|| self.without_chain(sample))
    }

    /// Kernel threads have no other frames; a sample without a chain is where it was.
    fn without_chain(&mut self, sample: &Sample<'_>) -> (u32, UnwindEnd) {
        if !self.kernel_frames.is_empty() {
            return (self.tables.stack(&self.kernel_frames), UnwindEnd::Root);
        }
        if sample.ip == 0 {
            return (NONE, UnwindEnd::Truncated);
        }
        let place = (sample.pid, sample.tid);
        let here = std::iter::once(sample.ip);
        let found = self
            .unwinder
            .follow_chain_on(place, here, &mut self.tables, &[]);
        // Chains were not asked for: nothing is missing.
        (found.map_or(NONE, |(stack, _)| stack), UnwindEnd::Root)
    }

    fn may_unwind(&self, sample: &Sample<'_>) -> bool {
        !sample.stack.is_empty() && self.file.is_x86_64() && cfg!(target_arch = "x86_64")
    }

    fn push_kernel_frames(&mut self, sample: &Sample<'_>) {
        self.kernel_frames.clear();
        for address in sample.kernel_chain() {
            self.push_kernel_frame(address);
        }
        if self.kernel_frames.is_empty() && sample.in_kernel && sample.ip != 0 {
            self.push_kernel_frame(sample.ip);
        }
    }

    fn push_kernel_frame(&mut self, address: u64) {
        let address = address.wrapping_sub(u64::from(!self.kernel_frames.is_empty()));
        self.kernel_frames.push(self.tables.frame(Frame {
            module: self.kernel_module,
            address,
        }));
    }

    fn follow_copy(
        &mut self,
        sample: &Sample<'_>,
        place: (u32, u32),
        registers: &Registers,
    ) -> (u32, UnwindEnd) {
        let mut was_exceeded = false;
        let read = |address: u64| {
            let offset = address.checked_sub(registers.sp()).ok_or(())?;
            let word = usize::try_from(offset)
                .ok()
                .and_then(|offset| sample.stack.get(offset..offset.checked_add(8)?));
            let word = word.and_then(|word| word.try_into().ok());
            was_exceeded |= word.is_none();
            Ok(u64::from_le_bytes(word.ok_or(())?))
        };
        let (stack, end) = self.unwinder.unwind_sample(
            place,
            u64::MAX,
            registers,
            read,
            &mut self.tables,
            &mut self.kernel_frames,
        );
        let cut_short = end == UnwindEnd::Truncated && was_exceeded && sample.is_full;
        self.part.cut_short += u64::from(cut_short);
        (stack, end)
    }
}

/// The process, the mapping of code and the build id that a record tells of.
fn mapping(entry: &Entry<'_>) -> Option<(u32, Mapping, Option<Vec<u8>>)> {
    let record = entry.record;
    let is_new = record.kind == kind::MMAP2;
    if !(is_new || record.kind == kind::MMAP) || record.misc & MISC_MMAP_DATA != 0 {
        return None;
    }
    let mut cursor = Cursor(record.body);
    let (pid, _tid) = (cursor.u32()?, cursor.u32()?);
    let (start, length, file_offset) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
    let (mut device, mut inode, mut build_id) = ((0, 0), 1, None);
    if is_new {
        let mut id = Cursor(cursor.take(24)?);
        if record.misc & MISC_MMAP_BUILD_ID != 0 {
            let size = (id.u32()? & 0xff) as usize;
            build_id = Some(id.0.get(..size)?.to_vec());
        } else {
            device = (id.u32()?, id.u32()?);
            inode = id.u64()?;
        }
        let (protection, _flags) = (cursor.u32()?, cursor.u32()?);
        if protection != 0 && protection & PROT_EXEC == 0 {
            return None;
        }
    }
    let path = cursor.text();
    // The kernel's own mappings belong to no process.
    if pid == u32::MAX || start >= 1 << 63 || path == "[vsyscall]" {
        return None;
    }
    let mapping = Mapping {
        range: start..start.checked_add(length)?,
        file_offset,
        device,
        // Containers state none for some files.
        inode: inode.max(u64::from(path.starts_with('/') && !path.starts_with("//"))),
        path,
    };
    Some((pid, mapping, build_id))
}

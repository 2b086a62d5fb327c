//! What was recorded: the `perf_event_attr` of each event, with its name.

use super::cursor::Cursor;

/// Bits of `sample_type`, as `linux/perf_event.h` has them.
pub(super) mod sample_type {
    pub(in super::super) const IP: u64 = 1;
    pub(in super::super) const TID: u64 = 1 << 1;
    pub(in super::super) const TIME: u64 = 1 << 2;
    pub(in super::super) const ADDR: u64 = 1 << 3;
    pub(in super::super) const READ: u64 = 1 << 4;
    pub(in super::super) const CALLCHAIN: u64 = 1 << 5;
    pub(in super::super) const ID: u64 = 1 << 6;
    pub(in super::super) const CPU: u64 = 1 << 7;
    pub(in super::super) const PERIOD: u64 = 1 << 8;
    pub(in super::super) const STREAM_ID: u64 = 1 << 9;
    pub(in super::super) const RAW: u64 = 1 << 10;
    pub(in super::super) const BRANCH_STACK: u64 = 1 << 11;
    pub(in super::super) const REGS_USER: u64 = 1 << 12;
    pub(in super::super) const STACK_USER: u64 = 1 << 13;
    pub(in super::super) const IDENTIFIER: u64 = 1 << 16;
}

const TYPE_HARDWARE: u32 = 0;
const TYPE_SOFTWARE: u32 = 1;
const TYPE_TRACEPOINT: u32 = 2;
const HARDWARE: [&str; 10] = [
    "cycles",
    "instructions",
    "cache-references",
    "cache-misses",
    "branches",
    "branch-misses",
    "bus-cycles",
    "stalled-cycles-frontend",
    "stalled-cycles-backend",
    "ref-cycles",
];
const SOFTWARE: [&str; 9] = [
    "cpu-clock",
    "task-clock",
    "page-faults",
    "context-switches",
    "cpu-migrations",
    "minor-faults",
    "major-faults",
    "alignment-faults",
    "emulation-faults",
];
/// `flags` of the attribute.
const EXCLUDE_KERNEL: u64 = 1 << 5;
const FREQUENCY: u64 = 1 << 10;
const SAMPLE_ID_ALL: u64 = 1 << 18;
/// Bits of `read_format`.
const READ_ENABLED: u64 = 1;
const READ_RUNNING: u64 = 1 << 1;
const READ_ID: u64 = 1 << 2;
const READ_GROUP: u64 = 1 << 3;
const READ_LOST: u64 = 1 << 4;
/// Bits of `branch_sample_type`.
const BRANCH_CALL_STACK: u64 = 1 << 11;
const BRANCH_HARDWARE_INDEX: u64 = 1 << 17;

/// An event that was sampled.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: String,
    kind: u32,
    config: u64,
    /// Samples a second, hertz; 0 where every so many events were sampled.
    pub(super) frequency_hz: u32,
    period: u64,
    pub(super) sample_type: u64,
    read_format: u64,
    branch_sample_type: u64,
    pub(super) registers: u64,
    pub(super) excludes_kernel: bool,
    pub(super) has_sample_id: bool,
    /// Ids that its records bear.
    pub(super) ids: Vec<u64>,
}

impl Event {
    /// Reads an attribute; `None` where it is too short.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let (kind, _size, config) = (cursor.u32()?, cursor.u32()?, cursor.u64()?);
        let (period, sample_type) = (cursor.u64()?, cursor.u64()?);
        let (read_format, flags) = (cursor.u64()?, cursor.u64()?);
        cursor.take(8 + 8 + 8)?;
        // Older attributes end before these.
        let branch_sample_type = cursor.u64().unwrap_or(0);
        let registers = cursor.u64().unwrap_or(0);
        let by_frequency = flags & FREQUENCY != 0;
        Some(Self {
            name: usual_name(kind, config),
            kind,
            config,
            frequency_hz: if by_frequency { period as u32 } else { 0 },
            period,
            sample_type,
            read_format,
            branch_sample_type,
            registers,
            excludes_kernel: flags & EXCLUDE_KERNEL != 0,
            has_sample_id: flags & SAMPLE_ID_ALL != 0,
            ids: Vec::new(),
        })
    }

    pub(super) const fn has(&self, bit: u64) -> bool {
        self.sample_type & bit != 0
    }

    /// Whether its samples stand for CPU time, each for one period of the frequency.
    pub(super) fn counts_samples(&self) -> bool {
        let is_clock = matches!(
            (self.kind, self.config),
            (TYPE_HARDWARE, 0) | (TYPE_SOFTWARE, 0 | 1)
        );
        // Cores of a hybrid processor have cycles of their own.
        let is_cycles = is_clock || self.name.contains("cycles") || self.name.contains("cpu-clock");
        is_cycles && self.frequency_hz > 0
    }

    /// Events that a sample stands for, where it does not say so itself.
    pub(super) const fn usual_period(&self) -> u64 {
        if self.frequency_hz > 0 || self.kind == TYPE_TRACEPOINT || self.period == 0 {
            1
        } else {
            self.period
        }
    }

    /// Whether each sample has a copy of the stack.
    pub(super) const fn copies_stacks(&self) -> bool {
        self.has(sample_type::STACK_USER)
    }

    /// Whether branches of a sample are the calls that led to it.
    pub(super) const fn branches_are_calls(&self) -> bool {
        self.branch_sample_type & BRANCH_CALL_STACK != 0
    }

    pub(super) const fn branches_have_index(&self) -> bool {
        self.branch_sample_type & BRANCH_HARDWARE_INDEX != 0
    }

    /// Moves past the values that were read with a sample.
    pub(super) fn skip_values(&self, cursor: &mut Cursor<'_>) -> Option<()> {
        let bit = |bit: u64| u64::from(self.read_format & bit != 0);
        let times = bit(READ_ENABLED) + bit(READ_RUNNING);
        let a_value = 1 + bit(READ_ID) + bit(READ_LOST);
        let words = if self.read_format & READ_GROUP == 0 {
            a_value + times
        } else {
            cursor.u64()?.checked_mul(a_value)?.checked_add(times)?
        };
        cursor.words(words).map(|_| ())
    }

    /// Where the time of a sample lies in its body, bytes from the start.
    pub(super) fn time_at(&self) -> Option<usize> {
        use sample_type::{IDENTIFIER, IP, TID, TIME};
        let before = self.sample_type & (IDENTIFIER | IP | TID);
        self.has(TIME).then(|| before.count_ones() as usize * 8)
    }

    /// Where the process of a sample lies in its body, bytes from the start.
    pub(super) fn pid_at(&self) -> Option<usize> {
        use sample_type::{IDENTIFIER, IP, TID};
        let before = self.sample_type & (IDENTIFIER | IP);
        self.has(TID).then(|| before.count_ones() as usize * 8)
    }

    /// Where the id of a sample lies in its body, bytes from the start.
    pub(super) fn id_at(&self) -> Option<usize> {
        use sample_type::{ADDR, ID, IDENTIFIER, IP, TID, TIME};
        if self.has(IDENTIFIER) {
            return Some(0);
        }
        let before = self.sample_type & (IP | TID | TIME | ADDR);
        self.has(ID).then(|| before.count_ones() as usize * 8)
    }

    /// Where the time of another record lies, bytes from the end of its body.
    pub(super) fn time_from_end(&self) -> Option<usize> {
        use sample_type::{CPU, ID, IDENTIFIER, STREAM_ID, TIME};
        let rest = self.sample_type & (TIME | ID | STREAM_ID | CPU | IDENTIFIER);
        (self.has_sample_id && self.has(TIME)).then(|| rest.count_ones() as usize * 8)
    }
}

fn usual_name(kind: u32, config: u64) -> String {
    let names: &[&str] = match kind {
        TYPE_HARDWARE => &HARDWARE,
        TYPE_SOFTWARE => &SOFTWARE,
        TYPE_TRACEPOINT => return format!("tracepoint {config}"),
        _ => &[],
    };
    // The upper half tells the kind of core of a hybrid processor.
    let usual = names.get((config & u64::from(u32::MAX)) as usize);
    usual.map_or_else(
        || format!("event {kind}:{config:#x}"),
        |name| (*name).to_owned(),
    )
}

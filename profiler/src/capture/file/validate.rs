//! Checks that ids point at entries that exist, so that later rooms index without fear.

use crate::capture::model::{Chunk, NONE, PageFaults, Readings, Samples, StackNodes, Waits};

/// Deepest stack that a file may hold: a 64 KiB stack dump has room for 8,192 return addresses,
/// kernel frames come on top.
pub const MAX_STACK_DEPTH: u16 = 16_384;

/// Latest time that a file may state, so that differences and sums do not overflow.
const MAX_TIME_NS: u64 = i64::MAX as u64 / 4;

/// Highest frequency that a file may state.
const MAX_FREQUENCY_HZ: u32 = 1_000_000;

/// What the chunks so far defined.
#[derive(Clone, Debug, Default)]
pub(super) struct Validator {
    has_header: bool,
    has_end: bool,
    modules: u32,
    frames: u32,
    threads: u32,
    series: u32,
    /// Depth of every stack node.
    depths: Vec<u16>,
}

impl Validator {
    /// Checks a chunk against all before it; the error says what is wrong.
    pub(super) fn admit(&mut self, chunk: &Chunk) -> Result<(), String> {
        if self.has_header == matches!(chunk, Chunk::Header(_)) {
            return Err(if self.has_header {
                "a second header follows".to_owned()
            } else {
                "the first chunk is no header".to_owned()
            });
        }
        match chunk {
            Chunk::Header(header) => {
                self.has_header = true;
                check(
                    (1..=MAX_FREQUENCY_HZ).contains(&header.frequency_hz),
                    || format!("the frequency of {} Hz is impossible", header.frequency_hz),
                )
            }
            Chunk::Modules(list) => grow(&mut self.modules, list.len()),
            Chunk::Frames(list) => {
                for frame in list {
                    below(frame.module, self.modules, true, "module")?;
                }
                grow(&mut self.frames, list.len())
            }
            Chunk::Stacks(nodes) => self.admit_stacks(nodes),
            Chunk::Threads(list) => grow(&mut self.threads, list.len()),
            Chunk::Samples(samples) => self.admit_samples(samples),
            Chunk::Residency(list) => list.iter().try_for_each(|sample| time(sample.time_ns)),
            Chunk::Activity(list) => list.iter().try_for_each(|activity| time(activity.time_ns)),
            Chunk::Quality(quality) => check(
                [quality.kernel_invisible_share, quality.overhead_share]
                    .iter()
                    .flatten()
                    .all(|share| (0.0..=1.0).contains(share)),
                || "a share lies outside of 0 to 1".to_owned(),
            ),
            Chunk::End(end) => {
                check(!self.has_end, || "a second end follows".to_owned())?;
                self.has_end = true;
                time(end.duration_ns)
            }
            Chunk::Symbols(list) => list
                .iter()
                .try_for_each(|names| below(names.frame, self.frames, false, "frame")),
            Chunk::Waits(waits) => self.admit_waits(waits),
            Chunk::PageFaults(faults) => self.admit_faults(faults),
            Chunk::Series(list) => grow(&mut self.series, list.len()),
            Chunk::Readings(readings) => self.admit_readings(readings),
            Chunk::Processes(_) => Ok(()),
            Chunk::Events(list) => list.iter().try_for_each(|event| time(event.time_ns)),
        }
    }

    fn admit_stacks(&mut self, nodes: &StackNodes) -> Result<(), String> {
        check(nodes.parent.len() == nodes.frame.len(), || {
            "the columns of a table of stacks differ in length".to_owned()
        })?;
        let known = self.depths.len();
        check(known + nodes.parent.len() < NONE as usize, || {
            "too many stacks".to_owned()
        })?;
        self.depths.reserve(nodes.parent.len());
        for (&parent, &frame) in nodes.parent.iter().zip(&nodes.frame) {
            below(frame, self.frames, false, "frame")?;
            below(parent, self.depths.len() as u32, true, "calling stack node")?;
            let depth = if parent == NONE {
                1
            } else {
                self.depths[parent as usize] + 1
            };
            check(depth <= MAX_STACK_DEPTH, || {
                format!("a stack is deeper than {MAX_STACK_DEPTH} frames")
            })?;
            self.depths.push(depth);
        }
        Ok(())
    }

    fn admit_samples(&self, samples: &Samples) -> Result<(), String> {
        let count = samples.time_ns.len();
        check(
            [
                samples.thread.len(),
                samples.stack.len(),
                samples.flags.len(),
            ] == [count; 3],
            || "the columns of a table of samples differ in length".to_owned(),
        )?;
        self.admit_places(&samples.time_ns, &samples.thread, &samples.stack)
    }

    fn admit_waits(&self, waits: &Waits) -> Result<(), String> {
        let columns = [
            waits.duration_ns.len(),
            waits.run_queue_ns.len(),
            waits.count.len(),
            waits.thread.len(),
            waits.stack.len(),
            waits.class.len(),
            waits.waker.len(),
        ];
        check(columns == [waits.start_ns.len(); 7], || {
            "the columns of a table of waits differ in length".to_owned()
        })?;
        self.admit_places(&waits.start_ns, &waits.thread, &waits.stack)?;
        waits.duration_ns.iter().try_for_each(|&span| time(span))?;
        waits.run_queue_ns.iter().try_for_each(|&span| time(span))?;
        let mut wakers = waits.waker.iter();
        wakers.try_for_each(|&waker| below(waker, self.threads, true, "thread"))
    }

    fn admit_faults(&self, faults: &PageFaults) -> Result<(), String> {
        let columns = [faults.thread.len(), faults.stack.len(), faults.weight.len()];
        check(columns == [faults.time_ns.len(); 3], || {
            "the columns of a table of page faults differ in length".to_owned()
        })?;
        check(
            faults.weight.iter().all(|&weight| weight <= MAX_TIME_NS),
            || "a page fault has an impossible weight".to_owned(),
        )?;
        self.admit_places(&faults.time_ns, &faults.thread, &faults.stack)
    }

    fn admit_readings(&self, readings: &Readings) -> Result<(), String> {
        let columns = [readings.series.len(), readings.value.len()];
        check(columns == [readings.time_ns.len(); 2], || {
            "the columns of a table of readings differ in length".to_owned()
        })?;
        readings.time_ns.iter().try_for_each(|&at| time(at))?;
        let mut series = readings.series.iter();
        series.try_for_each(|&series| below(series, self.series, false, "series"))
    }

    /// Times, threads and stacks of a table's rows.
    fn admit_places(&self, times: &[u64], threads: &[u32], stacks: &[u32]) -> Result<(), String> {
        times.iter().try_for_each(|&at| time(at))?;
        for &thread in threads {
            below(thread, self.threads, false, "thread")?;
        }
        for &stack in stacks {
            below(stack, self.depths.len() as u32, true, "stack")?;
        }
        Ok(())
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn time(at_ns: u64) -> Result<(), String> {
    check(at_ns <= MAX_TIME_NS, || {
        format!("the time of {at_ns} ns is impossible")
    })
}

fn below(id: u32, count: u32, may_be_none: bool, what: &str) -> Result<(), String> {
    check(id < count || (may_be_none && id == NONE), || {
        format!("the {what} {id} is named, but only {count} are known")
    })
}

fn grow(count: &mut u32, by: usize) -> Result<(), String> {
    *count = u32::try_from(by)
        .ok()
        .and_then(|by| count.checked_add(by))
        .filter(|&count| count < NONE)
        .ok_or("a table is too long")?;
    Ok(())
}

//! perf's own file, `perf.data`: recorded to a file or a pipe, compressed or not.
//!
//! Laid out as tools/perf/Documentation/perf.data-file-format.txt in Linux says. The file is mapped;
//! one thread finds the records and sorts them by time, then each core replays the mappings up to
//! its part of the samples and unwinds those.

mod attributes;
mod cursor;
mod file;
mod merge;
mod records;
mod replay;
mod sample;
mod zstd;

use scrutineer_evidence::system::MachineKey;

use self::{
    attributes::Event,
    file::PerfFile,
    records::{Entry, Records},
};
use super::{ForeignFormat, Input, ReadError, ReadOptions, assembly};
use crate::{
    capture::model::{CaptureEnd, CaptureHeader, Chunk, EndReason},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "perf.data";
/// `PERFILE2`, as a little-endian machine writes it.
const MAGIC: &[u8; 8] = b"PERFILE2";
const SWAPPED_MAGIC: &[u8; 8] = b"2ELIFREP";

pub(super) struct PerfData;

impl ForeignFormat for PerfData {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        input.bytes.starts_with(MAGIC) || input.bytes.starts_with(SWAPPED_MAGIC)
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        if input.bytes.starts_with(SWAPPED_MAGIC) {
            return Err(ReadError::Unsupported {
                format: NAME,
                what: "it was recorded on a big-endian machine; convert it there with perf script"
                    .to_owned(),
            });
        }
        let unpacked = zstd::unpack(input.bytes)?;
        let mut file = PerfFile::parse(input.bytes, unpacked.as_deref())?;
        file.written_s = input.modified_at.as_second();
        let records = Records::of(&file)?;
        let chosen = choose(&records, &file.events, options)?;
        let found = replay::run(&file, &records, chosen);
        assembly::check(NAME, &found.rows, records.end_ns - records.start_ns)?;
        Ok(build(input, &file, &records, chosen, found))
    }
}

/// Position of the event to be read: the one that was asked for, else the first with samples.
fn choose(
    records: &Records<'_>,
    events: &[Event],
    options: &ReadOptions,
) -> Result<usize, ReadError> {
    let names: Vec<String> = events.iter().map(|event| event.name.clone()).collect();
    let usual = records.samples_by_event.iter().position(|count| *count > 0);
    let chosen = options.choose(NAME, &names, usual.unwrap_or(0))?;
    if records
        .samples_by_event
        .get(chosen)
        .is_none_or(|count| *count == 0)
    {
        return Err(ReadError::Empty { format: NAME });
    }
    Ok(chosen)
}

fn build(
    input: &Input<'_>,
    file: &PerfFile<'_>,
    records: &Records<'_>,
    chosen: usize,
    found: merge::Merged,
) -> ProfileBuilder {
    let event = &file.events[chosen];
    let (start_ns, end_ns) = (records.start_ns, records.end_ns);
    let mut header = header(input, file, end_ns - start_ns);
    header.pid = found.main_pid;
    found.main_name.clone_into(&mut header.name);
    header.frequency_hz = event.frequency_hz;
    header.kernel_frames = !event.excludes_kernel;
    let mut builder = ProfileBuilder::default();
    builder.push(Chunk::Header(header));
    let mut quality = scrutineer_evidence::capture::Quality {
        lost: records.lost,
        throttled: records.throttled,
        cut_short: found.cut_short,
        ..Default::default()
    };
    quality.samples = found.rows.len() as u64;
    for chunk in found.chunks {
        builder.push(chunk);
    }
    assembly::push_rows(&mut builder, found.rows);
    builder.push(Chunk::Quality(quality));
    builder.push(Chunk::End(CaptureEnd {
        duration_ns: end_ns - start_ns,
        reason: EndReason::Stopped,
    }));
    let with_samples = || {
        let counts = records.samples_by_event.iter().enumerate();
        counts.filter(|(_, count)| **count > 0).map(|(at, _)| at)
    };
    builder.set_foreign(Foreign {
        format: NAME,
        unit: if event.counts_samples() {
            Unit::Samples
        } else {
            Unit::Events
        },
        label: if event.counts_samples() {
            format!("CPU time by {}", event.name)
        } else {
            event.name.clone()
        },
        measures: with_samples()
            .map(|at| file.events[at].name.clone())
            .collect(),
        measure: with_samples().position(|at| at == chosen).unwrap_or(0),
        has_times: records.has_times,
        notes: notes(file, records, chosen),
    });
    builder
}

fn header(input: &Input<'_>, file: &PerfFile<'_>, duration_ns: u64) -> CaptureHeader {
    let mut header = assembly::header(input);
    let lasted = jiff::SignedDuration::from_nanos(i64::try_from(duration_ns).unwrap_or(0));
    header.started_at = input
        .modified_at
        .checked_sub(lasted)
        .unwrap_or(input.modified_at);
    header.command_line = crate::redaction::redact_command_line(&file.command_line);
    header.machine = MachineKey {
        cpu_model: file.cpu_model.clone(),
        cores: file.cpus,
        kernel: file.kernel.clone(),
        governor: None,
    };
    header
}

/// What of the file is not shown.
fn notes(file: &PerfFile<'_>, records: &Records<'_>, chosen: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let others: Vec<String> = file
        .events
        .iter()
        .zip(&records.samples_by_event)
        .enumerate()
        .filter(|(position, (_, count))| *position != chosen && **count > 0)
        .map(|(_, (event, count))| format!("{} ({count} samples)", event.name))
        .collect();
    if !others.is_empty() {
        notes.push(format!(
            "Samples of {} alone are shown; choose others with --measure: {}.",
            file.events[chosen].name,
            others.join(", ")
        ));
    }
    if !file.is_x86_64() && file.events[chosen].copies_stacks() {
        notes.push(format!(
            "Copies of stacks of {} are not unwound here: each stack is its innermost frame.",
            file.architecture
        ));
    }
    if let Some(what) = &records.damage {
        notes.push(what.clone());
    }
    notes
}

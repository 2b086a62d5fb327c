//! What was read since the recorder last asked.

use scrutineer_evidence::residency::ResidencySample;

use crate::capture::model::{Activity, Chunk, Event, ProcessEntry, Readings, Series, Thread};

/// Readings on their way to the capture file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Resident memory of the target.
    pub residency: Vec<ResidencySample>,
    /// Counters of the target.
    pub activity: Vec<Activity>,
    /// Series that are new; their positions go on from those of all batches before.
    pub series: Vec<Series>,
    /// Values of series.
    pub readings: Readings,
    /// Processes that are new or have another name or command line.
    pub processes: Vec<ProcessEntry>,
    /// Names of threads; they go through the capture's table of threads, and into no chunk here.
    pub threads: Vec<Thread>,
    /// What happened: processes that were killed for want of memory, and what could not be read.
    pub events: Vec<Event>,
}

impl Batch {
    /// Its chunks but for the threads, in an order that a reader of the file can follow; empty
    /// ones are left out.
    pub fn into_chunks(self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        if !self.residency.is_empty() {
            chunks.push(Chunk::Residency(self.residency));
        }
        if !self.activity.is_empty() {
            chunks.push(Chunk::Activity(self.activity));
        }
        if !self.processes.is_empty() {
            chunks.push(Chunk::Processes(self.processes));
        }
        if !self.series.is_empty() {
            chunks.push(Chunk::Series(self.series));
        }
        if !self.readings.time_ns.is_empty() {
            chunks.push(Chunk::Readings(self.readings));
        }
        if !self.events.is_empty() {
            chunks.push(Chunk::Events(self.events));
        }
        chunks
    }

    /// Adds a later batch.
    pub(super) fn append(&mut self, mut later: Self) {
        self.residency.append(&mut later.residency);
        self.activity.append(&mut later.activity);
        self.series.append(&mut later.series);
        self.readings.time_ns.append(&mut later.readings.time_ns);
        self.readings.series.append(&mut later.readings.series);
        self.readings.value.append(&mut later.readings.value);
        self.processes.append(&mut later.processes);
        self.threads.append(&mut later.threads);
        self.events.append(&mut later.events);
    }
}

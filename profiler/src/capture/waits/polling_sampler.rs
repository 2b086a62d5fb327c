//! A sampler of CPU time that polls threads for their waits beside it.

use std::{os::fd::OwnedFd, time::Duration};

use scrutineer_evidence::capture::Sampler as SamplerKind;

use super::polling::Poller;
use crate::capture::{
    CaptureError,
    model::{CallGraph, WaitSource},
    sampler::{Sampler, SamplerCounters},
    tables::Tables,
};

/// A sampler that also polls for waits.
pub(crate) struct PollingSampler {
    inner: Box<dyn Sampler>,
    poller: Poller,
}

impl PollingSampler {
    pub(crate) fn new(inner: Box<dyn Sampler>, poller: Poller) -> Self {
        Self { inner, poller }
    }
}

impl Sampler for PollingSampler {
    fn wait(&mut self, at_most: Duration, tables: &mut Tables) -> Result<(), CaptureError> {
        self.inner.wait(at_most.min(self.poller.due_in()), tables)
    }

    fn wake_by(&mut self, descriptor: OwnedFd) {
        self.inner.wake_by(descriptor);
    }

    fn drain(&mut self, tables: &mut Tables) -> Result<(), CaptureError> {
        self.inner.drain(tables)?;
        self.poller.poll(tables);
        Ok(())
    }

    fn finish(&mut self, at_ns: u64, tables: &mut Tables) {
        self.poller.finish(tables);
        self.inner.finish(at_ns, tables);
    }

    fn counters(&self) -> SamplerCounters {
        self.inner.counters()
    }

    fn kind(&self) -> SamplerKind {
        self.inner.kind()
    }

    fn frequency_hz(&self) -> u32 {
        self.inner.frequency_hz()
    }

    fn kernel_frames(&self) -> bool {
        self.inner.kernel_frames()
    }

    fn stack_dump_bytes(&self) -> u32 {
        self.inner.stack_dump_bytes()
    }

    fn call_graph(&self) -> CallGraph {
        self.inner.call_graph()
    }

    fn wait_source(&self) -> Option<WaitSource> {
        Some(WaitSource::Polling)
    }

    fn page_faults(&self) -> bool {
        self.inner.page_faults()
    }

    fn by_helper(&self) -> bool {
        self.inner.by_helper()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.inner.warnings();
        warnings.push(self.poller.warning());
        warnings
    }

    fn target_status(&self) -> Option<i32> {
        self.inner.target_status()
    }
}

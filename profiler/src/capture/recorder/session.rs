//! The recorder's work, start to end, on its own thread.

use std::{
    os::fd::OwnedFd,
    process::Child,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use scrutineer_evidence::{
    capture::{Quality, Sampler as SamplerKind},
    process::Runtime,
};

use super::{
    RecordOptions, RecordingSummary, Shared, choice,
    judgement::{self, CpuTimes, Window},
};
use crate::{
    capture::{
        CaptureError,
        file::CaptureWriter,
        launch::{self, Launch},
        model::{CaptureEnd, CaptureHeader, Chunk, EndReason, Subject},
        perf::EndWatch,
        readings::{Batch, ReadingsReader, Scope},
        sampler::Sampler,
        tables::Tables,
        target::{self, Resolved, Target, TargetDescription},
    },
    noise::{self, SampleCost},
    process,
    sys::clock,
};

/// Longest time between two drains.
const DRAIN_EVERY: Duration = Duration::from_millis(100);
const FLUSH_EVERY_NS: u64 = 500_000_000;

/// A recording, opened and ready to run.
pub(super) struct Session {
    resolved: Resolved,
    options: RecordOptions,
    shared: Arc<Shared>,
    tables: Tables,
    sampler: Box<dyn Sampler>,
    writer: CaptureWriter,
    /// Reads alongside; `None` until the header is written, and where no thread is to be had.
    readings: Option<ReadingsReader>,
    /// The target, where we launched it.
    child: Option<Child>,
    end_watch: EndWatch,
    next_flush_ns: u64,
    cpu_at_start: CpuTimes,
    cpu_now: CpuTimes,
    warnings: Vec<String>,
    sample_cost: SampleCost,
}

impl Session {
    /// Opens the sampler and the file, and lets a launched command run. `woken` becomes readable
    /// when the recording is to stop.
    pub(super) fn open(
        target: &Target,
        options: RecordOptions,
        shared: Arc<Shared>,
        woken: OwnedFd,
    ) -> Result<Self, CaptureError> {
        let mut session = Self::open_unwatched(target, options, shared)?;
        session.sampler.wake_by(woken);
        Ok(session)
    }

    fn open_unwatched(
        target: &Target,
        options: RecordOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, CaptureError> {
        match target {
            Target::Launch { command, folder } => {
                let launch = Launch::hold(command, folder.as_deref())?;
                Self::open_launched(launch, options, shared)
            }
            running => {
                let resolved = target::resolve_all(running)?;
                let mut session = Self::attach(resolved, false, options, shared)?;
                session.begin(None)?;
                Ok(session)
            }
        }
    }

    fn open_launched(
        launch: Launch,
        options: RecordOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, CaptureError> {
        let resolved = Resolved {
            subject: Subject::Processes,
            pids: vec![launch.pid()],
        };
        let mut session = match Self::attach(resolved, true, options, shared) {
            Ok(session) => session,
            Err(error) => {
                launch.cancel();
                return Err(error);
            }
        };
        let command = launch.command.clone();
        match launch.release() {
            Ok(child) => session.child = Some(child),
            Err(error) => {
                // Nothing ran, so there is nothing to keep.
                let _ = std::fs::remove_file(&session.options.output);
                return Err(error);
            }
        }
        session.begin(Some(command))?;
        Ok(session)
    }

    /// Opens the sampler first, so that a refusal leaves no file behind.
    fn attach(
        resolved: Resolved,
        from_exec: bool,
        options: RecordOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, CaptureError> {
        let mut tables = Tables::new(clock::monotonic_ns());
        let (sampler, warnings) = choice::open(&resolved, from_exec, &options, &mut tables)?;
        tables.start_at(clock::monotonic_ns());
        Ok(Self {
            writer: CaptureWriter::create(&options.output)?,
            readings: None,
            options,
            shared,
            tables,
            sampler,
            child: None,
            end_watch: EndWatch::over(&resolved.pids),
            next_flush_ns: 0,
            cpu_at_start: cpu_times(&resolved.pids).unwrap_or_default(),
            cpu_now: CpuTimes::default(),
            warnings,
            sample_cost: noise::stored_sample_cost(),
            resolved,
        })
    }

    /// Pid of the first process of the target; 0 for the whole machine.
    pub(super) fn pid(&self) -> u32 {
        self.resolved.pids.first().copied().unwrap_or(0)
    }

    /// Writes the header. `command` is that of a launched target, which may have ended already.
    fn begin(&mut self, command: Option<String>) -> Result<(), CaptureError> {
        let launched = command.is_some();
        let mut description = self.describe()?;
        if let Some(command) = command {
            description.command_line = command;
        }
        let elapsed = Duration::from_nanos(self.elapsed_ns());
        self.writer.write(&Chunk::Header(CaptureHeader {
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: jiff::Timestamp::now() - elapsed,
            pid: self.pid(),
            name: description.name,
            command_line: description.command_line,
            executable: description.executable,
            runtime: description.runtime,
            launched,
            frequency_hz: self.sampler.frequency_hz(),
            sampler: self.sampler.kind(),
            kernel_frames: self.sampler.kernel_frames(),
            stack_dump_bytes: self.sampler.stack_dump_bytes(),
            machine: process::machine_key(),
            commit: self.options.commit.clone(),
            subject: self.resolved.subject.clone(),
            follows_children: self.options.follows_children,
            call_graph: self.sampler.call_graph(),
            wait_source: self.sampler.wait_source(),
            page_faults: self.sampler.page_faults(),
            by_helper: self.sampler.by_helper(),
        }))?;
        self.writer.flush()?;
        self.start_readings();
        Ok(())
    }

    fn start_readings(&mut self) {
        let scope = Scope {
            pids: self.resolved.pids.clone(),
            // Perf events tell of births, ptrace keeps them to itself.
            finds_children: self.options.follows_children
                && self.sampler.kind() == SamplerKind::Ptrace,
        };
        match ReadingsReader::start(scope, self.tables.start_ns()) {
            Ok(reader) => self.readings = Some(reader),
            Err(error) => self.warnings.push(format!(
                "Memory, threads and sockets are not read alongside: no thread could be started \
                 for it ({error})"
            )),
        }
    }

    /// The first process, or the words that stand for a group or the whole machine.
    fn describe(&self) -> Result<TargetDescription, CaptureError> {
        let words = match &self.resolved.subject {
            Subject::Processes | Subject::Tree => return target::describe(self.pid()),
            Subject::Cgroup { path } => path.clone(),
            Subject::System => "the whole machine".to_owned(),
        };
        Ok(TargetDescription {
            name: words.clone(),
            command_line: words,
            executable: String::new(),
            runtime: Runtime::Native,
        })
    }

    /// Records until the end, whatever brings it about.
    pub(super) fn run(mut self) -> Result<RecordingSummary, CaptureError> {
        loop {
            // Looked at before the drain, so that the last drain comes after the end.
            let reason = self.end_reason();
            let drained = self.sampler.drain(&mut self.tables);
            self.follow_readings();
            if reason.is_some() || drained.is_err() || self.elapsed_ns() >= self.next_flush_ns {
                self.write_new()?;
            }
            drained?;
            self.shared.publish(&self.quality());
            if let Some(reason) = reason {
                return self.finish(reason);
            }
            let at_most = self
                .time_left()
                .map_or(DRAIN_EVERY, |left| left.min(DRAIN_EVERY));
            self.sampler.wait(at_most, &mut self.tables)?;
        }
    }

    fn elapsed_ns(&self) -> u64 {
        clock::monotonic_ns().saturating_sub(self.tables.start_ns())
    }

    fn time_left(&self) -> Option<Duration> {
        let duration = self.options.duration?;
        Some(duration.saturating_sub(Duration::from_nanos(self.elapsed_ns())))
    }

    fn end_reason(&mut self) -> Option<EndReason> {
        self.end_watch.refresh();
        if self.end_watch.all_ended() {
            return Some(EndReason::TargetEnded { status: None });
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            return Some(EndReason::Stopped);
        }
        self.time_left()
            .filter(Duration::is_zero)
            .map(|_| EndReason::Duration)
    }

    /// Tells the reading thread what the sampler saw, and takes over what it has counted.
    fn follow_readings(&mut self) {
        let started = self.tables.take_started();
        let Some(readings) = &self.readings else {
            return;
        };
        if self.resolved.subject != Subject::System {
            for (pid, born_ns) in started {
                readings.add_process(pid, born_ns);
            }
        }
        let (user_ns, kernel_ns) = readings.target_cpu_ns();
        self.cpu_now = CpuTimes {
            user_ns: user_ns.max(self.cpu_now.user_ns),
            kernel_ns: kernel_ns.max(self.cpu_now.kernel_ns),
        };
    }

    fn write_readings(&mut self, batch: Batch) -> Result<(), CaptureError> {
        for thread in &batch.threads {
            // What the sampler was told of a name is newer.
            if self.tables.thread_name(thread.pid, thread.tid).is_empty() {
                self.tables
                    .name_thread(thread.pid, thread.tid, &thread.name);
            }
        }
        for chunk in batch.into_chunks() {
            self.writer.write(&chunk)?;
        }
        Ok(())
    }

    fn quality(&self) -> Quality {
        let counters = self.sampler.counters();
        Quality {
            samples: self.tables.sample_count(),
            lost: counters.lost,
            truncated: self.tables.truncated_count(),
            unresolved: 0,
            kernel_invisible_share: if self.sampler.kernel_frames() {
                None
            } else {
                judgement::kernel_share(self.cpu_at_start, self.cpu_now)
            },
            profiler_cpu_ns: clock::thread_cpu_ns()
                + self.readings.as_ref().map_or(0, ReadingsReader::cpu_ns),
            paused_ns: counters.paused_ns,
            cut_short: self.tables.cut_short_count(),
            waits: self.tables.wait_count(),
            other_lost: counters.other_lost,
            throttled: counters.throttled,
            overhead_share: self.overhead_share(),
        }
    }

    /// Estimated from what a sample costs here. An upper bound where stacks are shorter than the
    /// copy, because the kernel copies what there is.
    fn overhead_share(&self) -> Option<f64> {
        let spent = |now: u64, before: u64| now.saturating_sub(before);
        let cpu_ns = spent(self.cpu_now.user_ns, self.cpu_at_start.user_ns)
            + spent(self.cpu_now.kernel_ns, self.cpu_at_start.kernel_ns);
        if self.sampler.kind() == SamplerKind::Ptrace {
            // It stood still beside the time in which it ran.
            let paused_ns = self.sampler.counters().paused_ns;
            let both_ns = cpu_ns + paused_ns;
            return (cpu_ns > 0).then(|| paused_ns as f64 / both_ns as f64);
        }
        let copied_bytes = self.sampler.stack_dump_bytes();
        self.sample_cost
            .share(self.tables.sample_count(), copied_bytes, cpu_ns)
    }

    /// Writes and flushes everything since the last time.
    fn write_new(&mut self) -> Result<(), CaptureError> {
        self.next_flush_ns = self.elapsed_ns() + FLUSH_EVERY_NS;
        let batch = self.readings.as_ref().map(ReadingsReader::take);
        self.write_readings(batch.unwrap_or_default())?;
        for chunk in self.tables.drain_chunks() {
            self.writer.write(&chunk)?;
        }
        self.writer.write(&Chunk::Quality(self.quality()))?;
        self.writer.flush()
    }

    fn finish(mut self, reason: EndReason) -> Result<RecordingSummary, CaptureError> {
        // Before the target is waited for: until then an ended one keeps its CPU times.
        let batch = self.readings.as_mut().map(ReadingsReader::stop);
        self.follow_readings();
        self.write_readings(batch.unwrap_or_default())?;
        let reason = match reason {
            EndReason::TargetEnded { .. } => EndReason::TargetEnded {
                status: self.status(),
            },
            other => other,
        };
        let duration_ns = self.elapsed_ns();
        self.sampler
            .finish(self.tables.start_ns() + duration_ns, &mut self.tables);
        for chunk in self.tables.drain_chunks() {
            self.writer.write(&chunk)?;
        }
        let quality = self.quality();
        self.writer.write(&Chunk::Quality(quality.clone()))?;
        self.writer.write(&Chunk::End(CaptureEnd {
            duration_ns,
            reason,
        }))?;
        self.writer.flush()?;
        self.shared.publish(&quality);
        self.warnings.extend(self.sampler.warnings());
        self.warnings
            .extend(judgement::warnings(&quality, self.window(duration_ns)));
        Ok(RecordingSummary {
            pid: self.pid(),
            path: self.options.output,
            duration: Duration::from_nanos(duration_ns),
            reason,
            quality,
            warnings: self.warnings,
        })
    }

    fn window(&self, duration_ns: u64) -> Window {
        let user_ns = self
            .cpu_now
            .user_ns
            .saturating_sub(self.cpu_at_start.user_ns);
        let kernel_ns = self
            .cpu_now
            .kernel_ns
            .saturating_sub(self.cpu_at_start.kernel_ns);
        let seen_kernel_ns = if self.sampler.kernel_frames() {
            kernel_ns
        } else {
            0
        };
        Window {
            sampler: self.sampler.kind(),
            frequency_hz: self.sampler.frequency_hz(),
            visible_cpu_ns: user_ns + seen_kernel_ns,
            duration_ns,
            page_faults: self.tables.page_fault_count(),
        }
    }

    /// The target's exit code, where it was our child.
    fn status(&mut self) -> Option<i32> {
        self.sampler.target_status().or_else(|| {
            let status = self.child.as_mut()?.wait().ok()?;
            Some(launch::exit_code(status))
        })
    }
}

/// CPU times of several processes together, as far as they live; `None` where none does.
fn cpu_times(pids: &[u32]) -> Option<CpuTimes> {
    let living: Vec<_> = pids
        .iter()
        .filter_map(|pid| process::stat(*pid).ok())
        .collect();
    (!living.is_empty()).then(|| CpuTimes {
        user_ns: living.iter().map(|stat| stat.user_ns).sum(),
        kernel_ns: living.iter().map(|stat| stat.kernel_ns).sum(),
    })
}

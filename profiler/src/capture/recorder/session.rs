//! The recorder's work, start to end, on its own thread.

use std::{
    os::fd::{AsFd, OwnedFd},
    process::Child,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use scrutineer_evidence::{capture::Quality, residency::ResidencySample};

use super::{
    RecordOptions, RecordingSummary, Shared, choice,
    judgement::{self, CpuTimes, Window},
};
use crate::{
    capture::{
        CaptureError,
        file::CaptureWriter,
        launch::{self, Launch},
        model::{Activity, CallGraph, CaptureEnd, CaptureHeader, Chunk, EndReason, Subject},
        sampler::Sampler,
        tables::Tables,
        target::{self, Target},
    },
    memory::reader::MemoryReader,
    process,
    sys::{self, clock},
};

/// Longest time between two drains, and between two readings of resident memory.
const DRAIN_EVERY: Duration = Duration::from_millis(50);
const ACTIVITY_EVERY_NS: u64 = 100_000_000;
const RESIDENCY_EVERY_NS: u64 = 40_000_000;
const FLUSH_EVERY_NS: u64 = 500_000_000;

/// A recording, opened and ready to run.
pub(super) struct Session {
    pid: u32,
    options: RecordOptions,
    shared: Arc<Shared>,
    tables: Tables,
    sampler: Box<dyn Sampler>,
    writer: CaptureWriter,
    memory: Option<MemoryReader>,
    /// The target, where we launched it.
    child: Option<Child>,
    end_watch: Option<OwnedFd>,
    residency: Vec<ResidencySample>,
    activity: Vec<Activity>,
    next_residency_ns: u64,
    next_activity_ns: u64,
    next_flush_ns: u64,
    cpu_at_start: CpuTimes,
    cpu_now: CpuTimes,
    warnings: Vec<String>,
}

impl Session {
    /// Opens the sampler and the file, and lets a launched command run.
    pub(super) fn open(
        target: &Target,
        options: RecordOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, CaptureError> {
        match target {
            Target::Launch { command, folder } => {
                let launch = Launch::hold(command, folder.as_deref())?;
                Self::open_launched(launch, options, shared)
            }
            Target::Pid(_) | Target::Name(_) => {
                let pid = target::resolve(target)?;
                let mut session = Self::attach(pid, false, options, shared)?;
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
        let mut session = match Self::attach(launch.pid(), true, options, shared) {
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
        pid: u32,
        from_exec: bool,
        options: RecordOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, CaptureError> {
        let mut tables = Tables::new(clock::monotonic_ns());
        let (sampler, warnings) = choice::open(pid, from_exec, &options, &mut tables)?;
        tables.start_at(clock::monotonic_ns());
        Ok(Self {
            pid,
            writer: CaptureWriter::create(&options.output)?,
            memory: MemoryReader::open(pid).ok(),
            options,
            shared,
            tables,
            sampler,
            child: None,
            end_watch: sys::pidfd::open(pid).ok(),
            residency: Vec::new(),
            activity: Vec::new(),
            next_residency_ns: 0,
            next_activity_ns: 0,
            next_flush_ns: 0,
            cpu_at_start: cpu_times(pid).unwrap_or_default(),
            cpu_now: CpuTimes::default(),
            warnings,
        })
    }

    /// Pid of the target.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Writes the header. `command` is that of a launched target, which may have ended already.
    fn begin(&mut self, command: Option<String>) -> Result<(), CaptureError> {
        let launched = command.is_some();
        let mut description = target::describe(self.pid)?;
        if let Some(command) = command {
            description.command_line = command;
        }
        let elapsed = Duration::from_nanos(self.elapsed_ns());
        self.writer.write(&Chunk::Header(CaptureHeader {
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: jiff::Timestamp::now() - elapsed,
            pid: self.pid,
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
            subject: Subject::Processes,
            follows_children: true,
            call_graph: CallGraph::Dwarf,
            wait_source: None,
            page_faults: false,
            by_helper: false,
        }))?;
        self.writer.flush()
    }

    /// Records until the end, whatever brings it about.
    pub(super) fn run(mut self) -> Result<RecordingSummary, CaptureError> {
        loop {
            // Looked at before the drain, so that the last drain comes after the end.
            let reason = self.end_reason();
            self.read_counters();
            let drained = self.sampler.drain(&mut self.tables);
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
        if self.target_has_ended() {
            return Some(EndReason::TargetEnded { status: None });
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            return Some(EndReason::Stopped);
        }
        self.time_left()
            .filter(Duration::is_zero)
            .map(|_| EndReason::Duration)
    }

    fn target_has_ended(&self) -> bool {
        match &self.end_watch {
            Some(watch) => sys::pidfd::wait(&[watch.as_fd()], Duration::ZERO)
                .is_ok_and(|ended| ended == [true]),
            None => process::stat(self.pid).map_or(true, |stat| matches!(stat.state, 'Z' | 'X')),
        }
    }

    fn read_counters(&mut self) {
        let time_ns = self.elapsed_ns();
        // Reading fails once the target has ended, which the loop notices by itself.
        if time_ns >= self.next_residency_ns
            && let Some(memory) = &mut self.memory
        {
            self.next_residency_ns = time_ns + RESIDENCY_EVERY_NS;
            self.residency.extend(memory.residency(time_ns));
        }
        if time_ns >= self.next_activity_ns {
            self.next_activity_ns = time_ns + ACTIVITY_EVERY_NS;
            if let Some(memory) = &self.memory {
                self.activity.extend(memory.activity(time_ns));
            }
            self.cpu_now = cpu_times(self.pid).unwrap_or(self.cpu_now);
        }
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
            profiler_cpu_ns: clock::thread_cpu_ns(),
            paused_ns: counters.paused_ns,
            ..Quality::default()
        }
    }

    /// Writes and flushes everything since the last time.
    fn write_new(&mut self) -> Result<(), CaptureError> {
        self.next_flush_ns = self.elapsed_ns() + FLUSH_EVERY_NS;
        for chunk in self.tables.drain_chunks() {
            self.writer.write(&chunk)?;
        }
        if !self.residency.is_empty() {
            self.writer
                .write(&Chunk::Residency(std::mem::take(&mut self.residency)))?;
        }
        if !self.activity.is_empty() {
            self.writer
                .write(&Chunk::Activity(std::mem::take(&mut self.activity)))?;
        }
        self.writer.write(&Chunk::Quality(self.quality()))?;
        self.writer.flush()
    }

    fn finish(mut self, reason: EndReason) -> Result<RecordingSummary, CaptureError> {
        // A child that has ended keeps its CPU times until it is waited for.
        self.cpu_now = cpu_times(self.pid).unwrap_or(self.cpu_now);
        let reason = match reason {
            EndReason::TargetEnded { .. } => EndReason::TargetEnded {
                status: self.status(),
            },
            other => other,
        };
        let duration_ns = self.elapsed_ns();
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
            .extend(judgement::warnings(&quality, self.window()));
        Ok(RecordingSummary {
            path: self.options.output,
            pid: self.pid,
            duration: Duration::from_nanos(duration_ns),
            reason,
            quality,
            warnings: self.warnings,
        })
    }

    fn window(&self) -> Window {
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

fn cpu_times(pid: u32) -> Option<CpuTimes> {
    let stat = process::stat(pid).ok()?;
    Some(CpuTimes {
        user_ns: stat.user_ns,
        kernel_ns: stat.kernel_ns,
    })
}

//! A CPU profile, summarised.

use serde::{Deserialize, Serialize};

/// How a capture was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sampler {
    /// `perf_event_open` with hardware cycles.
    PerfCycles,
    /// `perf_event_open` with the software CPU clock.
    PerfCpuClock,
    /// ptrace: the target is stopped for each sample.
    Ptrace,
    /// Another tool, whose file was read.
    Foreign,
}

impl Sampler {
    /// The words that a status line shows.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PerfCycles => "perf_event, cycles",
            Self::PerfCpuClock => "perf_event, cpu-clock",
            Self::Ptrace => "ptrace",
            Self::Foreign => "another tool",
        }
    }
}

/// How far a capture can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Samples taken.
    pub samples: u64,
    /// Samples that the kernel or the ring lost.
    pub lost: u64,
    /// Samples whose stack did not reach a known root.
    pub truncated: u64,
    /// Samples whose innermost frame has no name.
    pub unresolved: u64,
    /// Share of the target's CPU time that was kernel time and not permitted to be seen; 0..1.
    pub kernel_invisible_share: Option<f64>,
    /// CPU time that the profiler itself used, nanoseconds.
    pub profiler_cpu_ns: u64,
    /// Time that the target stood still for ptrace samples, nanoseconds.
    pub paused_ns: u64,
    /// Of the truncated ones, those whose copy of the stack was too short.
    #[serde(default)]
    pub cut_short: u64,
    /// Waits captured.
    #[serde(default)]
    pub waits: u64,
    /// Context switches and page faults that a ring lost.
    #[serde(default)]
    pub other_lost: u64,
    /// Times that the kernel slowed sampling down.
    #[serde(default)]
    pub throttled: u64,
    /// Estimated share of the target's CPU time that the capture cost it, 0..1; `None` where it
    /// was not estimated.
    #[serde(default)]
    pub overhead_share: Option<f64>,
}

impl Quality {
    /// `part` as a share of all samples, 0..1; 0 without samples.
    pub fn share(&self, part: u64) -> f64 {
        if self.samples == 0 {
            0.0
        } else {
            part as f64 / self.samples as f64
        }
    }
}

/// A function with its share of the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionShare {
    /// Demangled name.
    pub name: String,
    /// Samples in which it was the innermost frame.
    pub self_samples: u64,
    /// Samples in which it was anywhere on the stack, counted once each.
    pub total_samples: u64,
}

/// A CPU profile, summarised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureFacts {
    /// File name of the capture (without folders).
    pub file: String,
    /// SHA-256 of the capture file, hexadecimal.
    pub digest: String,
    /// When the capture began.
    pub started_at: jiff::Timestamp,
    /// Length, seconds.
    pub duration_s: f64,
    /// Sampling frequency, hertz.
    pub frequency_hz: u32,
    /// How it was sampled.
    pub sampler: Sampler,
    /// Quality.
    pub quality: Quality,
    /// The 50 functions with most self samples, most first.
    pub top_functions: Vec<FunctionShare>,
    /// Share of samples with a garbage collector's frame on the stack; 0..1.
    pub garbage_collection_share: f64,
}

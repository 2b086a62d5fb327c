//! One judgement of how far a capture can be trusted, for every place that shows or tells it.
//!
//! ```
//! # use scrutineer_evidence::{capture::Quality, trust::{Conditions, Level, judge}};
//! let quality = Quality { samples: 900, lost: 100, ..Quality::default() };
//! let trust = judge(&quality, &Conditions { frequency_hz: 999, ..Conditions::default() });
//! assert_eq!(trust.level, Level::Fail);
//! assert!(trust.warning().unwrap().starts_with("Not trustworthy: 10.0 % of the samples were lost"));
//! ```

use serde::Serialize;

use crate::capture::{CaptureFacts, Quality, Sampler};

/// How good a measure is, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing to heed.
    #[default]
    Fine,
    /// Findings hold, but shares are off or callers missing: read with care.
    Attention,
    /// Findings may be wrong.
    Fail,
}

impl Level {
    /// The verdict in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fine => "Trustworthy",
            Self::Attention => "Read with care",
            Self::Fail => "Not trustworthy",
        }
    }
}

/// The value above which a measure is worth attention, and the one above which it fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Attention above this.
    pub attention: f64,
    /// Failure above this.
    pub fail: f64,
}

/// Every limit of the judgement. They are house rules: each reason says what is at stake.
pub mod limits {
    use super::Limits;

    const fn limits(attention: f64, fail: f64) -> Limits {
        Limits { attention, fail }
    }

    /// Losses come in bursts, when the target is busiest: 1 % can be a tenth of a short phase.
    pub const LOST: Limits = limits(0.01, 0.05);
    /// Self time stays right, totals near the root are too low by the share at most.
    pub const TRUNCATED: Limits = limits(0.05, 0.25);
    /// A function without a name hides its share of the profile and is nobody's to mend.
    pub const UNRESOLVED: Limits = limits(0.05, 0.25);
    /// Percentages are of the visible time alone, too high by the factor 1 ÷ (1 − share).
    pub const KERNEL_INVISIBLE: Limits = limits(0.05, 0.25);
    /// The machine's noise between two runs is about 2 %; above 5 % the target behaves otherwise.
    pub const OVERHEAD: Limits = limits(0.02, 0.05);
    /// CPU time of the profiler as a share of one CPU: it takes it from the target only where no
    /// CPU is idle, hence twice the limits of overhead on the target itself.
    pub const PROFILER_CPU: Limits = limits(0.05, 0.25);
    /// Threads that stand still lose the races and timeouts that they would have won.
    pub const PAUSED: Limits = limits(0.02, 0.10);
    /// Share of the expected samples that are missing; the rest is the coarse clock of `/proc`.
    pub const MISSED: Limits = limits(0.20, 0.50);
    /// Lost switches and faults as a share of those captured: sums are too low by as much.
    pub const OTHER_LOST: Limits = limits(0.01, 0.05);

    /// Below this number of samples the 95 % interval of a share is wider than ±5 points
    /// (1.96 · √(¼ ÷ n)).
    pub const FEW_SAMPLES: u64 = 385;
    /// With fewer samples expected, chance and the coarse clock of `/proc` explain any difference.
    pub const LEAST_EXPECTED: f64 = 100.0;
}

/// What is known of how the capture was made. Unknown things are not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// How it was sampled.
    pub sampler: Option<Sampler>,
    /// Sampling frequency, hertz; 0 where unknown.
    pub frequency_hz: u32,
    /// Length, seconds; 0 where unknown.
    pub duration_s: f64,
    /// CPU time of the target that the sampler could see, seconds.
    pub visible_cpu_s: Option<f64>,
    /// Page faults captured with their stacks.
    pub page_faults: u64,
}

impl Conditions {
    /// The conditions of a summarised capture.
    pub fn of(capture: &CaptureFacts) -> Self {
        Self {
            sampler: Some(capture.sampler),
            frequency_hz: capture.frequency_hz,
            duration_s: capture.duration_s,
            ..Self::default()
        }
    }
}

/// One measure of trust.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// The stable name in documents: `lost`, `kernel-invisible` …
    pub id: &'static str,
    /// A word or two for a strip.
    pub label: &'static str,
    /// The value in words, with its unit.
    pub value: String,
    /// How good it is.
    pub level: Level,
    /// What it says of the capture, a clause without a full stop.
    pub why: String,
    /// What to do about it; empty where it is fine or nothing can be done.
    pub remedy: String,
}

impl Measure {
    /// What is wrong and what to do, in one sentence.
    pub fn sentence(&self) -> String {
        if self.remedy.is_empty() {
            format!("{}.", self.why)
        } else {
            format!("{}: {}.", self.why, self.remedy)
        }
    }
}

/// The judgement of a capture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trust {
    /// The worst level of all measures.
    pub level: Level,
    /// The measures, always in the same order.
    pub measures: Vec<Measure>,
}

impl Trust {
    /// The measures that are not fine, worst first.
    pub fn doubts(&self) -> Vec<&Measure> {
        let mut doubts: Vec<&Measure> = self
            .measures
            .iter()
            .filter(|measure| measure.level > Level::Fine)
            .collect();
        doubts.sort_by_key(|measure| std::cmp::Reverse(measure.level));
        doubts
    }

    /// A sentence for each doubt, worst first.
    pub fn sentences(&self) -> Vec<String> {
        self.doubts().into_iter().map(Measure::sentence).collect()
    }

    /// What must stand before any finding of a capture whose quality is poor.
    pub fn warning(&self) -> Option<String> {
        let worst = self.doubts().into_iter().next();
        let worst = worst.filter(|_| self.level == Level::Fail)?;
        Some(format!("{}: {}", self.level.label(), worst.sentence()))
    }
}

/// Judges a capture.
pub fn judge(quality: &Quality, conditions: &Conditions) -> Trust {
    let mut measures = vec![samples(quality)];
    measures.extend(missed(quality, conditions));
    measures.push(lost(quality, conditions));
    measures.push(truncated(quality));
    measures.extend(cut_short(quality));
    measures.push(unresolved(quality));
    measures.extend(kernel_invisible(quality, conditions));
    measures.extend(conditions.sampler.map(clock));
    measures.extend(throttled(quality));
    measures.extend(overhead(quality, conditions));
    measures.extend(paused(quality, conditions));
    measures.extend(other_lost(quality, conditions));
    let level = measures.iter().map(|measure| measure.level).max();
    Trust {
        level: level.unwrap_or_default(),
        measures,
    }
}

fn level(value: f64, limits: Limits) -> Level {
    match value {
        value if value > limits.fail => Level::Fail,
        value if value > limits.attention => Level::Attention,
        _ => Level::Fine,
    }
}

fn measure(
    (id, label): (&'static str, &'static str),
    value: String,
    level: Level,
    why: String,
    remedy: impl Into<String>,
) -> Measure {
    let remedy = match level {
        Level::Fine => String::new(),
        _ => remedy.into(),
    };
    Measure {
        id,
        label,
        value,
        level,
        why,
        remedy,
    }
}

/// A share as people read it: small ones keep their digits.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        small if small < 0.1 => format!("{small:.2} %"),
        other => format!("{other:.1} %"),
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn samples(quality: &Quality) -> Measure {
    let names = ("samples", "samples");
    let value = quality.samples.to_string();
    match quality.samples {
        // A target that only waits has no CPU time, and its waits are worth reading.
        0 if quality.waits > 0 => measure(
            names,
            value,
            Level::Attention,
            "No sample was taken: the target used no CPU time that could be seen".into(),
            "look at its waits, or record while it works",
        ),
        0 => measure(
            names,
            value,
            Level::Fail,
            "No sample was taken: the target used no CPU time that could be seen, or ended at \
             once"
                .into(),
            "record for longer, or while it works",
        ),
        few if few < limits::FEW_SAMPLES => measure(
            names,
            value,
            Level::Attention,
            format!(
                "{few} samples are few, a share may be off by {:.0} points",
                98.0 / (few as f64).sqrt()
            ),
            "record for longer, or under load",
        ),
        many => measure(
            names,
            value,
            Level::Fine,
            format!("{many} samples were taken"),
            "",
        ),
    }
}

fn missed(quality: &Quality, conditions: &Conditions) -> Option<Measure> {
    let frequency_hz = conditions.frequency_hz;
    let expected = conditions.visible_cpu_s? * f64::from(frequency_hz);
    if expected < limits::LEAST_EXPECTED {
        return None;
    }
    let taken = (quality.samples + quality.lost) as f64 / expected;
    let missing = (1.0 - taken).max(0.0);
    Some(measure(
        ("missed", "missed"),
        percent(missing),
        level(missing, limits::MISSED),
        format!(
            "Only {:.0} % of the samples that the target's CPU time should have given were taken, \
             as threads that live for less than {:.1} ms end before their first sample",
            taken.min(1.0) * 100.0,
            1e3 / f64::from(frequency_hz.max(1)),
        ),
        format!("record at more than {frequency_hz} Hz with -F"),
    ))
}

fn lost(quality: &Quality, conditions: &Conditions) -> Measure {
    let share = ratio(quality.lost, quality.samples + quality.lost);
    let (why, remedy) = match conditions.sampler {
        Some(Sampler::Ptrace) => (
            "were left out, as the machine was too busy to stop the target on time",
            "record while less else runs".to_owned(),
        ),
        _ if conditions.frequency_hz > 0 => (
            "were lost, as they came faster than they could be read",
            format!("record at less than {} Hz with -F", conditions.frequency_hz),
        ),
        _ => (
            "were lost, as they came faster than they could be read",
            "record at a lower frequency".to_owned(),
        ),
    };
    measure(
        ("lost", "lost"),
        percent(share),
        level(share, limits::LOST),
        format!("{} of the samples {why}", percent(share)),
        remedy,
    )
}

fn truncated(quality: &Quality) -> Measure {
    let share = quality.share(quality.truncated);
    measure(
        ("truncated", "truncated"),
        percent(share),
        level(share, limits::TRUNCATED),
        format!(
            "{} of the stacks do not reach their outermost function, so totals near the root are \
             too low",
            percent(share)
        ),
        "build with frame pointers or keep unwind information",
    )
}

/// Truncated stacks that are so because the copy was too short, a part of [`truncated`].
fn cut_short(quality: &Quality) -> Option<Measure> {
    if quality.cut_short == 0 {
        return None;
    }
    let share = quality.share(quality.cut_short);
    Some(measure(
        ("cut-short", "cut short"),
        percent(share),
        level(share, limits::TRUNCATED),
        format!(
            "{} of the stacks are deeper than what was copied of them",
            percent(share)
        ),
        "record with --call-graph fp where the code keeps frame pointers",
    ))
}

fn unresolved(quality: &Quality) -> Measure {
    let share = quality.share(quality.unresolved);
    measure(
        ("unresolved", "unknown"),
        percent(share),
        level(share, limits::UNRESOLVED),
        format!(
            "{} of the samples end in code without a name",
            percent(share)
        ),
        "install debug symbols, or build with debug = \"line-tables-only\"",
    )
}

fn kernel_invisible(quality: &Quality, conditions: &Conditions) -> Option<Measure> {
    let share = quality.kernel_invisible_share?;
    let remedy = match conditions.sampler {
        Some(Sampler::Ptrace) => {
            "ptrace shows only where user code entered the kernel; permit perf events with sudo \
             sysctl kernel.perf_event_paranoid=1"
        }
        _ => {
            "to see it, sudo scrutineer doctor --install-helper, or for every program, sudo sysctl \
             kernel.perf_event_paranoid=1"
        }
    };
    Some(measure(
        ("kernel-invisible", "kernel unseen"),
        percent(share),
        level(share, limits::KERNEL_INVISIBLE),
        format!(
            "{} of the target's CPU time was spent in the kernel and is invisible here",
            percent(share)
        ),
        remedy,
    ))
}

/// The clock is a fact to know, never a doubt by itself: what it costs shows in other measures.
fn clock(sampler: Sampler) -> Measure {
    let (value, why) = match sampler {
        Sampler::PerfCycles => (
            "hardware",
            "The CPU's cycle counter took the samples, in the kernel too",
        ),
        Sampler::PerfCpuClock => (
            "software",
            "The kernel's timer took the samples: code that runs with interrupts off is charged \
             to where they come on again",
        ),
        Sampler::Ptrace => (
            "ptrace",
            "The target was stopped for each sample, from outside",
        ),
        Sampler::Foreign => (
            "another tool's",
            "Another tool took the samples; how is in its own words alone",
        ),
    };
    measure(
        ("clock", "clock"),
        value.into(),
        Level::Fine,
        why.into(),
        "",
    )
}

fn throttled(quality: &Quality) -> Option<Measure> {
    if quality.throttled == 0 {
        return None;
    }
    Some(measure(
        ("throttled", "throttled"),
        format!("{} ×", quality.throttled),
        Level::Attention,
        format!(
            "The kernel slowed sampling down {} times, so the busiest moments have too few samples",
            quality.throttled
        ),
        "record at a lower frequency, or raise kernel.perf_event_max_sample_rate",
    ))
}

/// The profiler's own CPU time, and what the capture cost the target where that was estimated.
fn overhead(quality: &Quality, conditions: &Conditions) -> Vec<Measure> {
    let mut measures = Vec::new();
    let cheaper = "record at a lower frequency";
    if conditions.duration_s > 0.0 {
        let share = quality.profiler_cpu_ns as f64 / 1e9 / conditions.duration_s;
        measures.push(measure(
            ("profiler-cpu", "profiler"),
            percent(share),
            level(share, limits::PROFILER_CPU),
            format!("The profiler itself used {} of one CPU", percent(share)),
            cheaper,
        ));
    }
    if let Some(share) = quality.overhead_share {
        measures.push(measure(
            ("overhead", "overhead"),
            percent(share),
            level(share, limits::OVERHEAD),
            format!(
                "The capture cost the target about {} of its CPU time",
                percent(share)
            ),
            cheaper,
        ));
    }
    measures
}

fn paused(quality: &Quality, conditions: &Conditions) -> Option<Measure> {
    if quality.paused_ns == 0 || conditions.duration_s <= 0.0 {
        return None;
    }
    let share = quality.paused_ns as f64 / 1e9 / conditions.duration_s;
    Some(measure(
        ("paused", "paused"),
        percent(share),
        level(share, limits::PAUSED),
        format!(
            "The target stood still for {} of the time while ptrace sampled it",
            percent(share)
        ),
        "permit perf events with sudo sysctl kernel.perf_event_paranoid=2",
    ))
}

fn other_lost(quality: &Quality, conditions: &Conditions) -> Option<Measure> {
    if quality.other_lost == 0 {
        return None;
    }
    let kept = quality.waits + conditions.page_faults;
    let share = ratio(quality.other_lost, kept + quality.other_lost);
    Some(measure(
        ("other-lost", "switches lost"),
        percent(share),
        level(share, limits::OTHER_LOST),
        format!(
            "{} context switches or page faults were lost, so sums of waits and faults are too low",
            quality.other_lost
        ),
        "record for a shorter time, or while there is less load",
    ))
}

#[cfg(test)]
mod tests;

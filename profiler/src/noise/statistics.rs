//! From iterations of the same work to what can be concluded: pure computation.

use serde::{Deserialize, Serialize};

use super::spin::Measured;

/// Iterations of so much time make a block; blocks next to each other are compared.
const BLOCK_NS: u64 = 100_000_000;
/// Fewer say nothing about how they scatter.
const FEWEST_BLOCKS: usize = 4;
/// A normal deviate beyond which 5 % lie.
const TWO_SIDED_95: f64 = 1.96;
/// The median of absolute deviations times this is a standard deviation, for a normal scatter.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// An iteration that took so much longer than the median was interrupted.
const INTERRUPTED: f64 = 1.5;
/// The longer run that the words speak of, seconds.
pub const LOOK_LONGER_S: f64 = 10.0;

/// Where values lie, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The smallest.
    pub min_ns: u64,
    /// Half lie below.
    pub median_ns: u64,
    /// 99 % lie below.
    pub p99_ns: u64,
    /// The largest.
    pub max_ns: u64,
}

impl Distribution {
    fn of(values: &[u64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let at = |share: f64| {
            let last = sorted.len().saturating_sub(1);
            sorted
                .get((share * last as f64).round() as usize)
                .copied()
                .unwrap_or(0)
        };
        Self {
            min_ns: at(0.0),
            median_ns: at(0.5),
            p99_ns: at(0.99),
            max_ns: at(1.0),
        }
    }
}

/// How a fixed piece of work scatters on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Iterations of the work.
    pub iterations: usize,
    /// Time that an iteration took.
    pub iteration: Distribution,
    /// Share of the iterations that took more than half as long again as the median, 0..1.
    pub interrupted_share: f64,
    /// Share of the time in which the thread was not on its CPU, 0..1.
    pub waited_share: f64,
    /// Share of all CPUs' time that the hypervisor kept, 0..1; `None` where the kernel does not
    /// tell.
    pub steal_share: Option<f64>,
    /// Median CPU time of the last quarter over that of the first, less 1: the clock's drift.
    pub drift: f64,
    /// Deviation of the time of a block of 100 ms, relative, as neighbouring blocks differ;
    /// `None` with too few.
    pub block_deviation: Option<f64>,
    /// How much later than asked for a sleep of 1 ms ended.
    pub timer_late: Distribution,
    /// Whether the thread stayed on one CPU.
    pub is_pinned: bool,
}

impl Noise {
    /// The numbers of what was measured.
    pub(super) fn of(measured: &Measured) -> Self {
        let iteration = Distribution::of(&measured.wall_ns);
        let limit = iteration.median_ns as f64 * INTERRUPTED;
        let interrupted = measured
            .wall_ns
            .iter()
            .filter(|wall| **wall as f64 > limit)
            .count();
        let (wall, cpu) = (sum(&measured.wall_ns), sum(&measured.cpu_ns));
        let quarter = measured.cpu_ns.len() / 4;
        let first = Distribution::of(&measured.cpu_ns[..quarter]).median_ns;
        let last = Distribution::of(&measured.cpu_ns[measured.cpu_ns.len() - quarter..]).median_ns;
        Self {
            iterations: measured.wall_ns.len(),
            iteration,
            interrupted_share: interrupted as f64 / measured.wall_ns.len().max(1) as f64,
            waited_share: (1.0 - cpu as f64 / (wall as f64).max(1.0)).max(0.0),
            steal_share: measured.steal_share,
            drift: if first == 0 {
                0.0
            } else {
                last as f64 / first as f64 - 1.0
            },
            block_deviation: block_deviation(&measured.cpu_ns, &measured.wall_ns),
            timer_late: Distribution::of(&measured.late_ns),
            is_pinned: measured.is_pinned,
        }
    }

    /// The smallest relative difference in CPU time between one run of so many seconds and another
    /// that is told from noise with 95 % confidence; `None` with too few iterations.
    ///
    /// Scatter of blocks averages out with the root of the time, at best; the drift that was seen
    /// does not average out at all. Noise of longer periods than the measurement is not in it.
    pub fn detectable_share(&self, run_s: f64) -> Option<f64> {
        let block_s = BLOCK_NS as f64 / 1e9;
        let deviation = self.block_deviation? * (block_s / run_s.max(block_s)).sqrt();
        let by_chance = TWO_SIDED_95 * std::f64::consts::SQRT_2 * deviation;
        Some(by_chance.max(self.drift.abs()))
    }

    /// What can and cannot be concluded here, one sentence each.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match (
            self.detectable_share(1.0),
            self.detectable_share(LOOK_LONGER_S),
        ) {
            (Some(one), Some(ten)) => words.push(format!(
                "Differences in CPU time below {} cannot be told from noise in one run of 1 s, \
                 below {} not in one of {LOOK_LONGER_S:.0} s; noise that comes and goes more \
                 slowly than this measurement of 2 s is not in it, so interleave runs.",
                percent(one),
                percent(ten)
            )),
            _ => words.push(
                "The machine was too busy to measure its noise: nothing can be concluded from \
                 single runs now. Repeat it while less else runs."
                    .to_owned(),
            ),
        }
        if self.waited_share >= 0.02 {
            words.push(format!(
                "Other work took the CPU for {} of the time: wall-clock times are worth little \
                 now, CPU times more.",
                percent(self.waited_share)
            ));
        }
        if self.steal_share.is_some_and(|share| share >= 0.005) {
            words.push(format!(
                "The hypervisor kept {} of the CPUs' time for others.",
                percent(self.steal_share.unwrap_or(0.0))
            ));
        }
        if self.drift.abs() >= 0.01 {
            words.push(format!(
                "The same work took {} {} CPU time at the end than at the beginning: the clock's \
                 frequency, or a neighbour on the same core, changes.",
                percent(self.drift.abs()),
                if self.drift > 0.0 { "more" } else { "less" }
            ));
        }
        words.push(format!(
            "Timers end {} late in the middle, and 1 in 100 more than {} late.",
            duration(self.timer_late.median_ns),
            duration(self.timer_late.p99_ns)
        ));
        words
    }
}

fn sum(values: &[u64]) -> u64 {
    values.iter().sum()
}

/// Relative deviation of the mean CPU time per iteration from block to block. Differences of
/// neighbours leave slow drift out, and their median single outliers.
fn block_deviation(cpu_ns: &[u64], wall_ns: &[u64]) -> Option<f64> {
    let mut means = Vec::new();
    let (mut elapsed, mut cpu, mut count) = (0, 0, 0_u64);
    for (one_cpu, one_wall) in cpu_ns.iter().zip(wall_ns) {
        elapsed += one_wall;
        cpu += one_cpu;
        count += 1;
        if elapsed >= BLOCK_NS {
            means.push(cpu as f64 / count as f64);
            (elapsed, cpu, count) = (0, 0, 0);
        }
    }
    if means.len() < FEWEST_BLOCKS {
        return None;
    }
    let mut steps: Vec<f64> = means
        .windows(2)
        .map(|pair| (pair[1] / pair[0]).ln().abs())
        .collect();
    steps.sort_unstable_by(f64::total_cmp);
    let median = f64::midpoint(steps[(steps.len() - 1) / 2], steps[steps.len() / 2]);
    Some(median * MAD_TO_DEVIATION / std::f64::consts::SQRT_2)
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.1 {
        "0.1 %".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

fn duration(ns: u64) -> String {
    if ns < 1_000_000 {
        format!("{:.0} µs", ns as f64 / 1e3)
    } else {
        format!("{:.1} ms", ns as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterations of about 200 µs whose blocks scatter as `factor` says.
    fn measured(blocks: usize, factor: impl Fn(usize) -> f64) -> Measured {
        let cpu_ns: Vec<u64> = (0..blocks * 500)
            .map(|index| (200_000.0 * factor(index / 500)) as u64)
            .collect();
        Measured {
            wall_ns: vec![200_000; cpu_ns.len()],
            cpu_ns,
            late_ns: (1..=100).map(|us| us * 1_000).collect(),
            steal_share: Some(0.0),
            is_pinned: true,
        }
    }

    #[test]
    fn a_machine_without_noise_tells_every_difference() {
        let noise = Noise::of(&measured(16, |_| 1.0));
        assert_eq!(noise.detectable_share(1.0), Some(0.0));
        assert!(
            noise.words()[0].contains("below 0.1 %"),
            "{:?}",
            noise.words()
        );
        assert_eq!(noise.words().len(), 2);
    }

    #[test]
    fn scatter_of_blocks_averages_out_with_the_root_of_time() {
        let noise = Noise::of(&measured(
            16,
            |block| if block % 2 == 0 { 1.0 } else { 1.01 },
        ));
        let deviation = noise.block_deviation.unwrap();
        let expected = 1.01_f64.ln() * 1.4826 / std::f64::consts::SQRT_2;
        assert!((deviation - expected).abs() < 1e-6, "{deviation}");
        let (one, ten) = (
            noise.detectable_share(1.0).unwrap(),
            noise.detectable_share(10.0).unwrap(),
        );
        assert!((one / ten - 10.0_f64.sqrt()).abs() < 1e-9);
        let blocks = noise.detectable_share(0.1).unwrap();
        assert!((blocks - 1.96 * std::f64::consts::SQRT_2 * deviation).abs() < 1e-12);
    }

    #[test]
    fn drift_does_not_average_out() {
        let noise = Noise::of(&measured(16, |block| 1.0 + 0.002 * block as f64));
        assert!(noise.drift > 0.015, "{}", noise.drift);
        assert_eq!(noise.detectable_share(1e6), Some(noise.drift));
        assert!(
            noise
                .words()
                .iter()
                .any(|words| words.contains("more CPU time"))
        );
    }

    #[test]
    fn single_interruptions_do_not_hide_what_the_rest_tells() {
        let quiet = Noise::of(&measured(16, |_| 1.0));
        let mut disturbed = measured(16, |_| 1.0);
        disturbed.wall_ns[700] = 9_000_000;
        let disturbed = Noise::of(&disturbed);
        assert_eq!(disturbed.block_deviation, quiet.block_deviation);
        assert!(disturbed.interrupted_share > 0.0 && disturbed.waited_share > 0.0);
        assert_eq!(disturbed.iteration.max_ns, 9_000_000);
    }

    #[test]
    fn too_few_blocks_conclude_nothing() {
        let noise = Noise::of(&measured(3, |_| 1.0));
        assert_eq!(noise.detectable_share(1.0), None);
        assert!(noise.words()[0].contains("nothing can be concluded"));
        let empty = Noise::of(&Measured::default());
        assert_eq!((empty.iterations, empty.detectable_share(1.0)), (0, None));
    }

    #[test]
    fn timers_are_told_by_their_middle_and_their_tail() {
        let noise = Noise::of(&measured(16, |_| 1.0));
        assert_eq!(noise.timer_late.median_ns, 51_000);
        assert!(noise.words().last().unwrap().contains("99 µs"));
    }
}

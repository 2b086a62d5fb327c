//! A capture against a baseline: what differs, and whether more than runs differ by themselves.
//!
//! Runs that were made at different times, not interleaved, can only be *indicative*. Of a
//! difference Δ it is said that it goes beyond noise where |Δ| > k·s and |Δ| > δ.
//!
//! - One stored run: k = 3 and s² = `se_base`² + `se_now`² + 2·`σ_run`². For a share p of n
//!   samples se² = [`DESIGN_EFFECT`]·p(1−p)/n: neighbouring samples see the same request, so they
//!   tell less than independent ones would. `σ_run` is [`RUN_SPREAD`] of the value.
//! - Several stored runs: s is the larger of that and their own standard deviation times
//!   √(1 + 1/runs), and k the 99.73 % quantile of Student's t for the latter. Two runs tell next to
//!   nothing of their spread, and the quantile knows that.

use std::collections::BTreeSet;

use scrutineer_evidence::system::MachineKey;

use super::{baseline::Baseline, student::three_sigma, summary::CaptureSummary};

/// Variance of a share over that of independent samples: at 999 Hz a request of some milliseconds
/// fills several samples in a row.
pub const DESIGN_EFFECT: f64 = 4.0;

/// How much two runs of one program differ by themselves, relative: captures run under whatever
/// load there is, so it is more than the 2 % of benchmarks.
pub const RUN_SPREAD: f64 = 0.05;

/// Shares below this in both are not compared.
const LEAST_SHARE: f64 = 0.01;

/// Most functions that are compared, those with the largest share in either.
const MOST_FUNCTIONS: usize = 20;

/// Least difference of shares that matters (δ), absolute.
const LEAST_SHARE_CHANGE: f64 = 0.01;

/// Least relative difference that matters (δ).
const LEAST_CHANGE: f64 = 0.01;

/// Unit of a compared value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Share of all samples, 0..1; shown in percent, differences in points.
    Share,
    /// CPU time per wall time.
    Cores,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
}

/// What a difference means.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Not more than runs differ by themselves.
    WithinNoise,
    /// More than runs differ by themselves: a hint, which paired runs would have to confirm.
    Indicative {
        /// The difference in units of its standard deviation.
        z: f64,
    },
    /// Not judged.
    NotJudged {
        /// Why.
        why: String,
    },
}

/// One value, then and now.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedValue {
    /// What is compared: `self share of serve_report`.
    pub metric: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Mean over the baseline's runs.
    pub base: f64,
    /// Value now.
    pub now: f64,
    /// What the difference means.
    pub judgement: Judgement,
}

/// A comparison with a stored baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineComparison {
    /// Name of the baseline.
    pub baseline: String,
    /// When it was saved.
    pub saved_at: jiff::Timestamp,
    /// Its commit, where known.
    pub commit: Option<String>,
    /// Runs that it holds.
    pub runs: usize,
    /// What makes the two hard to compare, as sentences; empty where nothing.
    pub mismatches: Vec<String>,
    /// CPU and memory, then functions by the larger of their shares, largest first.
    pub rows: Vec<ComparedValue>,
}

/// Compares a run on `machine` with a baseline.
pub fn compare(
    baseline: &Baseline,
    now: &CaptureSummary,
    machine: &MachineKey,
) -> BaselineComparison {
    let mut rows = Vec::new();
    rows.extend(scalar("CPU time", Unit::Cores, baseline, now, |run| {
        run.cpu_cores
    }));
    let peak = |run: &CaptureSummary| run.memory.map(|memory| memory.peak_rss_bytes as f64);
    rows.extend(scalar(
        "peak resident memory",
        Unit::Bytes,
        baseline,
        now,
        peak,
    ));
    rows.extend(growth(baseline, now));
    rows.extend(functions(baseline, now));
    BaselineComparison {
        baseline: baseline.name.clone(),
        saved_at: baseline.saved_at,
        commit: baseline.commit.clone(),
        runs: baseline.runs.len(),
        mismatches: mismatches(baseline, now, machine),
        rows,
    }
}

impl ComparedValue {
    /// Now minus base.
    pub fn change(&self) -> f64 {
        self.now - self.base
    }

    /// Base and now in words, with their unit.
    pub fn values_text(&self) -> (String, String) {
        (self.unit.text(self.base), self.unit.text(self.now))
    }

    /// The difference in words, signed: `+2.1 pt`, `−3.0 %`.
    pub fn change_text(&self) -> String {
        let relative = 100.0 * self.change() / self.base;
        match self.unit {
            Unit::Share => signed(100.0 * self.change(), "pt"),
            Unit::BytesPerSecond => {
                let sign = if self.change() < 0.0 { "\u{2212}" } else { "+" };
                format!("{sign}{}", self.unit.text(self.change().abs()))
            }
            Unit::Cores | Unit::Bytes if relative.is_finite() => signed(relative, "%"),
            Unit::Cores | Unit::Bytes => "from nothing".to_owned(),
        }
    }
}

fn signed(value: f64, unit: &str) -> String {
    let sign = if value < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{:.1} {unit}", value.abs())
}

impl Unit {
    /// A value in words: `12.3 %`, `0.52 cores`, `48.1 MiB`.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1} %", 100.0 * value),
            Self::Cores => format!("{value:.2} cores"),
            Self::Bytes => bytes(value),
            Self::BytesPerSecond => format!("{}/s", bytes(value)),
        }
    }
}

fn bytes(value: f64) -> String {
    let sign = if value < 0.0 { "\u{2212}" } else { "" };
    let value = value.abs();
    let (divisor, unit) = match value {
        value if value >= 1_073_741_824.0 => (1_073_741_824.0, "GiB"),
        value if value >= 1_048_576.0 => (1_048_576.0, "MiB"),
        value if value >= 1_024.0 => (1_024.0, "KiB"),
        _ => return format!("{sign}{value:.0} B"),
    };
    format!("{sign}{:.1} {unit}", value / divisor)
}

impl Judgement {
    /// The judgement in words, with its reason.
    pub fn text(&self) -> String {
        match self {
            Self::WithinNoise => "same: within what runs differ by themselves".to_owned(),
            Self::Indicative { z } => {
                format!("indicative: {z:.1} σ, beyond noise; the runs were not interleaved")
            }
            Self::NotJudged { why } => format!("not judged: {why}"),
        }
    }
}

fn functions(baseline: &Baseline, now: &CaptureSummary) -> Vec<ComparedValue> {
    let runs = || baseline.runs.iter().chain([now]);
    let names: BTreeSet<&str> = runs()
        .flat_map(|run| &run.top_functions)
        .map(|function| function.name.as_str())
        .collect();
    let mut rows: Vec<ComparedValue> = names
        .into_iter()
        .map(|name| function(name, baseline, now))
        .filter(|row| row.base.max(row.now) >= LEAST_SHARE)
        .collect();
    rows.sort_by(|a, b| b.base.max(b.now).total_cmp(&a.base.max(a.now)));
    rows.truncate(MOST_FUNCTIONS);
    rows
}

fn function(name: &str, baseline: &Baseline, now: &CaptureSummary) -> ComparedValue {
    let share = |run: &CaptureSummary| run.self_samples(name) as f64 / run.samples.max(1) as f64;
    let shares: Vec<f64> = baseline.runs.iter().map(share).collect();
    let base_samples: u64 = baseline.runs.iter().map(|run| run.samples).sum();
    let pooled = baseline
        .runs
        .iter()
        .map(|run| run.self_samples(name))
        .sum::<u64>()
        + now.self_samples(name);
    let pooled = pooled as f64 / (base_samples + now.samples).max(1) as f64;
    let sampling =
        |samples: u64| DESIGN_EFFECT * (pooled * (1.0 - pooled)).max(0.0) / samples.max(1) as f64;
    let noise = Noise {
        sampling_variance: sampling(base_samples) + sampling(now.samples),
        run_deviation: RUN_SPREAD * pooled,
        least_change: LEAST_SHARE_CHANGE,
    };
    let (base, now) = (mean(&shares), share(now));
    let judgement = noise.judge(&shares, now);
    ComparedValue {
        metric: format!("self share of {name}"),
        unit: Unit::Share,
        base,
        now,
        judgement,
    }
}

fn scalar(
    metric: &str,
    unit: Unit,
    baseline: &Baseline,
    now: &CaptureSummary,
    value: impl Fn(&CaptureSummary) -> Option<f64>,
) -> Option<ComparedValue> {
    let values: Vec<f64> = baseline.runs.iter().filter_map(&value).collect();
    let now = value(now)?;
    if values.is_empty() {
        return None;
    }
    let base = mean(&values);
    let noise = Noise {
        sampling_variance: 0.0,
        run_deviation: RUN_SPREAD * base.abs(),
        least_change: LEAST_CHANGE * base.abs(),
    };
    let judgement = noise.judge(&values, now);
    Some(ComparedValue {
        metric: metric.to_owned(),
        unit,
        base,
        now,
        judgement,
    })
}

/// A slope has no scale that a ratio could be taken of; whether memory grows is judged within each
/// run.
fn growth(baseline: &Baseline, now: &CaptureSummary) -> Option<ComparedValue> {
    let slope = |run: &CaptureSummary| run.memory.and_then(|memory| memory.slope_bytes_per_s);
    let mut row = scalar(
        "growth of resident memory",
        Unit::BytesPerSecond,
        baseline,
        now,
        slope,
    )?;
    let why = "growth is judged within a run, by its own interval".to_owned();
    row.judgement = Judgement::NotJudged { why };
    Some(row)
}

/// What a difference is measured against.
struct Noise {
    /// Variance of the difference by sampling alone.
    sampling_variance: f64,
    /// Standard deviation of a run by all else, assumed.
    run_deviation: f64,
    /// δ.
    least_change: f64,
}

impl Noise {
    fn judge(&self, base: &[f64], now: f64) -> Judgement {
        let change = (now - mean(base)).abs();
        let runs = base.len() as f64;
        let assumed =
            (self.sampling_variance + self.run_deviation.powi(2) * (1.0 + 1.0 / runs)).sqrt();
        let seen = standard_deviation(base) * (1.0 + 1.0 / runs).sqrt();
        let (deviation, quantile) = if seen > assumed {
            (seen, three_sigma(base.len() - 1))
        } else {
            (assumed, 3.0)
        };
        if change <= self.least_change || change <= quantile * deviation {
            return Judgement::WithinNoise;
        }
        Judgement::Indicative {
            z: change / deviation,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Of a sample; 0 below two values.
fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if values.len() < 2 {
        0.0
    } else {
        (squares / (values.len() - 1) as f64).sqrt()
    }
}

fn mismatches(baseline: &Baseline, now: &CaptureSummary, machine: &MachineKey) -> Vec<String> {
    let mut said = Vec::new();
    let mut differs = |what: &str, base: String, now: String| {
        if base != now {
            said.push(format!("{what}: {base} then, {now} now"));
        }
    };
    let then = &baseline.machine;
    differs("CPU", then.cpu_model.clone(), machine.cpu_model.clone());
    differs("cores", then.cores.to_string(), machine.cores.to_string());
    differs("kernel", then.kernel.clone(), machine.kernel.clone());
    let governor = |key: &MachineKey| key.governor.clone().unwrap_or_else(|| "not shown".into());
    differs("CPU frequency governor", governor(then), governor(machine));
    if let Some(run) = baseline.runs.last() {
        differs("target", run.target.clone(), now.target.clone());
        differs(
            "sampler",
            run.sampler.label().into(),
            now.sampler.label().into(),
        );
        let hertz = |run: &CaptureSummary| format!("{} Hz", run.frequency_hz);
        differs("frequency", hertz(run), hertz(now));
        let ratio = run.duration_s / now.duration_s;
        if !(0.5..=2.0).contains(&ratio) {
            said.push(format!(
                "length: {:.1} s then, {:.1} s now",
                run.duration_s, now.duration_s
            ));
        }
    }
    if baseline.dirty == Some(true) {
        said.push("the baseline was saved with changes that were not committed".into());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    /// A run of 1,000 samples of which `hot` are in `hot`.
    fn run(hot: usize) -> CaptureSummary {
        let stacks: Vec<Vec<&str>> = (0..1_000)
            .map(|n| vec!["main", if n < hot { "hot" } else { "cold" }])
            .collect();
        let mut run = CaptureSummary::of(&testing::profile(&stacks), None);
        run.samples *= 10;
        for function in &mut run.top_functions {
            function.self_samples *= 10;
        }
        run
    }

    fn baseline(runs: &[usize]) -> Baseline {
        Baseline {
            name: "main".into(),
            saved_at: jiff::Timestamp::UNIX_EPOCH,
            machine: testing::header().machine,
            commit: None,
            dirty: None,
            runs: runs.iter().map(|hot| run(*hot)).collect(),
        }
    }

    fn hot(runs: &[usize], now: usize) -> ComparedValue {
        let comparison = compare(&baseline(runs), &run(now), &testing::header().machine);
        assert_eq!(comparison.mismatches, [] as [&str; 0]);
        let row = comparison
            .rows
            .into_iter()
            .find(|row| row.metric == "self share of hot");
        row.expect("it is compared")
    }

    #[test]
    fn a_function_that_doubles_is_indicative_and_one_that_wobbles_is_not() {
        let doubled = hot(&[200], 400);
        assert!(matches!(doubled.judgement, Judgement::Indicative { z } if z > 3.0));
        assert_eq!(doubled.change_text(), "+20.0 pt");
        assert_eq!(doubled.values_text(), ("20.0 %".into(), "40.0 %".into()));
        assert_eq!(hot(&[200], 215).judgement, Judgement::WithinNoise);
        assert_eq!(hot(&[200], 200).judgement, Judgement::WithinNoise);
    }

    #[test]
    fn a_single_run_is_judged_by_the_formula_of_the_module() {
        // p = 0.3, n = 10,000 each: s² = 2·4·0.21/10⁴ + 2·(0.05·0.3)², as worked by hand.
        let z = 0.2 / (2.0 * 4.0 * 0.21 / 1e4 + 2.0 * 0.015_f64.powi(2)).sqrt();
        let Judgement::Indicative { z: judged } = hot(&[200], 400).judgement else {
            panic!()
        };
        assert!((judged - z).abs() < 1e-9, "{judged} is {z}");
    }

    #[test]
    fn runs_that_differ_among_themselves_raise_the_bar() {
        assert!(matches!(
            hot(&[200], 300).judgement,
            Judgement::Indicative { .. }
        ));
        assert_eq!(hot(&[150, 200, 250], 300).judgement, Judgement::WithinNoise);
        assert!(matches!(
            hot(&[198, 200, 202], 300).judgement,
            Judgement::Indicative { .. }
        ));
    }

    #[test]
    fn a_difference_below_a_point_does_not_matter_however_sure() {
        let mut base = baseline(&[20]);
        let mut now = run(28);
        for run in base.runs.iter_mut().chain([&mut now]) {
            run.samples *= 100_000;
            run.top_functions
                .iter_mut()
                .for_each(|f| f.self_samples *= 100_000);
        }
        let comparison = compare(&base, &now, &testing::header().machine);
        let row = comparison
            .rows
            .iter()
            .find(|row| row.metric.ends_with("hot"))
            .expect("a row");
        assert_eq!(row.judgement, Judgement::WithinNoise);
    }

    #[test]
    fn a_function_that_is_gone_or_new_is_compared_with_nothing() {
        let gone = hot(&[200], 0);
        assert!(gone.now.abs() < 1e-12 && matches!(gone.judgement, Judgement::Indicative { .. }));
        assert_eq!(gone.change_text(), "\u{2212}20.0 pt");
        let new = hot(&[0], 200);
        assert!(new.base.abs() < 1e-12 && matches!(new.judgement, Judgement::Indicative { .. }));
    }

    #[test]
    fn another_machine_sampler_or_frequency_is_said() {
        let mut machine = testing::header().machine;
        machine.cores = 64;
        let mut now = run(200);
        now.frequency_hz = 99;
        now.duration_s = 60.0;
        let comparison = compare(&baseline(&[200]), &now, &machine);
        assert_eq!(
            comparison.mismatches,
            [
                "cores: 2 then, 64 now",
                "frequency: 1000 Hz then, 99 Hz now",
                "length: 10.0 s then, 60.0 s now",
            ]
        );
    }

    #[test]
    fn cpu_and_memory_are_compared_where_both_have_them() {
        let mut base = baseline(&[200]);
        let mut now = run(200);
        now.cpu_cores = Some(1.5);
        let metrics = |base: &Baseline, now: &CaptureSummary| {
            compare(base, now, &testing::header().machine).rows
        };
        assert!(
            metrics(&base, &now)
                .iter()
                .all(|row| row.unit == Unit::Share)
        );
        base.runs[0].cpu_cores = Some(1.0);
        let row = &metrics(&base, &now)[0];
        assert_eq!(
            (row.metric.as_str(), row.change_text()),
            ("CPU time", "+50.0 %".into())
        );
        assert!(matches!(row.judgement, Judgement::Indicative { .. }));
        now.cpu_cores = Some(1.1);
        assert_eq!(metrics(&base, &now)[0].judgement, Judgement::WithinNoise);
    }

    #[test]
    fn bytes_are_written_in_binary_units() {
        let texts = [0.0, 1023.0, 1536.0, 50_462_720.0, -2_147_483_648.0].map(bytes);
        assert_eq!(
            texts,
            ["0 B", "1023 B", "1.5 KiB", "48.1 MiB", "\u{2212}2.0 GiB"]
        );
    }
}

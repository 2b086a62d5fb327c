//! Two sides compared, function by function: shares of the weight, with the interval of each
//! difference.
//!
//! For a share p of n events its variance is [`DESIGN_EFFECT`]·p(1−p)/n (see
//! [`crate::bench`]: neighbouring samples see the same request). A side of several captures uses
//! the larger of that and the spread of its captures. A difference Δ has the interval Δ ± k·s,
//! s² the sum of both sides' variances, and k the 99.73 % quantile of Student's t for the side with
//! fewest captures, 3 where neither has several: such an interval covers what sampling does, not
//! how much two runs differ by themselves.

use std::collections::BTreeMap;

use crate::{
    bench::{DESIGN_EFFECT, three_sigma},
    profile::{Function, Profile, Selection, Unit, builder::file_name, top_functions},
};

/// A part of a capture that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The capture.
    pub profile: &'a Profile,
    /// What of it.
    pub selection: &'a Selection,
}

/// A function, the same one in all captures: by name and module, for ids and addresses change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionKey {
    /// Full name.
    pub name: String,
    /// File name of its module; empty where it has none.
    pub module: String,
}

impl FunctionKey {
    /// The key of a function of a profile.
    pub fn of(profile: &Profile, function: &Function) -> Self {
        let module = profile.modules.get(function.module as usize);
        Self {
            name: function.name.clone(),
            module: module.map_or_else(String::new, |m| file_name(&m.path).to_owned()),
        }
    }
}

/// A difference of shares, candidate minus base, with its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// Base, 0..1.
    pub base: f64,
    /// Candidate, 0..1.
    pub candidate: f64,
    /// Lower end of the interval of candidate − base.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Difference {
    /// Two parts of two wholes (weights), each whole of so many events; the interval covers sampling
    /// alone.
    pub fn of_sampling(base: (u64, u64, u64), candidate: (u64, u64, u64)) -> Self {
        let share = |(part, whole, _): (u64, u64, u64)| part as f64 / whole.max(1) as f64;
        let variance = |side| sampling_variance(share(side), side.2);
        let half = 3.0 * (variance(base) + variance(candidate)).sqrt();
        let change = share(candidate) - share(base);
        Self {
            base: share(base),
            candidate: share(candidate),
            low: change - half,
            high: change + half,
        }
    }

    /// Candidate minus base.
    pub fn change(&self) -> f64 {
        self.candidate - self.base
    }

    /// Whether the interval leaves zero out.
    pub fn is_clear(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// A function on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDifference {
    /// Which.
    pub function: FunctionKey,
    /// Share in which it was innermost.
    pub self_share: Difference,
    /// Share in which it was anywhere on the stack.
    pub total_share: Difference,
}

/// What a side is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SideSum {
    /// Captures.
    pub captures: usize,
    /// Samples, waits or faults.
    pub events: u64,
    /// Sum of the weight over the captures.
    pub weight: u64,
    /// Time that was looked at, seconds.
    pub seconds: f64,
}

/// Two sides compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    /// What the weights count.
    pub unit: Unit,
    /// Base.
    pub base: SideSum,
    /// Candidate.
    pub candidate: SideSum,
    /// Functions, those whose self share changed most first.
    pub functions: Vec<FunctionDifference>,
    /// Whether the intervals cover how much captures differ by themselves: both sides have several.
    pub knows_spread: bool,
}

/// Shares of one capture: self and total by function, and the events behind them.
struct Capture {
    shares: BTreeMap<FunctionKey, [f64; 2]>,
    events: u64,
}

impl Capture {
    fn of(part: Part<'_>) -> Self {
        let profile = part.profile;
        let whole = profile.total(part.selection).max(1) as f64;
        let mut shares: BTreeMap<FunctionKey, [f64; 2]> = BTreeMap::new();
        for top in top_functions(profile, part.selection, false) {
            let function = &profile.functions[top.function as usize];
            let key = FunctionKey::of(profile, function);
            // Namesakes of one module count together.
            let sum = shares.entry(key).or_default();
            sum[0] += top.self_samples as f64 / whole;
            sum[1] += top.total_samples as f64 / whole;
        }
        let events = profile.weighed(part.selection).map(|row| row.events).sum();
        Self { shares, events }
    }
}

fn sampling_variance(share: f64, events: u64) -> f64 {
    // A share that was never seen can still be one in so many events, and one of all less.
    let least = 1.0 / (events as f64 + 2.0);
    let p = share.clamp(least, 1.0 - least);
    DESIGN_EFFECT * p * (1.0 - p) / events.max(1) as f64
}

/// A side's mean share and the variance of that mean.
fn mean_of(captures: &[Capture], key: &FunctionKey, which: usize) -> (f64, f64) {
    let count = captures.len().max(1) as f64;
    let share = |capture: &Capture| capture.shares.get(key).map_or(0.0, |shares| shares[which]);
    let mean = captures.iter().map(share).sum::<f64>() / count;
    let of_sampling = |capture: &Capture| sampling_variance(share(capture), capture.events);
    let sampling = captures.iter().map(of_sampling).sum::<f64>() / (count * count);
    if captures.len() < 2 {
        return (mean, sampling);
    }
    let squares = captures
        .iter()
        .map(|c| (share(c) - mean).powi(2))
        .sum::<f64>();
    let spread = squares / (count - 1.0) / count;
    (mean, sampling.max(spread))
}

/// Compares two sides of one capture or more each, all weighed alike.
pub fn diff(base: &[Part<'_>], candidate: &[Part<'_>]) -> Diff {
    let unit = base.first().map_or(Unit::Samples, |part| {
        part.profile.unit(part.selection.weight)
    });
    let captures = |parts: &[Part<'_>]| parts.iter().map(|part| Capture::of(*part)).collect();
    let (bases, candidates): (Vec<Capture>, Vec<Capture>) = (captures(base), captures(candidate));
    let fewest = bases.len().min(candidates.len());
    let knows_spread = fewest >= 2;
    let factor = if knows_spread {
        three_sigma(fewest - 1)
    } else {
        3.0
    };
    let mut keys: Vec<&FunctionKey> = bases
        .iter()
        .chain(&candidates)
        .flat_map(|capture| capture.shares.keys())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let difference = |key: &FunctionKey, which: usize| {
        let (base, base_variance) = mean_of(&bases, key, which);
        let (candidate, candidate_variance) = mean_of(&candidates, key, which);
        let half = factor * (base_variance + candidate_variance).sqrt();
        Difference {
            base,
            candidate,
            low: candidate - base - half,
            high: candidate - base + half,
        }
    };
    let mut functions: Vec<FunctionDifference> = keys
        .into_iter()
        .map(|key| FunctionDifference {
            function: key.clone(),
            self_share: difference(key, 0),
            total_share: difference(key, 1),
        })
        .collect();
    functions.sort_by(|a, b| {
        let size =
            |f: &FunctionDifference| (f.self_share.change().abs(), f.total_share.change().abs());
        let ((a_self, a_total), (b_self, b_total)) = (size(a), size(b));
        let by_size = b_self.total_cmp(&a_self).then(b_total.total_cmp(&a_total));
        by_size.then_with(|| a.function.cmp(&b.function))
    });
    Diff {
        unit,
        base: sum_of(base, &bases),
        candidate: sum_of(candidate, &candidates),
        functions,
        knows_spread,
    }
}

/// What differs between the sides beside the program, and may be why shares differ.
/// Sentences without a full stop.
pub fn unlike(base: &Profile, candidate: &Profile) -> Vec<String> {
    let mut found = Vec::new();
    let units = [base, candidate].map(|profile| profile.unit(crate::profile::Weight::Cpu).noun());
    if units[0] != units[1] {
        found.push(format!(
            "one side counts {}, the other {}",
            units[0], units[1]
        ));
    }
    if base.foreign.is_some() || candidate.foreign.is_some() {
        // What other tools do not state cannot differ.
        return found;
    }
    let (base, candidate) = (&base.header, &candidate.header);
    if base.machine != candidate.machine {
        found.push(format!(
            "the captures come from different machines or kernels ({}, Linux {}; {}, Linux {})",
            base.machine.cpu_model,
            base.machine.kernel,
            candidate.machine.cpu_model,
            candidate.machine.kernel
        ));
    }
    if base.sampler != candidate.sampler {
        found.push(format!(
            "the captures were sampled by different clocks ({}, {})",
            base.sampler.label(),
            candidate.sampler.label()
        ));
    }
    if base.kernel_frames != candidate.kernel_frames {
        found.push("only one side has kernel frames, so the other's shares are of less".to_owned());
    }
    found
}

fn sum_of(parts: &[Part<'_>], captures: &[Capture]) -> SideSum {
    let seconds = |part: &Part<'_>| {
        let range = part.selection.time_ns.as_ref();
        let length = range.map_or_else(|| part.profile.duration_ns(), |r| r.end - r.start);
        length as f64 / 1e9
    };
    SideSum {
        captures: parts.len(),
        events: captures.iter().map(|capture| capture.events).sum(),
        weight: parts.iter().map(|p| p.profile.total(p.selection)).sum(),
        seconds: parts.iter().map(seconds).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    /// `hot` and `cold` called from `main`, so many samples each.
    fn profile(hot: usize, cold: usize) -> Profile {
        let mut stacks = vec![vec!["main", "hot"]; hot];
        stacks.extend(vec![vec!["main", "cold"]; cold]);
        testing::profile(&stacks)
    }

    fn of(base: &[&Profile], candidate: &[&Profile]) -> Diff {
        let selection = Selection::default();
        let part = |profile| Part {
            profile,
            selection: &selection,
        };
        let base: Vec<Part<'_>> = base.iter().map(|p| part(*p)).collect();
        let candidate: Vec<Part<'_>> = candidate.iter().map(|p| part(*p)).collect();
        diff(&base, &candidate)
    }

    fn named<'a>(diff: &'a Diff, name: &str) -> &'a FunctionDifference {
        let mut functions = diff.functions.iter();
        functions.find(|row| row.function.name == name).expect(name)
    }

    #[test]
    fn a_function_that_grows_and_one_that_shrinks_come_first_with_their_shares() {
        let diff = of(&[&profile(200, 800)], &[&profile(500, 500)]);
        let hot = named(&diff, "hot");
        assert!((hot.self_share.change() - 0.3).abs() < 1e-9);
        assert!(hot.self_share.is_clear() && hot.self_share.low > 0.15);
        assert!((named(&diff, "cold").self_share.change() + 0.3).abs() < 1e-9);
        let main = named(&diff, "main");
        assert!((main.total_share.base - 1.0).abs() < 1e-9);
        assert!(!main.total_share.is_clear());
        assert_eq!(diff.functions[2].function.name, "main");
    }

    #[test]
    fn few_samples_leave_a_difference_open() {
        let diff = of(&[&profile(2, 8)], &[&profile(5, 5)]);
        let hot = named(&diff, "hot").self_share;
        assert!(!hot.is_clear(), "{hot:?}");
    }

    #[test]
    fn new_and_vanished_functions_are_there_with_a_share_of_zero() {
        let diff = of(&[&profile(100, 0)], &[&profile(0, 100)]);
        assert!((named(&diff, "hot").self_share.candidate).abs() < 1e-12);
        assert!((named(&diff, "cold").self_share.base).abs() < 1e-12);
        assert!(named(&diff, "cold").self_share.is_clear());
    }

    #[test]
    fn captures_that_differ_among_themselves_widen_the_interval() {
        let (few, many) = (profile(150, 850), profile(250, 750));
        let (low, high) = (profile(210, 790), profile(290, 710));
        let steady = of(&[&few, &few, &few], &[&high, &high, &high]);
        let wild = of(&[&few, &many, &few], &[&low, &high, &high]);
        let width = |diff: &Diff| {
            let share = named(diff, "hot").self_share;
            share.high - share.low
        };
        assert!(steady.knows_spread && wild.knows_spread);
        assert!(width(&wild) > 1.5 * width(&steady));
    }

    #[test]
    fn the_same_capture_differs_nowhere() {
        let same = profile(30, 70);
        let diff = of(&[&same], &[&same]);
        assert!(
            diff.functions
                .iter()
                .all(|f| f.self_share.change().abs() < 1e-12)
        );
        assert!(diff.functions.iter().all(|f| !f.self_share.is_clear()));
    }
}

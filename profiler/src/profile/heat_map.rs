//! The heat map: when in its second something happened, second by second, so that what comes back
//! in step with a clock is seen as a line.

use crate::profile::{Profile, Selection};

/// Parts that a second is cut into.
pub const PARTS: usize = 50;
const SECOND_NS: u64 = 1_000_000_000;
const PART_NS: u64 = SECOND_NS / PARTS as u64;

/// The weight of a selection by second and part of the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatMap {
    /// The first second, since the capture's start.
    pub first_s: u64,
    /// Seconds.
    pub seconds: usize,
    /// Weight of each part: those of the first second first.
    pub weights: Vec<u64>,
    /// The largest of them.
    pub most: u64,
}

impl HeatMap {
    /// Sorts the weight of a selection into its seconds; a wait counts where it began. Linear in
    /// the rows.
    pub fn of(profile: &Profile, selection: &Selection) -> Self {
        let whole = 0..profile.duration_ns().max(1);
        let range = selection.time_ns.clone().unwrap_or(whole);
        let first_s = range.start / SECOND_NS;
        let seconds = (range.end.div_ceil(SECOND_NS).saturating_sub(first_s)).max(1) as usize;
        let mut map = Self {
            first_s,
            seconds,
            weights: vec![0; seconds * PARTS],
            most: 0,
        };
        for (row, time_ns) in profile.weighed_at(selection) {
            let part = (time_ns / PART_NS).checked_sub(first_s * PARTS as u64);
            if let Some(weight) = part.and_then(|part| map.weights.get_mut(part as usize)) {
                *weight += row.weight;
            }
        }
        map.most = map.weights.iter().copied().max().unwrap_or(0);
        map
    }

    /// Weight of a part of a second, counted from [`Self::first_s`].
    pub fn weight(&self, second: usize, part: usize) -> u64 {
        let place = second * PARTS + part.min(PARTS - 1);
        self.weights.get(place).copied().unwrap_or(0)
    }

    /// The time that a part stands for, seconds since the capture's start.
    pub fn range_s(&self, second: usize, part: usize) -> (f64, f64) {
        let start = (self.first_s + second as u64) as f64 + part as f64 / PARTS as f64;
        (start, start + 1.0 / PARTS as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{capture::model::NONE, profile::testing};

    fn profile(times_ms: &[u64]) -> Profile {
        let mut profile = testing::two_threads();
        let samples = &mut profile.samples;
        samples.time_ns = times_ms.iter().map(|ms| ms * 1_000_000).collect();
        samples.thread = vec![0; times_ms.len()];
        samples.stack = vec![NONE; times_ms.len()];
        samples.flags = vec![0; times_ms.len()];
        profile.end = None;
        profile
    }

    #[test]
    fn what_comes_every_second_lies_on_a_line() {
        let profile = profile(&[250, 255, 1_251, 2_259, 2_990]);
        let map = HeatMap::of(&profile, &Selection::default());
        assert_eq!((map.seconds, map.most), (3, 2));
        let line: Vec<u64> = (0..3).map(|second| map.weight(second, 12)).collect();
        assert_eq!(line, [2, 1, 1]);
        assert_eq!(map.weight(2, 49), 1);
        assert_eq!(map.weights.iter().sum::<u64>(), 5);
    }

    #[test]
    fn a_range_begins_with_its_own_second() {
        let profile = profile(&[250, 1_251, 2_259]);
        let selection = Selection {
            time_ns: Some(1_200_000_000..3_000_000_000),
            ..Selection::default()
        };
        let map = HeatMap::of(&profile, &selection);
        assert_eq!((map.first_s, map.seconds), (1, 2));
        assert_eq!((map.weight(0, 12), map.weight(1, 12)), (1, 1));
        let (from, to) = map.range_s(0, 12);
        assert!((from - 1.24).abs() < 1e-9 && (to - 1.26).abs() < 1e-9);
    }
}

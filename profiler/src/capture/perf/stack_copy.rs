//! How much of the stack is copied with each sample: as much as the stacks seen need, no more.

/// Copies begin so large where nothing was asked for.
const FIRST_BYTES: u32 = 32 << 10;
const SMALLEST_BYTES: u32 = 8 << 10;
/// The kernel refuses more.
pub(super) const LARGEST_BYTES: u32 = 65_528;
/// Fewer samples say nothing of what stacks need.
const LEAST_SAMPLES_TO_GROW: u32 = 64;
const LEAST_SAMPLES_TO_SHRINK: u32 = 500;
/// Copies shrink after so long, once.
const SHRINK_AFTER_NS: u64 = 2_000_000_000;
/// More copies that were too short than this share make them grow.
const CUT_SHARE_TO_GROW: f64 = 0.01;
/// Steps of the histogram of needs.
const STEP_BYTES: u32 = 2 << 10;
const STEPS: usize = 32;

/// Watches what stacks need, and says when the copies' size should change.
#[derive(Clone, Debug)]
pub(super) struct StackCopy {
    bytes: u32,
    is_fixed: bool,
    may_shrink: bool,
    since_ns: u64,
    samples: u32,
    cut_short: u32,
    /// Whole stacks by the bytes that they needed, in steps.
    needs: [u32; STEPS],
}

impl StackCopy {
    /// Copies of a fixed size, or of one that adapts.
    pub(super) fn new(fixed_bytes: Option<u32>, now_ns: u64) -> Self {
        let bytes = fixed_bytes.map_or(FIRST_BYTES, |bytes| bytes.clamp(8, LARGEST_BYTES) & !7);
        Self {
            bytes,
            is_fixed: fixed_bytes.is_some(),
            may_shrink: true,
            since_ns: now_ns,
            samples: 0,
            cut_short: 0,
            needs: [0; STEPS],
        }
    }

    /// Size now.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Notes a sample: the bytes of the copy that its unwinding looked at, and whether it ended
    /// because the copy did.
    pub(super) fn observe(&mut self, needed_bytes: u32, was_cut_short: bool) {
        self.samples = self.samples.saturating_add(1);
        if was_cut_short {
            self.cut_short = self.cut_short.saturating_add(1);
        } else {
            let step = (needed_bytes / STEP_BYTES) as usize;
            self.needs[step.min(STEPS - 1)] += 1;
        }
    }

    /// The size that copies should have from now on, where it is another.
    pub(super) fn decide(&self, now_ns: u64) -> Option<u32> {
        if self.is_fixed {
            return None;
        }
        let cut_share = f64::from(self.cut_short) / f64::from(self.samples.max(1));
        if self.samples >= LEAST_SAMPLES_TO_GROW && cut_share > CUT_SHARE_TO_GROW {
            return (self.bytes < LARGEST_BYTES)
                .then(|| self.bytes.saturating_mul(2).min(LARGEST_BYTES));
        }
        let is_time = now_ns.saturating_sub(self.since_ns) >= SHRINK_AFTER_NS;
        if !(self.may_shrink && is_time && self.samples >= LEAST_SAMPLES_TO_SHRINK) {
            return None;
        }
        let enough = self.enough_bytes();
        (enough < self.bytes).then_some(enough)
    }

    /// The size was changed to `bytes`, or could not be: watching begins anew.
    pub(super) fn changed(&mut self, bytes: u32, now_ns: u64) {
        let has_shrunk = bytes < self.bytes;
        *self = Self {
            // Growing again after shrinking would otherwise go on for ever.
            may_shrink: self.may_shrink && !has_shrunk && bytes <= FIRST_BYTES,
            ..Self::new(None, now_ns)
        };
        self.bytes = bytes;
    }

    /// Changing failed: the size stays as it is for good.
    pub(super) fn give_up(&mut self) {
        self.is_fixed = true;
    }

    /// Twice what 999 of 1,000 stacks needed, as a power of two.
    fn enough_bytes(&self) -> u32 {
        let allowed_above = self.samples / 1_000;
        let mut above = self.cut_short;
        for step in (0..STEPS).rev() {
            above += self.needs[step];
            if above > allowed_above {
                let need = (step as u32 + 1) * STEP_BYTES;
                let bytes = (need * 2).next_power_of_two();
                return bytes.clamp(SMALLEST_BYTES, LARGEST_BYTES);
            }
        }
        SMALLEST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shallow_stacks_shrink_the_copies_once() {
        let mut copy = StackCopy::new(None, 0);
        for _ in 0..1_000 {
            copy.observe(1_500, false);
        }
        assert_eq!(copy.decide(SHRINK_AFTER_NS - 1), None);
        assert_eq!(copy.decide(SHRINK_AFTER_NS), Some(SMALLEST_BYTES));
        copy.changed(SMALLEST_BYTES, SHRINK_AFTER_NS);
        for _ in 0..100 {
            copy.observe(0, true);
        }
        assert_eq!(copy.decide(SHRINK_AFTER_NS), Some(16 << 10));
        copy.changed(16 << 10, SHRINK_AFTER_NS);
        for _ in 0..1_000 {
            copy.observe(1_500, false);
        }
        assert_eq!(copy.decide(u64::MAX), None, "it does not swing");
    }

    #[test]
    fn copies_that_are_too_short_grow_up_to_the_kernels_limit() {
        let mut copy = StackCopy::new(None, 0);
        for _ in 0..100 {
            copy.observe(0, true);
        }
        assert_eq!(copy.decide(1), Some(LARGEST_BYTES));
        copy.changed(LARGEST_BYTES, 1);
        for _ in 0..100 {
            copy.observe(0, true);
        }
        assert_eq!(copy.decide(2), None);
    }

    #[test]
    fn a_few_deep_stacks_keep_the_copies_large() {
        let mut copy = StackCopy::new(None, 0);
        for sample in 0..1_000 {
            copy.observe(if sample % 100 == 0 { 14 << 10 } else { 600 }, false);
        }
        assert_eq!(copy.decide(SHRINK_AFTER_NS), None);
    }

    #[test]
    fn a_size_that_was_asked_for_stays() {
        let mut copy = StackCopy::new(Some(70_000), 0);
        assert_eq!(copy.bytes(), LARGEST_BYTES);
        for _ in 0..1_000 {
            copy.observe(600, false);
        }
        assert_eq!(copy.decide(u64::MAX), None);
    }
}

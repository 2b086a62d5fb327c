//! How much of a selection a call tree shows.

/// How much of a selection a call tree shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Every node.
    #[default]
    Whole,
    /// What can be looked at: where the selection touches more than 32,768 stack nodes, the
    /// lightest nodes are left out, so that the time it takes does not grow with the profile.
    /// Totals of what is there stay exact, and [`super::CallTree::least`] says where it ends.
    Bounded,
}

/// Stack nodes that a bounded tree is made of at most.
const MOST_STACK_NODES: usize = 1 << 15;

/// Stack nodes whose weights are looked at, at least, to find out which are too light.
const LOOKED_AT: usize = MOST_STACK_NODES * 4;

impl Detail {
    /// The least weight of a node that is shown, by the weights of all stack nodes.
    pub(super) fn least(self, totals: &[u64]) -> u64 {
        if self == Self::Whole || totals.len() <= MOST_STACK_NODES {
            return 1;
        }
        // Of millions, every so many tell enough.
        let stride = (totals.len() / LOOKED_AT).max(1);
        let mut by_step = [0_usize; STEPS];
        for total in totals.iter().step_by(stride).filter(|total| **total > 0) {
            by_step[step_of(*total)] += stride;
        }
        let mut nodes = 0;
        let too_light = by_step.iter().rposition(|count| {
            nodes += count;
            nodes > MOST_STACK_NODES
        });
        too_light.map_or(1, |step| start_of(step + 1))
    }
}

/// Steps of a weight: four to a power of two.
const STEPS: usize = 64 * 4;

/// The step that a weight above 0 lies in.
fn step_of(weight: u64) -> usize {
    let power = weight.ilog2();
    // The two bits behind the highest.
    let quarter = match power {
        0 | 1 => weight << (2 - power),
        _ => weight >> (power - 2),
    };
    power as usize * 4 + (quarter & 3) as usize
}

/// The least weight that lies in a step or beyond.
fn start_of(step: usize) -> u64 {
    let quarters = 4 + (step % 4) as u128;
    let weight = (quarters << (step / 4)).div_ceil(4);
    u64::try_from(weight).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_nodes_are_heavy_enough() {
        let mut totals = vec![3; MOST_STACK_NODES];
        assert_eq!(Detail::Bounded.least(&totals), 1);
        totals.extend([0, 0, 0]);
        let least = Detail::Bounded.least(&totals);
        assert_eq!(least, 1, "what weighs nothing is not there");
        totals.extend([5, 7]);
        assert_eq!(Detail::Bounded.least(&totals), 4);
        assert_eq!(Detail::Whole.least(&totals), 1);
        totals.extend(vec![9; MOST_STACK_NODES - 1]);
        assert_eq!(Detail::Bounded.least(&totals), 6);
    }

    #[test]
    fn a_step_begins_at_the_least_weight_that_lies_in_it() {
        for weight in (1..2_000).chain([u64::MAX / 3, u64::MAX]) {
            let step = step_of(weight);
            assert!(start_of(step) <= weight, "{weight}");
            assert!(
                start_of(step + 1) > weight || weight == u64::MAX,
                "{weight}"
            );
        }
    }
}

//! How much of a selection a call tree shows.

/// How much of a selection a call tree shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Every node.
    #[default]
    Whole,
    /// What can be looked at: where the selection touches more than 65,536 stack nodes, the
    /// lightest nodes are left out, so that the time it takes does not grow with the profile.
    /// Totals of what is there stay exact, and [`super::CallTree::least`] says where it ends.
    Bounded,
}

/// Stack nodes that a bounded tree is made of at most.
const MOST_STACK_NODES: usize = 1 << 16;

impl Detail {
    /// The least weight of a node that is shown, by the weights of all stack nodes: a power of two.
    pub(super) fn least(self, totals: &[u64]) -> u64 {
        if self == Self::Whole || totals.len() <= MOST_STACK_NODES {
            return 1;
        }
        let mut by_power = [0_usize; 64];
        for total in totals.iter().filter(|total| **total > 0) {
            by_power[total.ilog2() as usize] += 1;
        }
        let mut nodes = 0;
        let too_light = by_power.iter().rposition(|count| {
            nodes += count;
            nodes > MOST_STACK_NODES
        });
        too_light.map_or(1, |power| 1_u64 << (power + 1).min(63))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_nodes_are_heavy_enough() {
        let mut totals = vec![3; MOST_STACK_NODES];
        assert_eq!(Detail::Bounded.least(&totals), 1);
        totals.extend([0, 0, 0]);
        assert_eq!(
            Detail::Bounded.least(&totals),
            1,
            "what weighs nothing is not there"
        );
        totals.extend([4, 7]);
        assert_eq!(Detail::Bounded.least(&totals), 4);
        assert_eq!(Detail::Whole.least(&totals), 1);
        totals.extend(vec![9; MOST_STACK_NODES - 1]);
        assert_eq!(Detail::Bounded.least(&totals), 8);
    }
}

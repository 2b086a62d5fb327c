//! Reads of a cache find what they ask for.

use scrutineer_evidence::{
    Kind,
    caches::{Cache, CacheFacts},
};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale};
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of hits";

/// Reads hits ÷ (hits + misses) of the window. What is a good rate depends on the cache, so that
/// its worst is attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheHits {
    /// Share of hits from which the item passes, 0..1.
    pub good_share: f64,
    /// Share of hits below which it would fail, 0..1.
    pub fail_share: f64,
    /// Reads in the window from which the share is judged.
    pub least_reads: u64,
}

impl Rule for CacheHits {
    type Needs<'e> = (Declared, &'e CacheFacts);
    const NAME: &'static str = "CacheHits";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: hits ≥ {}; attention: ≥ {}; fail, for a person to confirm: below",
            words::percent(self.good_share),
            words::percent(self.fail_share),
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: None,
            less_is_better: false,
        })
    }

    fn judge(&self, (declared, caches): Self::Needs<'_>) -> Verdict {
        servers::of_caches(&declared, caches, |cache| self.weigh(cache))
    }
}

impl CacheHits {
    fn weigh(&self, cache: &Cache) -> Verdict {
        let reads = cache.hits.saturating_add(cache.misses);
        if reads < self.least_reads {
            return servers::too_little(
                Kind::Caches,
                &words::counted(reads, "read", "reads"),
                &words::counted(self.least_reads, "read", "reads"),
            );
        }
        let share = cache.hits as f64 / reads.max(1) as f64;
        let outcome = if share >= self.good_share {
            Outcome::Pass
        } else if share >= self.fail_share {
            Outcome::Attention
        } else {
            Outcome::Fail
        };
        let number = words::percent(share);
        let summary = format!("Of the reads {number} found their key.");
        Verdict::new(outcome, Confidence::Indicative, number, summary)
            .read(
                Kind::Caches,
                format!(
                    "{} and {}; {} evicted",
                    words::counted(cache.hits, "hit", "hits"),
                    words::counted(cache.misses, "miss", "misses"),
                    words::counted(cache.evictions, "key", "keys"),
                ),
            )
            .rests_on(MATERIAL, share, 0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(hits: u64, misses: u64) -> Verdict {
        let rule = CacheHits {
            good_share: 0.8,
            fail_share: 0.5,
            least_reads: 1_000,
        };
        let mut caches = testing::caches();
        let cache = caches.caches[0].1.as_mut().unwrap();
        (cache.hits, cache.misses) = (hits, misses);
        judged(&rule, |evidence| evidence.caches = Ok(caches))
    }

    #[test]
    fn the_share_of_hits_decides_and_never_fails_alone() {
        assert_eq!(verdict(800, 200).outcome, Outcome::Pass);
        assert_eq!(verdict(799, 201).outcome, Outcome::Attention);
        let bad = verdict(100, 900);
        assert_eq!(bad.outcome, Outcome::Attention);
        assert!(bad.summary.contains("wants a person's confirmation"));
    }

    #[test]
    fn few_reads_are_inconclusive() {
        assert_eq!(verdict(999, 0).outcome, Outcome::Inconclusive);
    }
}

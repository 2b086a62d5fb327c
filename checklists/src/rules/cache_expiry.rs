//! Keys of a cache go by themselves.

use scrutineer_evidence::{
    Kind,
    caches::{Cache, CacheFacts},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the share of keys with an expiry, and whether memory is limited with eviction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheExpiry {
    /// Share of keys with an expiry from which the item passes, 0..1.
    pub good_share: f64,
    /// Share of keys with an expiry below which a cache that grows without a limit fails, 0..1.
    pub fail_share: f64,
    /// Keys from which the share is judged.
    pub least_keys: u64,
}

impl Rule for CacheExpiry {
    type Needs<'e> = (Declared, &'e CacheFacts);
    const NAME: &'static str = "CacheExpiry";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≥ {} of keys expire, or memory is limited with eviction; attention: below; \
             fail: < {}, no limit, and growing",
            words::percent(self.good_share),
            words::percent(self.fail_share),
        )
    }

    fn judge(&self, (declared, caches): Self::Needs<'_>) -> Verdict {
        servers::of_caches(&declared, caches, |cache| self.weigh(cache))
    }
}

impl CacheExpiry {
    fn weigh(&self, cache: &Cache) -> Verdict {
        let evicts = cache.limit_bytes.is_some() && cache.policy != "noeviction";
        let limit = cache.limit_bytes.map_or_else(
            || "no limit".into(),
            |bytes| format!("limit {}", words::bytes(bytes as f64)),
        );
        let line = format!(
            "{} in use, {limit}, policy {}",
            words::bytes(cache.used_bytes as f64),
            cache.policy
        );
        let keys = match &cache.keys {
            Ok(keys) => *keys,
            Err(_) if evicts => {
                let summary = format!("Memory is limited with eviction ({limit}).");
                return Verdict::new(Outcome::Pass, Confidence::Strong, "evicts", summary)
                    .read(Kind::Caches, line);
            }
            Err(absent) => return servers::missing(Kind::Caches, absent).read(Kind::Caches, line),
        };
        let line = format!(
            "{} expire of {} ({} at the start); {line}",
            words::count(keys.expiring),
            words::counted(keys.all, "key", "keys"),
            words::count(cache.keys_before)
        );
        if !evicts && keys.all < self.least_keys {
            return servers::too_little(
                Kind::Caches,
                &words::counted(keys.all, "key", "keys"),
                &words::counted(self.least_keys, "key", "keys"),
            )
            .read(Kind::Caches, line);
        }
        let share = keys.expiring as f64 / keys.all.max(1) as f64;
        let is_unbounded = cache.limit_bytes.is_none() && keys.all > cache.keys_before;
        let outcome = if evicts || share >= self.good_share {
            Outcome::Pass
        } else if share < self.fail_share && is_unbounded {
            Outcome::Fail
        } else {
            Outcome::Attention
        };
        let number = words::percent(share);
        let how = if evicts {
            "memory is limited with eviction"
        } else if is_unbounded {
            "memory has no limit, and keys grow"
        } else {
            "nothing is evicted"
        };
        let summary = format!("Of the keys {number} expire; {how}.");
        Verdict::new(outcome, Confidence::Strong, number, summary)
            .read(Kind::Caches, line)
            .rests_on("share of keys that expire", share, 0.05)
            .rests_on("evicts", f64::from(u8::from(evicts)), 0.0)
    }
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::{Absent, caches::Keys};

    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut Cache)) -> Outcome {
        let rule = CacheExpiry {
            good_share: 0.95,
            fail_share: 0.5,
            least_keys: 100,
        };
        let mut caches = testing::caches();
        let cache = caches.caches[0].1.as_mut().unwrap();
        (cache.limit_bytes, cache.policy) = (None, "noeviction".into());
        change(cache);
        judged(&rule, |evidence| evidence.caches = Ok(caches)).outcome
    }

    fn keys(all: u64, expiring: u64) -> impl Fn(&mut Cache) {
        move |cache| cache.keys = Ok(Keys { all, expiring })
    }

    #[test]
    fn expiring_keys_or_eviction_pass_and_growth_without_either_fails() {
        assert_eq!(verdict(keys(1_000, 950)), Outcome::Pass);
        assert_eq!(verdict(keys(1_000, 949)), Outcome::Attention);
        let growing = |cache: &mut Cache| {
            keys(1_000, 499)(cache);
            cache.keys_before = 900;
        };
        assert_eq!(verdict(growing), Outcome::Fail);
        let steady = |cache: &mut Cache| {
            keys(1_000, 0)(cache);
            cache.keys_before = 1_000;
        };
        assert_eq!(verdict(steady), Outcome::Attention);
        let evicting = |cache: &mut Cache| {
            growing(cache);
            (cache.limit_bytes, cache.policy) = (Some(1 << 30), "allkeys-lru".into());
        };
        assert_eq!(verdict(evicting), Outcome::Pass);
    }

    #[test]
    fn few_keys_and_hidden_keys_are_not_judged() {
        assert_eq!(verdict(keys(99, 0)), Outcome::Inconclusive);
        let hidden = |cache: &mut Cache| {
            cache.keys = Err(Absent::NotAsked {
                would_need: "redis".into(),
            });
        };
        assert_eq!(verdict(hidden), Outcome::Unknown);
    }
}

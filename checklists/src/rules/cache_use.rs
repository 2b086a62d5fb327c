//! The target talks to a cache that the workspace declares.

use scrutineer_evidence::{
    Kind,
    caches::{Cache, CacheEngine, CacheFacts},
    sockets::SocketFacts,
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the target's connections to declared caches, and commands that touch data there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheUse();

impl Rule for CacheUse {
    type Needs<'e> = (Declared, &'e CacheFacts, &'e SocketFacts);
    const NAME: &'static str = "CacheUse";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: the target is connected to a declared Redis that is used; attention: to another \
         cache"
            .into()
    }

    fn judge(&self, (declared, caches, sockets): Self::Needs<'_>) -> Verdict {
        let used = caches.caches.iter().find_map(|(name, cache)| {
            let cache = cache.as_ref().ok()?;
            let remote = sockets
                .remotes
                .iter()
                .find(|one| one.address == cache.address)?;
            (cache.data_commands > 0).then_some((name, cache, remote.peak_connections))
        });
        if let Some((name, cache, connections)) = used {
            return seen(cache)
                .read(
                    Kind::Caches,
                    format!(
                        "{name}: {} that touch data",
                        words::counted(cache.data_commands, "command", "commands")
                    ),
                )
                .read(
                    Kind::Sockets,
                    format!(
                        "at most {} of the target to it",
                        words::counted(connections.into(), "connection", "connections")
                    ),
                )
                .over(declared.window_words(cache.window_s));
        }
        // What was not seen may have been missed, or run elsewhere.
        servers::of_caches(&declared, caches, |_| {
            servers::too_little(
                Kind::Caches,
                "no connection of the target to it with commands that touch data",
                "a load that uses the cache over TCP, or a reason why the item does not apply",
            )
        })
    }
}

fn seen(cache: &Cache) -> Verdict {
    let (outcome, name) = match cache.engine {
        CacheEngine::Redis => (Outcome::Pass, "Redis"),
        CacheEngine::Memcached => (Outcome::Attention, "memcached"),
    };
    let commands = words::counted(cache.data_commands, "command", "commands");
    let summary = format!("The target is connected to {name}, which ran {commands} on data.");
    Verdict::new(outcome, Confidence::Strong, commands, summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(address: &str, change: impl FnOnce(&mut Cache)) -> Outcome {
        let mut caches = testing::caches();
        change(caches.caches[0].1.as_mut().unwrap());
        let mut sockets = testing::sockets();
        sockets.remotes[0].address = address.into();
        judged(&CacheUse(), |evidence| {
            evidence.caches = Ok(caches);
            evidence.sockets = Ok(sockets);
        })
        .outcome
    }

    #[test]
    fn a_used_connection_to_redis_passes() {
        assert_eq!(verdict("127.0.0.1:6379", |_| {}), Outcome::Pass);
        let other = verdict("127.0.0.1:6379", |cache| {
            cache.engine = CacheEngine::Memcached;
        });
        assert_eq!(other, Outcome::Attention);
    }

    #[test]
    fn not_seen_is_not_judged() {
        assert_eq!(verdict("127.0.0.1:1", |_| {}), Outcome::Inconclusive);
        let idle = verdict("127.0.0.1:6379", |cache| cache.data_commands = 0);
        assert_eq!(idle, Outcome::Inconclusive);
    }
}

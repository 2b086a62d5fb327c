//! Connections to other services stay bounded while load grows.

use scrutineer_evidence::{
    Absent, Kind,
    process::ProcessFacts,
    sockets::{Remote, SocketFacts},
};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    needs::Declared,
    reuse,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the most connections per remote against the connections that the target itself served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalConnections {
    /// Peak connections to one remote ÷ peak connections served, up to which they are bounded.
    pub good_ratio: f64,
    /// Fewest connections served at once to tell a bound from the load.
    pub least_concurrency: u32,
    /// Descriptors ÷ their limit from which the item fails, 0..1.
    pub descriptor_share: f64,
    /// Connections in `TIME_WAIT` to one remote from which ports run out.
    pub time_wait: u32,
}

impl Rule for ExternalConnections {
    type Needs<'e> = (
        Declared,
        &'e SocketFacts,
        Result<&'e ProcessFacts, &'e Absent>,
    );
    const NAME: &'static str = "ExternalConnections";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: connections per remote ≤ {} of those served; attention: they follow the load; \
             fail: ≥ {} of the descriptors, or ≥ {} in TIME_WAIT",
            words::percent(self.good_ratio),
            words::percent(self.descriptor_share),
            words::count(self.time_wait.into()),
        )
    }

    fn judge(&self, (declared, sockets, process): Self::Needs<'_>) -> Verdict {
        if let Some(verdict) = declared.too_short(Kind::Sockets, sockets.window_s) {
            return verdict;
        }
        let served = sockets
            .listeners
            .iter()
            .map(|listener| listener.peak_accepted)
            .max();
        let served = served.unwrap_or(0);
        let busiest = sockets
            .remotes
            .iter()
            .max_by_key(|remote| remote.peak_connections);
        let verdict = match (self.exhausted(sockets, process), busiest) {
            (Some(verdict), _) => verdict,
            (None, None) => reuse::no_remote("outgoing connection", sockets),
            (None, Some(_)) if served < self.least_concurrency => {
                absence_verdict(&Absent::TooLittleData {
                    seen: format!("at most {served} connections were served at once"),
                    needed: format!(
                        "at least {} to tell a bound from the load",
                        self.least_concurrency
                    ),
                })
            }
            (None, Some(remote)) => self.weigh(remote, served),
        };
        let verdict = reuse::lines(verdict, sockets.remotes.iter());
        verdict
            .read(
                Kind::Sockets,
                format!("at most {served} connections served at once"),
            )
            .over(declared.window_words(sockets.window_s))
    }
}

impl ExternalConnections {
    fn exhausted(
        &self,
        sockets: &SocketFacts,
        process: Result<&ProcessFacts, &Absent>,
    ) -> Option<Verdict> {
        let descriptors = process
            .ok()
            .and_then(|facts| facts.descriptors.zip(facts.descriptor_limit));
        if let Some((open, limit)) = descriptors {
            let share = open as f64 / limit.max(1) as f64;
            if share >= self.descriptor_share && !sockets.remotes.is_empty() {
                let number = format!("{} of fds", words::percent(share));
                let summary = format!("{open} of {limit} descriptors are open: they run out.");
                return Some(
                    Verdict::new(Outcome::Fail, Confidence::Strong, number, summary)
                        .read(
                            Kind::Process,
                            format!("{open} descriptors, soft limit {limit}"),
                        )
                        .rests_on("share of descriptors", share, 0.1),
                );
            }
        }
        let remote = sockets
            .remotes
            .iter()
            .find(|remote| remote.time_wait >= self.time_wait)?;
        let number = format!("{} TIME_WAIT", words::count(remote.time_wait.into()));
        let summary = format!("{number} connections to {}: ports run out.", remote.address);
        Some(
            Verdict::new(Outcome::Fail, Confidence::Strong, number, summary).rests_on(
                "connections in TIME_WAIT",
                remote.time_wait.into(),
                0.25,
            ),
        )
    }

    fn weigh(&self, remote: &Remote, served: u32) -> Verdict {
        let ratio = f64::from(remote.peak_connections) / f64::from(served);
        let number = format!("{} at most", words::count(remote.peak_connections.into()));
        let (outcome, words) = if ratio <= self.good_ratio {
            (Outcome::Pass, "they stay below the load")
        } else {
            (Outcome::Attention, "they follow the load")
        };
        let summary = format!(
            "At most {} connections to {} while {served} were served: {words}.",
            remote.peak_connections, remote.address
        );
        Verdict::new(outcome, Confidence::Strong, number, summary).rests_on(
            "connections per connection served",
            ratio,
            0.25,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: ExternalConnections = ExternalConnections {
        good_ratio: 0.5,
        least_concurrency: 8,
        descriptor_share: 0.9,
        time_wait: 20_000,
    };

    fn verdict(change: impl FnOnce(&mut SocketFacts, &mut ProcessFacts)) -> Verdict {
        let (mut sockets, mut process) = (testing::sockets(), testing::process());
        change(&mut sockets, &mut process);
        judged(&RULE, |evidence| {
            evidence.sockets = Ok(sockets);
            evidence.process = Ok(process);
        })
    }

    #[test]
    fn a_pool_smaller_than_the_load_passes() {
        assert_eq!(verdict(|_, _| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn connections_that_follow_the_load_are_worth_attention() {
        let verdict = verdict(|sockets, _| sockets.remotes[0].peak_connections = 32);
        assert_eq!(verdict.outcome, Outcome::Attention);
    }

    #[test]
    fn exhausted_descriptors_or_ports_fail() {
        let descriptors = verdict(|_, process| process.descriptors = Some(1_000));
        assert_eq!(descriptors.outcome, Outcome::Fail);
        let ports = verdict(|sockets, _| sockets.remotes[0].time_wait = 20_000);
        assert_eq!(ports.outcome, Outcome::Fail);
    }

    #[test]
    fn no_remote_or_no_load_is_inconclusive() {
        let none = verdict(|sockets, _| sockets.remotes.clear());
        assert_eq!(none.outcome, Outcome::Inconclusive);
        let idle = verdict(|sockets, _| sockets.listeners[0].peak_accepted = 7);
        assert_eq!(idle.outcome, Outcome::Inconclusive);
        let short = verdict(|sockets, _| sockets.window_s = 5.0);
        assert_eq!(short.outcome, Outcome::Inconclusive);
    }
}

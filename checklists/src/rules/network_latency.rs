//! Segments are seldom sent again.

use scrutineer_evidence::{
    Absent, Kind,
    sockets::{Remote, SocketFacts},
};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale, absence_verdict};
use crate::{
    reuse,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of segments sent again";

/// Reads retransmits and round-trip times per remote; not applicable on loopback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkLatency {
    /// Retransmits ÷ segments below which the item passes, 0..1.
    pub good_share: f64,
    /// Retransmits ÷ segments from which it fails, 0..1.
    pub fail_share: f64,
    /// Fewest segments to judge a remote.
    pub least_segments: u64,
}

impl Rule for NetworkLatency {
    type Needs<'e> = &'e SocketFacts;
    const NAME: &'static str = "NetworkLatency";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: < {} of the segments sent again; attention: up to {}; fail: ≥ {}",
            words::percent(self.good_share),
            words::percent(self.fail_share),
            words::percent(self.fail_share),
        )
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: Some(self.fail_share),
            less_is_better: true,
        })
    }

    fn judge(&self, sockets: &SocketFacts) -> Verdict {
        let far: Vec<_> = sockets
            .remotes
            .iter()
            .filter(|remote| !remote.loopback)
            .collect();
        if far.is_empty() {
            return nothing_far(sockets);
        }
        let judged = far
            .iter()
            .filter(|remote| remote.segments_out >= self.least_segments);
        let worst = judged.max_by(|a, b| share(a).total_cmp(&share(b)));
        let verdict = worst.map_or_else(
            || {
                let most = far
                    .iter()
                    .map(|remote| remote.segments_out)
                    .max()
                    .unwrap_or(0);
                absence_verdict(&Absent::TooLittleData {
                    seen: format!(
                        "at most {} to one remote",
                        words::counted(most, "segment", "segments")
                    ),
                    needed: format!("at least {}", words::count(self.least_segments)),
                })
            },
            |remote| self.weigh(remote),
        );
        far.iter().take(10).fold(verdict, |verdict, remote| {
            verdict.read(Kind::Sockets, line(remote))
        })
    }
}

impl NetworkLatency {
    fn weigh(&self, remote: &Remote) -> Verdict {
        let share = share(remote);
        let outcome = if share >= self.fail_share {
            Outcome::Fail
        } else if share >= self.good_share {
            Outcome::Attention
        } else {
            Outcome::Pass
        };
        let number = format!("{} sent again", words::percent(share));
        let summary = format!(
            "{} of the segments to {} were sent again.",
            words::percent(share),
            remote.address
        );
        Verdict::new(outcome, Confidence::Strong, number, summary)
            .rests_on(MATERIAL, share, 0.5)
            .over(format!(
                "lifetime of the connections, {}",
                words::counted(remote.segments_out, "segment", "segments")
            ))
    }
}

fn share(remote: &Remote) -> f64 {
    remote.retransmits as f64 / remote.segments_out.max(1) as f64
}

fn line(remote: &Remote) -> String {
    let rtt = remote
        .rtt_us
        .map_or("unknown".into(), |rtt| words::microseconds(rtt.into()));
    format!(
        "{}: round trip {rtt}, {} of {} segments sent again",
        remote.address,
        words::count(remote.retransmits),
        words::count(remote.segments_out)
    )
}

fn nothing_far(sockets: &SocketFacts) -> Verdict {
    let near = |address: &str| address.starts_with("127.") || address.starts_with("[::1]");
    let only_near = !sockets.remotes.is_empty() || !sockets.listeners.is_empty();
    if only_near
        && sockets
            .listeners
            .iter()
            .all(|listener| near(&listener.address))
    {
        let addresses = sockets
            .listeners
            .iter()
            .map(|listener| listener.address.as_str());
        let summary = "Not applicable: everything that the process talks to is on loopback.";
        return Verdict::new(
            Outcome::NotApplicable,
            Confidence::Strong,
            "loopback",
            summary,
        )
        .read(
            Kind::Sockets,
            format!(
                "{} remotes, all on loopback; listens at {}",
                sockets.remotes.len(),
                words::list(addresses, 5)
            ),
        );
    }
    reuse::no_remote("connection to another machine", sockets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut SocketFacts)) -> Verdict {
        let rule = NetworkLatency {
            good_share: 0.001,
            fail_share: 0.01,
            least_segments: 10_000,
        };
        let mut sockets = testing::sockets();
        change(&mut sockets);
        judged(&rule, |evidence| evidence.sockets = Ok(sockets))
    }

    fn resent(retransmits: u64) -> Verdict {
        verdict(|sockets| {
            sockets.remotes[0].retransmits = retransmits;
            sockets.remotes[0].segments_out = 100_000;
        })
    }

    #[test]
    fn the_share_sent_again_decides() {
        assert_eq!(resent(99).outcome, Outcome::Pass);
        assert_eq!(resent(100).outcome, Outcome::Attention);
        assert_eq!(resent(1_000).outcome, Outcome::Fail);
    }

    #[test]
    fn loopback_does_not_apply() {
        let verdict = verdict(|sockets| {
            sockets
                .remotes
                .iter_mut()
                .for_each(|remote| remote.loopback = true);
            sockets.listeners[0].address = "127.0.0.1:8080".into();
        });
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn few_segments_or_unseen_peers_are_inconclusive() {
        let few = verdict(|sockets| {
            sockets
                .remotes
                .iter_mut()
                .for_each(|remote| remote.segments_out = 9_999);
        });
        assert_eq!(few.outcome, Outcome::Inconclusive);
        let unseen = verdict(|sockets| {
            sockets.remotes.clear();
            sockets.listeners[0].address = "0.0.0.0:8080".into();
        });
        assert_eq!(unseen.outcome, Outcome::Inconclusive);
    }
}

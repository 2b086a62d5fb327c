//! Calls to other services reuse connections.

use scrutineer_evidence::{Absent, sockets::SocketFacts, traffic::TrafficFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{needs::Declared, reuse, verdict::Verdict};

/// Reads new outgoing connections per request of the window's load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalReuse {
    /// New connections per request up to which the item passes.
    pub good_ratio: f64,
    /// New connections per request above which it fails.
    pub fail_ratio: f64,
}

impl ExternalReuse {
    fn limits(&self) -> reuse::Limits {
        reuse::Limits {
            good: self.good_ratio,
            fail: self.fail_ratio,
        }
    }
}

impl Rule for ExternalReuse {
    type Needs<'e> = (
        Declared,
        &'e SocketFacts,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "ExternalReuse";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        self.limits().threshold("new connections")
    }

    fn judge(&self, (declared, sockets, traffic): Self::Needs<'_>) -> Verdict {
        let remotes: Vec<_> = sockets.remotes.iter().collect();
        reuse::weigh(
            &self.limits(),
            "outgoing connection",
            &remotes,
            (&declared, sockets, traffic),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{self, judged},
        verdict::{Confidence, Outcome},
    };

    fn verdict(opened: u64, requests: Option<u64>) -> Verdict {
        judged(
            &ExternalReuse {
                good_ratio: 0.05,
                fail_ratio: 0.5,
            },
            |evidence| {
                let mut sockets = testing::sockets();
                sockets.remotes.truncate(1);
                sockets.remotes[0].opened = opened;
                evidence.sockets = Ok(sockets);
                if let Some(requests) = requests {
                    let mut traffic = testing::traffic();
                    traffic.requests = requests;
                    evidence.traffic = Ok(traffic);
                }
            },
        )
    }

    #[test]
    fn the_ratio_of_new_connections_decides() {
        let pass = verdict(500, Some(10_000));
        assert_eq!(
            (pass.outcome, pass.confidence),
            (Outcome::Pass, Confidence::Indicative)
        );
        assert_eq!(verdict(501, Some(10_000)).outcome, Outcome::Attention);
        assert_eq!(verdict(5_001, Some(10_000)).outcome, Outcome::Fail);
    }

    #[test]
    fn unknown_or_little_load_is_inconclusive() {
        assert_eq!(verdict(9_000, None).outcome, Outcome::Inconclusive);
        assert_eq!(verdict(900, Some(999)).outcome, Outcome::Inconclusive);
    }
}

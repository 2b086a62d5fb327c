//! Database connections are reused.

use scrutineer_evidence::{Absent, sockets::SocketFacts, traffic::TrafficFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{needs::Declared, reuse, verdict::Verdict};

/// Reads new database connections per request of the window's load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabasePooling {
    /// New connections per request up to which the item passes.
    pub good_ratio: f64,
    /// New connections per request above which it fails.
    pub fail_ratio: f64,
    /// Services that are databases, as the socket probe names them.
    pub services: Vec<String>,
}

impl DatabasePooling {
    fn limits(&self) -> reuse::Limits {
        reuse::Limits {
            good: self.good_ratio,
            fail: self.fail_ratio,
        }
    }
}

impl Rule for DatabasePooling {
    type Needs<'e> = (
        Declared,
        &'e SocketFacts,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "DatabasePooling";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        self.limits().threshold("new database connections")
    }

    fn judge(&self, (declared, sockets, traffic): Self::Needs<'_>) -> Verdict {
        let is_database = |service: &String| self.services.iter().any(|known| known == service);
        let remotes: Vec<_> = sockets
            .remotes
            .iter()
            .filter(|remote| remote.service.as_ref().is_some_and(is_database))
            .collect();
        reuse::weigh(
            &self.limits(),
            "database connection",
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
        verdict::Outcome,
    };

    fn verdict(change: impl FnOnce(&mut SocketFacts)) -> Verdict {
        let rule = DatabasePooling {
            good_ratio: 0.01,
            fail_ratio: 0.2,
            services: vec!["postgres".into()],
        };
        let mut sockets = testing::sockets();
        change(&mut sockets);
        judged(&rule, |evidence| {
            evidence.sockets = Ok(sockets);
            evidence.traffic = Ok(testing::traffic());
        })
    }

    #[test]
    fn the_ratio_of_new_database_connections_decides() {
        assert_eq!(
            verdict(|sockets| sockets.remotes[0].opened = 120).outcome,
            Outcome::Pass
        );
        assert_eq!(
            verdict(|sockets| sockets.remotes[0].opened = 121).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(|sockets| sockets.remotes[0].opened = 2_401).outcome,
            Outcome::Fail
        );
    }

    #[test]
    fn other_services_are_not_counted_and_no_database_is_inconclusive() {
        let verdict = verdict(|sockets| {
            sockets.remotes[0].service = Some("http".into());
            sockets.remotes[0].opened = 12_000;
        });
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert!(
            verdict.summary.contains("no database connection was seen")
                || verdict.summary.contains("No database connection was seen")
        );
    }
}

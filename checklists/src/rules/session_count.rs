//! The database holds about as many sessions as its host can run.

use scrutineer_evidence::{
    Kind,
    databases::{Database, DatabaseFacts},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the peak of sessions against 2 × cores + spindles and against the server's maximum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionCount {
    /// Multiple of the formula up to which the item passes.
    pub good_factor: f64,
    /// Share of `max_connections` above which it fails, 0..1.
    pub fail_share: f64,
}

impl Rule for SessionCount {
    type Needs<'e> = (Declared, &'e DatabaseFacts);
    const NAME: &'static str = "SessionCount";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: peak of sessions ≤ {} × (2 × cores + spindles); attention: above; fail: > {} \
             of max_connections",
            words::number(self.good_factor),
            words::percent(self.fail_share),
        )
    }

    fn judge(&self, (declared, databases): Self::Needs<'_>) -> Verdict {
        servers::of_databases(&declared, databases, |database| self.weigh(database))
    }
}

impl SessionCount {
    fn weigh(&self, database: &Database) -> Verdict {
        let peak = f64::from(database.peak_sessions);
        let share = peak / f64::from(database.settings.max_connections.max(1));
        let number = words::counted(database.peak_sessions.into(), "session", "sessions");
        let verdict = if share > self.fail_share {
            Verdict::new(
                Outcome::Fail,
                Confidence::Strong,
                number.clone(),
                format!(
                    "At its peak the server held {number}, {} of those that it allows.",
                    words::percent(share)
                ),
            )
        } else if let Some(cores) = database.cores {
            let fit = 2.0 * f64::from(cores) + f64::from(database.spindles.unwrap_or(0));
            let outcome = if peak > self.good_factor * fit {
                Outcome::Attention
            } else {
                Outcome::Pass
            };
            let summary = format!(
                "At its peak the server held {number}; its host fits {} by the formula.",
                words::number(fit)
            );
            Verdict::new(outcome, Confidence::Strong, number.clone(), summary)
        } else {
            servers::too_little(
                Kind::Databases,
                &format!("a peak of {number}, and not the size of the database's host"),
                "`cores` beside the database in scrutineer.ron",
            )
        };
        let idle = match &database.peak_idle_in_transaction {
            Ok(idle) => format!(
                "at most {} idle in a transaction",
                words::count((*idle).into())
            ),
            Err(absent) => absent.reason(),
        };
        verdict
            .read(
                Kind::Databases,
                format!(
                    "at most {number} in {}, {} allowed; {idle}",
                    words::counted(database.readings.into(), "reading", "readings"),
                    words::count(database.settings.max_connections.into()),
                ),
            )
            .rests_on("peak of sessions", peak, 0.25)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(sessions: u32, cores: Option<u32>) -> Verdict {
        let rule = SessionCount {
            good_factor: 4.0,
            fail_share: 0.8,
        };
        let mut databases = testing::databases();
        let database = databases.databases[0].1.as_mut().unwrap();
        (database.peak_sessions, database.cores) = (sessions, cores);
        database.spindles = None;
        judged(&rule, |evidence| evidence.databases = Ok(databases))
    }

    #[test]
    fn the_formula_and_the_maximum_decide() {
        assert_eq!(verdict(32, Some(4)).outcome, Outcome::Pass);
        assert_eq!(verdict(33, Some(4)).outcome, Outcome::Attention);
        assert_eq!(verdict(81, Some(64)).outcome, Outcome::Fail);
        assert_eq!(verdict(81, None).outcome, Outcome::Fail);
    }

    #[test]
    fn without_the_hosts_cores_few_sessions_are_inconclusive() {
        assert_eq!(verdict(8, None).outcome, Outcome::Inconclusive);
    }
}

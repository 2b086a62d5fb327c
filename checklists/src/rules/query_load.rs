//! Requests ask the database seldom and fast.

use scrutineer_evidence::{
    Absent, Kind,
    databases::{Database, DatabaseFacts, Statement, Statements},
    traffic::TrafficFacts,
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads calls of statements per request of the window's load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryLoad {
    /// Queries per request up to which the item passes.
    pub good_calls: f64,
    /// Calls of one query per request above which it fails.
    pub fail_calls: f64,
    /// Mean time of a statement from which it is slow, milliseconds.
    pub slow_ms: f64,
    /// Calls from which the mean of a statement counts.
    pub slow_calls: u64,
}

impl Rule for QueryLoad {
    type Needs<'e> = (
        Declared,
        &'e DatabaseFacts,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "QueryLoad";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≤ {} queries per request; attention: above, or ≥ {} ms mean over ≥ {} calls; \
             fail: > {} calls of one query per request (N+1)",
            words::number(self.good_calls),
            words::number(self.slow_ms),
            words::count(self.slow_calls),
            words::number(self.fail_calls),
        )
    }

    fn judge(&self, (declared, databases, traffic): Self::Needs<'_>) -> Verdict {
        servers::of_databases(&declared, databases, |database| {
            self.weigh(&declared, database, traffic)
        })
    }
}

impl QueryLoad {
    fn weigh(
        &self,
        declared: &Declared,
        database: &Database,
        traffic: Result<&TrafficFacts, &Absent>,
    ) -> Verdict {
        let statements = match &database.statements {
            Ok(statements) => statements,
            Err(absent) => return servers::missing(Kind::Databases, absent),
        };
        let slow = statements
            .top
            .iter()
            .find(|one| one.calls >= self.slow_calls && mean_ms(one) >= self.slow_ms);
        let traffic = match traffic {
            Ok(traffic) => traffic,
            Err(_) if slow.is_some() => return read(Self::slow(slow), statements),
            Err(absent) => {
                return read(
                    servers::too_little(
                        Kind::Databases,
                        &format!("queries were seen, but not the load ({})", absent.reason()),
                        "the number of requests in the window",
                    ),
                    statements,
                );
            }
        };
        if let Some(verdict) = declared.too_few_requests(traffic) {
            return verdict;
        }
        let requests = traffic.requests.max(1) as f64;
        let per_request = statements.calls as f64 / requests;
        let most = statements.top.iter().max_by_key(|one| one.calls);
        let most_calls = most.map_or(0.0, |one| one.calls as f64 / requests);
        let number = format!("{} per request", words::number(per_request));
        let verdict = if most_calls > self.fail_calls {
            let text = most.map_or("", |one| &one.text);
            Verdict::new(
                Outcome::Fail,
                Confidence::Strong,
                format!("{} per request", words::number(most_calls)),
                format!(
                    "One query is called {} times per request (N+1): {text}.",
                    words::number(most_calls)
                ),
            )
        } else if per_request > self.good_calls {
            Verdict::new(
                Outcome::Attention,
                Confidence::Strong,
                number.clone(),
                format!(
                    "Requests ask the database {} times each.",
                    words::number(per_request)
                ),
            )
        } else if slow.is_some() {
            Self::slow(slow)
        } else if statements.evictions.is_some_and(|count| count > 0) {
            servers::too_little(
                Kind::Databases,
                "pg_stat_statements threw entries away in the window",
                "a larger pg_stat_statements.max",
            )
        } else if statements.calls == 0 {
            servers::too_little(
                Kind::Databases,
                "no query was seen",
                "queries in the window",
            )
        } else {
            Verdict::new(
                Outcome::Pass,
                Confidence::Strong,
                number.clone(),
                format!(
                    "Requests ask the database {} times each.",
                    words::number(per_request)
                ),
            )
        };
        read(verdict, statements)
            .read(
                Kind::Traffic,
                words::counted(traffic.requests, "request", "requests"),
            )
            .rests_on("queries per request", per_request, 0.25)
            .rests_on(
                "calls of the most frequent query per request",
                most_calls,
                0.25,
            )
    }

    fn slow(slow: Option<&Statement>) -> Verdict {
        let (mean, text) = slow.map_or((0.0, ""), |one| (mean_ms(one), &*one.text));
        let mean = format!("{}\u{a0}ms", words::number(mean));
        let summary = format!("A frequent query takes {mean} on average: {text}.");
        Verdict::new(Outcome::Attention, Confidence::Strong, mean, summary).rests_on(
            "mean time of the slow query, ms",
            slow.map_or(0.0, mean_ms),
            0.25,
        )
    }
}

fn mean_ms(statement: &Statement) -> f64 {
    statement.total_ms / statement.calls.max(1) as f64
}

fn read(mut verdict: Verdict, statements: &Statements) -> Verdict {
    for one in statements.top.iter().take(5) {
        verdict = verdict.read(
            Kind::Databases,
            format!(
                "{}, {} ms in all: {}",
                words::counted(one.calls, "call", "calls"),
                words::number(one.total_ms),
                one.text
            ),
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: QueryLoad = QueryLoad {
        good_calls: 10.0,
        fail_calls: 30.0,
        slow_ms: 20.0,
        slow_calls: 100,
    };

    fn verdict(requests: Option<u64>, change: impl FnOnce(&mut Statements)) -> Verdict {
        let mut databases = testing::databases();
        let database = databases.databases[0].1.as_mut().unwrap();
        change(database.statements.as_mut().unwrap());
        judged(&RULE, |evidence| {
            evidence.databases = Ok(databases);
            if let Some(requests) = requests {
                let mut traffic = testing::traffic();
                traffic.requests = requests;
                evidence.traffic = Ok(traffic);
            }
        })
    }

    fn called(per_request: u64) -> Verdict {
        verdict(Some(1_000), |statements| {
            statements.top[0].calls = per_request * 1_000;
            statements.calls = per_request * 1_000;
        })
    }

    #[test]
    fn queries_per_request_decide() {
        assert_eq!(called(10).outcome, Outcome::Pass);
        assert_eq!(called(11).outcome, Outcome::Attention);
        assert_eq!(called(30).outcome, Outcome::Attention);
        let many = called(31);
        assert_eq!(many.outcome, Outcome::Fail);
        assert!(many.summary.contains("N+1"));
    }

    #[test]
    fn a_slow_query_wants_attention_even_without_known_load() {
        let slow = |calls| {
            move |statements: &mut Statements| {
                statements.top[0].calls = calls;
                statements.top[0].total_ms = 25.0 * calls as f64;
            }
        };
        assert_eq!(verdict(Some(12_000), slow(100)).outcome, Outcome::Attention);
        assert_eq!(verdict(None, slow(100)).outcome, Outcome::Attention);
        assert_eq!(verdict(Some(12_000), slow(99)).outcome, Outcome::Pass);
    }

    #[test]
    fn unknown_load_few_requests_and_evictions_are_inconclusive() {
        assert_eq!(verdict(None, |_| {}).outcome, Outcome::Inconclusive);
        assert_eq!(verdict(Some(999), |_| {}).outcome, Outcome::Inconclusive);
        let evicted = verdict(Some(12_000), |statements| statements.evictions = Some(3));
        assert_eq!(evicted.outcome, Outcome::Inconclusive);
    }
}

//! Slow queries are seen by somebody.

use scrutineer_evidence::{
    Absent, Kind,
    databases::{Database, DatabaseFacts},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads whether `pg_stat_statements` is there, and a slow log or an exporter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryMonitoring();

impl Rule for QueryMonitoring {
    type Needs<'e> = &'e DatabaseFacts;
    const NAME: &'static str = "QueryMonitoring";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: pg_stat_statements, and a slow log or an exporter; attention: one; fail: none".into()
    }

    fn judge(&self, databases: &DatabaseFacts) -> Verdict {
        servers::worst(Kind::Databases, &databases.databases, weigh)
    }
}

fn weigh(database: &Database) -> Verdict {
    let has_statements = match &database.statements {
        Ok(_) => true,
        // Looked for, and not installed.
        Err(Absent::NotAsked { .. }) => false,
        Err(absent) => return servers::missing(Kind::Databases, absent),
    };
    let has_log = database.settings.slow_log_ms >= 0;
    let has_exporter = !database.exporters.is_empty();
    let outcome = match (has_statements, has_log || has_exporter) {
        (true, true) => Outcome::Pass,
        (false, false) => Outcome::Fail,
        _ => Outcome::Attention,
    };
    let is = |there: bool| if there { "there" } else { "missing" };
    let summary = format!(
        "pg_stat_statements is {}, the slow log {} and an exporter's session {}.",
        is(has_statements),
        is(has_log),
        is(has_exporter)
    );
    let found = [has_statements, has_log, has_exporter];
    let count = found.iter().filter(|found| **found).count();
    Verdict::new(
        outcome,
        Confidence::Strong,
        format!("{count} of 3"),
        summary.clone(),
    )
    .read(
        Kind::Databases,
        format!(
            "log_min_duration_statement {}, track_io_timing {}, exporters: {}",
            database.settings.slow_log_ms,
            if database.settings.io_timing {
                "on"
            } else {
                "off"
            },
            if has_exporter {
                words::list(database.exporters.iter().map(String::as_str), 5)
            } else {
                "none connected".into()
            }
        ),
    )
    .rests_on("means of seeing slow queries", count as f64, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut Database)) -> Outcome {
        let mut databases = testing::databases();
        change(databases.databases[0].1.as_mut().unwrap());
        judged(&QueryMonitoring(), |evidence| {
            evidence.databases = Ok(databases);
        })
        .outcome
    }

    fn not_installed(database: &mut Database) {
        database.statements = Err(Absent::NotAsked {
            would_need: "CREATE EXTENSION".into(),
        });
    }

    #[test]
    fn statements_with_a_log_or_an_exporter_pass() {
        assert_eq!(verdict(|_| {}), Outcome::Pass);
        assert_eq!(verdict(|d| d.settings.slow_log_ms = -1), Outcome::Attention);
        assert_eq!(verdict(not_installed), Outcome::Attention);
        let none = verdict(|database| {
            not_installed(database);
            database.settings.slow_log_ms = -1;
        });
        assert_eq!(none, Outcome::Fail);
        let exported = verdict(|database| {
            database.settings.slow_log_ms = -1;
            database.exporters = vec!["postgres_exporter".into()];
        });
        assert_eq!(exported, Outcome::Pass);
    }

    #[test]
    fn what_may_not_be_seen_is_unknown() {
        let hidden = verdict(|database| {
            database.statements = Err(Absent::Denied {
                what: "reading".into(),
                would_need: "GRANT".into(),
            });
        });
        assert_eq!(hidden, Outcome::Unknown);
    }
}

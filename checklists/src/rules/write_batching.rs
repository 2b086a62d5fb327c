//! Bulk writes carry many rows a call.

use scrutineer_evidence::{
    Absent, Kind,
    databases::{Database, DatabaseFacts, StatementKind},
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

/// Reads rows per call of write statements, and their calls per request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteBatching {
    /// Rows per call from which writes are batches.
    pub good_rows: f64,
    /// Calls per request of a statement that writes row by row from which it wants attention.
    pub many_calls: f64,
}

impl Rule for WriteBatching {
    type Needs<'e> = (
        Declared,
        &'e DatabaseFacts,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "WriteBatching";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≥ {} rows per call, or COPY; attention: about 1 row and ≥ {} calls per request",
            words::number(self.good_rows),
            words::number(self.many_calls),
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (declared, databases, traffic): Self::Needs<'_>) -> Verdict {
        servers::of_databases(&declared, databases, |database| {
            self.weigh(database, traffic)
        })
    }
}

impl WriteBatching {
    fn weigh(&self, database: &Database, traffic: Result<&TrafficFacts, &Absent>) -> Verdict {
        let statements = match &database.statements {
            Ok(statements) => statements,
            Err(absent) => return servers::missing(Kind::Databases, absent),
        };
        let writes = statements
            .top
            .iter()
            .filter(|one| one.kind != StatementKind::Read && one.calls > 0);
        let rows = |calls: u64, rows: u64| rows as f64 / calls.max(1) as f64;
        let mut batch = None;
        for write in writes {
            let per_call = rows(write.calls, write.rows);
            let per_request = traffic.map(|traffic| rows(traffic.requests, write.calls));
            let line = format!(
                "{}, {} rows each: {}",
                words::counted(write.calls, "call", "calls"),
                words::number(per_call),
                write.text
            );
            if per_call < 2.0 && per_request.is_ok_and(|calls| calls >= self.many_calls) {
                let number = format!("{} rows per call", words::number(per_call));
                let summary = format!(
                    "A statement writes row by row, many times a request: {}.",
                    write.text
                );
                return Verdict::new(Outcome::Attention, Confidence::Indicative, number, summary)
                    .read(Kind::Databases, line)
                    .rests_on("rows per call of the row-by-row write", per_call, 0.25);
            }
            if write.kind == StatementKind::Copy || per_call >= self.good_rows {
                batch.get_or_insert((per_call, line));
            }
        }
        let Some((per_call, line)) = batch else {
            return servers::too_little(
                Kind::Databases,
                "no bulk write was seen in the window",
                "a load that writes many rows",
            );
        };
        let number = format!("{} rows per call", words::number(per_call));
        Verdict::new(
            Outcome::Pass,
            Confidence::Indicative,
            number.clone(),
            format!("Bulk writes are batches of {number}."),
        )
        .read(Kind::Databases, line)
        .rests_on("rows per call of a batch", per_call, 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(kind: StatementKind, calls: u64, rows: u64) -> Outcome {
        let rule = WriteBatching {
            good_rows: 10.0,
            many_calls: 100.0,
        };
        let mut databases = testing::databases();
        let database = databases.databases[0].1.as_mut().unwrap();
        let one = &mut database.statements.as_mut().unwrap().top[0];
        (one.kind, one.calls, one.rows) = (kind, calls, rows);
        judged(&rule, |evidence| {
            evidence.databases = Ok(databases);
            evidence.traffic = Ok(testing::traffic());
        })
        .outcome
    }

    #[test]
    fn rows_per_call_decide() {
        assert_eq!(verdict(StatementKind::Write, 10, 100), Outcome::Pass);
        assert_eq!(verdict(StatementKind::Copy, 1, 5), Outcome::Pass);
        let by_row = verdict(StatementKind::Write, 1_200_000, 1_200_000);
        assert_eq!(by_row, Outcome::Attention);
    }

    #[test]
    fn no_bulk_write_is_inconclusive() {
        assert_eq!(verdict(StatementKind::Read, 10, 100), Outcome::Inconclusive);
        assert_eq!(
            verdict(StatementKind::Write, 100, 100),
            Outcome::Inconclusive
        );
    }
}

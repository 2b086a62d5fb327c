//! Large tables are read through indexes.

use scrutineer_evidence::{
    Kind,
    databases::{Database, DatabaseFacts, Table},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the share of scans of large tables that use an index. Plans are not read, so that its
/// worst is attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexUse {
    /// Rows from which a table is large.
    pub least_rows: u64,
    /// Scans in the window from which a table is judged.
    pub least_scans: u64,
    /// Share of scans through an index from which a table passes, 0..1.
    pub least_share: f64,
}

impl Rule for IndexUse {
    type Needs<'e> = (Declared, &'e DatabaseFacts);
    const NAME: &'static str = "IndexUse";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: tables of ≥ {} rows use an index for ≥ {} of their scans (≥ {} of them); \
             attention: below",
            words::count(self.least_rows),
            words::percent(self.least_share),
            words::count(self.least_scans),
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (declared, databases): Self::Needs<'_>) -> Verdict {
        servers::of_databases(&declared, databases, |database| self.weigh(database))
    }
}

impl IndexUse {
    fn weigh(&self, database: &Database) -> Verdict {
        let mut large: Vec<&Table> = database
            .tables
            .iter()
            .filter(|table| table.rows >= self.least_rows && scans(table) >= self.least_scans)
            .collect();
        large.sort_by(|a, b| share(a).total_cmp(&share(b)));
        let Some(worst) = large.first() else {
            return servers::too_little(
                Kind::Databases,
                "no large table was scanned often enough in the window",
                &format!(
                    "{} scans of a table of {} rows",
                    words::count(self.least_scans),
                    words::count(self.least_rows)
                ),
            );
        };
        let number = words::percent(share(worst));
        let outcome = if share(worst) >= self.least_share {
            Outcome::Pass
        } else {
            Outcome::Attention
        };
        let summary = format!(
            "Of the scans of {}, {number} used an index; plans were not read.",
            worst.name
        );
        let mut verdict = Verdict::new(outcome, Confidence::Indicative, number, summary).rests_on(
            "least share of scans through an index",
            share(worst),
            0.05,
        );
        for table in large.iter().take(5) {
            verdict = verdict.read(
                Kind::Databases,
                format!(
                    "{}, {}: {} through an index, {} of the whole table, which read {} rows",
                    table.name,
                    words::counted(table.rows, "row", "rows"),
                    words::counted(table.index_scans, "scan", "scans"),
                    words::count(table.sequential_scans),
                    words::count(table.sequential_rows),
                ),
            );
        }
        verdict
    }
}

fn scans(table: &Table) -> u64 {
    table.sequential_scans.saturating_add(table.index_scans)
}

fn share(table: &Table) -> f64 {
    table.index_scans as f64 / scans(table).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(rows: u64, sequential: u64, index: u64) -> Verdict {
        let rule = IndexUse {
            least_rows: 10_000,
            least_scans: 20,
            least_share: 0.95,
        };
        let mut databases = testing::databases();
        let table = &mut databases.databases[0].1.as_mut().unwrap().tables[0];
        (table.rows, table.sequential_scans, table.index_scans) = (rows, sequential, index);
        judged(&rule, |evidence| evidence.databases = Ok(databases))
    }

    #[test]
    fn the_share_of_scans_through_an_index_decides_and_never_fails() {
        assert_eq!(verdict(10_000, 5, 95).outcome, Outcome::Pass);
        assert_eq!(verdict(10_000, 6, 94).outcome, Outcome::Attention);
        assert_eq!(verdict(10_000, 1_000, 0).outcome, Outcome::Attention);
    }

    #[test]
    fn small_tables_and_few_scans_are_inconclusive() {
        assert_eq!(verdict(9_999, 100, 0).outcome, Outcome::Inconclusive);
        assert_eq!(verdict(10_000, 19, 0).outcome, Outcome::Inconclusive);
    }
}

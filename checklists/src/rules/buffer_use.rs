//! Queries find their blocks in memory and sort there.

use scrutineer_evidence::{
    Kind,
    databases::{Database, DatabaseFacts},
};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale};
use crate::{
    needs::Declared,
    servers,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of blocks found in shared buffers";

/// Reads the buffer hit ratio and temporary blocks of the statements with most time. Plans are not
/// read, so that its worst is attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BufferUse {
    /// Share of blocks found in shared buffers from which the item passes, 0..1.
    pub good_share: f64,
    /// Blocks in the window from which the share is judged.
    pub least_blocks: u64,
    /// Statements with most time that must not spill.
    pub top_statements: usize,
}

impl Rule for BufferUse {
    type Needs<'e> = (Declared, &'e DatabaseFacts);
    const NAME: &'static str = "BufferUse";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≥ {} of blocks found in shared buffers, and none of the {} statements with \
             most time spills; attention: else",
            words::percent(self.good_share),
            self.top_statements,
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: None,
            less_is_better: false,
        })
    }

    fn judge(&self, (declared, databases): Self::Needs<'_>) -> Verdict {
        servers::of_databases(&declared, databases, |database| self.weigh(database))
    }
}

impl BufferUse {
    fn weigh(&self, database: &Database) -> Verdict {
        let blocks = database.blocks_hit.saturating_add(database.blocks_read);
        let share = database.blocks_hit as f64 / blocks.max(1) as f64;
        let statements = match &database.statements {
            Ok(statements) => statements,
            Err(absent) => return servers::missing(Kind::Databases, absent),
        };
        let spill = statements
            .top
            .iter()
            .take(self.top_statements)
            .find(|statement| statement.temp_blocks_written > 0);
        if spill.is_none() && blocks < self.least_blocks {
            return servers::too_little(
                Kind::Databases,
                &words::counted(blocks, "block read", "blocks read"),
                &words::count(self.least_blocks),
            );
        }
        let number = words::percent(share);
        let (outcome, summary) = match spill {
            Some(statement) => (
                Outcome::Attention,
                format!(
                    "A statement among those with most time spills: {}.",
                    statement.text
                ),
            ),
            None => (
                if share >= self.good_share {
                    Outcome::Pass
                } else {
                    Outcome::Attention
                },
                format!(
                    "Of the blocks {number} were found in shared buffers; plans were not read."
                ),
            ),
        };
        Verdict::new(outcome, Confidence::Indicative, number, summary)
            .read(
                Kind::Databases,
                format!(
                    "{} found in shared buffers, {} read; {} written to temporary files",
                    words::counted(database.blocks_hit, "block", "blocks"),
                    words::count(database.blocks_read),
                    words::bytes(database.temp_bytes as f64),
                ),
            )
            .rests_on(MATERIAL, share, 0.01)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(hit: u64, read: u64, spilled: u64) -> Outcome {
        let rule = BufferUse {
            good_share: 0.99,
            least_blocks: 10_000,
            top_statements: 5,
        };
        let mut databases = testing::databases();
        let database = databases.databases[0].1.as_mut().unwrap();
        (database.blocks_hit, database.blocks_read) = (hit, read);
        database.statements.as_mut().unwrap().top[0].temp_blocks_written = spilled;
        judged(&rule, |evidence| evidence.databases = Ok(databases)).outcome
    }

    #[test]
    fn the_hit_ratio_and_spills_decide() {
        assert_eq!(verdict(99_000, 1_000, 0), Outcome::Pass);
        assert_eq!(verdict(98_000, 2_000, 0), Outcome::Attention);
        assert_eq!(verdict(99_000, 1_000, 7), Outcome::Attention);
    }

    #[test]
    fn few_blocks_are_inconclusive() {
        assert_eq!(verdict(9_999, 0, 0), Outcome::Inconclusive);
    }
}

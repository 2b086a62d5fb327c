//! `review decide`: a person's decision on an item, bound to what was seen.

use anyhow::{Context, Result};
use clap::ValueEnum;
use scrutineer_checklists::{
    judge,
    review::{Binding, Choice, Decision},
    verdict::Outcome,
};

use super::{By, Which, check_item};
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::{self, now_to_the_second, saved_evidence},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The item: `memory.leaks`
    item: String,

    /// What is decided; `undo` takes a decision back
    #[arg(value_enum)]
    choice: Word,

    /// For `overrule` the outcome (pass, attention, fail), for `waive` the last day (2026-06-30)
    value: Option<String>,

    /// Why; only a confirmation needs no reason
    #[arg(long, default_value = "", hide_default_value = true)]
    why: String,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Confirm,
    Overrule,
    Waive,
    NotApplicable,
    Undo,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        check_item(&workspace, &self.item)?;
        let mut decisions = folder.decisions()?;
        let words = match self.chosen()? {
            None => {
                decisions.items.remove(&self.item);
                "no decision".to_owned()
            }
            Some(choice) => {
                let evidence = saved_evidence(&folder)?;
                let judgements = judge::judge(&review::checklist(&workspace)?, &evidence);
                let judgement = judgements
                    .iter()
                    .find(|judgement| judgement.id == self.item)
                    .context("the checklist lost the item")?;
                let words = choice.words();
                let by = self.by.name(&workspace);
                let at = now_to_the_second();
                let decision = Decision::new(choice, by, at, self.why, Binding::of(judgement))
                    .map_err(|error| Usage(format!("{error} (--why, --by)")))?;
                decisions.items.insert(self.item.clone(), decision);
                words
            }
        };
        folder.save_decisions(&decisions)?;
        write_to_stdout(format!("{}: {words}\n", self.item).as_bytes())?;
        Ok(Exit::Fine)
    }
}

impl Arguments {
    fn chosen(&self) -> Result<Option<Choice>> {
        let value = self.value.as_deref();
        let usage = |words: &str| anyhow::Error::from(Usage(words.to_owned()));
        Ok(Some(match (self.choice, value) {
            (Word::Undo, None) => return Ok(None),
            (Word::Confirm, None) => Choice::Confirm,
            (Word::NotApplicable, None) => Choice::NotApplicable,
            (Word::Overrule, Some(outcome)) => Choice::Overrule(match outcome {
                "pass" => Outcome::Pass,
                "attention" => Outcome::Attention,
                "fail" => Outcome::Fail,
                _ => return Err(usage("overrule with pass, attention or fail")),
            }),
            (Word::Waive, Some(date)) => Choice::Waive {
                until: date
                    .parse()
                    .map_err(|_| usage("waive until a day like 2026-06-30"))?,
            },
            (Word::Overrule, None) => return Err(usage("overrule with pass, attention or fail")),
            (Word::Waive, None) => return Err(usage("waive until a day like 2026-06-30")),
            (_, Some(value)) => {
                return Err(usage(&format!("\"{value}\" is one word too many")));
            }
        }))
    }
}

//! `review find`, `act`, `done` and `note`: what people write down.

use anyhow::Result;
use clap::ValueEnum;
use scrutineer_checklists::review::{Action, Done, Finding, Note, Severity};

use super::{By, Which, check_item, written};
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::now_to_the_second,
};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SeverityWord {
    Critical,
    High,
    Medium,
    Low,
}

#[derive(Debug, clap::Args)]
pub(super) struct Find {
    /// What is so: one sentence
    claim: String,

    /// How bad it is
    #[arg(long, value_enum)]
    severity: SeverityWord,

    /// Why it is so, as far as is known
    #[arg(long, default_value = "", hide_default_value = true)]
    cause: String,

    /// Item whose evidence it rests on
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
pub(super) struct Act {
    /// What is to be done: one sentence
    what: String,

    /// Who does it
    #[arg(long, value_name = "NAME")]
    owner: String,

    /// Last day on which it is not overdue, like 2026-06-30
    #[arg(long, value_name = "DATE")]
    due: jiff::civil::Date,

    /// Item whose probe verifies it
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
pub(super) struct Finish {
    /// Id of the action, as `review show` prints it, or its beginning
    id: String,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
pub(super) struct Write {
    /// The note
    text: String,

    /// Item that it is about
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

impl Run for Find {
    fn run(self) -> Result<Exit> {
        let severity = match self.severity {
            SeverityWord::Critical => Severity::Critical,
            SeverityWord::High => Severity::High,
            SeverityWord::Medium => Severity::Medium,
            SeverityWord::Low => Severity::Low,
        };
        add(&self.which, &self.by, self.item.clone(), |review, by| {
            review.add_finding(Finding {
                severity,
                claim: self.claim,
                cause: self.cause,
                item: self.item,
                by,
                at: now_to_the_second(),
            })
        })
    }
}

impl Run for Act {
    fn run(self) -> Result<Exit> {
        add(&self.which, &self.by, self.item.clone(), |review, by| {
            review.add_action(Action {
                what: self.what,
                owner: self.owner,
                due: self.due,
                item: self.item,
                by,
                at: now_to_the_second(),
                done: None,
            })
        })
    }
}

impl Run for Write {
    fn run(self) -> Result<Exit> {
        add(&self.which, &self.by, self.item.clone(), |review, by| {
            review.add_note(Note {
                text: self.text,
                item: self.item,
                by,
                at: now_to_the_second(),
            })
        })
    }
}

impl Run for Finish {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let by = self.by.name(&workspace);
        let mut review = written(&folder, &by)?;
        let ids: Vec<String> = review.actions.keys().cloned().collect();
        let meant = ids.iter().filter(|id| id.starts_with(&self.id));
        let [id] = &meant.collect::<Vec<_>>()[..] else {
            return Err(Usage(format!(
                "\"{}\" names no action, or several; there are: {}",
                self.id,
                ids.join(", ")
            ))
            .into());
        };
        let done = Done {
            by,
            at: now_to_the_second(),
        };
        if let Some(action) = review.actions.get_mut(*id) {
            action.done = Some(done);
        }
        folder.save_review(&review)?;
        write_to_stdout(format!("{id}: done\n").as_bytes())?;
        Ok(Exit::Fine)
    }
}

/// Adds a block to a review and prints its id.
fn add(
    which: &Which,
    by: &By,
    item: Option<String>,
    add: impl FnOnce(&mut scrutineer_checklists::review::Review, String) -> String,
) -> Result<Exit> {
    let (workspace, folder) = which.open_existing()?;
    if let Some(item) = item {
        check_item(&workspace, &item)?;
    }
    let by = by.name(&workspace);
    let mut review = written(&folder, &by)?;
    let id = add(&mut review, by);
    folder.save_review(&review)?;
    write_to_stdout(format!("{id}\n").as_bytes())?;
    Ok(Exit::Fine)
}

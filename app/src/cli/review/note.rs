//! `review find`, `act`, `done` and `note`: what people write down.

use anyhow::Result;
use scrutineer_checklists::review::{Action, Done, Finding, Note, Review, Severity};

use super::{By, Which, check_item};
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::now_to_the_second,
};

/// What is written down about which item, by whom, in which review.
#[derive(Debug, clap::Args)]
struct Place {
    /// Item that it rests on, whose probe verifies it, or that it is about
    #[arg(long, value_name = "ID")]
    item: Option<String>,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
pub(super) struct Find {
    /// What is so: one sentence
    claim: String,

    /// How bad it is
    #[arg(long, value_parser = severity)]
    severity: Severity,

    /// Why it is so, as far as is known
    #[arg(long, default_value = "", hide_default_value = true)]
    cause: String,

    #[command(flatten)]
    place: Place,
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

    #[command(flatten)]
    place: Place,
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

    #[command(flatten)]
    place: Place,
}

impl Run for Find {
    fn run(self) -> Result<Exit> {
        self.place.add(|review, item, by| {
            review.add_finding(Finding {
                severity: self.severity,
                claim: self.claim,
                cause: self.cause,
                item,
                by,
                at: now_to_the_second(),
            })
        })
    }
}

impl Run for Act {
    fn run(self) -> Result<Exit> {
        self.place.add(|review, item, by| {
            review.add_action(Action {
                what: self.what,
                owner: self.owner,
                due: self.due,
                item,
                by,
                at: now_to_the_second(),
                done: None,
            })
        })
    }
}

impl Run for Write {
    fn run(self) -> Result<Exit> {
        self.place.add(|review, item, by| {
            review.add_note(Note {
                text: self.text,
                item,
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
        let mut review = folder.review_or_new(&by)?;
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

impl Place {
    /// Adds a block to the review and prints its id.
    fn add(self, add: impl FnOnce(&mut Review, Option<String>, String) -> String) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        if let Some(item) = &self.item {
            check_item(&workspace, item)?;
        }
        let by = self.by.name(&workspace);
        let mut review = folder.review_or_new(&by)?;
        let id = add(&mut review, self.item, by);
        folder.save_review(&review)?;
        write_to_stdout(format!("{id}\n").as_bytes())?;
        Ok(Exit::Fine)
    }
}

/// A severity by its word.
fn severity(word: &str) -> Result<Severity, String> {
    let known = Severity::ALL.map(Severity::label);
    let found = Severity::ALL.into_iter().find(|one| one.label() == word);
    found.ok_or_else(|| format!("say {}", known.join(", ")))
}

//! `review`: what people decide and write down, frozen, compared, signed and exported.

mod bundle;
mod compare;
mod decide;
mod export;
mod freeze;
mod list;
mod new;
mod note;
mod show;
mod sign;
mod trend;

use std::path::PathBuf;

use anyhow::Result;
use scrutineer_profiler::workspace::Workspace;

use super::{Exit, Run, Usage};
use crate::review::{CURRENT, ReviewFolder, who};

/// Carry a review from evidence to a signed document
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A review is a folder of .scrutineer/reviews/: evidence, decisions, findings, actions and notes as
RON that git merges, and milestones that never change. `check --review NAME` gathers its evidence.
Without --review all commands speak of the review \"current\".

Exit codes: 0 done (`compare`: nothing got worse), 1 `compare` found something worse, 2 wrong usage,
3 could not be done.

Examples:
  scrutineer review new spring --title 'Ledger, spring 2026'
  scrutineer check --review spring --pid 4711
  scrutineer review decide memory.leaks confirm --review spring
  scrutineer review decide api.pagination waive 2026-06-30 --why 'moved to v2' --review spring
  scrutineer review act 'Page the orders' --owner ada --due 2026-05-01 --item api.pagination
  scrutineer review milestone 2026-q1 && scrutineer review sign 2026-q1 --role 'service owner'
  scrutineer review export 2026-q1 --format html -o review.html")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// Which review, and where.
#[derive(Debug, clap::Args)]
struct Which {
    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,

    /// Name of the review
    #[arg(long, value_name = "NAME", default_value = CURRENT)]
    review: String,
}

/// Who says it.
#[derive(Debug, clap::Args)]
struct By {
    /// Who says so [default: git's user.name, else the system's name]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident($arguments:ty),)*) => {
        #[derive(Debug, clap::Subcommand)]
        enum Action {
            $($(#[$doc])* $variant($arguments),)*
        }

        impl Run for Arguments {
            fn run(self) -> Result<Exit> {
                match self.action { $(Action::$variant(arguments) => arguments.run(),)* }
            }
        }
    };
}

actions! {
    /// Open a review
    New(new::Arguments),
    /// List the workspace's reviews and milestones
    List(list::Arguments),
    /// Show a review's ledger, findings, actions and notes
    Show(show::Arguments),
    /// Decide on an item: confirm, overrule, waive or not-applicable
    Decide(decide::Arguments),
    /// Write down what was found
    Find(note::Find),
    /// Write down what is to be done
    Act(note::Act),
    /// Say that an action was done
    Done(note::Finish),
    /// Write down a note
    Note(note::Write),
    /// Freeze the review into a milestone that never changes
    Milestone(freeze::Arguments),
    /// Compare two milestones
    Compare(compare::Arguments),
    /// Show how the outcomes moved over the milestones
    Trend(trend::Arguments),
    /// Approve a milestone, with an SSH key where there is one
    Sign(sign::Arguments),
    /// Write a review or a milestone as a document
    Export(export::Arguments),
    /// Pack a milestone with its evidence and captures into one file
    Bundle(bundle::Arguments),
}

impl Which {
    /// The workspace and the review's folder, which need not exist.
    fn open(&self) -> Result<(Workspace, ReviewFolder)> {
        let workspace = super::find_workspace(&self.workspace)?;
        let folder = ReviewFolder::named(&workspace, &self.review)?;
        Ok((workspace, folder))
    }

    /// The same, where the review must exist.
    fn open_existing(&self) -> Result<(Workspace, ReviewFolder)> {
        let (workspace, folder) = self.open()?;
        if !folder.exists() {
            return Err(Usage(format!(
                "there is no review \"{}\" in {}; `scrutineer review new {}` opens one, \
                 `scrutineer review list` shows what there is",
                self.review,
                workspace.reviews_folder().display(),
                self.review
            ))
            .into());
        }
        Ok((workspace, folder))
    }
}

impl By {
    fn name(&self, workspace: &Workspace) -> String {
        self.by.clone().unwrap_or_else(|| who(workspace))
    }
}

/// Refuses an item that the checklist does not have, with the nearest that it has.
fn check_item(workspace: &Workspace, id: &str) -> Result<()> {
    crate::review::checklist(workspace)?
        .find(id)
        .map_err(Usage)?;
    Ok(())
}

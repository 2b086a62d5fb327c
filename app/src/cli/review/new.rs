//! `review new`: opens a review.

use std::path::PathBuf;

use anyhow::{Context, Result};
use scrutineer_checklists::review::Review;

use super::{By, Which};
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::{ReviewFolder, evidence_of, now_to_the_second},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the review, which becomes its folder's
    name: String,

    /// What is reviewed, in words
    #[arg(long, default_value = "", hide_default_value = true)]
    title: String,

    /// Evidence to begin with [default: that of the review "current", where there is any]
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,

    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,

    #[command(flatten)]
    by: By,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let which = Which {
            workspace: self.workspace,
            review: self.name,
        };
        let (workspace, folder) = which.open()?;
        if folder.review()?.is_some() {
            return Err(Usage(format!(
                "there is a review \"{}\" already; choose another name",
                folder.name()
            ))
            .into());
        }
        let evidence = match &self.evidence {
            Some(path) => {
                let text = scrutineer_profiler::plain_text::read(path);
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                Some(evidence_of(&text, path)?)
            }
            None if folder.evidence()?.is_none() => ReviewFolder::current(&workspace).evidence()?,
            None => None,
        };
        if let Some(evidence) = &evidence {
            folder.save_evidence(evidence)?;
        }
        let by = self.by.name(&workspace);
        let path = folder.save_review(&Review::new(self.title, by, now_to_the_second()))?;
        write_to_stdout(format!("{}\n", path.display()).as_bytes())?;
        Ok(Exit::Fine)
    }
}

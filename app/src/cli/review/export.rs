//! `review export`: a review or a milestone as a document.

use std::path::PathBuf;

use anyhow::Result;

use super::Which;
use crate::{
    cli::{Exit, Run, write_to_stdout},
    interrupt::Interrupt,
    progress_line::ProgressLine,
    review::{self, DocumentFormat, profile_of, saved_evidence, write_whole},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Milestone to export [default: the review as it stands now]
    milestone: Option<String>,

    /// Format of the document [default: as the output's name ends, else html]
    #[arg(long, value_enum)]
    format: Option<DocumentFormat>,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    which: Which,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let document = if let Some(name) = &self.milestone {
            review::document_of(&workspace, &folder, &folder.milestone(name)?)?
        } else {
            let evidence = saved_evidence(&folder)?;
            let checklist = review::checklist(&workspace)?;
            let progress = ProgressLine::new(Interrupt::default());
            let profile = profile_of(&workspace, &evidence, &progress);
            progress.clear();
            let profile = profile.as_ref();
            review::compose(&workspace, &folder, &checklist, &evidence, profile, None)?
        };
        let named = self.output.as_deref().and_then(DocumentFormat::named_by);
        let format = self.format.or(named);
        let bytes = format.unwrap_or_default().render(&document)?;
        match &self.output {
            Some(path) => write_whole(path, &bytes)?,
            None => write_to_stdout(&bytes)?,
        }
        Ok(Exit::Fine)
    }
}

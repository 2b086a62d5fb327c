//! `review export`: a review or a milestone as a document.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

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
    format: Option<Format>,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One page, whole without scripts, that prints as A4
    Html,
    /// Pages of A4, tagged, the same bytes for the same review
    Pdf,
    /// For a wiki or a pull request
    Markdown,
    /// The whole document, for scripts; its JSON Schema is published with the source
    Json,
    /// For CI: an item is a test case
    Junit,
    /// For code scanning: a finding is a result
    Sarif,
}

impl From<Format> for DocumentFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Html => Self::Html,
            Format::Pdf => Self::Pdf,
            Format::Markdown => Self::Markdown,
            Format::Json => Self::Json,
            Format::Junit => Self::Junit,
            Format::Sarif => Self::Sarif,
        }
    }
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
        let format = self.format.map(DocumentFormat::from).or(named);
        let bytes = format.unwrap_or_default().render(&document)?;
        match &self.output {
            Some(path) => write_whole(path, &bytes)?,
            None => write_to_stdout(&bytes)?,
        }
        Ok(Exit::Fine)
    }
}

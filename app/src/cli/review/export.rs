//! `review export`: a review or a milestone as a document.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use scrutineer_checklists::document::ReviewDocument;

use super::Which;
use crate::{
    cli::{Exit, Run, write_to_stdout},
    interrupt::Interrupt,
    progress_line::ProgressLine,
    review::{self, profile_of, saved_evidence, write_whole},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Milestone to export [default: the review as it stands now]
    milestone: Option<String>,

    /// Format of the document
    #[arg(long, value_enum, default_value = "html")]
    format: Format,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One page without scripts that prints as A4
    Html,
    /// For a wiki or a pull request
    Markdown,
    /// The whole document, for scripts
    Json,
    /// For CI: an item is a test case
    Junit,
    /// For code scanning: a finding is a result
    Sarif,
}

impl Format {
    fn render(self, document: &ReviewDocument) -> String {
        match self {
            Self::Html => scrutineer_report::html::render(document),
            Self::Markdown => scrutineer_report::markdown::render(document),
            Self::Json => scrutineer_report::document::render(document),
            Self::Junit => scrutineer_report::junit::render(document),
            Self::Sarif => scrutineer_report::sarif::render(document),
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
        let text = self.format.render(&document);
        match &self.output {
            Some(path) => write_whole(path, text.as_bytes())?,
            None => write_to_stdout(text.as_bytes())?,
        }
        Ok(Exit::Fine)
    }
}

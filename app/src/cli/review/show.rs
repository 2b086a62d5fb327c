//! `review show`: the ledger with what people wrote down.

use anyhow::Result;

use super::Which;
use crate::{
    cli::{Exit, Run, terminal_width, write_to_stdout},
    review::{self, saved_evidence},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let evidence = saved_evidence(&folder)?;
        let checklist = review::checklist(&workspace)?;
        let document = review::compose(&workspace, &folder, &checklist, &evidence, None, None)?;
        let shown = if self.json {
            scrutineer_report::document::render(&document)
        } else {
            scrutineer_report::text::render(&document, terminal_width())
        };
        write_to_stdout(shown.as_bytes())?;
        Ok(Exit::Fine)
    }
}

//! `review milestone`: freezes a review.

use anyhow::Result;
use scrutineer_checklists::review::digest_of;

use super::Which;
use crate::{
    cli::{Exit, Run, write_to_stdout},
    interrupt::Interrupt,
    progress_line::ProgressLine,
    review,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the milestone
    name: String,

    #[command(flatten)]
    which: Which,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let progress = ProgressLine::new(Interrupt::default());
        let stored = review::freeze(&workspace, &folder, &self.name, None, &progress)?;
        progress.clear();
        let path = folder.milestone_path(&self.name)?;
        let digest = digest_of(&stored.text);
        write_to_stdout(format!("{}\nsha256 {digest}\n", path.display()).as_bytes())?;
        Ok(Exit::Fine)
    }
}

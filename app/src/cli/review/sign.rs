//! `review sign`: a person approves a milestone.

use std::path::PathBuf;

use anyhow::Result;

use super::{By, Which};
use crate::{
    cli::{Exit, Run, write_to_stdout},
    review,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the milestone
    milestone: String,

    /// In which role: 'service owner'
    #[arg(long)]
    role: String,

    /// SSH key to sign with, private or public (then an agent signs) [default: git's
    /// user.signingkey where git signs by SSH, else the usual one of ~/.ssh]
    #[arg(long, value_name = "FILE", conflicts_with = "no_signature")]
    key: Option<PathBuf>,

    /// Approve without a signature: recorded as such
    #[arg(long)]
    no_signature: bool,

    #[command(flatten)]
    by: By,

    #[command(flatten)]
    which: Which,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let name = self.by.name(&workspace);
        let key = self.key.or_else(|| review::usual_key(&workspace));
        let key = key.filter(|_| !self.no_signature);
        let approval = (name, self.role);
        let (sign_off, standing) =
            review::approve(&workspace, &folder, &self.milestone, approval, key)?;
        let words = format!(
            "{}, {}: {}\n",
            sign_off.name,
            sign_off.role,
            standing.words()
        );
        write_to_stdout(words.as_bytes())?;
        Ok(Exit::Fine)
    }
}

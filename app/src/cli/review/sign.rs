//! `review sign`: a person approves a milestone.

use std::path::PathBuf;

use anyhow::Result;
use scrutineer_checklists::review::{SignOff, digest_of};

use super::{By, Which};
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::{self, allowed_signers, check_sign_off, now_to_the_second},
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
        let stored = folder.milestone(&self.milestone)?;
        let doubts = stored.milestone.doubts();
        if let Some(doubt) = doubts.first() {
            return Err(Usage(format!(
                "the milestone does not hold, and is not signed: {doubt}; `scrutineer verify {}` \
                 says all",
                self.milestone
            ))
            .into());
        }
        let mut sign_off = SignOff {
            name: self.by.name(&workspace),
            role: self.role,
            at: now_to_the_second(),
            milestone_digest: digest_of(&stored.text),
            signature: None,
        };
        let key = self.key.or_else(|| review::usual_key(&workspace));
        if let Some(key) = key.filter(|_| !self.no_signature) {
            sign_off.signature = Some(review::sign(&sign_off, &key)?);
        }
        let allowed = allowed_signers(&workspace);
        let standing = check_sign_off(&sign_off, &stored.text, allowed.as_deref());
        let words = format!(
            "{}, {}: {}\n",
            sign_off.name,
            sign_off.role,
            standing.words()
        );
        let mut sign_offs = folder.sign_offs(&self.milestone)?;
        sign_offs.sign_offs.push(sign_off);
        folder.save_sign_offs(&self.milestone, &sign_offs)?;
        write_to_stdout(words.as_bytes())?;
        Ok(Exit::Fine)
    }
}

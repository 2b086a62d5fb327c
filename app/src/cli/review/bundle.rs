//! `review bundle`: a milestone in one file that a colleague can verify.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;

use super::Which;
use crate::{
    cli::{Exit, Run, Usage, write_to_stdout},
    review::{self, Bundle, MILESTONE_FILE, Part, SIGN_OFFS_FILE, captures_of, in_bundle, latest},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Milestone to pack [default: the latest]
    milestone: Option<String>,

    /// File to write [default: REVIEW-MILESTONE.scrutineer-review]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave captures out
    #[arg(long)]
    no_captures: bool,

    #[command(flatten)]
    which: Which,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (workspace, folder) = self.which.open_existing()?;
        let stored = match &self.milestone {
            Some(name) => folder.milestone(name)?,
            None => latest(&folder)?,
        };
        let name = &stored.milestone.name;
        let output = self.output.unwrap_or_else(|| {
            PathBuf::from(format!("{}-{name}.scrutineer-review", folder.name()))
        });
        if output.exists() {
            return Err(Usage(format!(
                "{} exists already; name another file with -o",
                output.display()
            ))
            .into());
        }
        let page =
            scrutineer_report::html::render(&review::document_of(&workspace, &folder, &stored)?);
        let mut parts = BTreeMap::from([
            (MILESTONE_FILE.to_owned(), Part::Text(stored.text.clone())),
            ("review.html".to_owned(), Part::Text(page)),
        ]);
        let sign_offs = folder.sign_offs(name)?;
        if !sign_offs.sign_offs.is_empty() {
            parts.insert(SIGN_OFFS_FILE.to_owned(), Part::Text(sign_offs.print()));
        }
        if !self.no_captures {
            let captures = captures_of(&workspace, &stored.milestone);
            let kept = captures.into_iter().filter(|(_, (_, path))| path.is_file());
            parts.extend(kept.map(|(name, (_, path))| (in_bundle(&name), Part::File(path))));
        }
        Bundle::write(&output, (folder.name(), name), &parts)?;
        write_to_stdout(format!("{}\n", output.display()).as_bytes())?;
        Ok(Exit::Fine)
    }
}

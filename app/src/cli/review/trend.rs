//! `review trend`: how the outcomes moved over the milestones.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Result;
use scrutineer_checklists::{review::MilestoneHead, verdict::Outcome};
use serde_json::json;

use super::Which;
use crate::cli::{Exit, Run, Usage, write_json, write_to_stdout};

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
        let (_, folder) = self.which.open_existing()?;
        let heads = folder.heads()?;
        if heads.is_empty() {
            return Err(Usage(format!(
                "the review \"{}\" has no milestone yet; `scrutineer review milestone NAME` \
                 freezes one",
                folder.name()
            ))
            .into());
        }
        if self.json {
            write_json(&object(&heads))?;
        } else {
            write_to_stdout(text(&heads).as_bytes())?;
        }
        Ok(Exit::Fine)
    }
}

fn object(heads: &[MilestoneHead]) -> serde_json::Value {
    let milestones: Vec<_> = heads
        .iter()
        .map(
            |head| json!({ "name": head.name, "frozen_at": head.frozen_at, "counts": head.counts }),
        )
        .collect();
    json!({ "schema_version": 1, "milestones": milestones })
}

/// A table with a column an outcome; what changed since the milestone before bears its sign.
fn text(heads: &[MilestoneHead]) -> String {
    let mut text = format!("{:<24}{:<12}", "milestone", "frozen");
    for outcome in Outcome::ALL {
        let _ = write!(text, "{:>16}", outcome.label().to_lowercase());
    }
    text.push('\n');
    let mut before: Option<&BTreeMap<Outcome, usize>> = None;
    for head in heads {
        let day = head.frozen_at.strftime("%Y-%m-%d");
        let _ = write!(text, "{:<24}{day:<12}", head.name);
        for outcome in Outcome::ALL {
            let count = |counts: &BTreeMap<Outcome, usize>| {
                counts.get(&outcome).copied().unwrap_or_default()
            };
            let now = count(&head.counts);
            let moved = before.map_or(0, |before| now as i64 - count(before) as i64);
            let cell = match moved {
                0 => now.to_string(),
                moved => format!("{now} ({moved:+})"),
            };
            let _ = write!(text, "{cell:>16}");
        }
        text.push('\n');
        before = Some(&head.counts);
    }
    text
}

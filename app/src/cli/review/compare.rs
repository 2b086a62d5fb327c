//! `review compare`: what changed between two milestones.

use std::fmt::Write as _;

use anyhow::Result;
use scrutineer_checklists::review::{Change, ChangedItem, MilestoneComparison};
use serde_json::json;

use super::Which;
use crate::cli::{Exit, Run, write_json, write_to_stdout};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The earlier milestone
    before: String,

    /// The later one
    after: String,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    which: Which,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let (_, folder) = self.which.open_existing()?;
        let before = folder.milestone(&self.before)?;
        let after = folder.milestone(&self.after)?;
        let compared = MilestoneComparison::of(&before.milestone, &after.milestone);
        if self.json {
            write_json(&object(&compared))?;
        } else {
            write_to_stdout(text(&compared).as_bytes())?;
        }
        let is_worse = |item: &ChangedItem| matches!(item.change, Change::Regressed | Change::New);
        Ok(if compared.items.iter().any(is_worse) {
            Exit::Findings
        } else {
            Exit::Fine
        })
    }
}

fn object(compared: &MilestoneComparison) -> serde_json::Value {
    let items: Vec<_> = compared
        .items
        .iter()
        .map(|item| {
            json!({
                "id": item.id,
                "change": item.change.label(),
                "before": item.outcomes.0,
                "after": item.outcomes.1,
                "number_before": item.numbers.0,
                "number_after": item.numbers.1,
                "lapsed": item.lapsed,
            })
        })
        .collect();
    json!({
        "schema_version": 1,
        "before": compared.names.0,
        "after": compared.names.1,
        "items": items,
        "added": compared.added,
        "removed": compared.removed,
        "actions_done": compared.actions_done,
        "actions_open": compared.actions_open,
        "mismatches": compared.mismatches,
    })
}

fn text(compared: &MilestoneComparison) -> String {
    let mut text = format!("{} → {}\n", compared.names.0, compared.names.1);
    let counts = compared.counts();
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<_> = counts
        .map(|(change, count)| format!("{count} {}", change.label()))
        .collect();
    let _ = writeln!(text, "{}", counts.join(", "));
    for mismatch in &compared.mismatches {
        let _ = writeln!(text, "! {mismatch}");
    }
    for item in &compared.items {
        if item.change != Change::Unchanged {
            let (before, after) = (item.outcomes.0.label(), item.outcomes.1.label());
            let _ = writeln!(
                text,
                "  {:<24}{:<32}{} → {}{}",
                item.change.label(),
                item.id,
                before.to_lowercase(),
                after.to_lowercase(),
                numbers(item)
            );
        }
        if let Some(why) = &item.lapsed {
            let _ = writeln!(text, "  {:<24}{:<32}{why}", "decision lapsed", item.id);
        }
    }
    for (ids, words) in [(&compared.added, "added"), (&compared.removed, "removed")] {
        if !ids.is_empty() {
            let _ = writeln!(text, "  items {words}: {}", ids.join(", "));
        }
    }
    for (actions, words) in [
        (&compared.actions_done, "done"),
        (&compared.actions_open, "still open"),
    ] {
        for action in actions {
            let (what, owner) = (&action.what, &action.owner);
            let _ = writeln!(text, "  {words}: {what} ({owner}, due {})", action.due);
        }
    }
    text
}

fn numbers(item: &ChangedItem) -> String {
    match &item.numbers {
        (before, after) if before.is_empty() && after.is_empty() => String::new(),
        (before, after) => format!("  ({before} → {after})"),
    }
}

//! `prune`: removes captures that nobody wants to keep.

use std::fmt::Write as _;

use scrutineer_checklists::words;
use scrutineer_ui::settings::PrunePolicy;
use serde::Serialize;

use super::{Exit, Run, Usage, write_json, write_to_stdout};
use crate::{
    prune::{self, Plan, Why},
    settings,
};

/// List old captures, and with --force remove them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --force nothing is removed: what would go is listed. Limits come from the settings (prune)
where none is given. A capture that is pinned, that a review or a pin of the workspace uses, or that
may still be recorded stays whatever the limits.

Examples:
  scrutineer prune --max-age 30                   what is older than 30 days
  scrutineer prune --max-age 30 --force           remove it
  scrutineer prune --max-size 2048 --force        remove the oldest until the rest takes 2 GiB")]
pub(super) struct Arguments {
    /// Captures that are older go
    #[arg(long, value_name = "DAYS")]
    max_age: Option<u32>,

    /// The oldest go until all together take at most so much
    #[arg(long, value_name = "MIB")]
    max_size: Option<u64>,

    /// Remove what is listed
    #[arg(short, long, conflicts_with = "dry_run")]
    force: bool,

    /// Only list what would go, as without --force
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

/// What was done, for scripts.
#[derive(Debug, Serialize)]
struct Told<'a> {
    is_dry_run: bool,
    #[serde(flatten)]
    plan: &'a Plan,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let workspace = settings::workspace(&std::env::current_dir()?)?;
        let policy = self.policy()?;
        let plan = prune::plan(&workspace, policy, jiff::Timestamp::now())?;
        if self.force {
            prune::carry_out(&plan)?;
        }
        let is_dry_run = !self.force;
        if self.json {
            let plan = &plan;
            write_json(&Told { is_dry_run, plan })?;
        } else {
            write_to_stdout(list(&plan).as_bytes())?;
        }
        eprintln!("{}", summary(&plan, is_dry_run));
        Ok(Exit::Fine)
    }
}

impl Arguments {
    fn policy(&self) -> anyhow::Result<PrunePolicy> {
        let given = PrunePolicy {
            max_age_days: self.max_age,
            max_total_mib: self.max_size,
        };
        if !given.is_idle() {
            return Ok(given);
        }
        let kept = settings::path().map(|path| settings::load(&path));
        let policy = kept.transpose()?.unwrap_or_default().prune;
        if policy.is_idle() {
            let what = "there is no limit: give --max-age DAYS or --max-size MIB, or set one in \
                        the settings";
            return Err(Usage(what.into()).into());
        }
        Ok(policy)
    }
}

/// A line a capture: size, begin, why, file.
fn list(plan: &Plan) -> String {
    let mut text = String::new();
    for doomed in &plan.removed {
        let why = match doomed.why {
            Why::Age => "age",
            Why::Size => "size",
        };
        let _ = writeln!(
            text,
            "{:>9}  {}  {why:4}  {}",
            prune::size(doomed.bytes),
            doomed.started_at.strftime("%F %T UTC"),
            doomed.path.display()
        );
    }
    text
}

fn summary(plan: &Plan, is_dry_run: bool) -> String {
    let count = words::counted(plan.removed.len() as u64, "capture", "captures");
    let act = if is_dry_run {
        "would be removed"
    } else {
        "removed"
    };
    let mut text = format!(
        "{count} {act} ({}); {} stay",
        prune::size(plan.bytes_removed()),
        prune::size(plan.bytes_after)
    );
    if !plan.kept.is_empty() {
        let kept = words::counted(plan.kept.len() as u64, "is", "are");
        let _ = write!(
            text,
            "; {kept} beyond a limit, but pinned, used or recorded"
        );
    }
    if !plan.unreadable.is_empty() {
        let files = words::counted(plan.unreadable.len() as u64, "file", "files");
        let _ = write!(text, "; {files} cannot be read as a capture and stay");
    }
    if is_dry_run && !plan.removed.is_empty() {
        text.push_str("; add --force to remove them");
    }
    text
}

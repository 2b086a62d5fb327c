//! `review list`: the workspace's reviews and their milestones.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use anyhow::Result;
use scrutineer_checklists::verdict::Outcome;
use serde::Serialize;

use crate::{
    cli::{Exit, Run, write_json, write_to_stdout},
    review::ReviewFolder,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

/// A review in the list.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    title: String,
    judged_at: Option<jiff::Timestamp>,
    findings: usize,
    open_actions: usize,
    overdue_actions: usize,
    milestones: Vec<ListedMilestone>,
    /// What keeps it from being read, in words.
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct ListedMilestone {
    name: String,
    frozen_at: jiff::Timestamp,
    counts: BTreeMap<Outcome, usize>,
    /// Approvals in words; nobody has checked them here, `verify` does.
    approvals: Vec<String>,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let workspace = crate::cli::find_workspace(&self.workspace)?;
        let listed: Vec<Listed> = ReviewFolder::list(&workspace)?
            .iter()
            .map(Listed::of)
            .collect();
        if self.json {
            write_json(&listed)?;
        } else {
            write_to_stdout(text(&listed).as_bytes())?;
        }
        Ok(Exit::Fine)
    }
}

impl Listed {
    fn of(folder: &ReviewFolder) -> Self {
        Self::read(folder).unwrap_or_else(|error| Self {
            name: folder.name().to_owned(),
            title: String::new(),
            judged_at: None,
            findings: 0,
            open_actions: 0,
            overdue_actions: 0,
            milestones: Vec::new(),
            problem: Some(crate::cli::sentence(&error)),
        })
    }

    fn read(folder: &ReviewFolder) -> Result<Self> {
        let review = folder.review()?;
        let now = jiff::Timestamp::now();
        let count = |is_meant: &dyn Fn(&scrutineer_checklists::review::Action) -> bool| {
            let actions = review.iter().flat_map(|review| review.actions.values());
            actions.filter(|action| is_meant(action)).count()
        };
        let mut milestones = Vec::new();
        for head in folder.heads()? {
            let sign_offs = folder.sign_offs(&head.name)?.sign_offs;
            let approvals = sign_offs.iter().map(|sign_off| {
                let how = match sign_off.signature {
                    Some(_) => "signed",
                    None => "without a signature",
                };
                format!("{}, {} ({how})", sign_off.name, sign_off.role)
            });
            milestones.push(ListedMilestone {
                frozen_at: head.frozen_at,
                counts: head.counts,
                approvals: approvals.collect(),
                name: head.name,
            });
        }
        Ok(Self {
            name: folder.name().to_owned(),
            title: review
                .as_ref()
                .map_or_else(String::new, |review| review.title.clone()),
            judged_at: folder.judged_at()?,
            findings: review.as_ref().map_or(0, |review| review.findings.len()),
            open_actions: count(&|action| action.done.is_none()),
            overdue_actions: count(&|action| action.is_overdue(now)),
            milestones,
            problem: None,
        })
    }
}

fn text(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "No reviews yet. `scrutineer review new NAME` opens one.\n".into();
    }
    let mut text = String::new();
    for review in listed {
        let title = if review.title.is_empty() {
            String::new()
        } else {
            format!("  {}", review.title)
        };
        let judged = match (&review.problem, review.judged_at) {
            (Some(problem), _) => format!("cannot be read: {problem}"),
            (None, Some(at)) => format!("judged {}", at.strftime("%Y-%m-%d %H:%M UTC")),
            (None, None) => "no evidence yet".into(),
        };
        let overdue = match review.overdue_actions {
            0 => String::new(),
            count => format!(" ({count} overdue)"),
        };
        let _ = writeln!(
            text,
            "{}{title}\n  {judged}, {} findings, {} open actions{overdue}",
            review.name, review.findings, review.open_actions
        );
        for milestone in &review.milestones {
            let frozen = milestone.frozen_at.strftime("%Y-%m-%d");
            let counts = milestone.counts.iter().filter(|(_, count)| **count > 0);
            let counts: Vec<_> = counts
                .map(|(outcome, count)| format!("{count} {}", outcome.label().to_lowercase()))
                .collect();
            let approved = if milestone.approvals.is_empty() {
                "nobody has approved it".to_owned()
            } else {
                format!("approved by {}", milestone.approvals.join("; "))
            };
            let _ = writeln!(
                text,
                "  {} frozen {frozen}: {}\n    {approved}",
                milestone.name,
                counts.join(", ")
            );
        }
    }
    text
}

//! `check`: gathers evidence and judges the guideline.

use std::{path::PathBuf, time::Duration};

use scrutineer_checklists::document::ReviewDocument;
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{probes::GatherPlan, progress::Progress, workspace::Workspace};

use super::{Exit, Run, Usage, terminal_width, write_to_stdout};
use crate::{gathering, interrupt::Interrupt, preflight, progress_line::ProgressLine, review};

/// Gather evidence about a service and judge the 56 items of the guideline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The target is --pid, else the process that scrutineer.ron names. Counters are read, and a CPU
profile is taken, over the window that scrutineer.ron declares (house rule: 60 s); have the service
under its usual load meanwhile. Only declared endpoints are contacted.

In a workspace, the evidence and the review as a page are kept in .scrutineer/reviews/current/, and
people's decisions in its decisions.ron are set against the verdicts.

Exit codes: 0 nothing fails, 1 an item fails, 3 nothing could be judged.

Examples:
  scrutineer check --pid 4711
  scrutineer check --workspace services/ledger
  scrutineer check --json | jq -r '.items[] | select(.effective == \"fail\") | .summary'")]
pub(super) struct Arguments {
    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,

    /// Process to look at
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let workspace = self.find_workspace()?;
        let progress = ProgressLine::new(Interrupt::install()?);
        let checklist = review::checklist(&workspace)?;
        // Read before the window begins, so that a typo does not cost a minute.
        review::load_decisions(&workspace)?;
        let plan = GatherPlan {
            pid: review::find_target(self.pid, &workspace, |why| {
                progress.say(&format!("warning: {why}"));
            })?,
            kinds: review::kinds(&checklist),
            window: Duration::from_secs_f64(workspace.declared.window.seconds),
            workspace: workspace.clone(),
            judged_at: jiff::Timestamp::now(),
        };
        for sentence in preflight::sentences(plan.pid.as_slice()) {
            progress.say(&format!("note: {sentence}"));
        }
        progress.step("Gathering evidence", None);
        let mut gathering = gathering::gather(plan, &progress, || {})?;
        review::explain_missing_load(&mut gathering.evidence);
        for warning in &gathering.warnings {
            progress.say(&format!("warning: {warning}"));
        }
        let profile = gathering.capture.as_ref().map(|capture| &*capture.profile);
        let document = review::compose(&workspace, &checklist, &gathering.evidence, profile, None)?;
        keep(&workspace, &gathering.evidence, &document, &progress)?;
        progress.clear();
        let ledger = if self.json {
            scrutineer_report::json::render(&document)
        } else {
            scrutineer_report::text::render(&document, terminal_width())
        };
        write_to_stdout(ledger.as_bytes())?;
        Ok(exit(&document))
    }
}

impl Arguments {
    fn find_workspace(&self) -> anyhow::Result<Workspace> {
        if !self.workspace.exists() {
            let what = format!(
                "there is no folder {}; name one with --workspace",
                self.workspace.display()
            );
            return Err(Usage(what).into());
        }
        Ok(Workspace::find(&self.workspace)?)
    }
}

fn keep(
    workspace: &Workspace,
    evidence: &Evidence,
    document: &ReviewDocument,
    progress: &ProgressLine,
) -> anyhow::Result<()> {
    if !workspace.has_file {
        progress
            .say("No scrutineer.ron here: the evidence is not kept. `scrutineer init` writes one.");
        return Ok(());
    }
    review::save_evidence(workspace, evidence)?;
    let page = review::folder(workspace).join("review.html");
    review::write_html(document, &page)?;
    progress.say(&format!(
        "Kept the evidence and the review: {}",
        page.display()
    ));
    Ok(())
}

fn exit(document: &ReviewDocument) -> Exit {
    if document.has_fail() {
        Exit::Findings
    } else if document.is_judged() {
        Exit::Fine
    } else {
        Exit::CouldNotRun
    }
}

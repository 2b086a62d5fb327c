//! `check`: gathers evidence and judges the guideline.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use scrutineer_checklists::{checklist::Checklist, document::ReviewDocument};
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{
    probes::GatherPlan, profile::Profile, progress::Progress, workspace::Workspace,
};

use super::{Exit, Run, Usage, annotations, promises, terminal_width, write_to_stdout};
use crate::{
    gathering,
    interrupt::Interrupt,
    preflight,
    progress_line::ProgressLine,
    review::{self, CURRENT, ReviewFolder, evidence_of},
};

/// Gather evidence about a service and judge the 56 items of the guideline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The target is --pid, else the process that scrutineer.ron names. Counters are read, and a CPU
profile is taken, over the window that scrutineer.ron declares (house rule: 60 s); have the service
under its usual load meanwhile. Only declared endpoints are contacted.

In a workspace, the evidence and the review as a page are kept in .scrutineer/reviews/current/ (or
that of --review), and people's decisions in its decisions.ron are set against the verdicts. With
--evidence nothing is gathered or kept: verdicts are replayed, byte for byte the same.

Under GitHub Actions and GitLab CI findings are annotated as well.

Waivers and actions of the review whose day has passed are told. Which of them fails the run,
`check` in scrutineer.ron says (house rule: waivers do, actions do not).

Exit codes: 0 nothing fails, 1 an item or such a promise fails, 3 nothing could be judged.

Examples:
  scrutineer check --pid 4711
  scrutineer check --workspace services/ledger
  scrutineer check --evidence .scrutineer/reviews/current/evidence.ron --at 2026-09-01
  scrutineer check --json | jq -r '.items[] | select(.effective == \"fail\") | .summary'")]
pub(super) struct Arguments {
    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,

    /// Process to look at
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "evidence")]
    pid: Option<u32>,

    /// Review that the evidence belongs to
    #[arg(long, value_name = "NAME", default_value = CURRENT)]
    review: String,

    /// Judge this evidence again instead of gathering some
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,

    /// Judge as at this time or day (UTC): ages and waivers are counted to it [default: the
    /// evidence's own]
    #[arg(long, value_name = "TIME", requires = "evidence")]
    at: Option<String>,

    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let workspace = super::find_workspace(&self.workspace)?;
        let folder = ReviewFolder::named(&workspace, &self.review)?;
        let checklist = review::checklist(&workspace)?;
        // Read before the window begins, so that a typo does not cost a minute.
        folder.decisions()?;
        folder.review()?;
        let document = match &self.evidence {
            Some(path) => self.replay(path, &workspace, &folder, &checklist)?,
            None => self.gather(&workspace, &folder, &checklist)?,
        };
        let ledger = if self.json {
            scrutineer_report::json::render(&document)
        } else {
            scrutineer_report::text::render(&document, terminal_width())
        };
        write_to_stdout(ledger.as_bytes())?;
        annotations::tell(&document);
        let broken = promises::broken(&document);
        for promise in &broken {
            eprintln!("{}", promise.words(workspace.check));
        }
        let fails = broken.iter().any(|one| one.fails(workspace.check));
        Ok(exit(&document, fails))
    }
}

impl Arguments {
    /// Judges saved evidence again; nothing is written.
    fn replay(
        &self,
        path: &Path,
        workspace: &Workspace,
        folder: &ReviewFolder,
        checklist: &Checklist,
    ) -> Result<ReviewDocument> {
        let text = scrutineer_profiler::plain_text::read(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let mut evidence = evidence_of(&text, path)?;
        if let Some(at) = &self.at {
            evidence.judged_at = moment(at)?;
        }
        review::compose(workspace, folder, checklist, &evidence, None, None)
    }

    fn gather(
        &self,
        workspace: &Workspace,
        folder: &ReviewFolder,
        checklist: &Checklist,
    ) -> Result<ReviewDocument> {
        let progress = ProgressLine::new(Interrupt::install()?);
        let plan = GatherPlan {
            pid: review::find_target(self.pid, workspace, |why| {
                progress.say(&format!("warning: {why}"));
            })?,
            kinds: review::kinds(checklist),
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
        let evidence = &gathering.evidence;
        let document = compose(workspace, folder, checklist, evidence, profile)?;
        keep(workspace, folder, evidence, &document, &progress)?;
        progress.clear();
        Ok(document)
    }
}

fn compose(
    workspace: &Workspace,
    folder: &ReviewFolder,
    checklist: &Checklist,
    evidence: &Evidence,
    profile: Option<&Profile>,
) -> Result<ReviewDocument> {
    review::compose(workspace, folder, checklist, evidence, profile, None)
}

/// A time like `2026-09-01T12:00:00Z`, or the beginning of a day (UTC) like `2026-09-01`.
fn moment(words: &str) -> Result<jiff::Timestamp> {
    if let Ok(time) = words.parse() {
        return Ok(time);
    }
    let day: Option<jiff::civil::Date> = words.parse().ok();
    let time = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let time = time.ok_or_else(|| {
        Usage(format!(
            "\"{words}\" is neither a day like 2026-09-01 nor a time like 2026-09-01T12:00:00Z"
        ))
    })?;
    Ok(time.timestamp())
}

fn keep(
    workspace: &Workspace,
    folder: &ReviewFolder,
    evidence: &Evidence,
    document: &ReviewDocument,
    progress: &ProgressLine,
) -> Result<()> {
    if !workspace.has_file {
        progress
            .say("No scrutineer.ron here: the evidence is not kept. `scrutineer init` writes one.");
        return Ok(());
    }
    folder.save_evidence(evidence)?;
    let page = folder.path().join("review.html");
    review::write_html(document, &page)?;
    progress.say(&format!(
        "Kept the evidence and the review: {}",
        page.display()
    ));
    Ok(())
}

fn exit(document: &ReviewDocument, has_broken_promise: bool) -> Exit {
    if document.has_fail() || has_broken_promise {
        Exit::Findings
    } else if document.is_judged() {
        Exit::Fine
    } else {
        Exit::CouldNotRun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning_and_nonsense_is_wrong_usage() {
        let day = moment("2026-09-01").unwrap();
        assert_eq!(day, moment("2026-09-01T00:00:00Z").unwrap());
        assert!(moment("soon").unwrap_err().is::<Usage>());
    }
}

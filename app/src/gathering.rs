//! Gathers evidence about a process and captures its CPU profile over the same window.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use crossbeam_channel::Receiver;
use scrutineer_evidence::{Absent, Evidence, Kind};
use scrutineer_profiler::{
    capture::{CaptureError, recorder::RecordingSummary, target::Target},
    probes::{self, GatherPlan},
    profile::{Profile, wait_facts},
    progress::{Progress, Unwatched},
    workspace,
};

use crate::{
    captures::{self, Settings},
    jobs::{Job, JobContext, JobEvent, Jobs},
};

/// Time between two looks at the jobs.
const POLL: Duration = Duration::from_millis(50);

/// What was gathered.
#[derive(Debug)]
pub(crate) struct Gathering {
    /// Facts; `traffic` is the caller's.
    pub(crate) evidence: Evidence,
    /// The capture of the window, where one was to be had.
    pub(crate) capture: Option<Captured>,
    /// Sentences that the user should read.
    pub(crate) warnings: Vec<String>,
}

/// A capture made in the window.
#[derive(Debug)]
pub(crate) struct Captured {
    /// The file.
    pub(crate) path: PathBuf,
    /// The profile, with names.
    pub(crate) profile: Arc<Profile>,
}

/// The work was stopped by the user before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the end, as asked: nothing was judged")]
pub(crate) struct Stopped;

/// Gathers what is planned, with a capture of the process where the plan names one. `tick` is
/// called some twenty times a second. Errors are those that no verdict can stand for: the disk is
/// full, the user stopped the work.
pub(crate) fn gather(
    plan: GatherPlan,
    progress: &dyn Progress,
    mut tick: impl FnMut(),
) -> Result<Gathering> {
    let (jobs, events) = Jobs::new();
    let recording = plan
        .pid
        .map(|pid| start_recording(&jobs, pid, &plan))
        .transpose()?;
    let gathering = jobs.spawn("Gathering evidence", move |job| probes::gather(&plan, job))?;
    loop {
        tick();
        pass_on(&events, recording.as_ref(), progress);
        if progress.is_cancelled() {
            jobs.cancel_all();
        }
        if gathering.is_finished() && recording.as_ref().is_none_or(Job::is_finished) {
            break;
        }
    }
    let mut evidence = gathering.join()?;
    let recorded = recording.map(Job::join).transpose()?;
    if progress.is_cancelled() {
        return Err(Stopped.into());
    }
    let mut warnings = Vec::new();
    let capture = match recorded {
        Some(recorded) => take_capture(recorded, &mut evidence, &mut warnings)?,
        None => None,
    };
    Ok(Gathering {
        evidence,
        capture,
        warnings,
    })
}

fn start_recording(
    jobs: &Jobs,
    pid: u32,
    plan: &GatherPlan,
) -> Result<Job<Result<RecordingSummary>>> {
    let mut settings = Settings::new(captures::workspace_place(&plan.workspace)?);
    settings.options.duration = Some(plan.window);
    settings.options.off_cpu = plan.kinds.contains(&Kind::Waits);
    settings.options.commit = workspace::git_commit(&plan.workspace.root).map(|(commit, _)| commit);
    let target = Target::Pid(pid);
    Ok(jobs.spawn("Recording", move |job: &JobContext| {
        captures::record(&target, &settings, job)
    })?)
}

/// Tells the recording's steps while it lasts, then those of the probes.
fn pass_on(
    events: &Receiver<JobEvent>,
    recording: Option<&Job<Result<RecordingSummary>>>,
    progress: &dyn Progress,
) {
    let told_by = recording.filter(|job| !job.is_finished()).map(Job::id);
    let Ok(first) = events.recv_timeout(POLL) else {
        return;
    };
    for event in std::iter::once(first).chain(events.try_iter()) {
        if let JobEvent::Progress { id, step, done } = event
            && told_by.is_none_or(|teller| teller == id)
        {
            progress.step(&step, done);
        }
    }
}

/// Puts the capture's facts, or why there are none, into the evidence.
fn take_capture(
    recorded: Result<RecordingSummary>,
    evidence: &mut Evidence,
    warnings: &mut Vec<String>,
) -> Result<Option<Captured>> {
    let summary = match recorded {
        Ok(summary) => summary,
        Err(error) => {
            let absent = error.downcast::<CaptureError>().and_then(absent)?;
            warnings.push(format!("no CPU profile: {}", absent.reason()));
            evidence.waits = Err(absent.clone());
            evidence.capture = Err(absent);
            return Ok(None);
        }
    };
    warnings.extend(summary.warnings);
    let profile = captures::load(&summary.path, &Unwatched)?.profile;
    let facts = captures::facts(&summary.path, &profile)?;
    evidence.waits = wait_facts(&profile);
    evidence.capture = if facts.quality.samples == 0 {
        Err(Absent::TooLittleData {
            seen: "no sample was taken: the target used no CPU in the window".into(),
            needed: "a target under load".into(),
        })
    } else {
        Ok(facts)
    };
    Ok(Some(Captured {
        path: summary.path,
        profile: Arc::new(profile),
    }))
}

/// What a refused capture means for the evidence. A file that cannot be written is no fact about
/// the target: it stays an error.
fn absent(error: CaptureError) -> Result<Absent> {
    match error {
        CaptureError::NotPermitted { why, remedy, .. } => Ok(Absent::Denied {
            what: format!("sampling the process ({why})"),
            would_need: remedy,
        }),
        error @ (CaptureError::Write { .. } | CaptureError::Read { .. }) => Err(error.into()),
        error => Ok(Absent::Failed {
            why: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_fact_and_a_full_disk_is_an_error() {
        let refused = CaptureError::NotPermitted {
            pid: 1,
            why: "EPERM".into(),
            remedy: "sudo x".into(),
        };
        assert!(
            matches!(absent(refused), Ok(Absent::Denied { would_need, .. }) if would_need == "sudo x")
        );
        let full = CaptureError::Write {
            path: "/x".into(),
            source: std::io::Error::from_raw_os_error(28),
        };
        assert!(absent(full).is_err());
    }
}

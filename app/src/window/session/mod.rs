//! What the window works on: a workspace, the capture that is open and the evidence last gathered.

mod facts;
mod kept;
mod reviewing;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    document::{Comparison, PinnedCapture, PinnedView, ReviewDocument},
    words,
};
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{
    probes::GatherPlan,
    profile::Profile,
    progress::Progress,
    workspace::{self, Workspace},
};
use scrutineer_ui::{
    event::{Event, LoadedProfile, OtherCapture, OtherCaptures},
    open_tabs::OpenTab,
    pin::Pin,
    settings::PrunePolicy,
};

use crate::{
    captures::{self, Place},
    demo, gathering, pins, prune,
    review::{self, CURRENT, DocumentFormat, ReviewFolder, StoredMilestone},
    settings,
};

use kept::Kept;

/// What the window works on. Shared by jobs; no lock is held while one works.
#[derive(Debug)]
pub(super) struct Session {
    state: Mutex<State>,
    /// Held while the review is read, changed and told: one change after the other.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// Where the workspace is looked for.
    folder: PathBuf,
    /// The capture that is looked at: its target's pid and name.
    front: Option<(u32, String)>,
    /// What was judged last.
    judged: Option<Judged>,
    /// Name of the open review.
    review: String,
    /// Name of the milestone that was chosen to compare with; `None` for the latest.
    against: Option<String>,
    /// The milestone that was read last, by its review and name.
    milestone: Option<((String, String), Arc<StoredMilestone>)>,
    /// The review's files as they were read last.
    kept: Kept,
}

/// Evidence with what else its document shows.
#[derive(Clone, Debug)]
struct Judged {
    evidence: Arc<Evidence>,
    profile: Option<Arc<Profile>>,
    comparison: Option<Comparison>,
    document: Arc<ReviewDocument>,
}

/// What the demo left behind.
#[derive(Debug)]
pub(super) struct DemoOutcome {
    /// Its capture, where one could be made.
    pub(super) capture: Option<PathBuf>,
    /// Sentences that the user should read.
    pub(super) warnings: Vec<String>,
}

/// Loads a capture with what its views need first.
fn load_picture(
    path: &Path,
    measure: Option<&str>,
    progress: &dyn Progress,
) -> Result<LoadedProfile> {
    // Whole, so that the window knows a capture by its path.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let loaded = captures::load_measured(&path, measure, progress)?;
    progress.step("Laying the flame graph out", None);
    Ok(LoadedProfile::of(path, loaded.profile, loaded.damage))
}

/// Loads captures that another one is compared with: bases, and more candidates.
fn load_others(
    (bases, candidates): (&[PathBuf], &[PathBuf]),
    measure: Option<&str>,
    progress: &dyn Progress,
) -> Result<OtherCaptures> {
    let load = |paths: &[PathBuf]| {
        let loaded = paths.iter().map(|path| {
            Ok(OtherCapture {
                path: path.clone(),
                profile: Arc::new(captures::load_alike(path, measure, progress)?.profile),
            })
        });
        loaded.collect::<Result<Vec<_>>>()
    };
    Ok(OtherCaptures {
        bases: load(bases)?,
        candidates: load(candidates)?,
    })
}

impl Session {
    /// A session in the workspace that `folder` lies in.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            state: Mutex::new(State {
                folder,
                front: None,
                judged: None,
                review: CURRENT.to_owned(),
                against: None,
                milestone: None,
                kept: Kept::default(),
            }),
            turn: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a single assignment, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workspace(&self) -> Result<Workspace> {
        let folder = self.state().folder.clone();
        settings::workspace(&folder)
    }

    /// The folder of the open review.
    fn folder(&self, workspace: &Workspace) -> Result<ReviewFolder> {
        let name = self.state().review.clone();
        ReviewFolder::named(workspace, &name)
    }

    /// Where captures lie.
    pub(super) fn captures_folder(&self) -> Result<PathBuf> {
        Ok(self.workspace()?.captures_folder())
    }

    /// Keeps a pinned view of a capture; gives all pins.
    pub(super) fn keep_pin(&self, capture: &Path, pin: Pin) -> Result<Vec<Arc<PinnedView>>> {
        let workspace = self.workspace()?;
        pins::keep(&workspace, capture, pin)?;
        pins::list(&workspace)
    }

    /// All pins, after a change where there is one.
    pub(super) fn pins(
        &self,
        change: impl FnOnce(&Workspace) -> Result<()>,
    ) -> Result<Vec<Arc<PinnedView>>> {
        let workspace = self.workspace()?;
        change(&workspace)?;
        pins::list(&workspace)
    }

    /// Where the workspace lies.
    pub(super) fn root(&self) -> Result<PathBuf> {
        Ok(self.workspace()?.root)
    }

    /// A tab of last time, its files loaded.
    pub(super) fn restore(tab: OpenTab, progress: &dyn Progress) -> Result<Event> {
        let measure = tab.view.measure();
        let loaded = load_picture(&tab.path, measure, progress)?;
        let others = load_others((&tab.bases, &tab.candidates), measure, progress)?;
        let view = Box::new(tab.view);
        Ok(Event::Restored {
            loaded,
            view,
            others,
        })
    }

    /// A pin, the file of its capture, and what else it is compared with.
    pub(super) fn find_pin(
        &self,
        id: &str,
        progress: &dyn Progress,
    ) -> Result<(PathBuf, Pin, OtherCaptures)> {
        let workspace = self.workspace()?;
        let pin = pins::load(&workspace, id)?;
        let path = pins::find_capture(&workspace, &pin.shown.capture)?;
        let find = |captures: &[PinnedCapture]| {
            let found = captures.iter().map(|c| pins::find_capture(&workspace, c));
            found.collect::<Result<Vec<PathBuf>>>()
        };
        let others = load_others(
            (&find(&pin.shown.bases)?, &find(&pin.shown.candidates)?),
            pin.view.measure(),
            progress,
        )?;
        Ok((path, pin, others))
    }

    /// The last judgement with the pins as they are now; `None` where nothing was judged.
    pub(super) fn with_pins(&self, pins: &[Arc<PinnedView>]) -> Option<Arc<ReviewDocument>> {
        let mut state = self.state();
        let judged = state.judged.as_mut()?;
        let mut document = ReviewDocument::clone(&judged.document);
        document.pins = pins.iter().map(|pin| PinnedView::clone(pin)).collect();
        judged.document = Arc::new(document);
        Some(Arc::clone(&judged.document))
    }

    /// Removes the captures that the settings do not keep; says what went, where anything did.
    pub(super) fn prune(&self, policy: PrunePolicy) -> Result<Option<String>> {
        if policy.is_idle() {
            return Ok(None);
        }
        let plan = prune::plan(&self.workspace()?, policy, jiff::Timestamp::now())?;
        prune::carry_out(&plan)?;
        let count = words::counted(plan.removed.len() as u64, "capture", "captures");
        let size = prune::size(plan.bytes_removed());
        Ok((!plan.removed.is_empty()).then(|| format!("Pruned {count}, {size}")))
    }

    /// Where a new capture goes.
    pub(super) fn capture_place(&self) -> Result<Place> {
        captures::workspace_place(&self.workspace()?)
    }

    /// Commit of the workspace's repository.
    pub(super) fn commit(&self) -> Option<String> {
        let folder = self.state().folder.clone();
        workspace::git_commit(&folder).map(|(commit, _)| commit)
    }

    /// Notes which capture is looked at.
    pub(super) fn bring_to_front(&self, front: Option<(u32, String)>) {
        self.state().front = front;
    }

    /// Loads a capture; it is the one that is looked at from now on.
    /// `measure` is what is read of a file that measures several things, `None` for its usual one.
    pub(super) fn open(
        &self,
        path: &Path,
        measure: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<LoadedProfile> {
        let picture = load_picture(path, measure, progress)?;
        let profile = &picture.profile;
        // Another tool's file may come from anywhere, and from any time.
        let target = (profile.header.pid, profile.header.name.clone());
        self.bring_to_front(Some(target).filter(|_| profile.foreign.is_none()));
        Ok(picture)
    }

    /// The judgement that the workspace keeps, made again from its evidence.
    pub(super) fn load_last(&self) -> Result<Option<Arc<ReviewDocument>>> {
        let workspace = self.workspace()?;
        let Some(evidence) = self.folder(&workspace)?.evidence()? else {
            return Ok(None);
        };
        self.judge(&workspace, Arc::new(evidence), None, None)
            .map(Some)
    }

    /// Gathers evidence over the declared window and judges it.
    pub(super) fn gather(
        &self,
        pid: Option<u32>,
        progress: &dyn Progress,
    ) -> Result<Arc<ReviewDocument>> {
        let workspace = self.workspace()?;
        let checklist = review::checklist(&workspace)?;
        let wanted = pid.or_else(|| self.open_target());
        let plan = GatherPlan {
            pid: review::find_target(wanted, &workspace, |why| progress.step(why, None))?,
            kinds: review::kinds(&checklist),
            window: Duration::from_secs_f64(workspace.declared.window.seconds),
            workspace: workspace.clone(),
            judged_at: jiff::Timestamp::now(),
        };
        if plan.pid.is_none() && workspace.declared.endpoints.is_empty() {
            bail!(
                "there is nothing to look at: choose a process on the start screen, open a \
                 capture whose process still runs, or declare a target in scrutineer.ron \
                 (`scrutineer init` writes one)"
            );
        }
        let mut gathered = gathering::gather(plan, progress, || {})?;
        review::explain_missing_load(&mut gathered.evidence);
        let _turn = self.turn();
        if workspace.has_file {
            self.folder(&workspace)?.save_evidence(&gathered.evidence)?;
        }
        let profile = gathered.capture.map(|capture| capture.profile);
        self.judge(&workspace, Arc::new(gathered.evidence), profile, None)
    }

    /// The open capture's process, where it still runs.
    fn open_target(&self) -> Option<u32> {
        let (pid, name) = self.state().front.clone()?;
        let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        (comm.trim() == name).then_some(pid)
    }

    /// Writes the last judgement, in the format that the file's name ends with, else as a page.
    pub(super) fn export(&self, path: &Path) -> Result<()> {
        let document = &self.judged()?.document;
        let format = DocumentFormat::named_by(path).unwrap_or_default();
        review::write_whole(path, &format.render(document)?)
    }

    /// Runs the demo in its own workspace, which is the session's from now on.
    pub(super) fn run_demo(&self, progress: &dyn Progress) -> Result<DemoOutcome> {
        let options = demo::DemoOptions::default();
        let folder = options.folder.clone();
        let result = demo::run(&options, progress)?;
        let capture = result.capture_path();
        let workspace = settings::workspace(&folder)?;
        {
            let mut state = self.state();
            (state.folder, state.against) = (folder, None);
            CURRENT.clone_into(&mut state.review);
        }
        self.judge(
            &workspace,
            Arc::new(result.evidence),
            result.capture.map(|capture| capture.profile),
            result.document.comparison,
        )?;
        Ok(DemoOutcome {
            capture,
            warnings: result.warnings,
        })
    }

    fn judged(&self) -> Result<Judged> {
        let judged = self.state().judged.clone();
        judged.context("nothing has been judged yet; gather evidence first")
    }

    fn judge(
        &self,
        workspace: &Workspace,
        evidence: Arc<Evidence>,
        profile: Option<Arc<Profile>>,
        comparison: Option<Comparison>,
    ) -> Result<Arc<ReviewDocument>> {
        let checklist = review::checklist(workspace)?;
        let kept = Kept::read(&self.folder(workspace)?)?;
        let document = Arc::new(review::compose_of(
            workspace,
            (&kept.decisions, kept.review.as_ref()),
            &checklist,
            &evidence,
            profile.as_deref(),
            comparison.clone(),
        )?);
        let judged = Judged {
            evidence,
            profile,
            comparison,
            document: Arc::clone(&document),
        };
        let mut state = self.state();
        (state.judged, state.kept) = (Some(judged), kept);
        Ok(document)
    }
}

#[cfg(test)]
mod tests;

//! What the window works on: a workspace, the capture that is open and the evidence last gathered.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    document::{Comparison, PinnedView, ReviewDocument},
    judge,
    review::{Action, Binding, Choice, Decision, Decisions, Done, Finding, Note, Review},
    words,
};
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{
    probes::GatherPlan,
    profile::Profile,
    progress::Progress,
    workspace::{self, Workspace},
};
use scrutineer_ui::{command::Entry, event::LoadedProfile, pin::Pin, settings::PrunePolicy};

use crate::{
    captures::{self, Place},
    demo, gathering, pins, prune,
    review::{self, DocumentFormat, ReviewFolder},
    settings,
};

/// What the window works on. Shared by jobs; no lock is held while one works.
#[derive(Debug)]
pub(super) struct Session {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Where the workspace is looked for.
    folder: PathBuf,
    /// The capture that is looked at: its target's pid and name.
    front: Option<(u32, String)>,
    /// What was judged last.
    judged: Option<Judged>,
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
    /// Its judgement.
    pub(super) document: Arc<ReviewDocument>,
    /// Its capture, where one could be made.
    pub(super) capture: Option<PathBuf>,
    /// Sentences that the user should read.
    pub(super) warnings: Vec<String>,
}

impl Session {
    /// A session in the workspace that `folder` lies in.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            state: Mutex::new(State {
                folder,
                front: None,
                judged: None,
            }),
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

    /// A pin, and the file of its capture.
    pub(super) fn find_pin(&self, id: &str) -> Result<(PathBuf, Pin)> {
        let workspace = self.workspace()?;
        let pin = pins::load(&workspace, id)?;
        Ok((pins::find_capture(&workspace, &pin)?, pin))
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
    pub(super) fn open(&self, path: &Path, progress: &dyn Progress) -> Result<LoadedProfile> {
        // Whole, so that the window knows a capture by its path.
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let loaded = captures::load(path, progress)?;
        progress.step("Laying the flame graph out", None);
        let picture = LoadedProfile::of(path.to_owned(), loaded.profile, loaded.damage);
        let profile = &picture.profile;
        // Another tool's file may come from anywhere, and from any time.
        let target = (profile.header.pid, profile.header.name.clone());
        self.bring_to_front(Some(target).filter(|_| profile.foreign.is_none()));
        Ok(picture)
    }

    /// The judgement that the workspace keeps, made again from its evidence.
    pub(super) fn load_last(&self) -> Result<Option<Arc<ReviewDocument>>> {
        let workspace = self.workspace()?;
        let Some(evidence) = ReviewFolder::current(&workspace).evidence()? else {
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
        if workspace.has_file {
            ReviewFolder::current(&workspace).save_evidence(&gathered.evidence)?;
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

    /// Stores a decision on what was judged last.
    pub(super) fn decide(
        &self,
        item: &str,
        choice: &Choice,
        why: &str,
    ) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let checklist = review::checklist(&self.workspace()?)?;
        let judgement = judge::judge(&checklist, &judged.evidence)
            .into_iter()
            .find(|judgement| judgement.id == item)
            .with_context(|| format!("the checklist has no item {item}"))?;
        let by = review::who(&self.workspace()?);
        let now = jiff::Timestamp::now();
        let decision = Decision::new(choice.clone(), by, now, why, Binding::of(&judgement))?;
        self.change_decisions(judged, |decisions| {
            decisions.items.insert(item.to_owned(), decision)
        })
    }

    /// Takes a decision back.
    pub(super) fn undecide(&self, item: &str) -> Result<Arc<ReviewDocument>> {
        self.change_decisions(self.judged()?, |decisions| decisions.items.remove(item))
    }

    fn change_decisions(
        &self,
        judged: Judged,
        change: impl FnOnce(&mut Decisions) -> Option<Decision>,
    ) -> Result<Arc<ReviewDocument>> {
        let workspace = self.workspace()?;
        let folder = ReviewFolder::current(&workspace);
        let mut decisions = folder.decisions()?;
        change(&mut decisions);
        folder.save_decisions(&decisions)?;
        self.judge(
            &workspace,
            judged.evidence,
            judged.profile,
            judged.comparison,
        )
    }

    /// Writes something down in the review.
    pub(super) fn write_down(
        &self,
        item: Option<String>,
        entry: Entry,
    ) -> Result<Arc<ReviewDocument>> {
        let by = review::who(&self.workspace()?);
        let at = review::now_to_the_second();
        self.change_review(|review| {
            match entry {
                Entry::Finding { severity, claim } => review.add_finding(Finding {
                    severity,
                    claim,
                    cause: String::new(),
                    item,
                    by,
                    at,
                }),
                Entry::Action { what, owner, due } => review.add_action(Action {
                    what,
                    owner,
                    due,
                    item,
                    by,
                    at,
                    done: None,
                }),
                Entry::Note { text } => review.add_note(Note { text, item, by, at }),
            };
        })
    }

    /// Says that an action was done.
    pub(super) fn finish_action(&self, id: &str) -> Result<Arc<ReviewDocument>> {
        let by = review::who(&self.workspace()?);
        let at = review::now_to_the_second();
        self.change_review(|review| {
            if let Some(action) = review.actions.get_mut(id) {
                action.done = Some(Done { by, at });
            }
        })
    }

    fn change_review(&self, change: impl FnOnce(&mut Review)) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let folder = ReviewFolder::current(&workspace);
        let mut written = folder.review_or_new(&review::who(&workspace))?;
        change(&mut written);
        folder.save_review(&written)?;
        self.judge(
            &workspace,
            judged.evidence,
            judged.profile,
            judged.comparison,
        )
    }

    /// Freezes the review; gives the milestone's file.
    pub(super) fn freeze(&self, name: &str, progress: &dyn Progress) -> Result<PathBuf> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let folder = ReviewFolder::current(&workspace);
        // What is seen is what is frozen, also where no file of the workspace kept it yet.
        folder.save_evidence(&judged.evidence)?;
        review::freeze(&workspace, &folder, name, judged.comparison, progress)?;
        folder.milestone_path(name)
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
        self.state().folder = folder;
        let document = self.judge(
            &workspace,
            Arc::new(result.evidence),
            result.capture.map(|capture| capture.profile),
            result.document.comparison,
        )?;
        Ok(DemoOutcome {
            document,
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
        let document = Arc::new(review::compose(
            workspace,
            &ReviewFolder::current(workspace),
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
        self.state().judged = Some(judged);
        Ok(document)
    }
}

//! The demo: starts the bundled service, drives it, captures it, judges it and compares it.

mod child;
mod load;
pub(crate) mod service;
mod summary;
mod workspace;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use scrutineer_checklists::{checklist::Checklist, document::ReviewDocument};
use scrutineer_evidence::{Evidence, traffic::TrafficFacts};
use scrutineer_profiler::{probes::GatherPlan, progress::Progress, workspace::Workspace};

use crate::{
    baselines::{self, Compared},
    gathering::{self, Captured, Gathering, Stopped},
    jobs::{Job, JobContext, Jobs},
    review::{self, ReviewFolder},
};
use child::ServiceProcess;
use load::{LoadLog, LoadPlan};

/// Requests per second. Development builds of the service are several times slower, and a service
/// that drowns shows little but its queue.
const RATE_PER_S: f64 = if cfg!(debug_assertions) { 60.0 } else { 300.0 };

/// Load before the window opens, so that first allocations and connections are not in it.
const WARM_UP: Duration = Duration::from_millis(1_500);

/// Name of the demo's baseline.
const BASELINE: &str = "demo";

/// Folder of the demo's workspace where none is named.
pub(crate) const FOLDER: &str = "scrutineer-demo";

/// How to run the demo.
#[derive(Clone, Debug)]
pub(crate) struct DemoOptions {
    /// Length of the capture.
    pub(crate) length: Duration,
    /// Folder of the demo's workspace.
    pub(crate) folder: PathBuf,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            length: Duration::from_secs(10),
            folder: PathBuf::from(FOLDER),
        }
    }
}

/// What the demo found.
#[derive(Debug)]
pub(crate) struct DemoResult {
    /// The facts.
    pub(crate) evidence: Evidence,
    /// The review.
    pub(crate) document: ReviewDocument,
    /// The capture, where one was to be had.
    pub(crate) capture: Option<Captured>,
    /// Whether the baseline was stored just now, or compared with; `None` without a capture.
    pub(crate) compared: Option<Compared>,
    /// The review as a page.
    pub(crate) page: PathBuf,
    /// Sentences that the user should read.
    pub(crate) warnings: Vec<String>,
}

impl DemoResult {
    /// What was found, in some twenty lines.
    pub(crate) fn summary(&self) -> String {
        summary::text(self)
    }

    /// The capture file, where one was to be had.
    pub(crate) fn capture_path(&self) -> Option<PathBuf> {
        self.capture.as_ref().map(|capture| capture.path.clone())
    }
}

/// Runs the demo. The service ends with it, however it ends.
pub(crate) fn run(options: &DemoOptions, progress: &dyn Progress) -> Result<DemoResult> {
    progress.step("Starting the demo's service", None);
    let service = ServiceProcess::start()?;
    let workspace = workspace::open(&options.folder, service.address(), options.length)?;
    let checklist = review::checklist(&workspace)?;
    let mut gathering = observe(&service, &workspace, &checklist, options.length, progress)?;
    drop(service);
    progress.step("Judging the guideline", None);
    let folder = ReviewFolder::current(&workspace);
    folder.save_evidence(&gathering.evidence)?;
    let profile = gathering.capture.as_ref().map(|capture| &*capture.profile);
    let compared = profile
        .filter(|profile| profile.quality.samples > 0)
        .map(|profile| baselines::compare_or_save(&workspace, BASELINE, profile))
        .transpose()?;
    let document = review::compose(
        &workspace,
        &folder,
        &checklist,
        &gathering.evidence,
        profile,
        compared.as_ref().and_then(Compared::comparison),
    )?;
    let page = workspace.root.join("review.html");
    review::write_html(&document, &page)?;
    let warnings = std::mem::take(&mut gathering.warnings);
    Ok(DemoResult {
        evidence: gathering.evidence,
        document,
        capture: gathering.capture,
        compared,
        page,
        warnings,
    })
}

/// Drives the service, and gathers evidence with a capture over one window.
fn observe(
    service: &ServiceProcess,
    workspace: &Workspace,
    checklist: &Checklist,
    length: Duration,
    progress: &dyn Progress,
) -> Result<Gathering> {
    let (jobs, _) = Jobs::new();
    let load = start_load(&jobs, service)?;
    warm_up(progress)?;
    let plan = GatherPlan {
        pid: Some(service.pid()),
        kinds: review::kinds(checklist),
        window: length,
        workspace: workspace.clone(),
        judged_at: jiff::Timestamp::now(),
    };
    let from = Instant::now();
    let to = from + length;
    // The probes that follow the window find the service at rest.
    let mut gathering = gathering::gather(plan, progress, || {
        if Instant::now() > to {
            load.cancel();
        }
    })?;
    load.cancel();
    gathering.evidence.traffic = Ok(traffic(load, from, to)?);
    Ok(gathering)
}

fn start_load(jobs: &Jobs, service: &ServiceProcess) -> Result<Job<std::io::Result<LoadLog>>> {
    let plan = LoadPlan {
        address: service.address(),
        rate_per_s: RATE_PER_S,
    };
    jobs.spawn_async("Load", move |job: JobContext| load::drive(plan, job))
        .context("cannot start the load driver")
}

fn traffic(
    load: Job<std::io::Result<LoadLog>>,
    from: Instant,
    to: Instant,
) -> Result<TrafficFacts> {
    let log = load.join()?.context("the load driver could not run")?;
    Ok(log.facts(from, to))
}

fn warm_up(progress: &dyn Progress) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        progress.step(
            "Warming the service up",
            Some(start.elapsed().div_duration_f32(WARM_UP)),
        );
        std::thread::sleep(Duration::from_millis(50));
        if progress.is_cancelled() {
            return Err(Stopped.into());
        }
    }
    Ok(())
}

//! Baselines of a workspace: captures summarised, stored and compared with.

use std::{fs, path::PathBuf};

use anyhow::Result;
use scrutineer_checklists::document::{Comparison, ComparisonRow};
use scrutineer_profiler::{
    bench::{self, Baseline, BaselineComparison, CaptureSummary, SaveMode},
    capture::file::{self, CAPTURE_EXTENSION},
    memory::growth,
    profile::Profile,
    workspace::{self, Workspace},
};

/// What became of a run that was held against a baseline.
#[derive(Clone, Debug)]
pub(crate) enum Compared {
    /// There was none of this name: the run is it now.
    Saved(Baseline),
    /// There was one.
    With(BaselineComparison),
}

impl Compared {
    /// The comparison as the document holds it, where there is one.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        match self {
            Self::Saved(_) => None,
            Self::With(comparison) => Some(for_document(comparison)),
        }
    }
}

/// A baseline of one run.
pub(crate) fn of_profile(workspace: &Workspace, name: &str, profile: &Profile) -> Baseline {
    let repository = workspace::git_commit(&workspace.root);
    Baseline {
        name: name.to_owned(),
        saved_at: jiff::Timestamp::now(),
        machine: profile.header.machine.clone(),
        commit: profile.header.commit.clone(),
        dirty: repository.map(|(_, dirty)| dirty),
        runs: vec![summarise(profile)],
    }
}

fn summarise(profile: &Profile) -> CaptureSummary {
    CaptureSummary::of(profile, growth::estimate(&profile.residency).as_ref())
}

/// Compares a run with the baseline of this name.
pub(crate) fn compare(
    workspace: &Workspace,
    name: &str,
    profile: &Profile,
) -> Result<BaselineComparison> {
    let baseline = Baseline::load(&workspace.baselines_folder(), name)?;
    Ok(bench::compare(
        &baseline,
        &summarise(profile),
        &profile.header.machine,
    ))
}

/// Compares a run with the baseline of this name, or makes it that baseline where there is none.
pub(crate) fn compare_or_save(
    workspace: &Workspace,
    name: &str,
    profile: &Profile,
) -> Result<Compared> {
    let folder = workspace.baselines_folder();
    if Baseline::exists(&folder, name)? {
        return compare(workspace, name, profile).map(Compared::With);
    }
    let baseline = of_profile(workspace, name, profile).save(&folder, SaveMode::New)?;
    Ok(Compared::Saved(baseline))
}

/// The workspace's newest capture; `None` where it has none.
pub(crate) fn newest_capture(workspace: &Workspace) -> Option<PathBuf> {
    let captures = fs::read_dir(workspace.captures_folder()).ok()?.flatten();
    captures
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == CAPTURE_EXTENSION)
        })
        .filter_map(|path| Some((file::summarise(&path).ok()?.header.started_at, path)))
        .max()
        .map(|(_, path)| path)
}

/// The comparison as the document holds it.
pub(crate) fn for_document(comparison: &BaselineComparison) -> Comparison {
    let rows = comparison.rows.iter().map(|row| {
        let (base, now) = row.values_text();
        ComparisonRow {
            metric: row.metric.clone(),
            base,
            now,
            change: row.change_text(),
            judgement: row.judgement.text(),
        }
    });
    Comparison {
        baseline: comparison.baseline.clone(),
        saved_at: comparison.saved_at,
        commit: comparison.commit.clone(),
        mismatches: comparison.mismatches.clone(),
        rows: rows.collect(),
    }
}

//! Freezes a review into a milestone, and makes a milestone the document that exporters read.

use anyhow::{Context, Result};
use scrutineer_checklists::{
    document::{self, Comparison, MilestoneLine, ReviewDocument, SignOffLine},
    review::{MILESTONE_FORMAT_VERSION, Milestone, Review, digest_of},
};
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{
    profile::Profile,
    progress::Progress,
    workspace::{self, Workspace},
};

use super::{ReviewFolder, StoredMilestone, allowed_signers, check_sign_off, checklist};
use crate::{captures, cli::Usage, flame_picture, pins};

/// Freezes what a review holds now. `comparison` is the one with a baseline, where there is one.
pub(crate) fn freeze(
    workspace: &Workspace,
    folder: &ReviewFolder,
    name: &str,
    comparison: Option<Comparison>,
    progress: &dyn Progress,
) -> Result<StoredMilestone> {
    let evidence = saved_evidence(folder)?;
    let checklist = checklist(workspace)?;
    let decisions = folder.decisions()?;
    let now = now_to_the_second();
    let by = super::who(workspace);
    let written = folder.review()?;
    let written = written.unwrap_or_else(|| Review::new("", by.clone(), now));
    let profile = profile_of(workspace, &evidence, progress);
    let mut document = document::assemble(document::Inputs {
        evidence: &evidence,
        checklist: &checklist,
        decisions: &decisions,
        review: Some(&written),
        flame: profile.as_ref().and_then(flame_picture::draw),
        comparison,
        commit: workspace::git_commit(&workspace.root).map(|(commit, _)| commit),
        product_version: env!("CARGO_PKG_VERSION"),
    });
    document.pins = pins::shown(workspace)?;
    let milestone = Milestone {
        version: MILESTONE_FORMAT_VERSION,
        name: name.to_owned(),
        frozen_at: now,
        frozen_by: by,
        counts: document.counts(),
        checklist: checklist.print(),
        review: written,
        evidence,
        decisions,
        document,
    };
    let path = folder.freeze(&milestone)?;
    StoredMilestone::read(&path)
}

/// The evidence that a review keeps; without any there is nothing to freeze or show.
pub(crate) fn saved_evidence(folder: &ReviewFolder) -> Result<Evidence> {
    let evidence = folder.evidence()?;
    evidence.with_context(|| {
        format!(
            "the review \"{}\" holds no evidence yet; gather some with `scrutineer check --review \
             {}`",
            folder.name(),
            folder.name()
        )
    })
}

/// The profile of the evidence's capture, where the workspace keeps the very file.
pub(crate) fn profile_of(
    workspace: &Workspace,
    evidence: &Evidence,
    progress: &dyn Progress,
) -> Option<Profile> {
    let facts = evidence.capture.as_ref().ok()?;
    let path = workspace.captures_folder().join(&facts.file);
    let loaded = captures::load(&path, progress).ok()?;
    // Another file of that name is no evidence.
    let now = captures::facts(&path, &loaded.profile).ok()?;
    (now.digest == facts.digest).then_some(loaded.profile)
}

/// The document of a milestone with the approvals as they stand now.
pub(crate) fn document_of(
    workspace: &Workspace,
    folder: &ReviewFolder,
    stored: &StoredMilestone,
) -> Result<ReviewDocument> {
    let milestone = &stored.milestone;
    let allowed = allowed_signers(workspace);
    let sign_offs = folder.sign_offs(&milestone.name)?.sign_offs;
    let mut document = milestone.document.clone();
    document.people.milestone = Some(MilestoneLine {
        name: milestone.name.clone(),
        frozen_at: milestone.frozen_at,
        frozen_by: milestone.frozen_by.clone(),
        digest: digest_of(&stored.text),
    });
    document.people.sign_offs = sign_offs
        .into_iter()
        .map(|sign_off| SignOffLine {
            standing: check_sign_off(&sign_off, &stored.text, allowed.as_deref()),
            sign_off,
        })
        .collect();
    Ok(document)
}

/// Now; fractions of a second say nothing in a document.
pub(crate) fn now_to_the_second() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).expect("whole seconds of a time are a time")
}

/// The latest milestone of a review, by the time at which it was frozen.
pub(crate) fn latest(folder: &ReviewFolder) -> Result<StoredMilestone> {
    let mut latest: Option<StoredMilestone> = None;
    for name in folder.milestones()? {
        let stored = folder.milestone(&name)?;
        let is_later = latest
            .as_ref()
            .is_none_or(|before| before.milestone.frozen_at <= stored.milestone.frozen_at);
        if is_later {
            latest = Some(stored);
        }
    }
    latest.ok_or_else(|| {
        Usage(format!(
            "the review \"{}\" has no milestone yet; `scrutineer review milestone NAME` freezes one",
            folder.name()
        ))
        .into()
    })
}

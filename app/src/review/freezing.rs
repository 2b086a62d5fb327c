//! Freezes a review into a milestone, and makes a milestone the document that exporters read.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result};
use scrutineer_checklists::{
    document::{Comparison, MilestoneLine, PinnedView, ReviewDocument, SignOffLine},
    review::{MILESTONE_FORMAT_VERSION, Milestone, digest_of},
};
use scrutineer_evidence::Evidence;
use scrutineer_profiler::{profile::Profile, progress::Progress, workspace::Workspace};

use super::{
    ReviewFolder, StoredMilestone, allowed_signers, check_sign_off, checklist, compose_of,
};
use crate::{captures, cli::Usage};

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
    let written = folder.review_or_new(&by)?;
    let profile = profile_of(workspace, &evidence, progress);
    let document = compose_of(
        workspace,
        (&decisions, Some(&written)),
        &checklist,
        &evidence,
        profile.as_ref(),
        comparison,
    )?;
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

/// The captures that a milestone rests on: the evidence's and those of its pinned views. Each by
/// its file's name, with the digest that was noted and where the workspace would keep it.
pub(crate) fn captures_of(
    workspace: &Workspace,
    milestone: &Milestone,
) -> BTreeMap<String, (String, PathBuf)> {
    let judged = milestone.evidence.capture.as_ref().ok().map(|facts| {
        let path = workspace.captures_folder().join(&facts.file);
        (path, &facts.digest)
    });
    let pins = milestone.document.pins.iter();
    let pinned = pins.flat_map(PinnedView::captures).map(|capture| {
        let path = workspace.root.join(&capture.file);
        (path, &capture.digest)
    });
    let named = judged
        .into_iter()
        .chain(pinned)
        .filter_map(|(path, digest)| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, (digest.clone(), path)))
        });
    named.collect()
}

/// Now; fractions of a second say nothing in a document.
pub(crate) fn now_to_the_second() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).expect("whole seconds of a time are a time")
}

/// The latest milestone of a review, by the time at which it was frozen.
pub(crate) fn latest(folder: &ReviewFolder) -> Result<StoredMilestone> {
    let latest = folder.heads()?.pop();
    let latest = latest.ok_or_else(|| {
        Usage(format!(
            "the review \"{}\" has no milestone yet; `scrutineer review milestone NAME` freezes one",
            folder.name()
        ))
    })?;
    folder.milestone(&latest.name)
}

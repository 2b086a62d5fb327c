//! Somebody approves a milestone: by name and role, with an SSH key where there is one.

use std::path::PathBuf;

use anyhow::Result;
use scrutineer_checklists::review::{SignOff, SignOffStanding, digest_of};
use scrutineer_profiler::workspace::Workspace;

use super::{ReviewFolder, allowed_signers, check_sign_off, now_to_the_second, sign};
use crate::cli::Usage;

/// Approves a milestone and keeps that. With a key it is signed; without one it is recorded as an
/// approval. A milestone that does not hold is refused.
pub(crate) fn approve(
    workspace: &Workspace,
    folder: &ReviewFolder,
    milestone: &str,
    (name, role): (String, String),
    key: Option<PathBuf>,
) -> Result<(SignOff, SignOffStanding)> {
    let stored = folder.milestone(milestone)?;
    if let Some(doubt) = stored.milestone.doubts().first() {
        return Err(Usage(format!(
            "the milestone does not hold, and is not signed: {doubt}; `scrutineer verify \
             {milestone}` says all"
        ))
        .into());
    }
    let mut sign_off = SignOff {
        name,
        role,
        at: now_to_the_second(),
        milestone_digest: digest_of(&stored.text),
        signature: None,
    };
    if let Some(key) = key {
        sign_off.signature = Some(sign(&sign_off, &key)?);
    }
    let allowed = allowed_signers(workspace);
    let standing = check_sign_off(&sign_off, &stored.text, allowed.as_deref());
    let mut sign_offs = folder.sign_offs(milestone)?;
    sign_offs.sign_offs.push(sign_off.clone());
    folder.save_sign_offs(milestone, &sign_offs)?;
    Ok((sign_off, standing))
}

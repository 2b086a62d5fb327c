//! The review of a workspace: what is judged, what people decided, and where both are kept.

mod approving;
mod bundle;
mod folder;
mod format;
mod freezing;
mod signing;

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    changes::{self, Changes},
    checklist::Checklist,
    document::{self, Comparison, ReviewDocument},
    judge,
    review::{Decisions, Review},
};
use scrutineer_evidence::{Absent, Evidence, Kind};
use scrutineer_profiler::{
    capture::{
        CaptureError,
        target::{self, Target},
    },
    plain_text, process,
    profile::Profile,
    workspace::{self, Workspace},
};

use crate::{flame_picture, pins};

pub(crate) use approving::approve;
pub(crate) use bundle::{Bundle, MILESTONE_FILE, Part, SIGN_OFFS_FILE, in_bundle};
pub(crate) use folder::{CURRENT, ReviewFolder, StoredMilestone, evidence_of};
pub(crate) use format::DocumentFormat;
pub(crate) use freezing::{
    captures_of, document_of, freeze, latest, now_to_the_second, profile_of, saved_evidence,
};
pub(crate) use signing::{allowed_signers, check as check_sign_off, sign, usual_key};

/// Largest checklist that is read, bytes.
const LARGEST_CHECKLIST_BYTES: u64 = 1 << 20;

/// The guideline with what the workspace's own checklists change of it, and the limits that
/// `scrutineer.ron` puts in place of its own.
pub(crate) fn checklist(workspace: &Workspace) -> Result<Checklist> {
    let mut checklist = Checklist::performance();
    for path in &workspace.checklists {
        let text = checklist_text(&workspace.root, path)?;
        // `path:line:column: what` when joined, the form that editors jump to.
        Changes::apply(&text, &mut checklist).with_context(|| path.display().to_string())?;
    }
    for (id, limits) in &workspace.overrides {
        override_limits(&mut checklist, id, limits)
            .with_context(|| format!("scrutineer.ron, overrides of \"{id}\""))?;
    }
    Ok(checklist)
}

/// The text of a checklist below the workspace's root. A link that leads out of it is not followed:
/// what a repository says must lie in it.
fn checklist_text(root: &Path, path: &Path) -> Result<String> {
    let reading = || format!("cannot read the checklist {}", path.display());
    let real = fs::canonicalize(root.join(path)).with_context(reading)?;
    if !real.starts_with(fs::canonicalize(root).with_context(reading)?) {
        bail!(
            "the checklist {} lies outside of the workspace",
            path.display()
        );
    }
    if fs::metadata(&real).with_context(reading)?.len() > LARGEST_CHECKLIST_BYTES {
        bail!(
            "the checklist {} is larger than any checklist",
            path.display()
        );
    }
    plain_text::read(&real).with_context(reading)
}

/// Puts `limits` in place of the rule's own. A limit that the rule does not have is refused.
fn override_limits(checklist: &mut Checklist, id: &str, limits: &ron::Value) -> Result<()> {
    let ron::Value::Map(limits) = limits else {
        bail!("write the limits by name, like (most_threads: 500)");
    };
    for (name, limit) in limits.iter() {
        let ron::Value::String(name) = name else {
            bail!("write the limits by name, like (most_threads: 500)");
        };
        changes::set_limit(checklist, id, name, limit, "scrutineer.ron")
            .map_err(|(_, what)| anyhow::anyhow!(what))?;
    }
    Ok(())
}

/// Kinds of facts that the review needs: the rules' and those that the document shows.
pub(crate) fn kinds(checklist: &Checklist) -> BTreeSet<Kind> {
    let mut kinds = judge::plan(checklist);
    kinds.extend([Kind::Process, Kind::System, Kind::Residency]);
    kinds
}

/// The process to look at: `pid`, else the declared one. A declared one that does not run leaves
/// its facts out, and `say` is told why.
pub(crate) fn find_target(
    pid: Option<u32>,
    workspace: &Workspace,
    say: impl FnOnce(&str),
) -> Result<Option<u32>> {
    let target = match (pid, &workspace.target_name) {
        (Some(pid), _) => Target::Pid(pid),
        (None, Some(name)) => Target::Name(name.clone()),
        (None, None) => return Ok(None),
    };
    match target::resolve(&target) {
        Ok(pid) => Ok(Some(pid)),
        Err(error @ CaptureError::NoSuchName { .. }) => {
            say(&format!("{error}; judging without a process"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Evidence of a service under its own load, which cannot be counted from outside.
pub(crate) fn explain_missing_load(evidence: &mut Evidence) {
    evidence.traffic = Err(Absent::NotAsked {
        would_need: "a load that this product drives; the service was watched under its own".into(),
    });
}

/// The name that a decision bears: git's user, else the system's.
pub(crate) fn who(workspace: &Workspace) -> String {
    let git = std::process::Command::new("git")
        .args(["config", "user.name"])
        .current_dir(&workspace.root)
        .output();
    git.ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(process::own_user_name)
}

/// Judges the evidence and sets people's decisions against it.
pub(crate) fn compose(
    workspace: &Workspace,
    folder: &ReviewFolder,
    checklist: &Checklist,
    evidence: &Evidence,
    profile: Option<&Profile>,
    comparison: Option<Comparison>,
) -> Result<ReviewDocument> {
    let (decisions, review) = (folder.decisions()?, folder.review()?);
    let written = (&decisions, review.as_ref());
    compose_of(workspace, written, checklist, evidence, profile, comparison)
}

/// The same, of decisions and a review that are at hand.
pub(crate) fn compose_of(
    workspace: &Workspace,
    (decisions, review): (&Decisions, Option<&Review>),
    checklist: &Checklist,
    evidence: &Evidence,
    profile: Option<&Profile>,
    comparison: Option<Comparison>,
) -> Result<ReviewDocument> {
    let mut document = document::assemble(document::Inputs {
        evidence,
        checklist,
        decisions,
        review,
        flame: profile.and_then(flame_picture::draw),
        comparison,
        commit: workspace::git_commit(&workspace.root).map(|(commit, _)| commit),
        product_version: env!("CARGO_PKG_VERSION"),
    });
    document.pins = pins::shown(workspace)?;
    Ok(document)
}

/// Writes the review as a page.
pub(crate) fn write_html(document: &ReviewDocument, path: &Path) -> Result<()> {
    write_whole(path, scrutineer_report::html::render(document).as_bytes())
}

/// Writes a file beside its place and moves it there, so that a full disk leaves the old one.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let beside = path.with_extension("part");
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&beside, content)?;
        fs::rename(&beside, path)
    };
    write()
        .inspect_err(|_| drop(fs::remove_file(&beside)))
        .with_context(|| {
            format!(
                "cannot write {}; free space or change its folder's permissions",
                path.display()
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.html");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    fn with_overrides(text: &str) -> Result<Checklist> {
        let file = format!("(version: 1, overrides: {{ {text} }})");
        checklist(&Workspace::parse(&file, Path::new("/x/scrutineer.ron")).unwrap())
    }

    #[test]
    fn a_limit_of_the_workspace_takes_the_place_of_the_house_rule() {
        let id = "concurrency.thread-monitoring";
        let rule = serde_json::to_value(&Checklist::performance().item(id).unwrap().rule).unwrap();
        let (name, _) = rule["Threads"].as_object().unwrap().iter().next().unwrap();
        let checklist = with_overrides(&format!("\"{id}\": ({name}: 12345)")).unwrap();
        let item = checklist.item(id).unwrap();
        assert_eq!(
            serde_json::to_value(&item.rule).unwrap()["Threads"][name].as_f64(),
            Some(12345.0)
        );
        assert!(item.source.starts_with("scrutineer.ron"), "{}", item.source);
    }

    #[test]
    fn an_override_that_fits_no_item_or_no_limit_is_refused_by_name() {
        let error = |text| format!("{:#}", with_overrides(text).unwrap_err());
        assert!(error("\"no.such\": (a: 1)").contains("no.such"));
        let unknown = error("\"concurrency.thread-monitoring\": (speed: 1)");
        assert!(
            unknown.contains("speed") && unknown.contains("known are "),
            "{unknown}"
        );
    }
}

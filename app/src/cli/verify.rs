//! `verify`: recomputes every digest and verdict of a review, and says what no longer holds.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use scrutineer_checklists::{
    document::ReviewDocument,
    review::{SignOff, SignOffStanding, SignOffs, Standing},
};
use scrutineer_profiler::workspace::Workspace;

use super::{Exit, Run, Usage, write_to_stdout};
use crate::review::{
    self, Bundle, CURRENT, MILESTONE_FILE, ReviewFolder, SIGN_OFFS_FILE, StoredMilestone,
    allowed_signers, captures_of, check_sign_off, in_bundle,
};

/// Recompute digests, verdicts and signatures of a review, and say what no longer holds
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Verdicts are judged again from the evidence that the milestone holds, without the target. Whose key
made a signature is looked up in .scrutineer/allowed_signers, else in git's
gpg.ssh.allowedSignersFile.

Exit codes: 0 everything holds, 1 something does not, 3 it could not be read.

Examples:
  scrutineer verify                        the review \"current\" with all its milestones
  scrutineer verify spring
  scrutineer verify spring-2026-q1.scrutineer-review")]
pub(super) struct Arguments {
    /// Name of a review of the workspace, a milestone's file or a bundle
    #[arg(default_value = CURRENT)]
    review: String,

    /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: PathBuf,
}

/// What was looked at, line by line.
#[derive(Debug, Default)]
struct Findings {
    text: String,
    fails: usize,
}

impl Findings {
    fn holds(&mut self, words: &str) {
        let _ = writeln!(self.text, "✓ {words}");
    }

    fn fails(&mut self, words: &str) {
        self.fails += 1;
        let _ = writeln!(self.text, "✗ {words}");
    }

    /// True, and worth knowing, but nothing that fails.
    fn notes(&mut self, words: &str) {
        let _ = writeln!(self.text, "! {words}");
    }
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        let workspace = super::find_workspace(&self.workspace)?;
        let path = Path::new(&self.review);
        let mut findings = Findings::default();
        if path.is_file() {
            verify_file(&workspace, path, &mut findings)?;
        } else {
            verify_review(&workspace, &self.review, &mut findings)?;
        }
        let conclusion = match findings.fails {
            0 => "Everything that can be recomputed holds.".to_owned(),
            1 => "One thing does not hold.".to_owned(),
            count => format!("{count} things do not hold."),
        };
        let _ = writeln!(findings.text, "{conclusion}");
        write_to_stdout(findings.text.as_bytes())?;
        Ok(if findings.fails > 0 {
            Exit::Findings
        } else {
            Exit::Fine
        })
    }
}

fn verify_file(workspace: &Workspace, path: &Path, findings: &mut Findings) -> Result<()> {
    let mut head = [0; 2];
    let mut file = std::fs::File::open(path)?;
    let is_gzipped =
        std::io::Read::read_exact(&mut file, &mut head).is_ok() && head == [0x1f, 0x8b];
    if !is_gzipped {
        let stored = StoredMilestone::read(path)?;
        verify_milestone(workspace, &stored, None, findings);
        return Ok(());
    }
    let bundle = Bundle::read(path)?;
    for doubt in &bundle.doubts {
        findings.fails(doubt);
    }
    if bundle.doubts.is_empty() {
        let count = bundle.files.len();
        findings.holds(&format!("{count} files are what the bundle's list says"));
    }
    let text = bundle.texts.get(MILESTONE_FILE);
    let text = text.with_context(|| format!("{} holds no milestone", path.display()))?;
    let stored = StoredMilestone::of(text.clone())?;
    let sign_offs = bundle.texts.get(SIGN_OFFS_FILE);
    let sign_offs = sign_offs.map(|text| SignOffs::parse(text)).transpose()?;
    verify_milestone(
        workspace,
        &stored,
        Some(sign_offs.unwrap_or_default()),
        findings,
    );
    for (name, (digest, _)) in captures_of(workspace, &stored.milestone) {
        let found = bundle
            .files
            .get(&in_bundle(&name))
            .map(|file| &*file.digest);
        verify_capture(&stored, &name, &digest, found, "in the bundle", findings);
    }
    Ok(())
}

fn verify_review(workspace: &Workspace, name: &str, findings: &mut Findings) -> Result<()> {
    let folder = ReviewFolder::named(workspace, name)?;
    if !folder.exists() {
        return Err(Usage(format!(
            "there is neither a review nor a file \"{name}\"; `scrutineer review list` shows the \
             reviews of the workspace"
        ))
        .into());
    }
    if let Some(evidence) = folder.evidence()? {
        let checklist = review::checklist(workspace)?;
        let document = review::compose(workspace, &folder, &checklist, &evidence, None, None)?;
        verify_decisions(&document, findings);
    } else {
        findings.notes(&format!("the review \"{name}\" holds no evidence yet"));
    }
    for milestone in folder.milestones()? {
        let stored = folder.milestone(&milestone)?;
        let sign_offs = folder.sign_offs(&milestone)?;
        verify_milestone(workspace, &stored, Some(sign_offs), findings);
        for (name, (digest, path)) in captures_of(workspace, &stored.milestone) {
            let found = path.is_file().then(|| crate::captures::digest(&path));
            let found = found.transpose()?;
            let place = "in the workspace any more";
            verify_capture(&stored, &name, &digest, found.as_deref(), place, findings);
        }
    }
    Ok(())
}

/// Decisions that lapsed against the evidence of today.
fn verify_decisions(document: &ReviewDocument, findings: &mut Findings) {
    let decided: Vec<_> = document
        .items()
        .filter_map(|item| Some((&item.id, item.decision.as_ref()?)))
        .collect();
    let mut holding = 0;
    for (id, (decision, standing)) in &decided {
        match standing {
            Standing::Holds => holding += 1,
            Standing::Lapsed(why) => findings.fails(&format!(
                "{id}: the decision \"{}\" of {} lapsed: {why}",
                decision.choice.words(),
                decision.by
            )),
        }
    }
    findings.holds(&format!(
        "{holding} of {} decisions hold against the evidence of {}",
        decided.len(),
        document.judged_at.strftime("%Y-%m-%d %H:%M UTC")
    ));
}

fn verify_milestone(
    workspace: &Workspace,
    stored: &StoredMilestone,
    sign_offs: Option<SignOffs>,
    findings: &mut Findings,
) {
    let name = &stored.milestone.name;
    let doubts = stored.milestone.doubts();
    for doubt in &doubts {
        findings.fails(&format!("{name}: {doubt}"));
    }
    if doubts.is_empty() {
        let items = stored.milestone.document.items().count();
        findings.holds(&format!(
            "{name}: the evidence has its digest, and {items} items judged again say the same"
        ));
    }
    let allowed = allowed_signers(workspace);
    let sign_offs = sign_offs.map(|sign_offs| sign_offs.sign_offs);
    match sign_offs.as_deref() {
        None => findings.notes(&format!("{name}: approvals lie beside the file, not in it")),
        Some([]) => findings.notes(&format!("{name}: nobody has approved it")),
        Some(sign_offs) => {
            for sign_off in sign_offs {
                let standing = check_sign_off(sign_off, &stored.text, allowed.as_deref());
                verify_sign_off(name, sign_off, &standing, findings);
            }
        }
    }
}

fn verify_sign_off(
    milestone: &str,
    sign_off: &SignOff,
    standing: &SignOffStanding,
    findings: &mut Findings,
) {
    let words = format!(
        "{milestone}: {}, {}: {}",
        sign_off.name,
        sign_off.role,
        standing.words()
    );
    match standing {
        SignOffStanding::Signed { .. } => findings.holds(&words),
        SignOffStanding::SignedByUnknownKey { .. } | SignOffStanding::Approved => {
            findings.notes(&words);
        }
        SignOffStanding::Unsigned { .. } => findings.fails(&words),
    }
}

/// A capture that a milestone rests on, by the digest of the file that is there now.
fn verify_capture(
    stored: &StoredMilestone,
    name: &str,
    noted: &str,
    found: Option<&str>,
    place: &str,
    findings: &mut Findings,
) {
    let milestone = &stored.milestone.name;
    match found {
        None => findings.notes(&format!("{milestone}: the capture {name} is not {place}")),
        Some(found) if found == noted => {
            findings.holds(&format!("{milestone}: {name} is the capture that was seen"));
        }
        Some(_) => findings.fails(&format!(
            "{milestone}: {name} is not the capture that was seen"
        )),
    }
}

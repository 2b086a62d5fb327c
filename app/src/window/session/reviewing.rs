//! What a team does to the open review: deciding, writing down, freezing, signing.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    document::ReviewDocument,
    judge,
    review::{Action, Binding, Choice, Decision, Decisions, Done, Finding, Note, Review, Standing},
    verdict::{Confidence, Outcome},
};
use scrutineer_profiler::{progress::Progress, workspace::Workspace};
use scrutineer_ui::{
    command::Entry,
    review::{BoundCapture, KeptAction},
};

use super::{Judged, Session};
use crate::review::{self, ReviewFolder, now_to_the_second};

/// The longest name that is made of a title.
const LONGEST_NAME: usize = 40;

impl Session {
    /// The turn to change the review: held until what came of it is told.
    pub(in crate::window) fn turn(&self) -> std::sync::MutexGuard<'_, ()> {
        self.turn
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What was judged last; `None` where nothing was.
    pub(in crate::window) fn document(&self) -> Option<Arc<ReviewDocument>> {
        let state = self.state();
        let judged = state.judged.as_ref()?;
        Some(Arc::clone(&judged.document))
    }

    /// Stores a decision on what was judged last.
    pub(in crate::window) fn decide(
        &self,
        item: &str,
        choice: &Choice,
        why: &str,
    ) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let checklist = review::checklist(&workspace)?;
        let judgement = judge::judge(&checklist, &judged.evidence)
            .into_iter()
            .find(|judgement| judgement.id == item)
            .with_context(|| format!("the checklist has no item {item}"))?;
        let by = self.decider(&workspace);
        let at = now_to_the_second();
        let decision = Decision::new(choice.clone(), by, at, why, Binding::of(&judgement))?;
        self.change_decisions(judged, &[item], |decisions| {
            decisions.items.insert(item.to_owned(), decision);
        })
    }

    /// Takes a decision back.
    pub(in crate::window) fn undecide(&self, item: &str) -> Result<Arc<ReviewDocument>> {
        self.change_decisions(self.judged()?, &[item], |decisions| {
            decisions.items.remove(item);
        })
    }

    /// Confirms every strong pass on which no decision stands, and says so in each.
    pub(in crate::window) fn accept_strong_passes(&self) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let (by, at) = (self.decider(&self.workspace()?), now_to_the_second());
        let document = Arc::clone(&judged.document);
        let open = document.items().filter(|item| {
            item.verdict.outcome == Outcome::Pass
                && item.verdict.confidence == Confidence::Strong
                && !matches!(item.decision, Some((_, Standing::Holds)))
        });
        let mut accepted = Vec::new();
        for item in open {
            let decision = Decision::new(Choice::Confirm, &*by, at, "", Binding::from(item))?;
            accepted.push((item.id.as_str(), decision.made_together()));
        }
        let ids: Vec<&str> = accepted.iter().map(|(id, _)| *id).collect();
        self.change_decisions(judged, &ids, |decisions| {
            let accepted = accepted.iter().cloned();
            let accepted = accepted.map(|(id, decision)| (id.to_owned(), decision));
            decisions.items.extend(accepted);
        })
    }

    /// Whose decisions these are: the lead's, else those of whoever's machine it is.
    pub(super) fn decider(&self, workspace: &Workspace) -> String {
        let lead = self.state().kept.review.as_ref().map(|it| it.lead.clone());
        lead.filter(|lead| !lead.is_empty())
            .unwrap_or_else(|| review::who(workspace))
    }

    /// Changes the decisions on some items in the file as it is now. Where another hand changed one
    /// of these since it was shown, nothing is written.
    fn change_decisions(
        &self,
        judged: Judged,
        items: &[&str],
        change: impl FnOnce(&mut Decisions),
    ) -> Result<Arc<ReviewDocument>> {
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        let mut decisions = folder.decisions()?;
        let shown = self.state().kept.decisions.clone();
        let other = items
            .iter()
            .find(|item| decisions.items.get(**item) != shown.items.get(**item));
        if let Some(item) = other {
            let now = decisions.items.get(*item);
            let now = now.map_or_else(
                || "its decision was taken back".to_owned(),
                |other| format!("{} decided: {}", other.by, other.choice.words()),
            );
            self.judge_again(&workspace, judged)?;
            bail!(
                "{item} was changed on the disk meanwhile ({now}), and nothing was written over \
                 it; look at it, then decide again"
            );
        }
        change(&mut decisions);
        folder.save_decisions(&decisions)?;
        self.judge_again(&workspace, judged)
    }

    fn judge_again(&self, workspace: &Workspace, judged: Judged) -> Result<Arc<ReviewDocument>> {
        let Judged {
            evidence,
            profile,
            comparison,
            ..
        } = judged;
        self.judge(workspace, evidence, profile, comparison)
    }

    /// Writes something down in the review.
    pub(in crate::window) fn write_down(
        &self,
        item: Option<String>,
        entry: Entry,
    ) -> Result<Arc<ReviewDocument>> {
        let by = self.decider(&self.workspace()?);
        let at = now_to_the_second();
        self.change_review(
            |_| (),
            |review| {
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
            },
        )
    }

    /// Says that an action was done.
    pub(in crate::window) fn finish_action(&self, id: &str) -> Result<Arc<ReviewDocument>> {
        let by = self.decider(&self.workspace()?);
        let at = now_to_the_second();
        self.change_review(
            |review| review.actions.get(id).cloned(),
            |review| {
                if let Some(action) = review.actions.get_mut(id) {
                    action.done = Some(Done { by, at });
                }
            },
        )
    }

    /// Says who is in the room, and who leads.
    pub(in crate::window) fn set_room(
        &self,
        lead: String,
        room: BTreeSet<String>,
    ) -> Result<Arc<ReviewDocument>> {
        self.change_review(
            |review| (review.lead.clone(), review.room.clone()),
            |review| (review.lead, review.room) = (lead, room),
        )
    }

    /// Changes the review's file as it is now. Where another hand changed what `touches` gives
    /// since it was shown, nothing is written.
    fn change_review<T: PartialEq>(
        &self,
        touches: impl Fn(&Review) -> T,
        change: impl FnOnce(&mut Review),
    ) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        let shown = self.state().kept.review.clone();
        let mut written = folder.review_or_new(&review::who(&workspace))?;
        if shown.is_some_and(|shown| touches(&shown) != touches(&written)) {
            self.judge_again(&workspace, judged)?;
            bail!(
                "review.ron was changed on the disk meanwhile, and nothing was written over it; \
                 look at it, then do it again"
            );
        }
        change(&mut written);
        folder.save_review(&written)?;
        self.judge_again(&workspace, judged)
    }

    /// Freezes the review; gives the milestone's file.
    pub(in crate::window) fn freeze(&self, name: &str, progress: &dyn Progress) -> Result<PathBuf> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        // What is seen is what is frozen, also where no file of the workspace kept it yet.
        folder.save_evidence(&judged.evidence)?;
        let comparison = judged.comparison.clone();
        review::freeze(&workspace, &folder, name, comparison, progress)?;
        self.judge_again(&workspace, judged)?;
        folder.milestone_path(name)
    }

    /// Opens a review of the workspace.
    pub(in crate::window) fn open_review(&self, name: &str) -> Result<Arc<ReviewDocument>> {
        let workspace = self.workspace()?;
        let folder = ReviewFolder::named(&workspace, name)?;
        let evidence = review::saved_evidence(&folder)?;
        self.switch_to(name);
        self.judge(&workspace, Arc::new(evidence), None, None)
    }

    fn switch_to(&self, name: &str) {
        let mut state = self.state();
        (state.review, state.against) = (name.to_owned(), None);
    }

    /// Opens a new review of what is judged now, with nothing decided.
    pub(in crate::window) fn new_review(&self, title: &str) -> Result<Arc<ReviewDocument>> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let name = name_of(title);
        let folder = ReviewFolder::named(&workspace, &name)?;
        if folder.exists() {
            bail!("there is a review \"{name}\" already; open it, or choose another title");
        }
        folder.save_evidence(&judged.evidence)?;
        let by = review::who(&workspace);
        folder.save_review(&Review::new(title, by, now_to_the_second()))?;
        self.switch_to(&name);
        self.judge_again(&workspace, judged)
    }

    /// Compares with a milestone of the open review from now on.
    pub(in crate::window) fn compare_with(&self, milestone: &str) -> Result<()> {
        self.folder(&self.workspace()?)?.milestone(milestone)?;
        self.state().against = Some(milestone.to_owned());
        Ok(())
    }

    /// Approves a milestone of the open review; gives what the approval comes to, in words.
    pub(in crate::window) fn sign_off(
        &self,
        milestone: &str,
        (name, role): (String, String),
        with_key: bool,
    ) -> Result<String> {
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        let key = review::usual_key(&workspace).filter(|_| with_key);
        let (sign_off, standing) =
            review::approve(&workspace, &folder, milestone, (name, role), key)?;
        Ok(format!(
            "{milestone}: {}, {}, {}",
            sign_off.name,
            sign_off.role,
            standing.words()
        ))
    }

    /// The capture that the evidence rests on, where the workspace keeps the very file.
    pub(in crate::window) fn bound_capture(
        &self,
        progress: &dyn Progress,
    ) -> Result<Option<BoundCapture>> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let Ok(facts) = &judged.evidence.capture else {
            return Ok(None);
        };
        let path = workspace.captures_folder().join(&facts.file);
        let loaded = judged.profile.clone().or_else(|| {
            let read = review::profile_of(&workspace, &judged.evidence, progress);
            read.map(Arc::new)
        });
        let digest = facts.digest.clone();
        Ok(loaded.map(|profile| BoundCapture::of(path, digest, profile)))
    }

    /// Actions of the workspace's reviews whose day has passed, what is late longest first. A
    /// review that cannot be read is told where it is opened.
    pub(in crate::window) fn overdue(&self) -> Result<Vec<KeptAction>> {
        let now = jiff::Timestamp::now();
        let mut overdue: Vec<KeptAction> = kept_actions(&self.workspace()?)?
            .into_iter()
            .filter(|kept| kept.action.is_overdue(now))
            .collect();
        overdue.sort_by(|a, b| a.action.due.cmp(&b.action.due).then(a.id.cmp(&b.id)));
        Ok(overdue)
    }

    /// Reads the review's files again where another hand changed them; gives what to say of it.
    pub(in crate::window) fn read_changes(&self) -> Result<Option<String>> {
        let (judged, kept) = {
            let state = self.state();
            (state.judged.clone(), state.kept.clone())
        };
        let Some(mut judged) = judged else {
            return Ok(None);
        };
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        let changed = kept.changed(folder.path());
        if changed.is_empty() {
            return Ok(None);
        }
        // Told once: a file with a conflict in it stays until a person has mended it.
        self.state().kept.accept(folder.path());
        if changed.contains(&"evidence.ron")
            && let Some(evidence) = folder.evidence()?
        {
            judged.evidence = Arc::new(evidence);
            judged.profile = None;
        }
        self.judge_again(&workspace, judged)?;
        let were = if changed.len() == 1 { "was" } else { "were" };
        Ok(Some(format!(
            "{} of the review \"{}\" {were} changed on the disk and read again",
            changed.join(", "),
            folder.name()
        )))
    }
}

/// Actions of all reviews that nobody says to be done.
pub(super) fn kept_actions(workspace: &Workspace) -> Result<Vec<KeptAction>> {
    let mut kept = Vec::new();
    for folder in ReviewFolder::list(workspace)? {
        let Ok(Some(review)) = folder.review() else {
            continue;
        };
        let open = review.actions.into_iter();
        let open = open.filter(|(_, action)| action.done.is_none());
        kept.extend(open.map(|(id, action)| KeptAction {
            review: folder.name().to_owned(),
            id,
            action,
        }));
    }
    Ok(kept)
}

/// A folder's name made of a title: `second-quarter-2026`.
fn name_of(title: &str) -> String {
    let letters = title.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
        _ => '-',
    });
    let joined: String = letters.take(LONGEST_NAME).collect();
    let words: Vec<&str> = joined.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "review".to_owned()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_words_of_a_title() {
        assert_eq!(name_of("Second quarter, 2026!"), "second-quarter-2026");
        assert_eq!(name_of("../../etc"), "etc");
        assert_eq!(name_of("…"), "review");
    }
}

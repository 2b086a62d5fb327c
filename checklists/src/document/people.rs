//! What people wrote down in a review, as documents show it.

use serde::{Deserialize, Serialize};

use super::LedgerItem;
use crate::review::{Action, ActionStanding, Finding, Note, Review, SignOff, SignOffStanding};

/// An action with how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionLine {
    /// Its id in the review's file.
    pub id: String,
    /// The action.
    pub action: Action,
    /// How it stood when the evidence was judged.
    pub standing: ActionStanding,
}

/// An approval with what it comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignOffLine {
    /// The approval.
    pub sign_off: SignOff,
    /// What it comes to.
    pub standing: SignOffStanding,
}

/// The milestone that a document shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneLine {
    /// Its name.
    pub name: String,
    /// When it was frozen.
    pub frozen_at: jiff::Timestamp,
    /// By whom.
    pub frozen_by: String,
    /// SHA-256 of its file, hexadecimal: what is signed.
    pub digest: String,
}

/// What people wrote down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeoplePart {
    /// What is reviewed, in their words; empty where they gave none.
    pub title: String,
    /// Findings, the worst first, each with its id.
    pub findings: Vec<(String, Finding)>,
    /// Actions: what needs a look first, then by due date.
    pub actions: Vec<ActionLine>,
    /// Notes in the order in which they were written, each with its id.
    pub notes: Vec<(String, Note)>,
    /// The milestone, where the document is one's.
    pub milestone: Option<MilestoneLine>,
    /// Approvals, in the order in which they were given.
    pub sign_offs: Vec<SignOffLine>,
}

impl PeoplePart {
    /// What a review holds, against the items as they were judged.
    pub(super) fn of<'a>(
        review: &Review,
        items: &(impl Iterator<Item = &'a LedgerItem> + Clone),
        judged_at: jiff::Timestamp,
    ) -> Self {
        let outcome = |id: &String| {
            let mut items = items.clone();
            items.find(|item| item.id == *id).map(|item| item.effective)
        };
        let mut findings: Vec<_> = pairs(&review.findings);
        findings.sort_by_key(|(_, finding)| finding.severity);
        let mut actions: Vec<_> = pairs(&review.actions)
            .into_iter()
            .map(|(id, action)| ActionLine {
                standing: action.standing(action.item.as_ref().and_then(outcome), judged_at),
                id,
                action,
            })
            .collect();
        actions.sort_by_key(|line| (line.standing, line.action.due));
        let mut notes: Vec<_> = pairs(&review.notes);
        notes.sort_by_key(|(_, note)| note.at);
        Self {
            title: review.title.clone(),
            findings,
            actions,
            notes,
            milestone: None,
            sign_offs: Vec::new(),
        }
    }

    /// Whether nobody wrote anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn pairs<T: Clone>(blocks: &std::collections::BTreeMap<String, T>) -> Vec<(String, T)> {
    let blocks = blocks.iter();
    blocks
        .map(|(id, block)| (id.clone(), block.clone()))
        .collect()
}

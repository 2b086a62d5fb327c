//! The judgement as it is shown, and the decision that is being made.

use std::sync::Arc;

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::{Severity, Standing},
    verdict::Outcome,
};

/// Which items are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Show {
    /// All 56.
    #[default]
    All,
    /// Those that ask for something: fail, attention, needs a person, lapsed.
    Open,
    /// Those that a person has decided.
    Decided,
    /// No items: what people wrote down.
    Written,
}

/// What kind of decision is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Draft {
    /// None yet.
    #[default]
    None,
    /// Another outcome holds.
    Overrule(Outcome),
    /// Accepted until a date.
    Waive,
    /// Does not apply.
    NotApplicable,
    /// No decision: what was found.
    Finding(Severity),
    /// No decision: what is to be done.
    Action,
    /// No decision: a note.
    Note,
}

/// The checklist screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChecklistState {
    pub(crate) review: Option<Arc<ReviewDocument>>,
    pub(crate) show: Show,
    pub(crate) filter: String,
    pub(crate) selected: Option<String>,
    pub(crate) reveal: bool,
    pub(crate) draft: Draft,
    pub(crate) why: String,
    /// Typed date of a waiver, `2026-12-31`.
    pub(crate) until: String,
    /// Typed owner of an action.
    pub(crate) owner: String,
    /// What is missing from the draft, as a sentence.
    pub(crate) complaint: Option<String>,
}

impl ChecklistState {
    /// The selected item.
    pub(crate) fn item(&self) -> Option<&LedgerItem> {
        let id = self.selected.as_deref()?;
        self.review.as_ref()?.items().find(|item| item.id == id)
    }

    /// Whether an item is shown under the filters.
    pub(crate) fn shows(&self, item: &LedgerItem) -> bool {
        let kept = match self.show {
            Show::All | Show::Written => true,
            Show::Open => is_open(item),
            Show::Decided => item.decision.is_some(),
        };
        let filter = self.filter.trim().to_lowercase();
        kept && filter.split_whitespace().all(|word| {
            item.title.to_lowercase().contains(word)
                || item.id.contains(word)
                || item.effective.label().to_lowercase().contains(word)
        })
    }

    /// Ids of the items that are shown, in the guideline's order.
    pub(crate) fn shown_ids(&self) -> Vec<&str> {
        let items = self.review.iter().flat_map(|review| review.items());
        items
            .filter(|item| self.shows(item))
            .map(|item| item.id.as_str())
            .collect()
    }
}

/// Whether an item asks for something.
pub(crate) fn is_open(item: &LedgerItem) -> bool {
    matches!(
        item.effective,
        Outcome::Fail | Outcome::Attention | Outcome::NeedsPerson
    ) || is_lapsed(item)
}

/// Whether an item's decision has lapsed.
pub(crate) fn is_lapsed(item: &LedgerItem) -> bool {
    matches!(item.decision, Some((_, Standing::Lapsed(_))))
}

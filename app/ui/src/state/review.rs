//! A review session: where the team is, and how the evidence is looked at.

use std::{collections::BTreeSet, sync::Arc};

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
    verdict::{Confidence, Outcome},
};
use scrutineer_evidence::Kind;
use scrutineer_profiler::profile::Weight;

use super::State;
use crate::{
    review::{BoundCapture, KeptAction, ReviewFacts},
    widgets::flame::Window,
};

/// Items of one risk: what the machine says of them, whatever people decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Group {
    /// Fails.
    Fail,
    /// Worth a look.
    Attention,
    /// Too little data, or a probe that could not run.
    Uncertain,
    /// Only a person can say.
    NeedsPerson,
    /// Does not apply.
    NotApplicable,
    /// As it should be.
    Pass,
}

impl Group {
    /// All, the greatest risk first.
    pub(crate) const ALL: [Self; 6] = [
        Self::Fail,
        Self::Attention,
        Self::Uncertain,
        Self::NeedsPerson,
        Self::NotApplicable,
        Self::Pass,
    ];

    /// The group of what the machine says.
    pub(crate) const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fail => Self::Fail,
            Outcome::Attention => Self::Attention,
            Outcome::Inconclusive | Outcome::Unknown => Self::Uncertain,
            Outcome::NeedsPerson => Self::NeedsPerson,
            Outcome::NotApplicable => Self::NotApplicable,
            Outcome::Pass => Self::Pass,
        }
    }

    /// The words above it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Attention => "Attention",
            Self::Uncertain => "Inconclusive, unknown",
            Self::NeedsPerson => "Needs a person",
            Self::NotApplicable => "Not applicable",
            Self::Pass => "Pass",
        }
    }

    /// Its items, those that weigh most first, else in the guideline's order.
    pub(crate) fn items(self, review: &ReviewDocument) -> Vec<&LedgerItem> {
        let is_in = |item: &&LedgerItem| Self::of(item.verdict.outcome) == self;
        let mut items: Vec<&LedgerItem> = review.items().filter(is_in).collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.weight));
        items
    }
}

/// Ways to look at an item's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// Flame graph of the time on CPUs.
    Cpu,
    /// Flame graph of the waits.
    Waits,
    /// Views that were pinned.
    Pins,
    /// What was read, and what to do.
    Facts,
}

impl View {
    /// What the flame graph of the view is weighed by.
    pub(crate) const fn weight(self) -> Option<Weight> {
        match self {
            Self::Cpu => Some(Weight::Cpu),
            Self::Waits => Some(Weight::Wait),
            Self::Pins | Self::Facts => None,
        }
    }
}

/// How the flame graph is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sight {
    pub(crate) window: Window,
    pub(crate) moves: bool,
    pub(crate) scroll: f32,
    pub(crate) selected: Option<u32>,
}

impl Default for Sight {
    fn default() -> Self {
        Self {
            window: Window::ALL,
            moves: false,
            scroll: 0.0,
            selected: None,
        }
    }
}

/// The review screen. The selected item and the decision that is being written are the checklist's.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug, Default)]
pub(crate) struct ReviewState {
    /// What lies beside the document.
    pub(crate) facts: Option<Arc<ReviewFacts>>,
    /// The capture that the evidence rests on.
    pub(crate) capture: Option<Arc<BoundCapture>>,
    /// Digest of the capture that was asked for last.
    pub(crate) asked: Option<String>,
    /// Whether the answer is still to come.
    pub(crate) loads: bool,
    /// When the session began.
    pub(crate) began: Option<jiff::Timestamp>,
    /// Groups that are folded where they would not be, and the other way round.
    pub(crate) turned: BTreeSet<Group>,
    /// The way of looking that a person chose for this item.
    pub(crate) view: Option<View>,
    pub(crate) sight: Sight,
    /// Whether the picture fills the window.
    pub(crate) full: bool,
    /// Whether the item is shown alone, in large type.
    pub(crate) presents: bool,
    /// Whether what changed since the milestone is shown.
    pub(crate) changes: bool,
    /// A review that was asked for, and the item to go to once it is open.
    pub(crate) awaited: Option<(String, String)>,
    /// Actions of the workspace whose day has passed.
    pub(crate) overdue: Vec<KeptAction>,
}

/// Whether a decision on the item stands.
pub(crate) fn is_decided(item: &LedgerItem) -> bool {
    matches!(item.decision, Some((_, Standing::Holds)))
}

/// Whether the machine passes an item on a strong signal, and nobody has decided yet.
pub(crate) fn is_open_strong_pass(item: &LedgerItem) -> bool {
    item.verdict.outcome == Outcome::Pass
        && item.verdict.confidence == Confidence::Strong
        && !is_decided(item)
}

/// All items in the order in which a session walks them.
pub(crate) fn walk(review: &ReviewDocument) -> Vec<&LedgerItem> {
    let groups = Group::ALL.into_iter();
    groups.flat_map(|group| group.items(review)).collect()
}

impl ReviewState {
    /// Whether a group's items are listed: risks are, and the group that one is in.
    pub(crate) fn lists(&self, group: Group, at: Option<Group>) -> bool {
        let by_itself = matches!(group, Group::Fail | Group::Attention) || at == Some(group);
        by_itself != self.turned.contains(&group)
    }

    /// The ways to look at evidence that there are.
    pub(crate) fn views(&self, review: &ReviewDocument) -> Vec<View> {
        let mut views = Vec::new();
        let has = |weight| {
            let capture = self.capture.as_ref();
            capture.is_some_and(|capture| capture.picture(weight).is_some())
        };
        views.extend(has(Weight::Cpu).then_some(View::Cpu));
        views.extend(has(Weight::Wait).then_some(View::Waits));
        views.extend((!review.pins.is_empty()).then_some(View::Pins));
        views.push(View::Facts);
        views
    }

    /// How an item's evidence is looked at: as a person chose, else by what it was read from.
    pub(crate) fn view_of(&self, review: &ReviewDocument, item: &LedgerItem) -> View {
        let views = self.views(review);
        let read = |kind: Kind| item.verdict.evidence.iter().any(|line| line.kind == kind);
        let fitting = if read(Kind::Waits) {
            View::Waits
        } else if read(Kind::Capture) {
            View::Cpu
        } else {
            View::Facts
        };
        let wanted = self.view.unwrap_or(fitting);
        if views.contains(&wanted) {
            wanted
        } else {
            View::Facts
        }
    }
}

impl State {
    /// Whether the review's item, or its picture, has the whole window.
    pub(crate) fn fills_window(&self) -> bool {
        self.screen == crate::command::Screen::Review
            && self.checklist.item().is_some()
            && (self.review.full || self.review.presents)
    }
}

//! What changed between two milestones of a review, item by item.

use std::collections::{BTreeMap, BTreeSet};

use scrutineer_evidence::system::MachineKey;

use super::{Action, Milestone, Review, Standing};
use crate::{
    document::{LedgerItem, ReviewDocument},
    verdict::Outcome,
};

/// How an item's outcome, after people's decisions, moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Better before: a pass became attention or a fail, or attention a fail.
    Regressed,
    /// A fail or attention where nothing was judged before.
    New,
    /// Judged before, and not any more.
    Unseen,
    /// A fail became attention.
    Improved,
    /// A fail or attention became a pass, or does not apply any more.
    Fixed,
    /// Judged for the first time, and found good.
    Settled,
    /// As before.
    Unchanged,
}

/// An item in both milestones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedItem {
    /// Item id.
    pub id: String,
    /// The guideline's words.
    pub title: String,
    /// How it moved.
    pub change: Change,
    /// Outcomes before and after.
    pub outcomes: (Outcome, Outcome),
    /// The numbers before and after, as the tables show them.
    pub numbers: (String, String),
    /// Why a decision that held before holds no more.
    pub lapsed: Option<String>,
}

/// Two milestones, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneComparison {
    /// Names of the two.
    pub names: (String, String),
    /// Items in both, those that need a look first, else in the guideline's order.
    pub items: Vec<ChangedItem>,
    /// Items that the later one alone has.
    pub added: Vec<String>,
    /// Items that the earlier one alone has.
    pub removed: Vec<String>,
    /// Actions that were done in between.
    pub actions_done: Vec<Action>,
    /// Actions that were open before and still are.
    pub actions_open: Vec<Action>,
    /// What makes the two hard to compare: another machine, other limits.
    pub mismatches: Vec<String>,
}

/// One side of a comparison: a milestone, or a review that is still under way.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its name.
    pub name: &'a str,
    /// The items as they were judged and decided.
    pub document: &'a ReviewDocument,
    /// What people wrote down; `None` where nobody did.
    pub review: Option<&'a Review>,
}

impl<'a> From<&'a Milestone> for Side<'a> {
    fn from(milestone: &'a Milestone) -> Self {
        Self {
            name: &milestone.name,
            document: &milestone.document,
            review: Some(&milestone.review),
        }
    }
}

impl<'a> Side<'a> {
    fn actions(self) -> impl Iterator<Item = (&'a String, &'a Action)> {
        self.review.into_iter().flat_map(|review| &review.actions)
    }

    fn action(self, id: &str) -> Option<&'a Action> {
        self.review?.actions.get(id)
    }
}

impl Change {
    /// All, those that need a look first.
    pub const ALL: [Self; 7] = [
        Self::Regressed,
        Self::New,
        Self::Unseen,
        Self::Improved,
        Self::Fixed,
        Self::Settled,
        Self::Unchanged,
    ];

    /// The word that is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::New => "new",
            Self::Unseen => "no longer judged",
            Self::Improved => "improved",
            Self::Fixed => "fixed",
            Self::Settled => "first judged, and good",
            Self::Unchanged => "unchanged",
        }
    }

    /// How an outcome moved.
    pub const fn of(before: Outcome, after: Outcome) -> Self {
        use Outcome::{Attention, Fail, Inconclusive, NeedsPerson, NotApplicable, Pass, Unknown};
        match (before, after) {
            (Pass | NotApplicable, Fail | Attention) | (Attention, Fail) => Self::Regressed,
            (Inconclusive | Unknown | NeedsPerson, Fail | Attention) => Self::New,
            (Fail | Attention | Pass, Inconclusive | Unknown | NeedsPerson) => Self::Unseen,
            (Fail, Attention) => Self::Improved,
            (Fail | Attention, Pass | NotApplicable) => Self::Fixed,
            (Inconclusive | Unknown | NeedsPerson, Pass) => Self::Settled,
            _ => Self::Unchanged,
        }
    }
}

impl MilestoneComparison {
    /// Compares an earlier milestone with a later one.
    pub fn of(before: &Milestone, after: &Milestone) -> Self {
        Self::between(before.into(), after.into())
    }

    /// Compares an earlier side with a later one.
    pub fn between(before: Side<'_>, after: Side<'_>) -> Self {
        let earlier = by_id(before.document);
        let later = by_id(after.document);
        let mut items: Vec<ChangedItem> = after
            .document
            .items()
            .filter_map(|item| Some(changed(earlier.get(item.id.as_str())?, item)))
            .collect();
        items.sort_by_key(|item| item.change);
        let only = |these: &BTreeMap<&str, &LedgerItem>, those: &BTreeMap<&str, &LedgerItem>| {
            let ids: BTreeSet<_> = these.keys().filter(|id| !those.contains_key(*id)).collect();
            ids.into_iter().map(ToString::to_string).collect()
        };
        let was_open = |id: &String| {
            let action = before.action(id);
            action.is_none_or(|action| action.done.is_none())
        };
        let actions = |is_done: bool| {
            after
                .actions()
                .filter(|(id, action)| action.done.is_some() == is_done && was_open(id))
                .filter(|(id, _)| is_done || before.action(id).is_some())
                .map(|(_, action)| action.clone())
                .collect()
        };
        Self {
            names: (before.name.to_owned(), after.name.to_owned()),
            added: only(&later, &earlier),
            removed: only(&earlier, &later),
            actions_done: actions(true),
            actions_open: actions(false),
            mismatches: mismatches(before, after, &items, (&earlier, &later)),
            items,
        }
    }

    /// Number of items per change; every change is there.
    pub fn counts(&self) -> BTreeMap<Change, usize> {
        let mut counts: BTreeMap<_, _> = Change::ALL.into_iter().map(|c| (c, 0)).collect();
        for item in &self.items {
            *counts.entry(item.change).or_default() += 1;
        }
        counts
    }
}

fn by_id(document: &ReviewDocument) -> BTreeMap<&str, &LedgerItem> {
    let items = document.items();
    items.map(|item| (item.id.as_str(), item)).collect()
}

fn changed(before: &LedgerItem, after: &LedgerItem) -> ChangedItem {
    let held = matches!(before.decision, Some((_, Standing::Holds)));
    let lapsed = match &after.decision {
        Some((_, Standing::Lapsed(why))) if held => Some(why.clone()),
        _ => None,
    };
    ChangedItem {
        id: after.id.clone(),
        title: after.title.clone(),
        change: Change::of(before.effective, after.effective),
        outcomes: (before.effective, after.effective),
        numbers: (before.verdict.number.clone(), after.verdict.number.clone()),
        lapsed,
    }
}

fn mismatches(
    before: Side<'_>,
    after: Side<'_>,
    items: &[ChangedItem],
    (earlier, later): (&BTreeMap<&str, &LedgerItem>, &BTreeMap<&str, &LedgerItem>),
) -> Vec<String> {
    let mut mismatches = Vec::new();
    if let (Some(then), Some(now)) = (&before.document.system, &after.document.system)
        && then.machine != now.machine
    {
        let words = |key: &MachineKey| {
            let governor = key.governor.as_deref().unwrap_or("no governor");
            format!(
                "{}, {} cores, Linux {}, {governor}",
                key.cpu_model, key.cores, key.kernel
            )
        };
        mismatches.push(format!(
            "the machine was {} and is {}",
            words(&then.machine),
            words(&now.machine)
        ));
    }
    let limits: Vec<&str> = items
        .iter()
        .filter(|item| {
            let digest = |items: &BTreeMap<&str, &LedgerItem>| {
                let item = items.get(item.id.as_str());
                item.map(|item| item.limits_digest.clone())
            };
            digest(earlier) != digest(later)
        })
        .map(|item| item.id.as_str())
        .collect();
    if !limits.is_empty() {
        mismatches.push(format!("other limits judge {}", limits.join(", ")));
    }
    mismatches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checklist::Checklist,
        document,
        review::{Decisions, Done, MILESTONE_FORMAT_VERSION, Review},
        testing,
    };

    fn milestone(name: &str, change: impl FnOnce(&mut scrutineer_evidence::Evidence)) -> Milestone {
        let mut evidence = testing::full_evidence();
        change(&mut evidence);
        let decisions = Decisions::default();
        let checklist = Checklist::performance();
        let document = document::assemble(document::Inputs {
            evidence: &evidence,
            checklist: &checklist,
            decisions: &decisions,
            review: None,
            flame: None,
            comparison: None,
            commit: None,
            product_version: "0.1.0",
        });
        Milestone {
            version: MILESTONE_FORMAT_VERSION,
            name: name.into(),
            frozen_at: testing::judged_at(),
            frozen_by: "ada".into(),
            counts: document.counts(),
            checklist: checklist.print(),
            review: Review::new("", "ada", testing::judged_at()),
            evidence,
            decisions,
            document,
        }
    }

    fn action(what: &str) -> Action {
        Action {
            what: what.into(),
            owner: "ada".into(),
            due: "2026-04-01".parse().unwrap(),
            item: None,
            by: "ada".into(),
            at: testing::judged_at(),
            done: None,
        }
    }

    #[test]
    fn equal_milestones_differ_in_nothing() {
        let same = MilestoneComparison::of(&milestone("a", |_| {}), &milestone("b", |_| {}));
        assert_eq!(same.counts()[&Change::Unchanged], 56);
        assert!(same.mismatches.is_empty() && same.added.is_empty() && same.removed.is_empty());
    }

    #[test]
    fn an_item_that_got_worse_comes_first_and_one_that_cannot_be_seen_is_told() {
        let before = milestone("a", |_| {});
        let after = milestone("b", |evidence| {
            evidence.tasks.as_mut().unwrap().counts = vec![800; 60];
            evidence.sockets = Err(scrutineer_evidence::Absent::Denied {
                what: "sockets".into(),
                would_need: "root".into(),
            });
        });
        let compared = MilestoneComparison::of(&before, &after);
        let first = &compared.items[0];
        assert_eq!(first.change, Change::Regressed);
        assert_eq!(first.id, "concurrency.thread-monitoring");
        assert!(compared.counts()[&Change::Unseen] > 0);
        let back = MilestoneComparison::of(&after, &before);
        assert!(back.counts()[&Change::Fixed] >= 1 && back.counts()[&Change::Settled] >= 1);
    }

    #[test]
    fn actions_are_told_as_done_where_they_were_open_before() {
        let (mut before, mut after) = (milestone("a", |_| {}), milestone("b", |_| {}));
        let done = before.review.add_action(action("page the orders"));
        let open = before.review.add_action(action("index the ledger"));
        after.review = before.review.clone();
        after.review.add_action(action("asked for since"));
        after.review.actions.get_mut(&done).unwrap().done = Some(Done {
            by: "ada".into(),
            at: testing::judged_at(),
        });
        let compared = MilestoneComparison::of(&before, &after);
        assert_eq!(compared.actions_done[0].what, "page the orders");
        assert_eq!(
            compared.actions_open,
            [before.review.actions[&open].clone()]
        );
    }

    #[test]
    fn another_machine_is_said() {
        let before = milestone("a", |_| {});
        let after = milestone("b", |evidence| {
            evidence.system.as_mut().unwrap().machine.cores += 6;
        });
        let compared = MilestoneComparison::of(&before, &after);
        assert!(compared.mismatches[0].starts_with("the machine was "));
    }

    #[test]
    fn every_pair_of_outcomes_is_a_change_and_back_again_is_not_the_same_news() {
        for before in Outcome::ALL {
            assert_eq!(Change::of(before, before), Change::Unchanged);
            for after in Outcome::ALL {
                let forth = Change::of(before, after);
                let back = Change::of(after, before);
                assert!(
                    forth != back || forth == Change::Unchanged,
                    "{before:?} {after:?}"
                );
            }
        }
    }
}

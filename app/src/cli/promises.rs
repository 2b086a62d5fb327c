//! Promises of a review whose day has passed: waivers that ended, actions that are not done.

use scrutineer_checklists::{
    document::ReviewDocument,
    review::{Action, Choice},
};
use scrutineer_profiler::workspace::{CheckPolicy, Reaction};

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// A waiver that ended.
    Waiver {
        /// The item.
        item: String,
        /// Its last day.
        until: jiff::civil::Date,
    },
    /// An action that is not done.
    Action {
        /// Its id in the review.
        id: String,
        /// The action.
        action: Action,
        /// Days since its last day.
        days: i32,
    },
}

/// Promises that were not kept when the evidence was judged: waivers in the order of the items,
/// then actions in that of the document.
pub(super) fn broken(document: &ReviewDocument) -> Vec<Promise> {
    let today = document.judged_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let waivers = document.items().filter_map(|item| {
        let (decision, _) = item.decision.as_ref()?;
        let Choice::Waive { until } = decision.choice else {
            return None;
        };
        let item = item.id.clone();
        (until < today).then_some(Promise::Waiver { item, until })
    });
    let lines = document.people.actions.iter();
    let overdue = lines.filter(|line| line.action.is_overdue(document.judged_at));
    let actions = overdue.map(|line| Promise::Action {
        id: line.id.clone(),
        action: line.action.clone(),
        days: line.action.days_over(document.judged_at),
    });
    waivers.chain(actions).collect()
}

impl Promise {
    /// Whether it fails the run.
    pub(super) fn fails(&self, policy: CheckPolicy) -> bool {
        let reaction = match self {
            Self::Waiver { .. } => policy.expired_waivers,
            Self::Action { .. } => policy.overdue_actions,
        };
        reaction == Reaction::Fail
    }

    /// What is so, and what to do.
    pub(super) fn words(&self, policy: CheckPolicy) -> String {
        let level = if self.fails(policy) {
            "error"
        } else {
            "warning"
        };
        match self {
            Self::Waiver { item, until } => format!(
                "{level}: the waiver of {item} ended on {until}; decide again: `scrutineer review \
                 decide {item} …`"
            ),
            Self::Action { id, action, days } => {
                let days = if *days == 1 {
                    "1 day".to_owned()
                } else {
                    format!("{days} days")
                };
                format!(
                    "{level}: \"{}\" of {} is {days} overdue (due {}); when it is done: \
                     `scrutineer review done {id}`",
                    action.what, action.owner, action.due
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_fails_where_the_policy_says_so_and_says_what_to_do() {
        let waiver = Promise::Waiver {
            item: "memory.leaks".into(),
            until: jiff::civil::date(2026, 3, 4),
        };
        let policy = CheckPolicy::default();
        assert!(waiver.fails(policy));
        assert!(
            waiver
                .words(policy)
                .starts_with("error: the waiver of memory.leaks ended on")
        );
        let lenient = CheckPolicy {
            expired_waivers: Reaction::Tell,
            ..policy
        };
        assert!(!waiver.fails(lenient) && waiver.words(lenient).starts_with("warning: "));
    }
}

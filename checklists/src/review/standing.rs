//! Whether a decision still holds, and what it makes of the outcome.

use super::{Binding, Choice, Decision, Standing};
use crate::{
    verdict::{Material, Outcome},
    words,
};

/// How a decision stands against what the machine says now.
///
/// It lapses when rule, version, limits, outcome or a material fact changed, or when a waiver's
/// last day (UTC) lies before `judged_at`.
pub fn standing(decision: &Decision, now: &Binding, judged_at: jiff::Timestamp) -> Standing {
    let then = &decision.bound;
    let lapsed = if then.rule != now.rule {
        Some(format!(
            "the item is now judged by the rule {} instead of {}",
            now.rule, then.rule
        ))
    } else if then.rule_version != now.rule_version {
        Some(format!(
            "the rule {} is now version {}, it was {}",
            now.rule, now.rule_version, then.rule_version
        ))
    } else if then.limits_digest != now.limits_digest {
        Some("the limits of the rule changed".into())
    } else if then.outcome != now.outcome {
        let (then, now) = (then.outcome.label(), now.outcome.label());
        Some(format!(
            "the outcome is now {}, it was {}",
            now.to_lowercase(),
            then.to_lowercase()
        ))
    } else {
        moved(&then.material, &now.material).or_else(|| expired(decision, judged_at))
    };
    lapsed.map_or(Standing::Holds, Standing::Lapsed)
}

/// The outcome after people's decisions.
///
/// - A lapsed decision changes nothing.
/// - *Confirm* answers an item that needs a person with pass, and keeps every other outcome.
/// - *Overrule* sets the outcome.
/// - *Waive* accepts a fail for a while: it stands as attention, so that a check does not fail on
///   it and nobody reads it as a pass. Other outcomes stay.
/// - *Not applicable* takes the item out.
pub fn effective(machine: Outcome, decision: Option<&(Decision, Standing)>) -> Outcome {
    let Some((decision, Standing::Holds)) = decision else {
        return machine;
    };
    match (&decision.choice, machine) {
        (Choice::Confirm, Outcome::NeedsPerson) => Outcome::Pass,
        (Choice::Overrule(outcome), _) => *outcome,
        (Choice::Waive { .. }, Outcome::Fail) => Outcome::Attention,
        (Choice::NotApplicable, _) => Outcome::NotApplicable,
        (Choice::Confirm | Choice::Waive { .. }, machine) => machine,
    }
}

fn moved(then: &[Material], now: &[Material]) -> Option<String> {
    for was in then {
        let Some(is) = now.iter().find(|is| is.name == was.name) else {
            return Some(format!("{} is no longer known", was.name));
        };
        let tolerance = was.tolerance * was.value.abs();
        let distance = (is.value - was.value).abs();
        // A value that is no number lapses, too.
        if distance.is_nan() || distance > tolerance {
            return Some(format!(
                "{} moved from {} to {}, more than {}",
                was.name,
                words::number(was.value),
                words::number(is.value),
                words::percent(was.tolerance)
            ));
        }
    }
    let new = now
        .iter()
        .find(|is| then.iter().all(|was| was.name != is.name))?;
    Some(format!("the verdict now rests on {}, too", new.name))
}

fn expired(decision: &Decision, judged_at: jiff::Timestamp) -> Option<String> {
    let Choice::Waive { until } = &decision.choice else {
        return None;
    };
    let today = judged_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    (today > *until).then(|| format!("the waiver ended on {until}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn binding() -> Binding {
        Binding {
            rule: "Pagination".into(),
            rule_version: 1,
            limits_digest: "ab".into(),
            outcome: Outcome::Fail,
            material: vec![Material {
                name: "items".into(),
                value: 1_000.0,
                tolerance: 0.1,
            }],
        }
    }

    fn decision(choice: Choice) -> Decision {
        Decision::new(choice, "owner", testing::judged_at(), "because", binding()).unwrap()
    }

    fn lapse(change: impl FnOnce(&mut Binding)) -> String {
        let mut now = binding();
        change(&mut now);
        match standing(&decision(Choice::Confirm), &now, testing::judged_at()) {
            Standing::Lapsed(why) => why,
            Standing::Holds => "holds".into(),
        }
    }

    #[test]
    fn a_fresh_gathering_that_says_the_same_keeps_the_decision() {
        assert_eq!(lapse(|_| {}), "holds");
        assert_eq!(lapse(|now| now.material[0].value = 1_100.0), "holds");
        assert_eq!(lapse(|now| now.material[0].value = 900.0), "holds");
    }

    #[test]
    fn each_change_lapses_it_with_its_reason() {
        assert!(lapse(|now| now.rule = "Other".into()).contains("the rule Other instead of"));
        assert!(lapse(|now| now.rule_version = 2).contains("version 2, it was 1"));
        assert!(lapse(|now| now.limits_digest = "cd".into()).contains("limits"));
        assert!(lapse(|now| now.outcome = Outcome::Pass).contains("now pass, it was fail"));
        let moved = lapse(|now| now.material[0].value = 1_101.0);
        assert_eq!(
            moved,
            "items moved from 1\u{a0}000 to 1\u{a0}101, more than 10\u{a0}%"
        );
        assert!(lapse(|now| now.material[0].value = f64::NAN).contains("moved"));
        assert!(lapse(|now| now.material.clear()).contains("no longer known"));
        let new = Material {
            name: "bytes".into(),
            value: 1.0,
            tolerance: 0.1,
        };
        assert!(lapse(|now| now.material.push(new)).contains("rests on bytes"));
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let waiver = |until: &str| {
            let decision = decision(Choice::Waive {
                until: until.parse().unwrap(),
            });
            standing(&decision, &binding(), testing::judged_at())
        };
        assert_eq!(waiver("2026-03-05"), Standing::Holds);
        assert_eq!(
            waiver("2026-03-04"),
            Standing::Lapsed("the waiver ended on 2026-03-04".into())
        );
    }

    #[test]
    fn a_decision_makes_the_outcome_only_while_it_holds() {
        let waive = Choice::Waive {
            until: "2026-04-01".parse().unwrap(),
        };
        let with = |choice: &Choice, machine, standing| {
            effective(machine, Some(&(decision(choice.clone()), standing)))
        };
        let holds = |choice: &Choice, machine| with(choice, machine, Standing::Holds);
        assert_eq!(effective(Outcome::Fail, None), Outcome::Fail);
        assert_eq!(holds(&Choice::Confirm, Outcome::NeedsPerson), Outcome::Pass);
        assert_eq!(holds(&Choice::Confirm, Outcome::Fail), Outcome::Fail);
        assert_eq!(
            holds(&Choice::Overrule(Outcome::Pass), Outcome::Fail),
            Outcome::Pass
        );
        assert_eq!(holds(&waive, Outcome::Fail), Outcome::Attention);
        assert_eq!(holds(&waive, Outcome::Unknown), Outcome::Unknown);
        assert_eq!(
            holds(&Choice::NotApplicable, Outcome::Unknown),
            Outcome::NotApplicable
        );
        let lapsed = Standing::Lapsed("the waiver ended".into());
        assert_eq!(with(&waive, Outcome::Fail, lapsed), Outcome::Fail);
    }
}

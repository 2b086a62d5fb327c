//! The scale of a verdict: its number against the limits of its rule, where that judges one number.

use crate::{checklist::Item, document::LedgerItem};

/// A share with the limits that judge it, each 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// What was measured.
    pub value: f64,
    /// Where a pass ends.
    pub good: f64,
    /// Where a fail begins; `None` where the rule fails no item for it.
    pub fail: Option<f64>,
    /// Whether little is good; else much is.
    pub less_is_better: bool,
}

impl Gauge {
    /// The gauge of an item as it was judged by a rule; `None` where there is none.
    pub fn of(item: &Item, judged: &LedgerItem) -> Option<Self> {
        // Judged by another rule once, its number is of another kind.
        if judged.rule != item.rule.name() {
            return None;
        }
        let scale = item.rule.scale()?;
        let material = &judged.verdict.material;
        let known = material.iter().find(|one| one.name == scale.material)?;
        Some(Self {
            value: known.value,
            good: scale.good,
            fail: scale.fail,
            less_is_better: scale.less_is_better,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checklist::Checklist, document, review::Decisions, testing, verdict::Outcome};

    #[test]
    fn a_number_lies_on_the_side_of_the_limits_that_its_outcome_says() {
        let (evidence, checklist) = (testing::full_evidence(), Checklist::performance());
        let document = document::assemble(document::Inputs {
            evidence: &evidence,
            checklist: &checklist,
            decisions: &Decisions::default(),
            review: None,
            flame: None,
            comparison: None,
            commit: None,
            product_version: "0.1.0",
        });
        let mut seen = 0;
        for judged in document.items() {
            let item = checklist.item(&judged.id).unwrap();
            let Some(gauge) = Gauge::of(item, judged) else {
                continue;
            };
            seen += 1;
            let is_good = if gauge.less_is_better {
                gauge.value < gauge.good
            } else {
                gauge.value >= gauge.good
            };
            if judged.verdict.outcome == Outcome::Pass {
                assert!(is_good, "{}: {gauge:?}", judged.id);
            }
        }
        assert!(seen >= 2, "{seen} gauges");
    }

    #[test]
    fn rules_that_judge_one_share_have_limits_in_order() {
        let checklist = Checklist::performance();
        let mut names = Vec::new();
        for item in checklist.items() {
            let Some(scale) = item.rule.scale() else {
                continue;
            };
            names.push(item.rule.name());
            assert!((0.0..=1.0).contains(&scale.good), "{scale:?}");
            if let Some(fail) = scale.fail {
                assert_eq!(scale.good < fail, scale.less_is_better, "{scale:?}");
            }
        }
        names.sort_unstable();
        let expected = [
            "BufferUse",
            "CacheHits",
            "ContainerLimits",
            "EventLoops",
            "GarbageCollection",
            "Locking",
            "NetworkLatency",
        ];
        assert_eq!(names, expected);
    }
}

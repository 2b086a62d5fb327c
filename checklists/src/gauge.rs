//! The scale of a verdict: its number against the limits of its rule, where that judges one number.

use serde_json::Value;

use crate::{checklist::Item, document::LedgerItem, rules::AnyRule};

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

/// How a rule judges its one number.
struct Scale {
    rule: &'static str,
    /// Name of the material that a verdict rests on.
    material: &'static str,
    /// Whether the rule may fail an item for the number.
    fails: bool,
    less_is_better: bool,
}

const fn scale(rule: &'static str, material: &'static str, fails: bool, less: bool) -> Scale {
    Scale {
        rule,
        material,
        fails,
        less_is_better: less,
    }
}

/// Rules that judge one share against their own limits. Others judge many numbers, or none.
const SCALES: &[Scale] = &[
    scale(
        "Locking",
        "share of busy thread time waiting for locks",
        true,
        true,
    ),
    scale(
        "EventLoops",
        "share of time that an event loop is blocked",
        false,
        true,
    ),
    scale(
        "GarbageCollection",
        "share of samples in the collector",
        true,
        true,
    ),
    scale(
        "ContainerLimits",
        "anonymous share of the limit",
        true,
        true,
    ),
    scale("NetworkLatency", "share of segments sent again", true, true),
    scale("CacheHits", "share of hits", false, false),
    scale(
        "BufferUse",
        "share of blocks found in shared buffers",
        false,
        false,
    ),
];

impl Gauge {
    /// The gauge of an item as it was judged by a rule; `None` where there is none.
    pub fn of(item: &Item, judged: &LedgerItem) -> Option<Self> {
        // Judged by another rule once, its number is of another kind.
        if judged.rule != item.rule.name() {
            return None;
        }
        let scale = SCALES.iter().find(|scale| scale.rule == judged.rule)?;
        let material = &judged.verdict.material;
        let known = material.iter().find(|one| one.name == scale.material)?;
        Some(Self {
            value: known.value,
            good: limit(&item.rule, "good_share")?,
            fail: limit(&item.rule, "fail_share").filter(|_| scale.fails),
            less_is_better: scale.less_is_better,
        })
    }
}

fn limit(rule: &AnyRule, name: &str) -> Option<f64> {
    let rule = serde_json::to_value(rule).ok()?;
    let limits = rule.as_object()?.values().next()?;
    limits.get(name).and_then(Value::as_f64)
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
    fn every_scale_names_a_rule_with_the_limit() {
        let checklist = Checklist::performance();
        for scale in SCALES {
            let mut items = checklist.items();
            let item = items.find(|item| item.rule.name() == scale.rule).unwrap();
            assert!(limit(&item.rule, "good_share").is_some(), "{}", scale.rule);
            let fail = limit(&item.rule, "fail_share").is_some();
            assert!(fail || !scale.fails, "{}", scale.rule);
        }
    }
}

//! The rules, one a file: pure functions from the facts that they name to a verdict.

use scrutineer_evidence::{Absent, Evidence, Kind};
use serde::{Deserialize, Serialize};

use crate::{
    needs::Needs,
    ron_text,
    verdict::{Confidence, Outcome, Verdict},
};

/// What is added to a verdict that would fail, were its confidence strong.
pub const WANTS_CONFIRMATION: &str =
    "An indicative signal cannot fail the item: this wants a person's confirmation.";

/// A rule: a serde struct whose fields are its limits.
pub trait Rule {
    /// The facts that it reads; the planner gathers them, and it cannot touch others.
    type Needs<'e>: Needs<'e>;

    /// Name, as RON writes it.
    const NAME: &'static str;

    /// Grows when the same facts and limits may be judged differently: decisions then lapse.
    const VERSION: u32;

    /// The limits in words, with their units.
    fn threshold(&self) -> String;

    /// How far its answer can be trusted; shown where there is no answer yet.
    fn confidence(&self) -> Confidence {
        Confidence::Strong
    }

    /// The scale of the one share that it judges, where it judges one.
    fn scale(&self) -> Option<Scale> {
        None
    }

    /// Judges.
    fn judge(&self, facts: Self::Needs<'_>) -> Verdict;
}

/// How a rule judges a share, by its own limits, each 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Name of the material that a verdict rests on.
    pub material: &'static str,
    /// Where a pass ends.
    pub good: f64,
    /// Where a fail begins; `None` where the rule fails no item for it.
    pub fail: Option<f64>,
    /// Whether little is good; else much is.
    pub less_is_better: bool,
}

/// Declares the modules and the enum; `cargo fmt` does not look into it, so format the rules with
/// `rustfmt checklists/src/rules/*.rs`.
macro_rules! rules {
    ($($module:ident::$rule:ident,)*) => {
        $(mod $module;)*
        $(pub use $module::$rule;)*

        /// Any of the rules with its limits, as the checklist's RON writes it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each variant is the rule of its name")]
        pub enum AnyRule { $($rule($rule),)* }

        impl AnyRule {
            /// Names of all rules, sorted as they are registered.
            pub const NAMES: &[&str] = &[$($rule::NAME,)*];

            /// Name, as RON writes it.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$rule(_) => $rule::NAME,)* }
            }

            /// Version.
            pub const fn version(&self) -> u32 {
                match self { $(Self::$rule(_) => $rule::VERSION,)* }
            }

            /// The limits in words.
            pub fn threshold(&self) -> String {
                match self { $(Self::$rule(rule) => rule.threshold(),)* }
            }

            /// Kinds of facts that it reads.
            pub fn kinds(&self) -> Vec<Kind> {
                match self { $(Self::$rule(_) => <<$rule as Rule>::Needs<'static>>::kinds(),)* }
            }

            /// The scale of the one share that it judges, where it judges one.
            pub fn scale(&self) -> Option<Scale> {
                match self { $(Self::$rule(rule) => rule.scale(),)* }
            }

            /// Judges; see [`judge`] for what holds for every rule.
            pub fn judge(&self, evidence: &Evidence) -> Verdict {
                match self { $(Self::$rule(rule) => judge(rule, evidence),)* }
            }
        }
    };
}

rules! {
    awaits::Awaits,
    baselines::Baselines,
    buffer_use::BufferUse,
    cache_expiry::CacheExpiry,
    cache_hits::CacheHits,
    cache_use::CacheUse,
    caching::Caching,
    compression::Compression,
    container_limits::ContainerLimits,
    database_pooling::DatabasePooling,
    degradation_alerts::DegradationAlerts,
    event_loops::EventLoops,
    external_connections::ExternalConnections,
    external_reuse::ExternalReuse,
    garbage_collection::GarbageCollection,
    http2::Http2,
    human::Human,
    index_use::IndexUse,
    locking::Locking,
    memory_growth::MemoryGrowth,
    memory_metrics::MemoryMetrics,
    metrics_quality::MetricsQuality,
    network_latency::NetworkLatency,
    pagination::Pagination,
    profiling_habit::ProfilingHabit,
    query_load::QueryLoad,
    query_monitoring::QueryMonitoring,
    rate_errors_duration::RateErrorsDuration,
    regression_gate::RegressionGate,
    resource_metrics::ResourceMetrics,
    response_times::ResponseTimes,
    review_habit::ReviewHabit,
    session_count::SessionCount,
    switched_off::SwitchedOff,
    threads::Threads,
    timeouts::Timeouts,
    write_batching::WriteBatching,
}

impl AnyRule {
    /// SHA-256 of the limits, hexadecimal.
    pub fn limits_digest(&self) -> String {
        ron_text::digest(self)
    }
}

/// Runs a rule; what holds for every item holds here and nowhere else.
///
/// - A need that is missing becomes unknown (inconclusive, where too little was seen).
/// - A pass, attention or fail that names nothing it was read from becomes unknown.
/// - An indicative rule never fails an item: its worst is attention.
/// - A verdict that could not judge bears the confidence that the rule's answer would have.
/// - A verdict without a threshold of its own shows the rule's.
pub fn judge<R: Rule>(rule: &R, evidence: &Evidence) -> Verdict {
    let mut verdict = match R::Needs::take(evidence) {
        Ok(facts) => rule.judge(facts),
        Err(absent) => missing(&absent, &<R::Needs<'static>>::kinds(), evidence),
    };
    if verdict.threshold.is_empty() {
        verdict.threshold = rule.threshold();
    }
    let mut verdict = guard(R::NAME, verdict);
    if matches!(verdict.outcome, Outcome::Unknown | Outcome::Inconclusive) {
        verdict.confidence = rule.confidence();
    }
    verdict
}

/// The verdict where facts are missing.
pub(crate) fn missing(absent: &Absent, kinds: &[Kind], evidence: &Evidence) -> Verdict {
    let lines = kinds
        .iter()
        .filter_map(|kind| Some((*kind, evidence.absence(*kind)?)));
    let mut verdict = absence_verdict(absent);
    for (kind, absent) in lines {
        verdict = verdict.read(kind, absent.reason());
    }
    verdict
}

/// Unknown with the reason; inconclusive where too little was seen.
pub(crate) fn absence_verdict(absent: &Absent) -> Verdict {
    let (outcome, number) = match absent {
        Absent::TooLittleData { .. } => (Outcome::Inconclusive, "too little data"),
        Absent::NotAsked { .. } => (Outcome::Unknown, "not asked"),
        Absent::Denied { .. } => (Outcome::Unknown, "no access"),
        Absent::Failed { .. } => (Outcome::Unknown, "probe failed"),
    };
    Verdict::new(
        outcome,
        Confidence::Strong,
        number,
        sentence(&absent.reason()),
    )
}

/// Begins with a capital and ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

fn guard(name: &str, mut verdict: Verdict) -> Verdict {
    let claims = matches!(
        verdict.outcome,
        Outcome::Pass | Outcome::Attention | Outcome::Fail
    );
    if claims && verdict.evidence.is_empty() {
        verdict.summary = format!("The rule {name} named no evidence for: {}", verdict.summary);
        verdict.outcome = Outcome::Unknown;
    }
    if verdict.outcome == Outcome::Fail && verdict.confidence != Confidence::Strong {
        verdict.outcome = Outcome::Attention;
        verdict.summary = format!("{} {WANTS_CONFIRMATION}", verdict.summary);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::tasks::TaskFacts;

    use super::*;
    use crate::testing;

    /// Says what it is told to say.
    struct Parrot(Verdict);

    impl Rule for Parrot {
        type Needs<'e> = &'e TaskFacts;
        const NAME: &'static str = "Parrot";
        const VERSION: u32 = 1;

        fn threshold(&self) -> String {
            "below 3".into()
        }

        fn confidence(&self) -> Confidence {
            Confidence::Indicative
        }

        fn judge(&self, _: &TaskFacts) -> Verdict {
            self.0.clone()
        }
    }

    fn say(outcome: Outcome, confidence: Confidence) -> Verdict {
        Verdict::new(outcome, confidence, "4", "Four.").read(Kind::Tasks, "four threads")
    }

    #[test]
    fn an_indicative_rule_never_fails() {
        let mut evidence = testing::evidence();
        evidence.tasks = Ok(testing::tasks());
        let strong = judge(&Parrot(say(Outcome::Fail, Confidence::Strong)), &evidence);
        assert_eq!(
            (strong.outcome, strong.threshold.as_str()),
            (Outcome::Fail, "below 3")
        );
        for confidence in [Confidence::Indicative, Confidence::Manual] {
            let verdict = judge(&Parrot(say(Outcome::Fail, confidence)), &evidence);
            assert_eq!(verdict.outcome, Outcome::Attention);
            assert!(verdict.summary.contains("wants a person's confirmation"));
        }
    }

    #[test]
    fn a_claim_without_evidence_is_not_a_finding() {
        let mut evidence = testing::evidence();
        evidence.tasks = Ok(testing::tasks());
        for outcome in [Outcome::Pass, Outcome::Attention, Outcome::Fail] {
            let mut claim = say(outcome, Confidence::Strong);
            claim.evidence.clear();
            assert_eq!(judge(&Parrot(claim), &evidence).outcome, Outcome::Unknown);
        }
    }

    #[test]
    fn a_missing_need_is_never_judged() {
        let mut evidence = testing::evidence();
        let parrot = Parrot(say(Outcome::Pass, Confidence::Strong));
        let cases = [
            (
                Absent::NotAsked {
                    would_need: "ask".into(),
                },
                Outcome::Unknown,
                "Ask.",
            ),
            (
                Absent::Denied {
                    what: "it".into(),
                    would_need: "be root".into(),
                },
                Outcome::Unknown,
                "It was refused; be root.",
            ),
            (
                Absent::Failed {
                    why: "it broke".into(),
                },
                Outcome::Unknown,
                "It broke.",
            ),
            (
                Absent::TooLittleData {
                    seen: "3 readings".into(),
                    needed: "20".into(),
                },
                Outcome::Inconclusive,
                "3 readings; needs 20.",
            ),
        ];
        for (absent, outcome, words) in cases {
            evidence.tasks = Err(absent);
            let verdict = judge(&parrot, &evidence);
            assert_eq!(
                (verdict.outcome, verdict.summary.as_str()),
                (outcome, words)
            );
            assert_eq!(verdict.threshold, "below 3");
            assert_eq!(verdict.confidence, Confidence::Indicative);
            assert_eq!(verdict.evidence[0].kind, Kind::Tasks);
        }
    }

    #[test]
    fn rules_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = AnyRule::NAMES.iter().collect();
        assert_eq!(names.len(), AnyRule::NAMES.len());
    }
}

//! From a checklist and evidence to a judgement of all items.

use std::collections::BTreeSet;

use scrutineer_evidence::{Evidence, Kind, KindOf, declared::DeclaredFacts};
use serde::{Deserialize, Serialize};

use crate::{checklist::Checklist, ron_text, verdict::Verdict};

/// An item, judged by its rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Item id.
    pub id: String,
    /// Name of the rule.
    pub rule: String,
    /// Version of the rule.
    pub rule_version: u32,
    /// SHA-256 of the rule's limits, hexadecimal.
    pub limits_digest: String,
    /// What the rule says.
    pub verdict: Verdict,
}

/// Kinds of facts that must be gathered to judge a checklist, and what the workspace declares.
pub fn plan(checklist: &Checklist) -> BTreeSet<Kind> {
    let rules = checklist.items().flat_map(|item| item.rule.kinds());
    rules.chain([DeclaredFacts::KIND]).collect()
}

/// Judges all items, in the guideline's order. The same evidence gives the same verdicts, byte
/// for byte, on every machine and at every time.
pub fn judge(checklist: &Checklist, evidence: &Evidence) -> Vec<Judgement> {
    checklist
        .items()
        .map(|item| Judgement {
            id: item.id.clone(),
            rule: item.rule.name().into(),
            rule_version: item.rule.version(),
            limits_digest: item.rule.limits_digest(),
            verdict: item.rule.judge(evidence),
        })
        .collect()
}

/// SHA-256 of the evidence's canonical RON, hexadecimal.
pub fn evidence_digest(evidence: &Evidence) -> String {
    ron_text::digest(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rules::WANTS_CONFIRMATION, testing, verdict::Outcome};

    #[test]
    fn the_plan_names_what_the_rules_need() {
        let planned = plan(&Checklist::performance());
        let needed = [
            Kind::Process,
            Kind::Residency,
            Kind::Tasks,
            Kind::Sockets,
            Kind::Cgroup,
        ];
        assert!(needed.iter().all(|kind| planned.contains(kind)));
        assert!(planned.contains(&Kind::Declared));
    }

    #[test]
    fn evidence_that_was_saved_is_judged_again_byte_for_byte() {
        let checklist = Checklist::performance();
        let evidence = testing::full_evidence();
        let once = ron_text::print(&judge(&checklist, &evidence));

        let from_ron: Evidence = ron::from_str(&ron::to_string(&evidence).unwrap()).unwrap();
        assert_eq!(ron_text::print(&judge(&checklist, &from_ron)), once);
        assert_eq!(evidence_digest(&from_ron), evidence_digest(&evidence));

        let printed = ron_text::print(&evidence);
        assert_eq!(ron_text::parse(&printed), Ok(evidence.clone()));
        assert_eq!(ron::from_str(&printed), Ok(evidence.clone()));

        let json = serde_json::to_string_pretty(&evidence).unwrap();
        let from_json: Evidence = serde_json::from_str(&json).unwrap();
        assert_eq!(ron_text::print(&judge(&checklist, &from_json)), once);
        assert_eq!(evidence_digest(&from_json), evidence_digest(&evidence));
    }

    #[test]
    fn an_evidence_file_of_the_first_format_is_judged_as_it_was() {
        let evidence: Evidence = ron::from_str(include_str!("../tests/evidence-1.ron")).unwrap();
        let judgements = judge(&Checklist::performance(), &evidence);
        let judged = judgements
            .iter()
            .filter(|judgement| judgement.verdict.outcome.is_judged());
        let words: Vec<_> = judged
            .map(|judgement| {
                let verdict = &judgement.verdict;
                format!(
                    "{}: {:?}, {}",
                    judgement.id, verdict.outcome, verdict.number
                )
            })
            .collect();
        let expected = include_str!("../tests/judged-1.txt");
        assert_eq!(words.join("\n").replace('\u{a0}', " "), expected.trim_end());
    }

    #[test]
    fn the_digest_changes_with_the_evidence() {
        let evidence = testing::full_evidence();
        let mut other = evidence.clone();
        other.tasks.as_mut().unwrap().tasks[0].run_ns += 1;
        assert_ne!(evidence_digest(&evidence), evidence_digest(&other));
    }

    #[test]
    fn without_evidence_nothing_passes_and_nothing_fails() {
        for judgement in judge(&Checklist::performance(), &testing::evidence()) {
            let outcome = judgement.verdict.outcome;
            assert!(
                matches!(outcome, Outcome::Unknown | Outcome::NeedsPerson),
                "{}: {outcome:?}",
                judgement.id
            );
        }
    }

    #[test]
    fn every_verdict_says_something_against_a_threshold() {
        for evidence in [testing::evidence(), testing::full_evidence()] {
            for Judgement { id, verdict, .. } in judge(&Checklist::performance(), &evidence) {
                assert!(!verdict.summary.is_empty(), "{id}");
                assert!(!verdict.threshold.is_empty(), "{id}");
                assert!(
                    verdict.summary.ends_with(['.', '?']),
                    "{id}: {}",
                    verdict.summary
                );
                let confirmed = verdict.summary.contains(WANTS_CONFIRMATION);
                assert!(!confirmed || verdict.outcome == Outcome::Attention, "{id}");
            }
        }
    }

    #[test]
    fn at_least_twenty_items_are_judged_of_a_service_that_shows_everything() {
        let judgements = judge(&Checklist::performance(), &testing::full_evidence());
        let judged = judgements
            .iter()
            .filter(|judgement| judgement.verdict.outcome.is_judged());
        assert!(judged.count() >= 20);
    }
}

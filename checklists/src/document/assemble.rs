//! Puts a review together from evidence, checklist and decisions: a pure function.

use scrutineer_evidence::{Evidence, Kind};

use super::{
    Comparison, DOCUMENT_SCHEMA_VERSION, FlamePicture, LedgerItem, LedgerSection, PeoplePart,
    ReviewDocument,
};
use crate::{
    checklist::{Checklist, Item},
    judge::{self, Judgement},
    review::{self, Binding, Decisions, Review},
};

/// What a review is made of.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// Facts.
    pub evidence: &'a Evidence,
    /// Guideline.
    pub checklist: &'a Checklist,
    /// People's decisions.
    pub decisions: &'a Decisions,
    /// What people wrote down, where there is a review.
    pub review: Option<&'a Review>,
    /// Flame graph of the capture, where there is one.
    pub flame: Option<FlamePicture>,
    /// Comparison with a baseline, where there is one.
    pub comparison: Option<Comparison>,
    /// Commit of the workspace's repository, where known.
    pub commit: Option<String>,
    /// Version of the product.
    pub product_version: &'a str,
}

/// Functions that a review lists.
const TOP_FUNCTIONS: usize = 20;

/// Judges the evidence, sets people's decisions against it and puts the review together.
pub fn assemble(inputs: Inputs<'_>) -> ReviewDocument {
    let evidence = inputs.evidence;
    let mut judgements = judge::judge(inputs.checklist, evidence).into_iter();
    let sections = inputs
        .checklist
        .sections
        .iter()
        .map(|section| LedgerSection {
            title: section.title.clone(),
            items: section
                .items
                .iter()
                .zip(judgements.by_ref())
                .map(|(item, judgement)| ledger_item(item, judgement, &inputs))
                .collect(),
        });
    let sections: Vec<LedgerSection> = sections.collect();
    let people = inputs.review.map(|review| {
        let items = sections.iter().flat_map(|section| &section.items);
        PeoplePart::of(review, &items, evidence.judged_at)
    });
    let had = Kind::ALL
        .iter()
        .filter(|kind| evidence.absence(**kind).is_none())
        .count();
    let process = evidence.process.clone().ok();
    let capture = evidence.capture.clone().ok();
    let name = process
        .as_ref()
        .map_or(evidence.target.as_str(), |process| process.name.as_str());
    ReviewDocument {
        schema_version: DOCUMENT_SCHEMA_VERSION,
        product_version: inputs.product_version.into(),
        title: format!("{name}: performance review"),
        judged_at: evidence.judged_at,
        evidence_digest: judge::evidence_digest(evidence),
        facts: (had, Kind::ALL.len()),
        checklist: inputs.checklist.to_string(),
        commit: inputs.commit,
        system: evidence.system.clone().ok(),
        top_functions: capture
            .iter()
            .flat_map(|capture| capture.top_functions.iter().take(TOP_FUNCTIONS).cloned())
            .collect(),
        process,
        capture,
        flame: inputs.flame,
        residency: evidence.residency.clone().ok(),
        traffic: evidence.traffic.clone().ok(),
        comparison: inputs.comparison,
        pins: Vec::new(),
        people: people.unwrap_or_default(),
        sections,
    }
}

fn ledger_item(item: &Item, judgement: Judgement, inputs: &Inputs<'_>) -> LedgerItem {
    let now = Binding::of(&judgement);
    let decision = inputs.decisions.items.get(&item.id).map(|decision| {
        (
            decision.clone(),
            review::standing(decision, &now, inputs.evidence.judged_at),
        )
    });
    let effective = review::effective(judgement.verdict.outcome, decision.as_ref());
    LedgerItem {
        id: item.id.clone(),
        title: item.title.clone(),
        rule: judgement.rule,
        rule_version: judgement.rule_version,
        limits_digest: judgement.limits_digest,
        verdict: judgement.verdict,
        source: item.source.clone(),
        remedy: item.remedy.clone(),
        links: item.links.clone(),
        risk: item.risk.clone(),
        weight: item.weight,
        decision,
        effective,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        review::{Choice, Decision, Standing},
        testing,
        verdict::Outcome,
    };

    fn document(evidence: &Evidence, decisions: &Decisions) -> ReviewDocument {
        assemble(Inputs {
            evidence,
            checklist: &Checklist::performance(),
            decisions,
            review: None,
            flame: None,
            comparison: None,
            commit: None,
            product_version: "0.1.0",
        })
    }

    #[test]
    fn every_item_is_in_the_ledger_with_its_own_verdict() {
        let evidence = testing::full_evidence();
        let checklist = Checklist::performance();
        let document = document(&evidence, &Decisions::default());
        let judgements = judge::judge(&checklist, &evidence);
        assert_eq!(document.items().count(), 56);
        for (item, judgement) in document.items().zip(judgements) {
            assert_eq!(Binding::from(item), Binding::of(&judgement));
            assert_eq!(
                (&item.id, &item.verdict),
                (&judgement.id, &judgement.verdict)
            );
            assert_eq!(item.effective, item.verdict.outcome);
        }
        assert_eq!(document.counts().values().sum::<usize>(), 56);
        assert_eq!(document.facts, (Kind::ALL.len(), Kind::ALL.len()));
        assert_eq!(document.title, "ledgerd: performance review");
    }

    #[test]
    fn coverage_and_exit_follow_the_outcomes() {
        let mut evidence = testing::full_evidence();
        testing::each_endpoint(evidence.http.as_mut().unwrap(), |endpoint| {
            let pages = endpoint.pagination.as_mut().unwrap();
            (pages.default_items, pages.unlimited_items) = (41_280, 41_280);
        });
        let open = document(&evidence, &Decisions::default());
        assert!(open.has_fail() && open.is_judged());
        assert_eq!(open.findings()[0].id, "api.pagination");
        let coverage = open.coverage();
        let lacking = coverage.lack_data + coverage.lack_access + coverage.need_person;
        assert_eq!(coverage.judged + lacking, coverage.applicable);
        assert!(coverage.judged >= 18 && coverage.applicable < 56);

        let until = "2026-04-01".parse().unwrap();
        let bound = Binding::from(open.findings()[0]);
        let waiver = Choice::Waive { until };
        let at = testing::judged_at();
        let waiver = Decision::new(waiver, "owner", at, "moved in March", bound).unwrap();
        let mut decisions = Decisions::default();
        decisions.items.insert("api.pagination".into(), waiver);
        let after = document(&evidence, &decisions);
        assert!(!after.has_fail());
        assert_eq!((after.decided().holding, after.decided().waived), (1, 1));
        assert_eq!(after.coverage(), coverage);

        let nothing = document(&testing::evidence(), &Decisions::default());
        assert!(!nothing.is_judged() && !nothing.has_fail());
        assert_eq!(nothing.coverage().judged, 0);
    }

    #[test]
    fn a_decision_changes_the_effective_outcome_until_the_evidence_changes() {
        let mut evidence = testing::full_evidence();
        evidence.tasks.as_mut().unwrap().counts = vec![400; 60];
        let id = "concurrency.thread-monitoring";
        let judged = judge::judge(&Checklist::performance(), &evidence);
        let judgement = judged.iter().find(|judgement| judgement.id == id).unwrap();
        assert_eq!(judgement.verdict.outcome, Outcome::Attention);
        let decision = Decision::new(
            Choice::Overrule(Outcome::Pass),
            "service owner",
            testing::judged_at(),
            "400 threads are what the pool is configured for",
            Binding::of(judgement),
        );
        let mut decisions = Decisions::default();
        decisions.items.insert(id.into(), decision.unwrap());

        let item = |evidence: &Evidence| {
            document(evidence, &decisions)
                .items()
                .find(|item| item.id == id)
                .unwrap()
                .clone()
        };
        assert_eq!(item(&evidence).effective, Outcome::Pass);
        evidence.tasks.as_mut().unwrap().counts = vec![800; 60];
        let later = item(&evidence);
        assert_eq!(later.effective, Outcome::Attention);
        assert!(matches!(later.decision, Some((_, Standing::Lapsed(_)))));
    }
}

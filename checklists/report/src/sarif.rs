//! SARIF 2.1.0, for code scanning: a fail or attention is a result.
//!
//! Format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::{Choice, Standing},
    verdict::Outcome,
};
use serde_json::{Value, json};

/// Where results point that no file is to blame for: the workspace's own file, which declares
/// what was looked at. Code scanning drops results without a place.
const PLACE: &str = "scrutineer.ron";

/// Renders the findings with the rules that found them. A finding that was waived is a suppressed
/// result; what could not be judged is a notification of the run.
pub fn render(document: &ReviewDocument) -> String {
    let shown = |item: &&LedgerItem| {
        matches!(item.effective, Outcome::Fail | Outcome::Attention) || is_waived(item)
    };
    let results: Vec<Value> = document.items().filter(shown).map(result).collect();
    let rules: Vec<Value> = document.items().map(rule).collect();
    let notifications: Vec<Value> = document
        .items()
        .filter(|item| matches!(item.effective, Outcome::Unknown | Outcome::Inconclusive))
        .map(notification)
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Scrutineer",
                "version": document.product_version,
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": document.judged_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "toolExecutionNotifications": notifications,
            }],
            "automationDetails": {
                "id": format!("scrutineer/{}", document.checklist),
            },
            "properties": { "evidenceDigest": document.evidence_digest },
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("the object has text keys alone");
    text.push('\n');
    text
}

fn is_waived(item: &LedgerItem) -> bool {
    matches!(&item.decision, Some((decision, Standing::Holds))
        if matches!(decision.choice, Choice::Waive { .. }))
}

fn rule(item: &LedgerItem) -> Value {
    json!({
        "id": item.id,
        "name": item.rule,
        "shortDescription": { "text": item.title },
        "fullDescription": { "text": item.risk },
        "help": { "text": item.remedy },
        "helpUri": item.links.first(),
        "defaultConfiguration": { "level": "warning" },
        "properties": { "weight": item.weight, "source": item.source },
    })
}

fn result(item: &LedgerItem) -> Value {
    let verdict = &item.verdict;
    let level = match verdict.outcome {
        Outcome::Fail => "error",
        _ => "warning",
    };
    let evidence: Vec<Value> = verdict
        .evidence
        .iter()
        .map(|line| json!({ "kind": line.kind.name(), "text": line.text }))
        .collect();
    let mut result = json!({
        "ruleId": item.id,
        "level": level,
        "message": { "text": format!("{} {}", verdict.summary, item.remedy) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": PLACE },
            "region": { "startLine": 1 },
        }}],
        // One finding per item: that it moves by a digit does not make it another.
        "partialFingerprints": { "item/v1": item.id },
        "properties": {
            "number": verdict.number,
            "threshold": verdict.threshold,
            "confidence": verdict.confidence,
            "evidence": evidence,
        },
    });
    if let Some((decision, Standing::Holds)) = &item.decision
        && is_waived(item)
    {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": format!(
                "{} by {}: {}",
                decision.choice.words(),
                decision.by,
                decision.why
            ),
        }]);
    }
    result
}

fn notification(item: &LedgerItem) -> Value {
    json!({
        "level": "note",
        "associatedRule": { "id": item.id },
        "message": { "text": format!(
            "{}: {}",
            item.effective.label(),
            item.verdict.summary
        )},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn run() -> Value {
        let log: Value = serde_json::from_str(&render(&testing::reviewed())).unwrap();
        assert_eq!(log["version"], "2.1.0");
        log["runs"][0].clone()
    }

    #[test]
    fn every_result_names_a_rule_of_the_run_and_a_place() {
        let run = run();
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let ids: Vec<&Value> = rules.iter().map(|rule| &rule["id"]).collect();
        assert_eq!(ids.len(), 56);
        let results = run["results"].as_array().unwrap();
        assert!(!results.is_empty());
        for result in results {
            assert!(ids.contains(&&result["ruleId"]));
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert_eq!(place, PLACE);
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        }
    }

    #[test]
    fn a_waived_finding_is_suppressed_with_its_reason() {
        let run = run();
        let results = run["results"].as_array().unwrap();
        let waived = results
            .iter()
            .find(|result| result["ruleId"] == "api.pagination")
            .unwrap();
        let why = waived["suppressions"][0]["justification"].as_str().unwrap();
        assert!(why.starts_with("waived until 2026-04-01 by "), "{why}");
        let open = results
            .iter()
            .filter(|result| result["suppressions"].is_null());
        assert!(open.count() > 0);
    }

    #[test]
    fn what_could_not_be_judged_is_told_as_a_notification() {
        let run = run();
        let notes = &run["invocations"][0]["toolExecutionNotifications"];
        let document = testing::reviewed();
        let counts = document.counts();
        assert_eq!(
            notes.as_array().unwrap().len(),
            counts[&Outcome::Unknown] + counts[&Outcome::Inconclusive]
        );
    }
}

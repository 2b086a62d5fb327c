//! Continuous integration holds a performance gate.

use scrutineer_evidence::{
    Kind,
    source::{SourceFacts, SourceHit},
};
use serde::{Deserialize, Serialize};

use super::{
    Rule,
    degradation_alerts::{looked, looked_nowhere, place},
};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the workspace's CI steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionGate {
    /// Parts of steps whose gate knows about noise.
    pub noise_aware: Vec<String>,
    /// Parts of steps that let a failed gate through.
    pub non_blocking: Vec<String>,
}

impl Rule for RegressionGate {
    type Needs<'e> = &'e SourceFacts;
    const NAME: &'static str = "RegressionGate";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: a noise-aware gate in CI; attention: one that does not block, or none".into()
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, source: &SourceFacts) -> Verdict {
        if source.files == 0 {
            return looked_nowhere();
        }
        let any = |parts: &[String], hit: &SourceHit| {
            parts.iter().any(|part| hit.text.contains(part.as_str()))
        };
        let gates = &source.performance_gates;
        let blocking: Vec<_> = gates
            .iter()
            .filter(|hit| !any(&self.non_blocking, hit))
            .collect();
        let aware = blocking.iter().find(|hit| any(&self.noise_aware, hit));
        let (outcome, number, summary) = match (gates.first(), blocking.first(), aware) {
            (None, ..) => (
                Outcome::Fail,
                "no gate",
                format!(
                    "No performance gate in {} of the workspace; one kept elsewhere was not seen.",
                    words::counted(source.files, "file", "files")
                ),
            ),
            (Some(_), None, _) => (
                Outcome::Attention,
                "not blocking",
                "The performance gate does not block.".into(),
            ),
            (_, Some(hit), None) => (
                Outcome::Attention,
                "noise unknown",
                format!("The gate in {} is not known to allow for noise.", hit.path),
            ),
            (.., Some(hit)) => (
                Outcome::Pass,
                "gate in CI",
                format!(
                    "{} runs a noise-aware gate; its last result was not seen.",
                    hit.path
                ),
            ),
        };
        let verdict = Verdict::new(outcome, Confidence::Indicative, number, summary)
            .read(Kind::Source, looked(source))
            .rests_on("gates that block", blocking.len().min(1) as f64, 0.0);
        gates.iter().take(6).fold(verdict, |verdict, hit| {
            verdict.read(Kind::Source, place(hit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(step: Option<&str>) -> Verdict {
        let rule = RegressionGate {
            noise_aware: vec!["scrutineer".into()],
            non_blocking: vec!["|| true".into()],
        };
        let mut source = testing::source();
        source.performance_gates = step
            .map(|text| SourceHit {
                path: ".ci/run".into(),
                line: 3,
                text: text.into(),
            })
            .into_iter()
            .collect();
        judged(&rule, |evidence| evidence.source = Ok(source))
    }

    #[test]
    fn the_gate_decides_and_none_never_fails() {
        assert_eq!(verdict(Some("scrutineer check")).outcome, Outcome::Pass);
        assert_eq!(
            verdict(Some("scrutineer check || true")).number,
            "not blocking"
        );
        assert_eq!(
            verdict(Some("cargo bench -- --baseline main")).number,
            "noise unknown"
        );
        assert_eq!(verdict(None).outcome, Outcome::Attention);
    }

    #[test]
    fn a_scan_of_nothing_is_unknown() {
        let rule = RegressionGate {
            noise_aware: vec![],
            non_blocking: vec![],
        };
        let mut source = testing::source();
        source.files = 0;
        assert_eq!(
            judged(&rule, |evidence| evidence.source = Ok(source)).outcome,
            Outcome::Unknown
        );
    }
}

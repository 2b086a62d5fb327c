//! Origins speak HTTP/2 where it helps.

use scrutineer_evidence::{Absent, Kind, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::verdict::{Confidence, Outcome, Verdict};

/// Reads which protocol each origin speaks; the benefit does not apply on loopback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http2 {
    /// Requests to one origin from which HTTP/2 is expected to help.
    pub least_requests: u32,
}

impl Rule for Http2 {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "Http2";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: h2 or h3; attention: HTTP/1 with ≥ {} requests per origin; not applicable on \
             loopback",
            self.least_requests
        )
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let old: Vec<_> = http
            .protocols
            .iter()
            .filter(|protocol| !protocol.http2)
            .collect();
        let far: Vec<_> = old.iter().filter(|protocol| !protocol.loopback).collect();
        let busiest = far.iter().max_by_key(|protocol| protocol.endpoints);
        let verdict = if http.protocols.is_empty() {
            return absence_verdict(&Absent::NotAsked {
                would_need: "no origin answered; declare endpoints in scrutineer.ron".into(),
            });
        } else if old.is_empty() {
            let summary = "Every declared origin speaks HTTP/2.";
            Verdict::new(Outcome::Pass, Confidence::Strong, "h2", summary)
        } else if let Some(origin) = busiest {
            let number = format!("h1, {}/origin", origin.endpoints);
            if origin.endpoints >= self.least_requests {
                let summary = format!("{} speaks HTTP/1 only.", origin.origin);
                Verdict::new(Outcome::Attention, Confidence::Indicative, number, summary)
            } else {
                let summary = format!(
                    "{} speaks HTTP/1 only; {} declared endpoints are too few to say whether \
                     HTTP/2 would help (needs {}).",
                    origin.origin, origin.endpoints, self.least_requests
                );
                Verdict::new(
                    Outcome::Inconclusive,
                    Confidence::Indicative,
                    number,
                    summary,
                )
            }
        } else {
            let summary = "Not applicable: HTTP/1 on loopback, where HTTP/2 brings no benefit.";
            Verdict::new(
                Outcome::NotApplicable,
                Confidence::Indicative,
                "h1, loopback",
                summary,
            )
        };
        http.protocols.iter().fold(verdict, |verdict, protocol| {
            let spoken = if protocol.http2 { "HTTP/2" } else { "HTTP/1" };
            let near = if protocol.loopback { ", loopback" } else { "" };
            verdict.read(
                Kind::Http,
                format!("{} speaks {spoken}{near}", protocol.origin),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(http2: bool, loopback: bool, endpoints: u32) -> Verdict {
        let mut http = testing::http();
        let protocol = &mut http.protocols[0];
        (protocol.http2, protocol.loopback, protocol.endpoints) = (http2, loopback, endpoints);
        judged(&Http2 { least_requests: 6 }, |evidence| {
            evidence.http = Ok(http);
        })
    }

    #[test]
    fn the_protocol_is_a_fact_and_its_benefit_depends() {
        assert_eq!(verdict(true, true, 1).outcome, Outcome::Pass);
        assert_eq!(verdict(false, false, 6).outcome, Outcome::Attention);
        assert_eq!(verdict(false, false, 5).outcome, Outcome::Inconclusive);
        assert_eq!(verdict(false, true, 9).outcome, Outcome::NotApplicable);
    }

    #[test]
    fn no_origin_is_unknown() {
        let mut http = testing::http();
        http.protocols.clear();
        let verdict = judged(&Http2 { least_requests: 6 }, |evidence| {
            evidence.http = Ok(http);
        });
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}

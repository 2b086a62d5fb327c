//! A repeated read is answered from a cache: its validator comes back as 304.

use scrutineer_evidence::{Absent, Kind, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads whether endpoints revalidate or name a lifetime.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caching {
    /// Share of the declared endpoints that must be cacheable for a pass, 0..1.
    pub least_share: f64,
}

impl Rule for Caching {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "Caching";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: 304 on a repeated GET, or a lifetime in Cache-Control, on ≥ {} of the endpoints; \
             attention: below",
            words::percent(self.least_share)
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let mut lines = Vec::new();
        let (mut answered, mut cached) = (0_u64, 0_u64);
        for (url, endpoint) in &http.endpoints {
            let caching = endpoint
                .as_ref()
                .and_then(|endpoint| endpoint.caching.as_ref());
            let Ok(caching) = caching else {
                let absent = caching.expect_err("the other case was taken above");
                lines.push(format!("{url}: {}", absent.reason()));
                continue;
            };
            answered += 1;
            let policy = caching.cache_control.as_deref().unwrap_or("none");
            let revalidated = caching.revalidation_status == Some(304);
            cached += u64::from(revalidated || has_lifetime(policy));
            let status = caching.revalidation_status.map_or_else(
                || "no validator to repeat".into(),
                |status| format!("repeated with its validator: {status}"),
            );
            lines.push(format!("GET {url}: Cache-Control {policy}; {status}"));
        }
        let verdict = if answered == 0 {
            absence_verdict(&Absent::NotAsked {
                would_need: "no declared endpoint could be read for caching; declare endpoints in \
                             scrutineer.ron"
                    .into(),
            })
        } else {
            self.weigh(cached, answered)
        };
        lines
            .into_iter()
            .fold(verdict, |verdict, line| verdict.read(Kind::Http, line))
    }
}

impl Caching {
    fn weigh(&self, cached: u64, answered: u64) -> Verdict {
        let share = cached as f64 / answered as f64;
        let outcome = if share >= self.least_share {
            Outcome::Pass
        } else {
            Outcome::Attention
        };
        let summary = format!(
            "{cached} of {} can be answered from a cache (304 or a lifetime); whether the \
             service itself caches what it reads was not seen.",
            words::counted(answered, "endpoint", "endpoints")
        );
        Verdict::new(
            outcome,
            Confidence::Indicative,
            format!("{cached} of {answered}"),
            summary,
        )
        .rests_on("share of endpoints that cache", share, 0.1)
    }
}

/// Whether `Cache-Control` names a lifetime above zero and does not forbid storing.
fn has_lifetime(policy: &str) -> bool {
    let policy = policy.to_ascii_lowercase();
    let directives = || policy.split(',').map(str::trim);
    let lifetime = directives()
        .filter_map(|directive| {
            directive
                .strip_prefix("max-age=")
                .or(directive.strip_prefix("s-maxage="))
        })
        .any(|seconds| {
            seconds
                .trim_matches('"')
                .parse::<u64>()
                .is_ok_and(|seconds| seconds > 0)
        });
    lifetime && !directives().any(|directive| directive == "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: Caching = Caching { least_share: 0.5 };

    fn verdict(control: Option<&str>, status: Option<u16>) -> Verdict {
        let mut http = testing::http();
        testing::each_endpoint(&mut http, |endpoint| {
            let caching = endpoint.caching.as_mut().unwrap();
            caching.cache_control = control.map(Into::into);
            caching.revalidation_status = status;
        });
        judged(&RULE, |evidence| evidence.http = Ok(http))
    }

    #[test]
    fn a_304_or_a_lifetime_passes() {
        assert_eq!(verdict(None, Some(304)).outcome, Outcome::Pass);
        assert_eq!(
            verdict(Some("public, max-age=60"), None).outcome,
            Outcome::Pass
        );
    }

    #[test]
    fn whole_answers_every_time_are_worth_attention_and_never_a_fail() {
        for control in [
            None,
            Some("no-store, max-age=60"),
            Some("max-age=0"),
            Some("no-cache"),
        ] {
            let verdict = verdict(control, Some(200));
            assert_eq!(verdict.outcome, Outcome::Attention, "{control:?}");
            assert_eq!(verdict.confidence, Confidence::Indicative);
        }
    }

    #[test]
    fn endpoints_that_could_not_be_read_are_unknown() {
        let mut http = testing::http();
        for (_, endpoint) in &mut http.endpoints {
            *endpoint = Err(Absent::Failed {
                why: "connection refused".into(),
            });
        }
        let verdict = judged(&RULE, |evidence| evidence.http = Ok(http));
        assert_eq!(verdict.outcome, Outcome::Unknown);
        assert!(verdict.evidence[0].text.contains("connection refused"));
    }
}

//! Text answers travel compressed where that saves something.

use scrutineer_evidence::{Absent, Kind, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Lighthouse's audit "Enable text compression", over the declared endpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// Bytes below which a saving is ignored.
    pub least_saving_bytes: u64,
    /// Share of the body below which a saving is ignored, unless it is large.
    pub least_saving_share: f64,
    /// Bytes from which a saving counts, however small its share.
    pub large_saving_bytes: u64,
}

/// How one endpoint answered.
struct Seen<'e> {
    url: &'e str,
    identity_bytes: u64,
    /// Best encoding answered with its bytes.
    best: Option<(&'e str, u64)>,
    /// Bytes that compression would still save.
    left_bytes: u64,
    /// Whether compression would be worth while on this body.
    matters: bool,
}

impl Rule for Compression {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "Compression";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: text compressed wherever it saves ≥ {} and (≥ {} or ≥ {}); attention: on some \
             routes; fail: on none",
            words::counted(self.least_saving_bytes, "byte", "bytes"),
            words::percent(self.least_saving_share),
            words::bytes(self.large_saving_bytes as f64),
        )
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let seen = self.look(http);
        let matters: Vec<_> = seen.iter().filter(|seen| seen.matters).collect();
        let wasteful: Vec<_> = matters.iter().filter(|seen| self.counts(seen)).collect();
        let mut verdict = if matters.is_empty() {
            no_text(&seen)
        } else if let Some(worst) = wasteful.iter().max_by_key(|seen| seen.left_bytes) {
            let outcome = if wasteful.len() == matters.len() && all_answered(http) {
                Outcome::Fail
            } else {
                Outcome::Attention
            };
            waste(outcome, worst, wasteful.len(), matters.len())
        } else {
            saved(&matters)
        };
        if http.protocols.iter().any(|protocol| protocol.loopback) && !verdict.summary.is_empty() {
            verdict.summary +=
                " Read on loopback: a proxy in front may compress what the service does not.";
        }
        for seen in &seen {
            verdict = verdict.read(Kind::Http, line(seen));
        }
        for (url, endpoint) in &http.endpoints {
            if let Err(absent) = endpoint
                .as_ref()
                .and_then(|found| found.compression.as_ref())
            {
                verdict = verdict.read(Kind::Http, format!("{url}: {}", absent.reason()));
            }
        }
        verdict
    }
}

impl Compression {
    fn look<'e>(&self, http: &'e HttpFacts) -> Vec<Seen<'e>> {
        let endpoints = http.endpoints.iter().filter_map(|(url, endpoint)| {
            let endpoint = endpoint.as_ref().ok()?;
            Some((url, endpoint, endpoint.compression.as_ref().ok()?))
        });
        endpoints
            .filter(|(_, endpoint, _)| is_text(endpoint.content_type.as_deref()))
            .map(|(url, _, found)| {
                let best = found
                    .answers
                    .iter()
                    .filter(|answer| !answer.encoding.is_empty() && answer.encoding != "identity")
                    .min_by_key(|answer| answer.body_bytes)
                    .map(|answer| (answer.encoding.as_str(), answer.body_bytes));
                let could = found.gzip_estimate_bytes.min(found.identity_bytes);
                let now = best.map_or(found.identity_bytes, |(_, bytes)| bytes);
                Seen {
                    url,
                    identity_bytes: found.identity_bytes,
                    best,
                    left_bytes: now.saturating_sub(could),
                    matters: self.worth(found.identity_bytes - could, found.identity_bytes),
                }
            })
            .collect()
    }

    /// Whether a body is left uncompressed that compression would shrink.
    fn counts(&self, seen: &Seen<'_>) -> bool {
        seen.best.is_none() && self.worth(seen.left_bytes, seen.identity_bytes)
    }

    fn worth(&self, saving: u64, of: u64) -> bool {
        let share = if of == 0 {
            0.0
        } else {
            saving as f64 / of as f64
        };
        saving >= self.least_saving_bytes
            && (share >= self.least_saving_share || saving >= self.large_saving_bytes)
    }
}

fn all_answered(http: &HttpFacts) -> bool {
    http.endpoints.iter().all(|(_, endpoint)| {
        endpoint
            .as_ref()
            .is_ok_and(|found| found.compression.is_ok())
    })
}

fn is_text(content_type: Option<&str>) -> bool {
    const TEXTS: [&str; 6] = ["json", "xml", "javascript", "graphql", "yaml", "x-ndjson"];
    content_type.is_some_and(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.starts_with("text/") || TEXTS.iter().any(|text| kind.contains(text))
    })
}

fn waste(outcome: Outcome, worst: &Seen<'_>, wasteful: usize, of: usize) -> Verdict {
    let saving = worst.left_bytes as f64;
    let share = saving / worst.identity_bytes.max(1) as f64;
    let number = format!("{} left", words::bytes(saving));
    let summary = format!(
        "{} of {of} text routes come uncompressed; {} would shrink by {} ({}).",
        wasteful,
        worst.url,
        words::bytes(saving),
        words::percent(share),
    );
    Verdict::new(outcome, Confidence::Strong, number, summary)
        .rests_on("uncompressed share of the worst route", share, 0.1)
        .rests_on("uncompressed routes", wasteful as f64, 0.0)
}

fn saved(matters: &[&Seen<'_>]) -> Verdict {
    let (before, after) = matters.iter().fold((0, 0), |(before, after), seen| {
        (
            before + seen.identity_bytes,
            after + seen.best.map_or(0, |(_, bytes)| bytes),
        )
    });
    let share = 1.0 - after as f64 / before.max(1) as f64;
    let encoding = matters
        .iter()
        .find_map(|seen| seen.best)
        .map_or("", |(encoding, _)| encoding);
    let number = format!("{encoding}, {}", words::percent(-share));
    let summary = format!(
        "All {} text routes worth compressing come compressed.",
        matters.len()
    );
    Verdict::new(Outcome::Pass, Confidence::Strong, number, summary).rests_on(
        "uncompressed routes",
        0.0,
        0.0,
    )
}

fn no_text(seen: &[Seen<'_>]) -> Verdict {
    if seen.is_empty() {
        return absence_verdict(&Absent::NotAsked {
            would_need: "no declared endpoint answered with text; declare one in scrutineer.ron"
                .into(),
        });
    }
    let summary = "No text answer is large enough for compression to save anything.";
    Verdict::new(
        Outcome::Inconclusive,
        Confidence::Strong,
        "small answers",
        summary,
    )
}

fn line(seen: &Seen<'_>) -> String {
    let identity = words::bytes(seen.identity_bytes as f64);
    match seen.best {
        Some((encoding, bytes)) => {
            format!(
                "GET {}: {identity}, {encoding} {}",
                seen.url,
                words::bytes(bytes as f64)
            )
        }
        None => format!(
            "GET {}: {identity} whatever encoding is accepted; gzip would save {}",
            seen.url,
            words::bytes(seen.left_bytes as f64)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: Compression = Compression {
        least_saving_bytes: 1_400,
        least_saving_share: 0.1,
        large_saving_bytes: 20_480,
    };

    fn verdict(change: impl FnOnce(&mut HttpFacts)) -> Verdict {
        let mut http = testing::http();
        change(&mut http);
        judged(&RULE, |evidence| evidence.http = Ok(http))
    }

    fn strip(endpoint: &mut scrutineer_evidence::http::Endpoint) {
        for answer in &mut endpoint.compression.as_mut().unwrap().answers {
            answer.encoding.clear();
            answer.body_bytes = 100_000;
        }
    }

    #[test]
    fn compressed_text_passes_and_says_that_a_proxy_may_do_it() {
        let verdict = verdict(|_| {});
        assert_eq!(verdict.outcome, Outcome::Pass);
        assert!(verdict.summary.contains("proxy"));
    }

    #[test]
    fn text_left_uncompressed_everywhere_fails_and_on_some_routes_is_worth_attention() {
        let all = verdict(|http| testing::each_endpoint(http, strip));
        assert_eq!(all.outcome, Outcome::Fail);
        let some = verdict(|http| strip(http.endpoints[0].1.as_mut().unwrap()));
        assert_eq!(some.outcome, Outcome::Attention);
    }

    #[test]
    fn a_fail_needs_every_declared_endpoint() {
        let verdict = verdict(|http| {
            testing::each_endpoint(http, strip);
            http.endpoints[1].1 = Err(Absent::Failed {
                why: "no answer".into(),
            });
        });
        assert_eq!(verdict.outcome, Outcome::Attention);
    }

    #[test]
    fn savings_below_the_limits_and_binary_answers_are_not_judged() {
        let small = verdict(|http| {
            testing::each_endpoint(http, |endpoint| {
                strip(endpoint);
                let compression = endpoint.compression.as_mut().unwrap();
                compression.identity_bytes = 2_000;
                compression.gzip_estimate_bytes = 601;
            });
        });
        assert_eq!(small.outcome, Outcome::Inconclusive);
        let binary = verdict(|http| {
            testing::each_endpoint(http, |endpoint| {
                strip(endpoint);
                endpoint.content_type = Some("image/png".into());
            });
        });
        assert_eq!(binary.outcome, Outcome::Unknown);
    }

    #[test]
    fn the_limits_are_inclusive() {
        assert!(RULE.worth(1_400, 14_000));
        assert!(!RULE.worth(1_399, 1_400));
        assert!(!RULE.worth(1_400, 14_001));
        assert!(RULE.worth(20_480, 1_000_000));
    }
}

//! Collections are paged: bounded by default, and a larger limit is capped.

use scrutineer_evidence::{
    Absent, Kind,
    http::{HttpFacts, Pagination as Pages},
};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads what a collection answers without a limit and with an absurdly high one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pagination {
    /// Most items of an answer without a limit.
    pub default_items: u64,
    /// Items above which an answer is a finding.
    pub most_items: u64,
    /// Bytes above which an answer is a finding.
    pub most_bytes: u64,
}

impl Rule for Pagination {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "Pagination";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≤ {} by default and a cap held; attention: > {} or > {}; fail: the whole \
             collection comes, page or no page",
            words::counted(self.default_items, "item", "items"),
            words::count(self.most_items),
            words::bytes(self.most_bytes as f64),
        )
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let seen: Vec<_> = answered(http).collect();
        let worst = seen
            .iter()
            .map(|(url, pages)| (self.outcome(pages), pages.unlimited_items, *url, *pages))
            .min_by_key(|(outcome, items, ..)| (*outcome, u64::MAX - items));
        let Some((outcome, _, url, pages)) = worst else {
            return no_collection(http);
        };
        let mut verdict = self.words(outcome, url, pages);
        for (url, pages) in &seen {
            verdict = verdict.read(Kind::Http, line(url, pages));
        }
        verdict
            .rests_on("default items", pages.default_items as f64, 0.25)
            .rests_on(
                "items with a limit of 100000",
                pages.unlimited_items as f64,
                0.25,
            )
    }
}

impl Pagination {
    /// What an answer of this size shows. A small collection may be whole in one page, so that
    /// nothing is known of a cap.
    fn outcome(&self, pages: &Pages) -> Outcome {
        let large = |items, bytes| items > self.most_items || bytes > self.most_bytes;
        let same = is_same_collection(pages);
        if pages.default_items > self.most_items && same {
            Outcome::Fail
        } else if large(pages.default_items, pages.default_bytes)
            || large(pages.unlimited_items, pages.unlimited_bytes)
            || pages.default_items > self.default_items
        {
            Outcome::Attention
        } else if same && pages.default_items < self.default_items {
            Outcome::Inconclusive
        } else {
            Outcome::Pass
        }
    }

    fn words(&self, outcome: Outcome, url: &str, pages: &Pages) -> Verdict {
        let items = words::counted(pages.default_items, "item", "items");
        let all = words::counted(pages.unlimited_items, "item", "items");
        match outcome {
            Outcome::Fail => Verdict::new(
                outcome,
                // On a large collection the answer itself shows that there is no page.
                Confidence::Strong,
                items.clone(),
                format!(
                    "{url} answers {items} whether a limit is asked or not: the whole collection."
                ),
            ),
            Outcome::Attention if pages.unlimited_items > pages.default_items => Verdict::new(
                outcome,
                Confidence::Indicative,
                all.clone(),
                format!("{url} answers {all} when asked for 100 000: no cap holds."),
            ),
            Outcome::Attention => Verdict::new(
                outcome,
                Confidence::Indicative,
                format!("{items}, {}", words::bytes(pages.default_bytes as f64)),
                format!("{url} answers {items} without a limit, more than a page."),
            ),
            Outcome::Pass => Verdict::new(
                outcome,
                Confidence::Indicative,
                items.clone(),
                format!("{url} answers {items} by default, and {all} when asked for 100 000."),
            ),
            _ => Verdict::new(
                outcome,
                Confidence::Indicative,
                items.clone(),
                format!(
                    "{url} answers {items}, limit or not: too few to show a page (needs {}).",
                    words::count(self.default_items)
                ),
            ),
        }
    }
}

/// Whether a limit changed nothing. A live collection gains and loses a few items between two
/// requests.
fn is_same_collection(pages: &Pages) -> bool {
    pages.unlimited_items.abs_diff(pages.default_items) <= pages.default_items / 50
}

fn answered(http: &HttpFacts) -> impl Iterator<Item = (&str, &Pages)> {
    http.endpoints.iter().filter_map(|(url, endpoint)| {
        Some((
            url.as_str(),
            endpoint.as_ref().ok()?.pagination.as_ref().ok()?,
        ))
    })
}

fn line(url: &str, pages: &Pages) -> String {
    format!(
        "GET {url} answered {} ({}); with limit=100000 {} ({})",
        words::counted(pages.default_items, "item", "items"),
        words::bytes(pages.default_bytes as f64),
        words::counted(pages.unlimited_items, "item", "items"),
        words::bytes(pages.unlimited_bytes as f64),
    )
}

fn no_collection(http: &HttpFacts) -> Verdict {
    let mut verdict = absence_verdict(&Absent::NotAsked {
        would_need: "no declared endpoint answered a JSON collection; declare one in \
                     scrutineer.ron, or mark the item as not applicable"
            .into(),
    });
    for (url, endpoint) in &http.endpoints {
        let why = match endpoint {
            Ok(endpoint) => endpoint.pagination.as_ref().err(),
            Err(absent) => Some(absent),
        };
        if let Some(absent) = why {
            verdict = verdict.read(Kind::Http, format!("{url}: {}", absent.reason()));
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: Pagination = Pagination {
        default_items: 100,
        most_items: 1_000,
        most_bytes: 1_048_576,
    };

    fn verdict(default_items: u64, unlimited_items: u64) -> Verdict {
        let mut http = testing::http();
        testing::each_endpoint(&mut http, |endpoint| {
            endpoint.pagination = Ok(Pages {
                default_items,
                default_bytes: default_items * 100,
                unlimited_items,
                unlimited_bytes: unlimited_items * 100,
            });
        });
        judged(&RULE, |evidence| evidence.http = Ok(http))
    }

    #[test]
    fn a_page_with_a_cap_passes() {
        assert_eq!(verdict(100, 100).outcome, Outcome::Pass);
        assert_eq!(verdict(50, 500).outcome, Outcome::Pass);
    }

    #[test]
    fn a_whole_collection_fails() {
        let verdict = verdict(41_280, 41_280);
        assert_eq!(
            (verdict.outcome, verdict.confidence),
            (Outcome::Fail, Confidence::Strong)
        );
        assert_eq!(verdict.number, "41\u{a0}280\u{a0}items");
    }

    #[test]
    fn a_whole_collection_that_grows_between_two_requests_fails() {
        assert_eq!(verdict(3_145, 3_160).outcome, Outcome::Fail);
        assert_eq!(verdict(3_145, 9_160).outcome, Outcome::Attention);
    }

    #[test]
    fn no_cap_or_a_large_page_is_worth_attention() {
        assert_eq!(verdict(50, 41_280).outcome, Outcome::Attention);
        assert_eq!(verdict(500, 500).outcome, Outcome::Attention);
    }

    #[test]
    fn a_small_collection_is_inconclusive_and_no_collection_is_unknown() {
        assert_eq!(verdict(12, 12).outcome, Outcome::Inconclusive);
        let mut http = testing::http();
        testing::each_endpoint(&mut http, |endpoint| {
            endpoint.pagination = Err(Absent::Failed {
                why: "no JSON".into(),
            });
        });
        let none = judged(&RULE, |evidence| evidence.http = Ok(http));
        assert_eq!(none.outcome, Outcome::Unknown);
    }
}

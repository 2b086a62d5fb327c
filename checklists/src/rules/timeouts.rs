//! A stalled request is given up by the server.

use scrutineer_evidence::{Absent, Kind, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads what became of a half-sent request. The upstream side is not probed, so that it can
/// fail an item and cannot pass one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// Seconds within which a stalled request should be closed.
    pub good_s: f64,
    /// Seconds at which a request still open is a fail.
    pub fail_s: f64,
}

impl Rule for Timeouts {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "Timeouts";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: client and upstream side bounded at ≤ {}; attention: up to {}; fail: open at {}",
            words::seconds(self.good_s),
            words::seconds(self.fail_s),
            words::seconds(self.fail_s)
        )
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let stalled = match &http.stalled {
            Ok(stalled) => stalled,
            Err(absent) => return unprobed(absent),
        };
        let waited = words::seconds(stalled.waited_s);
        match stalled.closed_after_s {
            None if stalled.waited_s >= self.fail_s => Verdict::new(
                Outcome::Fail,
                Confidence::Strong,
                format!("open at {waited}"),
                format!("A half-sent request was still open when the probe gave up at {waited}."),
            ),
            None => Verdict::new(
                if stalled.waited_s > self.good_s {
                    Outcome::Attention
                } else {
                    Outcome::Inconclusive
                },
                Confidence::Strong,
                format!("open at {waited}"),
                format!(
                    "A half-sent request was still open at {waited}; only {} would tell a fail.",
                    words::seconds(self.fail_s)
                ),
            ),
            Some(closed) if closed > self.good_s => Verdict::new(
                Outcome::Attention,
                Confidence::Strong,
                words::seconds(closed),
                format!(
                    "A half-sent request was held for {}.",
                    words::seconds(closed)
                ),
            ),
            Some(closed) => Verdict::new(
                Outcome::Inconclusive,
                Confidence::Strong,
                format!("{} / ?", words::seconds(closed)),
                format!(
                    "The client side is bounded ({}); the upstream side was not probed.",
                    words::seconds(closed)
                ),
            ),
        }
        .read(
            Kind::Http,
            stalled.closed_after_s.map_or_else(
                || format!("a request of which half was sent stayed open for {waited}"),
                |closed| {
                    let closed = words::seconds(closed);
                    format!("a request of which half was sent was closed after {closed}")
                },
            ),
        )
        .rests_on(
            "seconds a stalled request stayed open",
            stalled.closed_after_s.unwrap_or(stalled.waited_s),
            0.25,
        )
        .over(format!("one stalled request, watched for {waited}"))
    }
}

fn unprobed(absent: &Absent) -> Verdict {
    absence_verdict(absent).read(Kind::Http, absent.reason())
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::http::StalledRequest;

    use super::*;
    use crate::testing::{self, judged};

    fn verdict(waited_s: f64, closed_after_s: Option<f64>) -> Verdict {
        let mut http = testing::http();
        http.stalled = Ok(StalledRequest {
            waited_s,
            closed_after_s,
        });
        judged(
            &Timeouts {
                good_s: 30.0,
                fail_s: 120.0,
            },
            |evidence| evidence.http = Ok(http),
        )
    }

    #[test]
    fn only_a_full_wait_can_fail() {
        assert_eq!(verdict(120.0, None).outcome, Outcome::Fail);
        assert_eq!(verdict(119.0, None).outcome, Outcome::Attention);
        assert_eq!(verdict(5.0, None).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn a_bounded_client_side_alone_does_not_pass() {
        let bounded = verdict(120.0, Some(10.0));
        assert_eq!(bounded.outcome, Outcome::Inconclusive);
        assert!(bounded.summary.contains("upstream side was not probed"));
        assert_eq!(verdict(120.0, Some(60.0)).outcome, Outcome::Attention);
    }

    #[test]
    fn an_unasked_probe_is_unknown() {
        let rule = Timeouts {
            good_s: 30.0,
            fail_s: 120.0,
        };
        let verdict = judged(&rule, |evidence| evidence.http = Ok(testing::http()));
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}

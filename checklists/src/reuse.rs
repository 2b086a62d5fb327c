//! How often connections are opened for the requests of a window; shared by the pooling rules.

use scrutineer_evidence::{
    Absent, Kind,
    sockets::{Remote, SocketFacts},
    traffic::TrafficFacts,
};

use crate::{
    needs::Declared,
    rules::absence_verdict,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// New connections per request: up to which it passes, and above which it fails.
pub(crate) struct Limits {
    pub(crate) good: f64,
    pub(crate) fail: f64,
}

impl Limits {
    /// The threshold in words; `what` names the connections: `new connections`.
    pub(crate) fn threshold(&self, what: &str) -> String {
        format!(
            "pass: ≤ {} {what} per request; attention: ≤ {}; fail: above",
            words::number(self.good),
            words::number(self.fail)
        )
    }
}

/// Judges the remotes of `what` by new connections per request of the window's load.
///
/// Readings miss connections that came and went between two of them, so that the ratio is a lower
/// bound: a fail is strong and a pass is indicative.
pub(crate) fn weigh(
    limits: &Limits,
    what: &str,
    remotes: &[&Remote],
    (declared, sockets, traffic): (&Declared, &SocketFacts, Result<&TrafficFacts, &Absent>),
) -> Verdict {
    if let Some(verdict) = declared.too_short(Kind::Sockets, sockets.window_s) {
        return verdict;
    }
    if remotes.is_empty() {
        return no_remote(what, sockets).over(declared.window_words(sockets.window_s));
    }
    let traffic = match traffic {
        Ok(traffic) => traffic,
        Err(absent) => {
            let verdict = absence_verdict(&Absent::TooLittleData {
                seen: format!(
                    "connections were seen, but not the load ({})",
                    absent.reason()
                ),
                needed: "the number of requests in the window".into(),
            });
            return lines(verdict, remotes.iter().copied())
                .over(declared.window_words(sockets.window_s));
        }
    };
    if let Some(verdict) = declared.too_few_requests(traffic) {
        return lines(verdict, remotes.iter().copied());
    }
    let opened: u64 = remotes.iter().map(|remote| remote.opened).sum();
    let ratio = opened as f64 / traffic.requests.max(1) as f64;
    let (outcome, confidence) = if ratio > limits.fail {
        (Outcome::Fail, Confidence::Strong)
    } else if ratio > limits.good {
        (Outcome::Attention, Confidence::Strong)
    } else {
        (Outcome::Pass, Confidence::Indicative)
    };
    let summary = format!(
        "{} opened for {}: {} each{}.",
        words::counted(opened, what, &format!("{what}s")),
        words::counted(traffic.requests, "request", "requests"),
        words::number(ratio),
        if outcome == Outcome::Pass {
            " at least, as far as the readings saw"
        } else {
            ""
        },
    );
    let verdict = Verdict::new(
        outcome,
        confidence,
        format!("{} per request", words::number(ratio)),
        summary,
    );
    lines(verdict, remotes.iter().copied())
        .read(
            Kind::Traffic,
            words::counted(traffic.requests, "request", "requests"),
        )
        .rests_on("new connections per request", ratio, 0.25)
        .over(declared.load_words(sockets.window_s, traffic))
}

/// Not seen is never not done: no connection of a sort in the window says nothing.
pub(crate) fn no_remote(what: &str, sockets: &SocketFacts) -> Verdict {
    absence_verdict(&Absent::TooLittleData {
        seen: format!(
            "no {what} was seen in {} of {}",
            words::counted(sockets.readings.into(), "reading", "readings"),
            words::seconds(sockets.window_s)
        ),
        needed: "one over TCP under load; where the service has none, mark the item as not \
                 applicable"
            .into(),
    })
    .read(
        Kind::Sockets,
        format!("{} remotes in all", sockets.remotes.len()),
    )
}

/// One line of evidence per remote, ten at most.
pub(crate) fn lines<'e>(
    mut verdict: Verdict,
    remotes: impl Iterator<Item = &'e Remote>,
) -> Verdict {
    for remote in remotes.take(10) {
        let service = remote
            .service
            .as_deref()
            .map_or(String::new(), |name| format!(" ({name})"));
        verdict = verdict.read(
            Kind::Sockets,
            format!(
                "{}{service}: at most {} open, {} new, {} in TIME_WAIT",
                remote.address,
                words::count(remote.peak_connections.into()),
                words::count(remote.opened),
                words::count(remote.time_wait.into()),
            ),
        );
    }
    verdict
}

//! The window rule: counters are judged over the declared window and no shorter one.

use scrutineer_evidence::{Kind, traffic::TrafficFacts};

use crate::{
    needs::Declared,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Share of the declared length that may be missing: the readings at both ends take time.
const SLACK: f64 = 0.02;

impl Declared {
    /// The window in words: `10 s (declared: at least 8 s)`.
    pub fn window_words(&self, seen_s: f64) -> String {
        let needed = words::seconds(self.0.window.seconds);
        format!(
            "{} ({}: at least {needed})",
            words::seconds(seen_s),
            self.authority()
        )
    }

    /// The window with its requests in words.
    pub fn load_words(&self, seen_s: f64, traffic: &TrafficFacts) -> String {
        format!(
            "{}, {} ({}: at least {} and {})",
            words::seconds(seen_s),
            words::counted(traffic.requests, "request", "requests"),
            self.authority(),
            words::seconds(self.0.window.seconds),
            words::counted(self.0.window.requests, "request", "requests"),
        )
    }

    /// An inconclusive verdict where the window was shorter than declared.
    pub fn too_short(&self, kind: Kind, seen_s: f64) -> Option<Verdict> {
        let needed_s = self.0.window.seconds;
        if seen_s >= needed_s * (1.0 - SLACK) {
            return None;
        }
        let (seen, needed) = (words::seconds(seen_s), words::seconds(needed_s));
        let summary = format!("The window was {seen} long; judging takes at least {needed}.");
        Some(
            Verdict::new(
                Outcome::Inconclusive,
                Confidence::Strong,
                seen.clone(),
                summary,
            )
            .read(kind, format!("counters read over {seen}"))
            .over(self.window_words(seen_s)),
        )
    }

    /// An inconclusive verdict where fewer requests than declared ran in the window.
    pub fn too_few_requests(&self, traffic: &TrafficFacts) -> Option<Verdict> {
        let needed = self.0.window.requests;
        if traffic.requests >= needed {
            return None;
        }
        let seen = words::counted(traffic.requests, "request", "requests");
        let summary = format!(
            "Only {seen} ran in the window; judging takes {}.",
            words::count(needed)
        );
        Some(
            Verdict::new(
                Outcome::Inconclusive,
                Confidence::Strong,
                seen.clone(),
                summary,
            )
            .read(
                Kind::Traffic,
                format!("{seen} in {}", words::seconds(traffic.window_s)),
            )
            .over(self.load_words(traffic.window_s, traffic)),
        )
    }

    const fn authority(&self) -> &'static str {
        if self.0.window_declared {
            "declared"
        } else {
            "house rule"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_shorter_window_is_inconclusive_and_says_both_lengths() {
        let declared = Declared::default();
        let verdict = declared.too_short(Kind::Tasks, 12.0).unwrap();
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
        assert!(verdict.summary.contains("12\u{a0}s") && verdict.summary.contains("60\u{a0}s"));
        assert_eq!(
            verdict.window.as_deref(),
            Some("12\u{a0}s (house rule: at least 60\u{a0}s)")
        );
        assert_eq!(declared.too_short(Kind::Tasks, 59.9), None);
    }

    #[test]
    fn a_declared_window_replaces_the_house_rule() {
        let mut declared = testing::declared();
        declared.window.seconds = 8.0;
        declared.window_declared = true;
        let declared = Declared(declared);
        assert_eq!(declared.too_short(Kind::Tasks, 8.0), None);
        assert!(declared.window_words(9.0).contains("declared"));
    }

    #[test]
    fn too_few_requests_are_inconclusive() {
        let mut traffic = testing::traffic();
        traffic.requests = 999;
        assert!(Declared::default().too_few_requests(&traffic).is_some());
        traffic.requests = 1_000;
        assert!(Declared::default().too_few_requests(&traffic).is_none());
    }
}

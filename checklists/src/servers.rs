//! Verdicts over several declared servers: the worst one holds, and a silent one is never a pass.

use scrutineer_evidence::{
    Absent, Gathered, Kind,
    caches::{Cache, CacheFacts},
    databases::{Database, DatabaseFacts},
};

use crate::{
    needs::Declared,
    rules::absence_verdict,
    verdict::{Outcome, Verdict},
};

/// Judges each database over its window.
pub(crate) fn of_databases(
    declared: &Declared,
    facts: &DatabaseFacts,
    weigh: impl Fn(&Database) -> Verdict,
) -> Verdict {
    worst(Kind::Databases, &facts.databases, |database| {
        declared
            .too_short(Kind::Databases, database.window_s)
            .unwrap_or_else(|| weigh(database).over(declared.window_words(database.window_s)))
    })
}

/// Judges each cache over its window.
pub(crate) fn of_caches(
    declared: &Declared,
    facts: &CacheFacts,
    weigh: impl Fn(&Cache) -> Verdict,
) -> Verdict {
    worst(Kind::Caches, &facts.caches, |cache| {
        declared
            .too_short(Kind::Caches, cache.window_s)
            .unwrap_or_else(|| weigh(cache).over(declared.window_words(cache.window_s)))
    })
}

/// Too little to judge.
pub(crate) fn too_little(kind: Kind, seen: &str, needed: &str) -> Verdict {
    absence_verdict(&Absent::TooLittleData {
        seen: seen.into(),
        needed: needed.into(),
    })
    .read(kind, seen)
}

/// A part of a server's facts that is missing.
pub(crate) fn missing(kind: Kind, absent: &Absent) -> Verdict {
    absence_verdict(absent).read(kind, absent.reason())
}

pub(crate) fn worst<T>(
    kind: Kind,
    servers: &[(String, Gathered<T>)],
    weigh: impl Fn(&T) -> Verdict,
) -> Verdict {
    let mut verdicts: Vec<Verdict> = servers
        .iter()
        .map(|(name, answer)| {
            let mut verdict = match answer {
                Ok(server) => weigh(server),
                Err(absent) => missing(kind, absent),
            };
            for line in verdict.evidence.iter_mut().filter(|line| line.kind == kind) {
                line.text = format!("{name}: {}", line.text);
            }
            verdict
        })
        .collect();
    verdicts.sort_by_key(|verdict| badness(verdict.outcome));
    let mut verdicts = verdicts.into_iter();
    let Some(mut worst) = verdicts.next() else {
        return too_little(kind, "no server is declared", "one in scrutineer.ron");
    };
    for other in verdicts {
        worst.evidence.extend(other.evidence);
    }
    worst
}

const fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Fail => 0,
        Outcome::Attention => 1,
        Outcome::Unknown => 2,
        Outcome::Inconclusive => 3,
        Outcome::NeedsPerson => 4,
        Outcome::Pass => 5,
        Outcome::NotApplicable => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing, verdict::Confidence};

    #[test]
    fn the_worst_server_holds_and_a_silent_one_is_no_pass() {
        let mut facts = testing::databases();
        let pass = |_: &Database| {
            Verdict::new(Outcome::Pass, Confidence::Strong, "", "Fine.").read(Kind::Databases, "x")
        };
        let verdict = of_databases(&Declared::default(), &facts, pass);
        assert_eq!(verdict.outcome, Outcome::Pass);
        assert_eq!(verdict.evidence[0].text, "DATABASE_URL: x");
        let silent = Absent::Failed {
            why: "silent".into(),
        };
        facts.databases.push(("OTHER".into(), Err(silent)));
        let verdict = of_databases(&Declared::default(), &facts, pass);
        assert_eq!(
            (verdict.outcome, verdict.evidence.len()),
            (Outcome::Unknown, 2)
        );
        facts.databases.clear();
        let verdict = of_databases(&Declared::default(), &facts, pass);
        assert_eq!(verdict.outcome, Outcome::Inconclusive);
    }
}

//! Captures of known quality, and what is said of them.

use super::*;

fn conditions() -> Conditions {
    Conditions {
        sampler: Some(Sampler::PerfCpuClock),
        frequency_hz: 999,
        duration_s: 10.0,
        visible_cpu_s: Some(1.0),
        page_faults: 0,
    }
}

fn find<'a>(trust: &'a Trust, id: &str) -> &'a Measure {
    let mut measures = trust.measures.iter();
    measures.find(|measure| measure.id == id).expect("measured")
}

fn good() -> Quality {
    Quality {
        samples: 1_000,
        ..Quality::default()
    }
}

#[test]
fn a_flawless_capture_is_trustworthy_and_warns_of_nothing() {
    let trust = judge(&good(), &conditions());
    assert_eq!(trust.level, Level::Fine);
    assert!(trust.sentences().is_empty());
    assert_eq!(trust.warning(), None);
    assert!(trust.measures.iter().all(|one| one.remedy.is_empty()));
}

#[test]
fn every_flaw_has_its_measure_with_reason_and_remedy() {
    let flawed = Quality {
        samples: 500,
        lost: 200,
        truncated: 300,
        unresolved: 300,
        kernel_invisible_share: Some(0.6),
        profiler_cpu_ns: 6_000_000_000,
        paused_ns: 5_000_000_000,
        cut_short: 250,
        waits: 10,
        other_lost: 90,
        throttled: 3,
        overhead_share: Some(0.2),
    };
    let conditions = Conditions {
        visible_cpu_s: Some(3.0),
        ..conditions()
    };
    let trust = judge(&flawed, &conditions);
    let doubts: Vec<_> = trust
        .measures
        .iter()
        .filter(|one| one.level > Level::Fine)
        .collect();
    let ids: Vec<_> = doubts.iter().map(|one| one.id).collect();
    let expected = [
        "missed",
        "lost",
        "truncated",
        "cut-short",
        "unresolved",
        "kernel-invisible",
        "throttled",
        "profiler-cpu",
        "overhead",
        "paused",
        "other-lost",
    ];
    assert_eq!(ids, expected);
    assert!(
        doubts
            .iter()
            .all(|one| !one.why.is_empty() && !one.remedy.is_empty())
    );
}

#[test]
fn each_level_begins_above_its_limit() {
    let of = |lost| {
        let quality = Quality {
            samples: 1_000 - lost,
            lost,
            ..Quality::default()
        };
        find(&judge(&quality, &conditions()), "lost").level
    };
    assert_eq!(of(10), Level::Fine);
    assert_eq!(of(11), Level::Attention);
    assert_eq!(of(50), Level::Attention);
    assert_eq!(of(51), Level::Fail);
}

#[test]
fn a_capture_of_poor_quality_warns_with_its_worst_flaw() {
    let quality = Quality {
        truncated: 100,
        unresolved: 500,
        ..good()
    };
    let warning = judge(&quality, &conditions())
        .warning()
        .expect("it is poor");
    assert!(
        warning.starts_with("Not trustworthy: 50.0 % of the samples end in code without a name"),
        "{warning}"
    );
    let quality = Quality {
        truncated: 100,
        ..good()
    };
    let trust = judge(&quality, &conditions());
    assert_eq!((trust.level, trust.warning()), (Level::Attention, None));
}

#[test]
fn no_sample_fails_unless_the_target_only_waited() {
    let none = judge(&Quality::default(), &conditions());
    assert_eq!(none.level, Level::Fail);
    let waited = Quality {
        waits: 40,
        ..Quality::default()
    };
    let waited = judge(&waited, &Conditions::default());
    assert_eq!(waited.level, Level::Attention);
}

#[test]
fn each_sampler_has_its_own_remedy_for_samples_that_were_lost() {
    let quality = Quality {
        samples: 900,
        lost: 100,
        ..Quality::default()
    };
    let of = |sampler| {
        let conditions = Conditions {
            sampler: Some(sampler),
            ..conditions()
        };
        find(&judge(&quality, &conditions), "lost").sentence()
    };
    assert!(of(Sampler::PerfCycles).contains("less than 999 Hz"));
    assert!(of(Sampler::Ptrace).contains("less else runs"));
}

#[test]
fn what_is_not_known_is_not_judged() {
    let trust = judge(&good(), &Conditions::default());
    let ids: Vec<_> = trust.measures.iter().map(|one| one.id).collect();
    assert_eq!(ids, ["samples", "lost", "truncated", "unresolved"]);
}

#[test]
fn the_clock_is_told_and_is_no_doubt() {
    for (sampler, word) in [
        (Sampler::PerfCycles, "hardware"),
        (Sampler::PerfCpuClock, "software"),
        (Sampler::Ptrace, "ptrace"),
    ] {
        let clock = clock(sampler);
        assert_eq!((clock.value.as_str(), clock.level), (word, Level::Fine));
    }
}

//! Documents for tests: one of a service with faults, one of nothing, one that is hostile.

use scrutineer_checklists::{
    checklist::Checklist,
    document::{
        Comparison, ComparisonRow, FlameBox, FlamePicture, Inputs, MilestoneLine, PinnedCapture,
        PinnedView, ReviewDocument, SignOffLine, assemble,
    },
    judge,
    review::{
        Action, Binding, Choice, Decision, Decisions, Finding, Note, Review, Severity, SignOff,
        SignOffStanding,
    },
};
use scrutineer_evidence::Evidence;
use serde_json::Value;

/// What a hostile target calls everything.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'&";

const EVIDENCE: &str = include_str!("../../tests/evidence-1.ron");

fn evidence() -> Evidence {
    ron::from_str(EVIDENCE).unwrap()
}

/// A review with pictures, decisions and a comparison.
pub(crate) fn document() -> ReviewDocument {
    assemble(Inputs {
        evidence: &evidence(),
        checklist: &Checklist::performance(),
        decisions: &decisions(),
        review: None,
        flame: Some(flame()),
        comparison: Some(comparison()),
        commit: Some("8f3c1ad09be2".into()),
        product_version: "0.1.0",
    })
}

/// The same as a milestone, with findings, actions, notes and approvals.
pub(crate) fn reviewed() -> ReviewDocument {
    let evidence = evidence();
    let at = evidence.judged_at;
    let mut review = Review::new("Ledger, spring 2026", "Grace Hopper", at);
    review.add_finding(Finding {
        severity: Severity::High,
        claim: "Orders are never paged".into(),
        cause: "the handler reads the whole table".into(),
        item: Some("api.pagination".into()),
        by: "Ada Lovelace".into(),
        at,
    });
    for (what, due) in [
        ("Page the orders", "2026-04-01"),
        ("Index the ledger", "2026-02-01"),
    ] {
        review.add_action(Action {
            what: what.into(),
            owner: "Ada Lovelace".into(),
            due: due.parse().unwrap(),
            item: Some("api.pagination".into()),
            by: "Grace Hopper".into(),
            at,
            done: None,
        });
    }
    review.add_note(Note {
        text: "the pool is shared\nwith billing".into(),
        item: None,
        by: "Ada Lovelace".into(),
        at,
    });
    let mut document = assemble(Inputs {
        evidence: &evidence,
        checklist: &Checklist::performance(),
        decisions: &decisions(),
        review: Some(&review),
        flame: Some(flame()),
        comparison: Some(comparison()),
        commit: Some("8f3c1ad09be2".into()),
        product_version: "0.1.0",
    });
    document.pins = vec![PinnedView {
        id: "20260309T141000Z-1a2b3c4d".into(),
        title: "apply_batch, 49.6 % of CPU time".into(),
        note: "The queue is the cause".into(),
        by: "Ada Lovelace".into(),
        pinned_at: at,
        scope: vec!["12.4 – 31.8 s".into(), "3 threads".into()],
        total: "38 412 samples".into(),
        capture: PinnedCapture {
            file: ".scrutineer/captures/ledgerd-1.scrutineer".into(),
            digest: "cd".repeat(32),
            target: "ledgerd".into(),
            started_at: at,
            commit: Some("8f3c1ad09be2".into()),
        },
        selected: Some(3),
        picture: flame(),
        ..PinnedView::default()
    }];
    document.people.milestone = Some(MilestoneLine {
        name: "2026-q1".into(),
        frozen_at: at,
        frozen_by: "Grace Hopper".into(),
        digest: "ab".repeat(32),
    });
    let sign_off = |name: &str, standing| SignOffLine {
        sign_off: SignOff {
            name: name.into(),
            role: "service owner".into(),
            at,
            milestone_digest: "ab".repeat(32),
            signature: None,
        },
        standing,
    };
    let signed = SignOffStanding::Signed {
        fingerprint: "SHA256:abc".into(),
        signer: "ada@example.org".into(),
    };
    document.people.sign_offs = vec![
        sign_off("Ada Lovelace", signed),
        sign_off("Grace Hopper", SignOffStanding::Approved),
    ];
    document
}

/// A review of a target of which nothing is known.
pub(crate) fn bare_document() -> ReviewDocument {
    let evidence = evidence();
    assemble(Inputs {
        evidence: &Evidence::empty("nothing", evidence.judged_at),
        checklist: &Checklist::performance(),
        decisions: &Decisions::default(),
        review: None,
        flame: None,
        comparison: None,
        commit: None,
        product_version: "0.1.0",
    })
}

/// A review whose every text is hostile.
pub(crate) fn hostile_document() -> ReviewDocument {
    let mut value = serde_json::to_value(reviewed()).unwrap();
    let replaced = poison(&mut value);
    assert!(replaced > 500, "only {replaced} texts were replaced");
    serde_json::from_value(value).unwrap()
}

/// Replaces every string but those of enums and times, which cannot hold any other text.
fn poison(value: &mut Value) -> usize {
    const TYPED: [&str; 17] = [
        "at",
        "choice",
        "confidence",
        "due",
        "effective",
        "frozen_at",
        "judged_at",
        "kind",
        "outcome",
        "pinned_at",
        "runtime",
        "sampler",
        "saved_at",
        "severity",
        "standing",
        "started_at",
        "until",
    ];
    match value {
        Value::String(text) if text != "holds" => {
            *text = HOSTILE.into();
            1
        }
        Value::Array(values) => values.iter_mut().map(poison).sum(),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(key, _)| !TYPED.contains(&key.as_str()))
            .map(|(_, value)| poison(value))
            .sum(),
        _ => 0,
    }
}

fn decisions() -> Decisions {
    let judgements = judge::judge(&Checklist::performance(), &evidence());
    let mut decisions = Decisions::default();
    let mut decide = |id: &str, choice, why: &str, stale: bool| {
        let judgement = judgements
            .iter()
            .find(|judgement| judgement.id == id)
            .unwrap();
        let mut bound = Binding::of(judgement);
        bound.rule_version += u32::from(stale);
        let at = "2026-03-05T15:00:00Z".parse().unwrap();
        let decision = Decision::new(choice, "service owner", at, why, bound).unwrap();
        decisions.items.insert(id.into(), decision);
    };
    let until = "2026-04-01".parse().unwrap();
    decide(
        "api.pagination",
        Choice::Waive { until },
        "the client is moved in March",
        false,
    );
    decide("db.sharding", Choice::Confirm, "", false);
    decide(
        "caching.redis",
        Choice::NotApplicable,
        "one instance; the cache is in process",
        false,
    );
    decide("memory.leaks", Choice::Waive { until }, "known", true);
    decisions
}

fn comparison() -> Comparison {
    let row = |metric: &str, base: &str, now: &str, change: &str, judgement: &str| ComparisonRow {
        metric: metric.into(),
        base: base.into(),
        now: now.into(),
        change: change.into(),
        judgement: judgement.into(),
    };
    Comparison {
        baseline: "2.13.2".into(),
        saved_at: "2026-02-03T09:00:00Z".parse().unwrap(),
        commit: Some("41c09aa".into()),
        mismatches: vec!["The baseline was saved on another kernel (6.12.7).".into()],
        rows: vec![
            row(
                "self share of apply_batch",
                "23.1 %",
                "30 %",
                "+6.9 pt",
                "changed",
            ),
            row("p50 latency", "2.41 ms", "2.4 ms", "−0.01 ms", "same"),
            row(
                "memory growth",
                "1.6 MiB/min",
                "3.2 MiB/min",
                "+1.6 MiB/min",
                "indicative: one run",
            ),
        ],
    }
}

fn flame() -> FlamePicture {
    let rows: [&[(f64, f64, &str, &str)]; 7] = [
        &[(0.0, 1.0, "ledgerd", "root")],
        &[(
            0.0,
            0.995,
            "axum::routing::Router::call_with_state",
            "dependency",
        )],
        &[
            (0.0, 0.21, "ledgerd::http::routes::get_statement", "own"),
            (0.21, 0.655, "ledgerd::http::routes::post_transfer", "own"),
            (
                0.87,
                0.1,
                "tokio::runtime::scheduler::multi_thread::worker::run",
                "dependency",
            ),
            (0.975, 0.0009, "a", "own"),
            (0.9761, 0.0009, "b", "own"),
        ],
        &[
            (0.01, 0.16, "serde_json::ser::to_vec", "dependency"),
            (
                0.21,
                0.09,
                "<ledgerd::Transfer as serde::Deserialize>::deserialize",
                "own",
            ),
            (0.3, 0.495, "ledgerd::posting::Engine::apply_batch", "own"),
            (0.8, 0.06, "tcp_sendmsg_locked", "kernel"),
        ],
        &[
            (
                0.01,
                0.145,
                "serde_json::ser::format_escaped_str_contents",
                "dependency",
            ),
            (
                0.31,
                0.11,
                "core::slice::sort::unstable::quicksort::quicksort",
                "std",
            ),
            (
                0.42,
                0.085,
                "<hashbrown::map::HashMap<K, V> as Extend<(K, V)>>::extend",
                "dependency",
            ),
            (0.51, 0.2, "ledgerd::journal::Entry::encode", "own"),
        ],
        &[
            (
                0.43,
                0.06,
                "hashbrown::raw::RawTable<T, A>::reserve_rehash",
                "dependency",
            ),
            (
                0.52,
                0.14,
                "lz4_flex::block::compress::compress_internal",
                "dependency",
            ),
        ],
        &[(0.53, 0.05, "__memmove_avx_unaligned_erms", "std")],
    ];
    let boxes = rows.iter().enumerate().flat_map(|(depth, row)| {
        row.iter().map(move |(x, width, name, category)| FlameBox {
            depth: depth as u16,
            x: *x,
            width: *width,
            name: (*name).into(),
            category: (*category).into(),
            change: None,
        })
    });
    FlamePicture {
        boxes: boxes.collect(),
        samples: 20_000,
        hidden: 41,
    }
}

/// Fails unless every element is closed in order.
pub(crate) fn assert_balanced(html: &str) {
    let body = html.split_once("</style>").unwrap().1;
    let mut open = vec!["html", "head"];
    for part in body.split('<').skip(1) {
        let tag = part.split_once('>').expect("a tag ends").0;
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed out of order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

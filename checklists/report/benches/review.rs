//! From saved evidence to verdicts and pages.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scrutineer_checklists::{
    checklist::Checklist,
    document::{FlameBox, FlamePicture, Inputs, ReviewDocument, assemble},
    judge,
    review::Decisions,
    ron_text,
};
use scrutineer_evidence::Evidence;

const EVIDENCE: &str = include_str!("../../tests/evidence-1.ron");
/// As many as a flame graph of a large service shows.
const BOXES: u32 = 4_000;

fn evidence() -> Evidence {
    ron_text::parse(EVIDENCE).expect("a test reads the same file")
}

fn document(evidence: &Evidence, checklist: &Checklist) -> ReviewDocument {
    let boxes = (0..BOXES).map(|number| FlameBox {
        depth: (number / 100) as u16,
        x: f64::from(number % 100) / 100.0,
        width: 0.01,
        name: format!("ledgerd::book::shard_{number}::append<alloc::vec::Vec<u8>>"),
        category: "own".into(),
        change: None,
    });
    assemble(Inputs {
        evidence,
        checklist,
        decisions: &Decisions::default(),
        review: None,
        flame: Some(FlamePicture {
            boxes: boxes.collect(),
            samples: 100_000,
            hidden: 12,
        }),
        comparison: None,
        commit: None,
        product_version: "0.1.0",
    })
}

fn judging(criterion: &mut Criterion) {
    let (evidence, checklist) = (evidence(), Checklist::performance());
    criterion.bench_function("read saved evidence", |bencher| {
        bencher.iter(|| ron_text::parse::<Evidence>(black_box(EVIDENCE)));
    });
    criterion.bench_function("judge all items", |bencher| {
        bencher.iter(|| judge::judge(black_box(&checklist), black_box(&evidence)));
    });
}

/// Renders a document.
type Render = fn(&ReviewDocument) -> String;

fn pages(criterion: &mut Criterion) {
    let document = document(&evidence(), &Checklist::performance());
    let formats: [(&str, Render); 4] = [
        ("html", scrutineer_report::html::render),
        ("markdown", scrutineer_report::markdown::render),
        ("junit", scrutineer_report::junit::render),
        ("json", scrutineer_report::document::render),
    ];
    for (name, render) in formats {
        criterion.bench_function(&format!("{name} with 4,000 boxes"), |bencher| {
            bencher.iter(|| render(black_box(&document)));
        });
    }
}

criterion_group!(benches, judging, pages);
criterion_main!(benches);

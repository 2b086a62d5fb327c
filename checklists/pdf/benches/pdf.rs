//! From a review with ten large flame graphs to the bytes of a PDF.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scrutineer_checklists::{
    checklist::Checklist,
    document::{FlameBox, FlamePicture, Inputs, PinnedView, ReviewDocument, assemble},
    review::Decisions,
    ron_text,
};
use scrutineer_evidence::Evidence;

const EVIDENCE: &str = include_str!("../../tests/evidence-1.ron");
/// As many as a flame graph of a large service shows.
const BOXES: u32 = 4_000;
/// Beside the one of the capture.
const PINS: u32 = 9;

/// 40 rows, each of 20 boxes that bear their name and 80 that are too narrow for it.
fn flame(seed: u32) -> FlamePicture {
    let boxes = (0..BOXES).map(|number| FlameBox {
        depth: (number / 100) as u16,
        x: f64::from(number % 100 / 5) * 0.05
            + [0.0, 0.04, 0.042, 0.045, 0.048][(number % 5) as usize],
        width: if number % 5 == 0 { 0.04 } else { 0.002 },
        name: format!("ledgerd::book_{seed}::shard_{number}::append<alloc::vec::Vec<u8>>"),
        category: "own".into(),
        change: None,
    });
    FlamePicture {
        boxes: boxes.collect(),
        samples: 100_000,
        hidden: 12,
    }
}

fn document(pins: u32) -> ReviewDocument {
    let evidence: Evidence = ron_text::parse(EVIDENCE).expect("a test reads the same file");
    let mut document = assemble(Inputs {
        evidence: &evidence,
        checklist: &Checklist::performance(),
        decisions: &Decisions::default(),
        review: None,
        flame: Some(flame(0)),
        comparison: None,
        commit: None,
        product_version: "0.1.0",
    });
    document.pins = (1..=pins)
        .map(|seed| PinnedView {
            title: format!("shard {seed}"),
            total: "100 000 samples".into(),
            picture: flame(seed),
            ..PinnedView::default()
        })
        .collect();
    document
}

fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pdf");
    group.sample_size(10);
    for (name, pins) in [("one flame graph", 0), ("ten flame graphs", PINS)] {
        let document = document(pins);
        group.bench_function(format!("{name} of 4,000 boxes"), |bencher| {
            bencher.iter(|| scrutineer_pdf::render(black_box(&document)));
        });
    }
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);

//! The one document model that every exporter, the window and the command line read.

mod assemble;
mod coverage;
mod people;
mod pins;

use std::collections::BTreeMap;

use scrutineer_evidence::{
    capture::{CaptureFacts, FunctionShare},
    process::ProcessFacts,
    residency::ResidencyFacts,
    system::SystemFacts,
    traffic::TrafficFacts,
};
use serde::{Deserialize, Serialize};

use crate::{
    review::{Decision, Standing},
    verdict::{Outcome, Verdict},
};

pub use assemble::{Inputs, assemble};
pub use coverage::{Coverage, Decided};
pub use people::{ActionLine, MilestoneLine, PeoplePart, SignOffLine};
pub use pins::{PinnedCapture, PinnedView};

/// Version of the serialised document.
pub const DOCUMENT_SCHEMA_VERSION: u32 = 2;

/// One of the 56 items, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerItem {
    /// `memory.leaks`.
    pub id: String,
    /// The guideline's words.
    pub title: String,
    /// Name of the rule.
    pub rule: String,
    /// Version of the rule.
    pub rule_version: u32,
    /// SHA-256 of the rule's limits.
    pub limits_digest: String,
    /// What the machine says.
    pub verdict: Verdict,
    /// Where the threshold comes from: `house rule`, `PgHero`, `Lighthouse` …
    pub source: String,
    /// What to do next.
    pub remedy: String,
    /// Links that explain more.
    pub links: Vec<String>,
    /// Why it matters.
    pub risk: String,
    /// Weight for the order in which a review walks the items, 1..=3.
    pub weight: u8,
    /// A person's decision, with how it stands.
    pub decision: Option<(Decision, Standing)>,
    /// Outcome after people's decisions.
    pub effective: Outcome,
}

/// One of the 8 sections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerSection {
    /// The guideline's words.
    pub title: String,
    /// Items in the guideline's order.
    pub items: Vec<LedgerItem>,
}

/// One box of the flame graph picture; edges are shares of the width, 0..1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlameBox {
    /// Row, 0 is the root.
    pub depth: u16,
    /// Left edge.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// Full name.
    pub name: String,
    /// `own`, `dependency`, `std`, `kernel`, `jit` or `root`.
    pub category: String,
    /// How its share changed, in a picture of a comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<FlameChange>,
}

/// How the share of a box changed against a base.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlameChange {
    /// The colour, from 0 (much more) over 3 (the same) to 6 (much less): what sampling alone may
    /// have done is a step from the same at most.
    pub step: u8,
    /// Share of the base, 0..1.
    pub base: f64,
    /// Share of the candidate, 0..1.
    pub candidate: f64,
}

impl FlameChange {
    /// Candidate minus base, as it is marked: `+6.8`, `−0.3`, `new`, `gone`; empty for the same.
    pub fn mark(&self) -> String {
        let points = 100.0 * (self.candidate - self.base);
        match (self.base <= 0.0, self.candidate <= 0.0) {
            _ if self.step == 3 => String::new(),
            (true, _) => "new".to_owned(),
            (_, true) => "gone".to_owned(),
            _ if points < 0.0 => format!("\u{2212}{:.1}", -points),
            _ => format!("+{points:.1}"),
        }
    }
}

/// The flame graph as a picture, boxes below 0.1 % left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlamePicture {
    /// Boxes by row, then by `x`.
    pub boxes: Vec<FlameBox>,
    /// Samples in all.
    pub samples: u64,
    /// Boxes left out.
    pub hidden: u64,
}

/// One row of a comparison with a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// What is compared: `self share of serve_report`.
    pub metric: String,
    /// Value of the baseline, with its unit.
    pub base: String,
    /// Value now, with its unit.
    pub now: String,
    /// Change in words, signed: `+2.1 pt`.
    pub change: String,
    /// `same`, `changed` or `indicative`, with the reason.
    pub judgement: String,
}

/// A comparison with a stored baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the baseline.
    pub baseline: String,
    /// When it was saved.
    pub saved_at: jiff::Timestamp,
    /// Its commit, where known.
    pub commit: Option<String>,
    /// What makes the two hard to compare (other machine, other frequency); empty where nothing.
    pub mismatches: Vec<String>,
    /// Rows.
    pub rows: Vec<ComparisonRow>,
}

/// A review: the only input of every exporter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewDocument {
    /// [`DOCUMENT_SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Version of the product.
    pub product_version: String,
    /// Title: `ledgerd: performance review`.
    pub title: String,
    /// When the evidence was judged.
    pub judged_at: jiff::Timestamp,
    /// SHA-256 of the evidence, hexadecimal.
    pub evidence_digest: String,
    /// Facts that were had, and facts in all.
    pub facts: (usize, usize),
    /// Name and version of the checklist.
    pub checklist: String,
    /// Commit of the workspace's repository, where known.
    pub commit: Option<String>,
    /// The process, where known.
    pub process: Option<ProcessFacts>,
    /// The machine, where known.
    pub system: Option<SystemFacts>,
    /// The capture, where there is one.
    pub capture: Option<CaptureFacts>,
    /// Top functions, at most 20.
    pub top_functions: Vec<FunctionShare>,
    /// The flame graph, where there is a capture.
    pub flame: Option<FlamePicture>,
    /// Resident memory, where known.
    pub residency: Option<ResidencyFacts>,
    /// Load in the window, where known.
    pub traffic: Option<TrafficFacts>,
    /// Comparison with a baseline, where there is one.
    pub comparison: Option<Comparison>,
    /// Views that people pinned as evidence, the oldest first.
    #[serde(default)]
    pub pins: Vec<PinnedView>,
    /// What people wrote down, and who signed; empty in documents of version 1.
    #[serde(default)]
    pub people: PeoplePart,
    /// The ledger.
    pub sections: Vec<LedgerSection>,
}

impl ReviewDocument {
    /// Number of items per effective outcome; every outcome is there.
    pub fn counts(&self) -> BTreeMap<Outcome, usize> {
        let mut counts: BTreeMap<_, _> = Outcome::ALL.into_iter().map(|o| (o, 0)).collect();
        for item in self.items() {
            *counts.entry(item.effective).or_default() += 1;
        }
        counts
    }

    /// All items in the guideline's order.
    pub fn items(&self) -> impl Iterator<Item = &LedgerItem> {
        self.sections.iter().flat_map(|section| &section.items)
    }
}

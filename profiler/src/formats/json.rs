//! Everything that the text shows and more, for scripts.

use std::io;

use scrutineer_evidence::{capture::Quality, trust::Trust};
use serde::Serialize;

use super::{
    alongside::Alongside,
    summary::{Row, ThreadRow, notes, rows, threads},
    waits::{ClassRow, WakerRow, classes, wakers},
};
use crate::{
    capture::model::CaptureHeader,
    profile::{Profile, Selection},
};

/// Version of the document; a field that goes or changes its meaning raises it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    header: &'a CaptureHeader,
    duration_s: f64,
    complete: bool,
    quality: &'a Quality,
    trust: Trust,
    notes: Vec<String>,
    /// `cpu`, `wait` or `faults`.
    weight: &'static str,
    /// What `self_samples`, `total_samples` and `samples` below are counted in.
    unit: &'static str,
    total: u64,
    top_functions: Vec<Row>,
    threads: Vec<ThreadRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wait_classes: Vec<ClassRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wakers: Vec<WakerRow>,
    #[serde(flatten)]
    alongside: Alongside,
}

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        header: &profile.header,
        duration_s: profile.duration_ns() as f64 / 1e9,
        complete: profile.end.is_some(),
        quality: &profile.quality,
        trust: profile.trust(),
        notes: notes(profile, selection),
        weight: selection.weight.id(),
        unit: profile.unit(selection.weight).noun(),
        total: profile.total(selection),
        top_functions: rows(profile, selection),
        threads: threads(profile, selection),
        wait_classes: classes(profile, selection),
        wakers: wakers(profile, selection),
        alongside: Alongside::of(profile, selection),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

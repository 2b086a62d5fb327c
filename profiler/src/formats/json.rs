//! Everything that the text shows and more, for scripts.

use std::io;

use scrutineer_evidence::capture::Quality;
use serde::Serialize;

use super::summary::{Row, ThreadRow, quality_notes, rows, threads};
use crate::{capture::model::CaptureHeader, profile::Profile};

/// Version of the document; a field that goes or changes its meaning raises it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    header: &'a CaptureHeader,
    duration_s: f64,
    complete: bool,
    quality: &'a Quality,
    notes: Vec<String>,
    top_functions: Vec<Row>,
    threads: Vec<ThreadRow>,
}

pub(super) fn write(profile: &Profile, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        header: &profile.header,
        duration_s: profile.duration_ns() as f64 / 1e9,
        complete: profile.end.is_some(),
        quality: &profile.quality,
        notes: quality_notes(profile),
        top_functions: rows(profile),
        threads: threads(profile),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

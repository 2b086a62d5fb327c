//! Top functions as a table for a terminal.

use std::io;

use super::{one_line, percent, summary};
use crate::profile::Profile;

/// Functions that the table shows.
const ROWS: usize = 30;

pub(super) fn write(profile: &Profile, out: &mut dyn io::Write) -> io::Result<()> {
    let samples = profile.quality.samples;
    let rows = summary::rows(profile);
    writeln!(out, "{}", one_line(&summary::headline(profile)))?;
    for note in summary::quality_notes(profile) {
        writeln!(out, "  {}", one_line(&note))?;
    }
    writeln!(
        out,
        "\n{:>9} {:>8} {:>9} {:>8}  function",
        "self", "", "total", ""
    )?;
    for row in rows.iter().take(ROWS) {
        writeln!(
            out,
            "{:>9} {:>8} {:>9} {:>8}  {}",
            row.self_samples,
            percent(row.self_samples, samples),
            row.total_samples,
            percent(row.total_samples, samples),
            one_line(&row.name),
        )?;
    }
    let hidden = rows.len().saturating_sub(ROWS);
    if hidden > 0 {
        let below: u64 = rows[ROWS..].iter().map(|row| row.self_samples).sum();
        writeln!(
            out,
            "{hidden} more functions with {} of the samples",
            percent(below, samples)
        )?;
    }
    Ok(())
}

//! Top functions as a table for a terminal.

use std::io;

use super::{alongside, one_line, percent, summary, waits};
use crate::profile::{Profile, Selection};

/// Functions that the table shows.
const ROWS: usize = 30;

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    let total = profile.total(selection);
    let rows = summary::rows(profile, selection);
    writeln!(out, "{}", one_line(&summary::headline(profile, selection)))?;
    for note in summary::notes(profile, selection) {
        writeln!(out, "  {}", one_line(&note))?;
    }
    write_waits(profile, selection, out)?;
    writeln!(
        out,
        "\n{:>9} {:>8} {:>9} {:>8}  function",
        "self", "", "total", ""
    )?;
    for row in rows.iter().take(ROWS) {
        writeln!(
            out,
            "{:>9} {:>8} {:>9} {:>8}  {}",
            unit.quantity(row.self_samples),
            percent(row.self_samples, total),
            unit.quantity(row.total_samples),
            percent(row.total_samples, total),
            one_line(&row.name),
        )?;
    }
    let hidden = rows.len().saturating_sub(ROWS);
    if hidden > 0 {
        let below: u64 = rows[ROWS..].iter().map(|row| row.self_samples).sum();
        writeln!(
            out,
            "{hidden} more functions with {} of the {}",
            percent(below, total),
            summary::whole(profile, selection.weight)
        )?;
    }
    alongside::write_text(profile, selection, out)
}

/// Waits by class, and who ended them; nothing with another weight.
fn write_waits(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    let classes = waits::classes(profile, selection);
    if classes.is_empty() {
        return Ok(());
    }
    let total = profile.total(selection);
    writeln!(out, "\n{:>9} {:>8} {:>9}  waited for", "time", "", "waits")?;
    for row in classes {
        writeln!(
            out,
            "{:>9} {:>8} {:>9}  {}",
            unit.quantity(row.time_ns),
            percent(row.time_ns, total),
            row.waits,
            row.class,
        )?;
    }
    let wakers = waits::wakers(profile, selection);
    if !wakers.is_empty() {
        writeln!(
            out,
            "\n{:>9} {:>9}  thread, and who woke it",
            "time", "waits"
        )?;
    }
    for row in wakers {
        writeln!(
            out,
            "{:>9} {:>9}  {} ← {}",
            unit.quantity(row.blocked_ns),
            row.waits,
            one_line(&row.waiting),
            one_line(&row.waker),
        )?;
    }
    Ok(())
}

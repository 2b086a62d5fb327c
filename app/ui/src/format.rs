//! Numbers, sizes and times in words that people read.

use std::time::Duration;

use scrutineer_profiler::profile::Unit;

/// Thousands parted by no-break spaces: `38 412`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// A share in percent with one decimal: `49.6 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", share * 100.0)
}

/// A quantity of a weight as a table shows it: `1 204`, `3.21 s`, `12.4 ms`.
pub(crate) fn quantity(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Samples | Unit::Faults | Unit::Allocations | Unit::Events => count(value),
        Unit::Bytes => bytes(value as f64),
        Unit::Nanoseconds if value == 0 => "0".to_owned(),
        Unit::Nanoseconds => unit.quantity(value).replace(' ', "\u{a0}"),
    }
}

/// A quantity with its noun: `1 204 samples`, `3.21 s`, `1 page fault`.
pub(crate) fn quantity_words(unit: Unit, value: u64) -> String {
    let noun = match unit {
        Unit::Samples if value == 1 => " sample",
        Unit::Samples => " samples",
        Unit::Faults if value == 1 => " page fault",
        Unit::Faults => " page faults",
        Unit::Allocations if value == 1 => " allocation",
        Unit::Allocations => " allocations",
        Unit::Events if value == 1 => " event",
        Unit::Events => " events",
        Unit::Nanoseconds | Unit::Bytes => "",
    };
    format!("{}{noun}", quantity(unit, value))
}

/// `part` of `whole` as a share, 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Bytes as whole mebibytes without the unit: `1 204`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    count((bytes as f64 / MEBIBYTE).round() as u64)
}

/// One mebibyte.
pub(crate) const MEBIBYTE: f64 = 1_048_576.0;

/// Bytes with a unit that fits: `598 MiB`.
pub(crate) fn bytes(bytes: f64) -> String {
    let (value, unit) = match bytes.abs() {
        size if size >= MEBIBYTE * 1024.0 => (bytes / MEBIBYTE / 1024.0, "GiB"),
        size if size >= MEBIBYTE => (bytes / MEBIBYTE, "MiB"),
        size if size >= 1024.0 => (bytes / 1024.0, "KiB"),
        _ => (bytes, "B"),
    };
    let decimals = usize::from(value.abs() < 100.0 && unit != "B" && unit != "KiB");
    format!("{}\u{a0}{unit}", minus(format!("{value:.decimals$}")))
}

/// A signed number with a true minus: `+3.40`, `−0.01`.
pub(crate) fn signed(value: f64) -> String {
    minus(format!("{value:+.2}"))
}

/// A signed number with one decimal: `+105.7`.
pub(crate) fn signed_short(value: f64) -> String {
    minus(format!("{value:+.1}"))
}

/// A signed whole number: `+12`, `−3`.
pub(crate) fn signed_count(number: i64) -> String {
    minus(format!("{number:+}"))
}

fn minus(text: String) -> String {
    if text.starts_with('-') {
        text.replacen('-', "\u{2212}", 1)
    } else {
        text
    }
}

/// A length of time: `640 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`.
pub(crate) fn duration(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    match length.as_secs() {
        0 => format!("{:.0}\u{a0}ms", seconds * 1000.0),
        1..60 => format!("{seconds:.1}\u{a0}s"),
        60..3600 => {
            format!(
                "{}\u{a0}min {}\u{a0}s",
                length.as_secs() / 60,
                length.as_secs() % 60
            )
        }
        _ => format!(
            "{}\u{a0}h {}\u{a0}min",
            length.as_secs() / 3600,
            length.as_secs() / 60 % 60
        ),
    }
}

/// Minutes and seconds of a clock that runs: `01:23`.
pub(crate) fn clock(length: Duration) -> String {
    format!("{:02}:{:02}", length.as_secs() / 60, length.as_secs() % 60)
}

/// When something was, seen from `now`: `today 14:06`, `yesterday`, `3 Mar`.
pub(crate) fn day(when: jiff::Timestamp, now: jiff::Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (when, now) = (when.to_zoned(zone.clone()), now.to_zoned(zone));
    let days = (now.date() - when.date()).get_days();
    match days {
        0 => when.strftime("today %H:%M").to_string(),
        1 => "yesterday".to_owned(),
        _ if when.year() == now.year() => when.strftime("%-d %b").to_string(),
        _ => when.strftime("%-d %b %Y").to_string(),
    }
}

/// First and last digits of a digest: `b5e2…91c`.
pub(crate) fn digest(hex: &str) -> String {
    match (hex.get(..4), hex.get(hex.len().saturating_sub(3)..)) {
        (Some(head), Some(tail)) if hex.len() > 8 => format!("{head}…{tail}"),
        _ => hex.to_owned(),
    }
}

/// The end of a source file's path that tells it apart: from the folder that holds `src`, else the
/// last three parts. Debug information bears the absolute path of the machine that built.
pub(crate) fn source_path(path: &str) -> &str {
    let parts: Vec<&str> = path.split('/').collect();
    let source = parts.iter().rposition(|part| *part == "src");
    let from = match source {
        Some(source) if source + 1 < parts.len() => source.saturating_sub(1),
        _ => parts.len().saturating_sub(3),
    };
    let skipped: usize = parts[..from].iter().map(|part| part.len() + 1).sum();
    path.get(skipped..).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_told_from_its_package_on() {
        for (path, told) in [
            (
                "/home/dev/ledger/src/posting/engine.rs",
                "ledger/src/posting/engine.rs",
            ),
            (
                "/x/registry/src/index/tokio-1.54.1/src/task.rs",
                "tokio-1.54.1/src/task.rs",
            ),
            (
                "/build/python/Objects/longobject.c",
                "python/Objects/longobject.c",
            ),
            ("src/main.rs", "src/main.rs"),
            ("main.c", "main.c"),
            ("/src", "/src"),
            ("", ""),
        ] {
            assert_eq!(source_path(path), told);
        }
    }

    #[test]
    fn thousands_are_parted_by_no_break_spaces() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_204_311), "1\u{a0}204\u{a0}311");
    }

    #[test]
    fn sizes_choose_their_unit() {
        assert_eq!(bytes(612.0 * MEBIBYTE), "612\u{a0}MiB");
        assert_eq!(bytes(4.0 * 1024.0 * MEBIBYTE), "4.0\u{a0}GiB");
        assert_eq!(bytes(-2048.0), "\u{2212}2\u{a0}KiB");
    }

    #[test]
    fn a_digest_keeps_its_ends() {
        assert_eq!(digest("b5e2a0ffff0091c"), "b5e2…91c");
        assert_eq!(digest("b5e2"), "b5e2");
    }

    #[test]
    fn times_are_said_in_two_units_at_most() {
        assert_eq!(duration(Duration::from_millis(640)), "640\u{a0}ms");
        assert_eq!(duration(Duration::from_secs(185)), "3\u{a0}min 5\u{a0}s");
        assert_eq!(duration(Duration::from_mins(130)), "2\u{a0}h 10\u{a0}min");
    }
}

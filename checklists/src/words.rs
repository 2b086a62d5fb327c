//! Numbers as people read them: no-break-space thousands, true minus, units.

/// Joins groups of thousands and a number to its unit, so that a line never breaks there.
const SPACE: char = '\u{a0}';
/// The typographic minus, as wide as a digit in a column.
const MINUS: char = '\u{2212}';

/// `41 280`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(SPACE);
        }
        text.push(digit);
    }
    text
}

/// `1 item`, `41 280 items`; `many` is the plural.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!(
        "{}{SPACE}{}",
        count(value),
        if value == 1 { one } else { many }
    )
}

/// Three significant digits at most, no trailing zeros, thousands grouped: `0.94`, `17.1`, `1 240`;
/// what is smaller than a millionth is 0.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "?".into();
    }
    let size = value.abs();
    let sign = if value < 0.0 {
        MINUS.to_string()
    } else {
        String::new()
    };
    if size >= 99.95 {
        return format!("{sign}{}", count(size.round() as u64));
    }
    let decimals = match size {
        9.995.. => 1,
        0.0995.. => 2,
        0.00995.. => 3,
        0.000_995.. => 4,
        0.000_099_5.. => 5,
        _ => 6,
    };
    let text = format!("{size:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "0" {
        text.into()
    } else {
        format!("{sign}{text}")
    }
}

/// `23.6 %` from 0.236.
pub fn percent(share: f64) -> String {
    format!("{}{SPACE}%", number(share * 100.0))
}

/// `p = 0.61`, `p < 0.001`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".into()
    } else {
        format!("p = {}", number(p))
    }
}

/// `3.4 MiB`.
pub fn bytes(value: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = value;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{}{SPACE}{}", number(value), UNITS[unit])
}

/// `350 ms`, `10 s`, `17.1 min`, `17.1 h`, `3 days`.
pub fn seconds(value: f64) -> String {
    const STEPS: [(f64, f64, &str); 4] = [
        (1.0, 0.001, "ms"),
        (120.0, 1.0, "s"),
        (7_200.0, 60.0, "min"),
        (172_800.0, 3_600.0, "h"),
    ];
    let (unit, name) = STEPS
        .iter()
        .find(|(below, ..)| value.abs() < *below)
        .map_or((86_400.0, "days"), |(_, unit, name)| (*unit, *name));
    // Zero has no natural unit; seconds read best.
    if value == 0.0 {
        format!("0{SPACE}s")
    } else {
        format!("{}{SPACE}{name}", number(value / unit))
    }
}

/// `84 ms` from microseconds.
pub fn microseconds(value: u64) -> String {
    let value = value as f64;
    if value < 1_000.0 {
        format!("{}{SPACE}µs", number(value))
    } else {
        seconds(value / 1e6)
    }
}

/// `2 days` from days.
pub fn days(value: f64) -> String {
    let days = number(value.floor().max(0.0));
    format!("{days}{SPACE}{}", if days == "1" { "day" } else { "days" })
}

/// `a, b and 3 more`, at most `shown` names.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>, shown: usize) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.len() > shown {
        return format!(
            "{} and {} more",
            names[..shown].join(", "),
            names.len() - shown
        );
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_their_sign() {
        let cases = [
            (0.0, "0"),
            (0.000_25, "0.00025"),
            (0.000_000_4, "0"),
            (-0.000_000_4, "0"),
            (0.0251, "0.025"),
            (0.002, "0.002"),
            (3.4, "3.4"),
            (-11.3, "\u{2212}11.3"),
            (99.96, "100"),
            (41_280.0, "41\u{a0}280"),
            (9.999, "10"),
        ];
        for (value, words) in cases {
            assert_eq!(number(value), words, "{value}");
        }
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(number(f64::NAN), "?");
        assert_eq!(
            (p_value(0.61), p_value(1e-9)),
            ("p = 0.61".into(), "p < 0.001".into())
        );
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(bytes(1023.0), "1\u{a0}023\u{a0}B");
        assert_eq!(bytes(-3.4 * 1_048_576.0), "\u{2212}3.4\u{a0}MiB");
        assert_eq!(seconds(0.35), "350\u{a0}ms");
        assert_eq!(seconds(10.0), "10\u{a0}s");
        assert_eq!(seconds(61_560.0), "17.1\u{a0}h");
        assert_eq!(seconds(0.0), "0\u{a0}s");
        assert_eq!(microseconds(84_000), "84\u{a0}ms");
        assert_eq!(days(1.9), "1\u{a0}day");
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list(["a"], 3), "a");
        assert_eq!(list(["a", "b", "c"], 3), "a, b and c");
        assert_eq!(list(["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(list([], 2), "");
    }
}

//! Two sides compared, as text, JSON, collapsed stacks with two counts, and a red and blue flame
//! graph.

use std::{collections::BTreeMap, io};

use inferno::flamegraph::{self, Options};
use serde::Serialize;

use super::{FormatError, collapsed, one_line};
use crate::profile::{
    Unit,
    diff::{Diff, Difference, FunctionDifference, Part, SideSum, diff},
};

/// Functions that the text shows.
const ROWS: usize = 30;
/// Functions below this share on both sides are left out of the text.
const LEAST_SHARE: f64 = 0.001;

/// A form that a comparison can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceFormat {
    /// A table for a terminal.
    Text,
    /// Every function with its intervals, for scripts.
    Json,
    /// inferno's flame graph: width is the candidate, red is more, blue is less.
    Svg,
    /// `thread-name;root;…;leaf base candidate`, sorted.
    Collapsed,
}

/// Compares two sides and writes what was found; gives it back for a verdict.
pub fn write(
    base: &[Part<'_>],
    candidate: &[Part<'_>],
    format: DifferenceFormat,
    out: &mut dyn io::Write,
) -> Result<Diff, FormatError> {
    let found = diff(base, candidate);
    if found.base.weight == 0 || found.candidate.weight == 0 {
        return Err(FormatError::NothingToCompare {
            side: if found.base.weight == 0 {
                "base"
            } else {
                "candidate"
            },
        });
    }
    match format {
        DifferenceFormat::Text => write_text(&found, out)?,
        DifferenceFormat::Json => write_json(&found, out)?,
        DifferenceFormat::Collapsed => {
            for (stack, [before, after]) in stacks(base, candidate) {
                writeln!(out, "{} {before} {after}", stack.join(";"))?;
            }
        }
        DifferenceFormat::Svg => write_svg(&found, &stacks(base, candidate), out)?,
    }
    out.flush()?;
    Ok(found)
}

fn side(sum: &SideSum, unit: Unit) -> String {
    let per_s = sum.weight as f64 / sum.seconds.max(1e-9);
    let rate = match unit {
        // Profiles without times have no rate.
        _ if sum.seconds <= 0.0 => String::new(),
        Unit::Nanoseconds => format!(", {:.3} s/s", per_s / 1e9),
        Unit::Bytes => format!(", {}/s", unit.quantity(per_s as u64)),
        Unit::Faults => format!(", {per_s:.1} faults/s"),
        _ => format!(", {per_s:.1} {}/s", unit.noun()),
    };
    let captures = match sum.captures {
        1 => String::new(),
        count => format!(" in {count} captures"),
    };
    format!("{}{captures}{rate}", unit.words(sum.weight))
}

/// Points of a share, signed, with a true minus: `+6.8`.
fn points(change: f64) -> String {
    let sign = if change < 0.0 { '\u{2212}' } else { '+' };
    format!("{sign}{:.1}", 100.0 * change.abs())
}

fn interval(difference: &Difference) -> String {
    format!("{} … {}", points(difference.low), points(difference.high))
}

fn write_text(found: &Diff, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "base       {}", side(&found.base, found.unit))?;
    writeln!(out, "candidate  {}", side(&found.candidate, found.unit))?;
    let rate = |sum: &SideSum| sum.weight as f64 / sum.seconds.max(1e-9);
    let ratio = rate(&found.candidate) / rate(&found.base).max(f64::MIN_POSITIVE);
    writeln!(out, "           ×{ratio:.3} per second")?;
    writeln!(
        out,
        "  Shares are of each side's whole; the intervals (99.73 %) cover {}.",
        if found.knows_spread {
            "how much the captures differ by themselves"
        } else {
            "sampling alone, not how much two runs differ by themselves: give several captures a \
             side"
        }
    )?;
    writeln!(
        out,
        "\n{:>7} {:>7} {:>7} {:>15}   {:>7} {:>7}  function",
        "self", "was", "points", "interval", "total", "points"
    )?;
    let is_shown = |row: &&FunctionDifference| {
        let most = |d: &Difference| d.base.max(d.candidate);
        most(&row.self_share).max(most(&row.total_share)) >= LEAST_SHARE
    };
    let shown: Vec<&FunctionDifference> = found.functions.iter().filter(is_shown).collect();
    for row in shown.iter().take(ROWS) {
        let (own, total) = (&row.self_share, &row.total_share);
        let mark = match (own.is_clear() || total.is_clear(), own.base + total.base) {
            (_, was) if was <= 0.0 => "  new",
            _ if own.candidate + total.candidate <= 0.0 => "  gone",
            (true, _) => "",
            (false, _) => "  within noise",
        };
        writeln!(
            out,
            "{:>6.1}% {:>6.1}% {:>7} {:>15}   {:>6.1}% {:>7}  {}{mark}",
            100.0 * own.candidate,
            100.0 * own.base,
            points(own.change()),
            interval(own),
            100.0 * total.candidate,
            points(total.change()),
            one_line(&row.function.name),
        )?;
    }
    let more = found.functions.len() - shown.len().min(ROWS);
    if more > 0 {
        writeln!(
            out,
            "{more} more functions changed less, or are below 0.1 %"
        )?;
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonDiff<'a> {
    format: &'static str,
    unit: &'static str,
    interval: &'static str,
    base: JsonSide,
    candidate: JsonSide,
    functions: Vec<JsonFunction<'a>>,
}

#[derive(Serialize)]
struct JsonSide {
    captures: usize,
    events: u64,
    weight: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct JsonFunction<'a> {
    name: &'a str,
    module: &'a str,
    self_share: JsonDifference,
    total_share: JsonDifference,
}

#[derive(Serialize)]
struct JsonDifference {
    base: f64,
    candidate: f64,
    change: f64,
    low: f64,
    high: f64,
}

impl From<&SideSum> for JsonSide {
    fn from(sum: &SideSum) -> Self {
        Self {
            captures: sum.captures,
            events: sum.events,
            weight: sum.weight,
            seconds: sum.seconds,
        }
    }
}

impl<'a> From<&'a FunctionDifference> for JsonFunction<'a> {
    fn from(row: &'a FunctionDifference) -> Self {
        Self {
            name: &row.function.name,
            module: &row.function.module,
            self_share: (&row.self_share).into(),
            total_share: (&row.total_share).into(),
        }
    }
}

impl From<&Difference> for JsonDifference {
    fn from(difference: &Difference) -> Self {
        Self {
            base: difference.base,
            candidate: difference.candidate,
            change: difference.change(),
            low: difference.low,
            high: difference.high,
        }
    }
}

fn write_json(found: &Diff, out: &mut dyn io::Write) -> io::Result<()> {
    let document = JsonDiff {
        format: "scrutineer-diff 1",
        unit: found.unit.noun(),
        interval: if found.knows_spread {
            "99.73 %, captures"
        } else {
            "99.73 %, sampling alone"
        },
        base: (&found.base).into(),
        candidate: (&found.candidate).into(),
        functions: found.functions.iter().map(Into::into).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Weight of each stack on both sides.
fn stacks(base: &[Part<'_>], candidate: &[Part<'_>]) -> BTreeMap<Vec<String>, [u64; 2]> {
    let mut stacks: BTreeMap<Vec<String>, [u64; 2]> = BTreeMap::new();
    for (side, parts) in [base, candidate].into_iter().enumerate() {
        for part in parts {
            for (stack, weight) in collapsed::stacks(part.profile, part.selection) {
                stacks.entry(stack).or_default()[side] += weight;
            }
        }
    }
    stacks
}

fn write_svg(
    found: &Diff,
    stacks: &BTreeMap<Vec<String>, [u64; 2]>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // Both sides as if they had the candidate's weight: a longer capture must not look redder.
    let scale = found.candidate.weight as f64 / found.base.weight.max(1) as f64;
    let divisor = if found.unit == Unit::Nanoseconds {
        1_000
    } else {
        1
    };
    let lines: Vec<String> = stacks
        .iter()
        .map(|(stack, [before, after])| {
            let before = (*before as f64 * scale) as u64 / divisor;
            format!("{} {before} {}", stack.join(";"), after / divisor)
        })
        .collect();
    let mut options = Options::default();
    options.title = format!(
        "{} against {}: red more, blue less",
        found.unit.words(found.candidate.weight),
        found.unit.words(found.base.weight)
    );
    match found.unit {
        Unit::Nanoseconds => "µs",
        unit => unit.noun(),
    }
    .clone_into(&mut options.count_name);
    options.deterministic = true;
    options.image_width = Some(1200);
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.sort_unstable();
    flamegraph::from_lines(&mut options, lines, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, Selection, testing};

    fn profile(hot: usize, cold: usize) -> Profile {
        let mut stacks = vec![vec!["main", "hot"]; hot];
        stacks.extend(vec![vec!["main", "cold"]; cold]);
        testing::profile(&stacks)
    }

    fn written(base: &Profile, candidate: &Profile, format: DifferenceFormat) -> String {
        let selection = Selection::default();
        let part = |profile| Part {
            profile,
            selection: &selection,
        };
        let mut out = Vec::new();
        write(&[part(base)], &[part(candidate)], format, &mut out).expect("it is written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_table_says_what_grew_by_how_much_and_what_the_interval_covers() {
        let text = written(
            &profile(200, 800),
            &profile(500, 500),
            DifferenceFormat::Text,
        );
        let hot = text.lines().find(|line| line.ends_with("  hot"));
        let hot = hot.expect("it is listed");
        assert!(hot.contains("50.0%") && hot.contains("+30.0"), "{text}");
        assert!(text.contains("sampling alone"), "{text}");
        assert!(text.contains("main  within noise"), "{text}");
    }

    #[test]
    fn json_holds_every_function_with_its_interval() {
        let json = written(&profile(20, 80), &profile(50, 50), DifferenceFormat::Json);
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let functions = value["functions"].as_array().expect("a list");
        assert_eq!(functions.len(), 3);
        let change = functions[0]["self_share"]["change"].as_f64();
        assert!((change.expect("a number").abs() - 0.3).abs() < 1e-9);
    }

    #[test]
    fn collapsed_stacks_bear_both_counts() {
        let text = written(&profile(2, 8), &profile(5, 0), DifferenceFormat::Collapsed);
        assert_eq!(text, "main;main;cold 8 0\nmain;main;hot 2 5\n");
    }

    #[test]
    fn the_flame_graph_has_both_colours() {
        let svg = written(&profile(20, 80), &profile(50, 50), DifferenceFormat::Svg);
        assert!(svg.contains("hot") && svg.contains("cold"));
        // inferno writes the change of each frame into its title.
        assert!(svg.contains("+30.00%") && svg.contains("-30.00%"), "{svg}");
    }

    #[test]
    fn a_side_without_samples_is_said() {
        let (empty, some) = (testing::profile::<&str>(&[]), profile(1, 1));
        let selection = Selection::default();
        let part = |profile| Part {
            profile,
            selection: &selection,
        };
        let error = write(
            &[part(&empty)],
            &[part(&some)],
            DifferenceFormat::Text,
            &mut Vec::new(),
        );
        let error = error.expect_err("nothing can be compared");
        assert!(error.to_string().contains("base"), "{error}");
    }
}

//! Reads the text that Prometheus scrapes: families, their series and the buckets of histograms.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, and `OpenMetrics` 1.0,
//! whose counters are declared without the `_total` of their samples.

use std::collections::{BTreeMap, BTreeSet};

use scrutineer_evidence::http::MetricFamily;

#[derive(Default)]
struct Family {
    kind: Option<String>,
    /// Label sets, without the bucket's bound, each counted once.
    series: BTreeSet<String>,
    /// Bits of the finite bounds, so that they sort and repeat once.
    buckets: Vec<f64>,
}

/// Families sorted by name; an error says what keeps the text from being one of metrics.
pub(super) fn parse(text: &str) -> Result<Vec<MetricFamily>, String> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            note_type(comment, &mut families);
        } else if !line.is_empty() {
            let sample = parse_sample(line)
                .ok_or_else(|| format!("line {} is no sample of a metric", index + 1))?;
            add(sample, &mut families);
        }
    }
    let families: Vec<MetricFamily> = families
        .into_iter()
        .filter(|(_, family)| !family.series.is_empty())
        .map(|(name, family)| finish(name, family))
        .collect();
    if families.is_empty() {
        Err("it holds no sample".into())
    } else {
        Ok(families)
    }
}

fn note_type(comment: &str, families: &mut BTreeMap<String, Family>) {
    let mut words = comment.split_ascii_whitespace();
    if words.next() == Some("TYPE")
        && let (Some(name), Some(kind)) = (words.next(), words.next())
    {
        let kind = if kind == "unknown" { "untyped" } else { kind };
        families.entry(name.to_owned()).or_default().kind = Some(kind.to_ascii_lowercase());
    }
}

fn finish(name: String, family: Family) -> MetricFamily {
    let mut buckets = family.buckets;
    buckets.sort_by(f64::total_cmp);
    buckets.dedup();
    MetricFamily {
        name,
        kind: family.kind.unwrap_or_else(|| "untyped".into()),
        series: family.series.len() as u64,
        buckets,
    }
}

struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
}

/// Suffixes that samples of a family bear, by the family's kind.
const SUFFIXES: &[(&str, &[&str])] = &[
    ("_bucket", &["histogram", "gaugehistogram"]),
    ("_sum", &["histogram", "summary"]),
    ("_count", &["histogram", "summary"]),
    ("_gsum", &["gaugehistogram"]),
    ("_gcount", &["gaugehistogram"]),
    ("_total", &["counter"]),
    ("_created", &["counter", "histogram", "summary"]),
    ("_info", &["info"]),
];

fn family_of(name: &str, families: &BTreeMap<String, Family>) -> String {
    let declared = |base: &str, kinds: &[&str]| {
        families
            .get(base)
            .and_then(|f| f.kind.as_deref())
            .is_some_and(|kind| kinds.contains(&kind))
    };
    SUFFIXES
        .iter()
        .filter_map(|(suffix, kinds)| Some((name.strip_suffix(suffix)?, *kinds)))
        .find(|(base, kinds)| declared(base, kinds))
        .map_or(name, |(base, _)| base)
        .to_owned()
}

/// A histogram counts as one series for each bucket, its sum and its count, as Prometheus stores
/// them.
fn add(sample: Sample<'_>, families: &mut BTreeMap<String, Family>) {
    let family = families
        .entry(family_of(sample.name, families))
        .or_default();
    if sample.name.ends_with("_bucket") {
        let bound = sample.labels.iter().find(|(name, _)| *name == "le");
        let bound = bound.and_then(|(_, value)| value.parse::<f64>().ok());
        family
            .buckets
            .extend(bound.filter(|bound| bound.is_finite()));
    }
    let mut labels = sample.labels;
    labels.sort();
    family.series.insert(format!("{}{labels:?}", sample.name));
}

/// `name{label="value",…} number [timestamp] [# exemplar]`.
fn parse_sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))?;
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => parse_labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_ascii_whitespace().next()?;
    // Rust's parser knows the spellings `NaN`, `+Inf` and `-Inf` too.
    value.parse::<f64>().ok()?;
    Some(Sample { name, labels })
}

/// Labels up to the closing brace, and what follows it.
fn parse_labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = parse_quoted(after.trim_start().strip_prefix('"')?)?;
        labels.push((name.trim(), value));
        rest = after;
    }
}

/// A value up to its closing quote; `\\`, `\"` and `\n` stand for themselves.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="get",path="/a,b}\"c"} 3

# TYPE rpc_duration_seconds histogram
rpc_duration_seconds_bucket{le="0.1"} 1
rpc_duration_seconds_bucket{le="0.05"} 1
rpc_duration_seconds_bucket{le="+Inf"} 3
rpc_duration_seconds_sum 5.3
rpc_duration_seconds_count 3
process_resident_memory_bytes 1.2e+07
weird_value NaN
# TYPE queue_depth_count gauge
queue_depth_count 4
"#;

    fn family<'a>(families: &'a [MetricFamily], name: &str) -> &'a MetricFamily {
        families.iter().find(|family| family.name == name).unwrap()
    }

    #[test]
    fn families_kinds_series_and_buckets_are_read() {
        let families = parse(TEXT).unwrap();
        assert!(families.is_sorted_by_key(|family| family.name.clone()));
        assert_eq!(families.len(), 5);
        let requests = family(&families, "http_requests_total");
        assert_eq!((requests.kind.as_str(), requests.series), ("counter", 2));
        let duration = family(&families, "rpc_duration_seconds");
        assert_eq!((duration.kind.as_str(), duration.series), ("histogram", 5));
        assert_eq!(duration.buckets, [0.05, 0.1]);
        assert_eq!(
            family(&families, "process_resident_memory_bytes").kind,
            "untyped"
        );
        assert_eq!(family(&families, "queue_depth_count").kind, "gauge");
    }

    #[test]
    fn open_metrics_names_counters_without_their_suffix() {
        let text =
            "# TYPE jobs counter\njobs_total{a=\"1\"} 4 # {trace=\"x\"} 1\njobs_created 1\n# EOF\n";
        let families = parse(text).unwrap();
        assert_eq!((families[0].name.as_str(), families[0].series), ("jobs", 2));
    }

    #[test]
    fn a_series_that_is_repeated_counts_once() {
        let families = parse("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n").unwrap();
        assert_eq!(families[0].series, 1);
    }

    #[test]
    fn a_page_that_is_no_metrics_is_refused() {
        for text in [
            "<html><body>404</body></html>",
            "{\"a\": 1}",
            "",
            "# just a comment\n",
            "a b\n",
            "a{x=\"1\n",
            "a{x} 1\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

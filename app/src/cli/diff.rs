//! `diff`: what changed between captures, function by function.

use std::path::PathBuf;

use scrutineer_profiler::{
    formats::difference::{self, DifferenceFormat},
    profile::{
        Profile, Selection, Weight,
        diff::{Diff, Part, unlike},
    },
};

use super::{
    Exit, Run, Usage,
    report::{weight_parser, write_file},
    write_to_stdout,
};
use crate::{captures, interrupt::Interrupt, progress_line::ProgressLine};

/// Compare captures: which functions take more of the whole than before
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Functions are matched by name and module, and each side is taken as a whole, so that a longer
capture or a busier machine does not look like a regression. With several captures a side the
intervals cover how much captures differ by themselves; with one they cover sampling alone.

Exit codes: 0 compared (and, with --limit, nothing grew above it), 1 something grew above --limit
beyond its interval, 4 one side holds nothing of the weight.

Examples:
  scrutineer diff before.scrutineer after.scrutineer
  scrutineer diff a1 b1 --base a2 --base a3 --candidate b2 --candidate b3 --limit 2
  scrutineer diff before.scrutineer after.scrutineer --format svg -o diff.svg
  scrutineer diff FILE FILE --against-weight wait       CPU time and waits of one capture")]
pub(super) struct Arguments {
    /// Capture to compare with
    base: PathBuf,

    /// Capture that is compared
    candidate: PathBuf,

    /// Another capture of the base side; may be repeated
    #[arg(long = "base", value_name = "FILE", id = "more-base")]
    more_bases: Vec<PathBuf>,

    /// Another capture of the candidate side; may be repeated
    #[arg(long = "candidate", value_name = "FILE", id = "more-candidate")]
    more_candidates: Vec<PathBuf>,

    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,

    /// What stacks are weighed by
    #[arg(long, value_name = "WEIGHT", default_value = "cpu", value_parser = weight_parser())]
    weight: Weight,

    /// Weigh the candidate by something else than the base
    #[arg(long, value_name = "WEIGHT", value_parser = weight_parser())]
    against_weight: Option<Weight>,

    /// What to read of other tools' files that measure several things: an event of perf.data,
    /// `inuse_space` of pprof, `peak` of heaptrack …
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,

    /// Exit with 1 where a function's self or total share grew by more than so many points, with
    /// the whole interval above them
    #[arg(long, value_name = "POINTS")]
    limit: Option<f64>,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    Text,
    Json,
    Svg,
    Collapsed,
}

impl From<FormatName> for DifferenceFormat {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Text => Self::Text,
            FormatName::Json => Self::Json,
            FormatName::Svg => Self::Svg,
            FormatName::Collapsed => Self::Collapsed,
        }
    }
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        if self
            .limit
            .is_some_and(|limit| !(0.0..=100.0).contains(&limit))
        {
            return Err(Usage("--limit is in points of a share: 0 to 100".into()).into());
        }
        let progress = ProgressLine::new(Interrupt::default());
        let options = captures::LoadOptions {
            measure: self.measure.clone(),
            ..captures::LoadOptions::default()
        };
        let load = |path: &PathBuf| -> anyhow::Result<Profile> {
            let loaded = captures::load_with(path, &options, &progress)?;
            if let Some(damage) = &loaded.damage {
                progress.say(&format!("warning: {}: {damage}", path.display()));
            }
            Ok(loaded.profile)
        };
        let side = |first: &PathBuf, more: &[PathBuf]| -> anyhow::Result<Vec<Profile>> {
            std::iter::once(first).chain(more).map(load).collect()
        };
        let bases = side(&self.base, &self.more_bases)?;
        let candidates = side(&self.candidate, &self.more_candidates)?;
        if let (Some(base), Some(candidate)) = (bases.first(), candidates.first()) {
            for difference in unlike(base, candidate) {
                progress.say(&format!("warning: {difference}"));
            }
        }
        let before = Selection::weighed_by(self.weight);
        let after = Selection::weighed_by(self.against_weight.unwrap_or(self.weight));
        let mut out = Vec::new();
        let found = difference::write(
            &parts(&bases, &before),
            &parts(&candidates, &after),
            self.format.into(),
            &mut out,
        )?;
        progress.clear();
        match &self.output {
            Some(path) => write_file(path, &out)?,
            None => write_to_stdout(&out)?,
        }
        let grown = self
            .limit
            .map_or_else(Vec::new, |limit| grown(&found, limit));
        for words in &grown {
            progress.say(words);
        }
        Ok(if grown.is_empty() {
            Exit::Fine
        } else {
            Exit::Findings
        })
    }
}

fn parts<'a>(profiles: &'a [Profile], selection: &'a Selection) -> Vec<Part<'a>> {
    let part = |profile| Part { profile, selection };
    profiles.iter().map(part).collect()
}

/// Functions whose share grew by more than `limit` points, beyond their interval.
fn grown(found: &Diff, limit: f64) -> Vec<String> {
    let limit = limit / 100.0;
    let functions = found.functions.iter();
    functions
        .filter_map(|row| {
            let shares = [("self", &row.self_share), ("total", &row.total_share)];
            let (what, share) = shares.into_iter().find(|(_, share)| share.low > limit)?;
            Some(format!(
                "{}: {what} share {:.1} % → {:.1} %, more than {:.1} points above",
                row.function.name,
                100.0 * share.base,
                100.0 * share.candidate,
                100.0 * limit,
            ))
        })
        .collect()
}

//! `report`: a capture in a form for people or for other tools.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::builder::TypedValueParser;
use scrutineer_profiler::{
    capture::model::WaitClass,
    formats::{self, Format},
    profile::{Selection, Weight},
};

use super::{Exit, Run, Usage, write_to_stdout};
use crate::{captures, interrupt::Interrupt, progress_line::ProgressLine};

/// Show a capture as text, flame graph, page, or in a format of other tools
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Formats:
  text       top functions with quality, for a terminal
  svg        flame graph, interactive in a browser
  html       flame graph with quality and top functions, one page
  pprof      gzipped protocol buffer: `go tool pprof FILE`
  collapsed  one line a stack: thread-name;root;…;leaf count
  json       everything that the text shows, for scripts
  firefox    for profiler.firefox.com: threads and times, without source lines
  speedscope for speedscope.app: threads, order and source lines

A capture that was cut short is shown as far as it goes, with a warning on standard error.

Examples:
  scrutineer report FILE --format text | head
  scrutineer report FILE --format svg -o flame.svg
  scrutineer report FILE --weight wait --wait-class lock,disk
  scrutineer report FILE --format collapsed | grep ';parse_request;'")]
pub(super) struct Arguments {
    /// Capture, or a profile of perf, pprof, Firefox, samply, Chrome, speedscope, heaptrack or DHAT
    file: PathBuf,

    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,

    /// What stacks are weighed by: CPU samples, time waited off the CPU, or page faults
    #[arg(long, value_name = "WEIGHT", default_value = "cpu", value_parser = weight_parser())]
    weight: Weight,

    /// Only waits of these classes (with --weight wait), separated by commas
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',', value_parser = class_parser())]
    wait_class: Vec<WaitClass>,

    /// What to read of another tool's file that measures several things: an event of perf.data,
    /// `inuse_space` of pprof, `peak` of heaptrack …
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,

    /// Ask the servers in `DEBUGINFOD_URLS` for debug files of modules without symbols (sends their
    /// build ids)
    #[arg(long)]
    debuginfod: bool,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    Text,
    Svg,
    Html,
    Pprof,
    Collapsed,
    Json,
    Firefox,
    Speedscope,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Text => Self::Text,
            FormatName::Svg => Self::Svg,
            FormatName::Html => Self::Html,
            FormatName::Pprof => Self::Pprof,
            FormatName::Collapsed => Self::Collapsed,
            FormatName::Json => Self::Json,
            FormatName::Firefox => Self::Firefox,
            FormatName::Speedscope => Self::Speedscope,
        }
    }
}

pub(super) fn weight_parser() -> impl TypedValueParser<Value = Weight> {
    let names = Weight::ALL.map(Weight::id);
    clap::builder::PossibleValuesParser::new(names).map(|name| {
        let is_it = |weight: &Weight| weight.id() == name;
        Weight::ALL.into_iter().find(is_it).unwrap_or_default()
    })
}

fn class_parser() -> impl TypedValueParser<Value = WaitClass> {
    let names = WaitClass::ALL.map(WaitClass::id);
    clap::builder::PossibleValuesParser::new(names).map(|name| {
        let is_it = |class: &WaitClass| class.id() == name;
        WaitClass::ALL.into_iter().find(is_it).unwrap_or_default()
    })
}

impl Arguments {
    fn selection(&self) -> anyhow::Result<Selection> {
        let classes: BTreeSet<_> = self.wait_class.iter().copied().collect();
        if !classes.is_empty() && self.weight != Weight::Wait {
            return Err(Usage("--wait-class goes with --weight wait".into()).into());
        }
        Ok(Selection {
            wait_classes: Some(classes).filter(|classes| !classes.is_empty()),
            ..Selection::weighed_by(self.weight)
        })
    }
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let selection = self.selection()?;
        let progress = ProgressLine::new(Interrupt::default());
        let debuginfod = super::record::debuginfod(self.debuginfod)?;
        let options = captures::LoadOptions {
            debuginfod,
            measure: self.measure.clone(),
        };
        let loaded = captures::load_with(&self.file, &options, &progress)?;
        if let Some(damage) = &loaded.damage {
            if !loaded.profile.has(selection.weight) {
                bail!(
                    "no sample of {} is left to show: {damage}",
                    self.file.display()
                );
            }
            progress.say(&format!("warning: {}: {damage}", self.file.display()));
        }
        // Written at once at the end, so that a report is whole or not there.
        let mut report = Vec::new();
        formats::write_selected(&loaded.profile, &selection, self.format.into(), &mut report)?;
        progress.clear();
        match &self.output {
            Some(path) => write_file(path, &report)?,
            None => write_to_stdout(&report)?,
        }
        Ok(Exit::Fine)
    }
}

pub(super) fn write_file(path: &Path, report: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, report).with_context(|| {
        format!(
            "cannot write {}; choose another place with -o",
            path.display()
        )
    })
}

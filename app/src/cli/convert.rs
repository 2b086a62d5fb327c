//! `convert`: a capture, or another tool's profile, in the format that a file's name asks for.

use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;
use scrutineer_profiler::{
    formats::{self, Format},
    profile::{Selection, Weight},
};

use super::{
    Exit, Run, Usage,
    report::{weight_parser, write_file},
};
use crate::{captures, interrupt::Interrupt, progress_line::ProgressLine};

/// Write a capture or another tool's profile as a file of another tool
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What IN is, is told by what it holds: perf.data, perf script, pprof, Firefox and samply, Chrome CPU
profiles, speedscope, collapsed stacks, heaptrack, DHAT; packed with gzip, zstd or xz or not.

The format comes from the name of OUT, or from --to:
  .pb.gz .pprof              pprof
  .speedscope.json           speedscope
  .profile.json .firefox.json  Firefox Profiler
  .folded .collapsed         collapsed stacks
  .svg .html .txt .json      flame graph, page, text, JSON
  .gz after any of them      compressed

Examples:
  scrutineer convert FILE cpu.pb.gz
  scrutineer convert FILE cpu.speedscope.json
  scrutineer convert FILE waits.profile.json.gz --weight wait
  scrutineer convert perf.data cpu.profile.json.gz
  scrutineer convert heaptrack.app.77.zst peak.svg --measure peak")]
pub(super) struct Arguments {
    /// Capture, or a profile of perf, pprof, Firefox, samply, Chrome, speedscope, heaptrack or DHAT
    input: PathBuf,

    /// File to write
    output: PathBuf,

    /// Format, where the name of OUT does not tell it
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    to: Option<Format>,

    /// What stacks are weighed by
    #[arg(long, value_name = "WEIGHT", default_value = "cpu", value_parser = weight_parser())]
    weight: Weight,

    /// What to read of another tool's file that measures several things: an event of perf.data,
    /// `inuse_space` of pprof, `peak` of heaptrack …
    #[arg(long, value_name = "NAME")]
    measure: Option<String>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(Format::name);
    clap::builder::PossibleValuesParser::new(names).map(|name| {
        let is_it = |format: &Format| format.name() == name;
        Format::ALL.into_iter().find(is_it).unwrap_or(Format::Text)
    })
}

/// Ends of file names, the longest that fits first.
const ENDS: [(&str, Format); 11] = [
    (".speedscope.json", Format::Speedscope),
    (".firefox.json", Format::Firefox),
    (".profile.json", Format::Firefox),
    (".collapsed", Format::Collapsed),
    (".folded", Format::Collapsed),
    (".pprof", Format::Pprof),
    (".pb", Format::Pprof),
    (".html", Format::Html),
    (".json", Format::Json),
    (".svg", Format::Svg),
    (".txt", Format::Text),
];

/// The format that a file's name asks for, and whether it is to be compressed.
fn by_name(path: &Path) -> (Option<Format>, bool) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let (name, is_packed) = match name.strip_suffix(".gz") {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let format = ENDS.iter().find(|(end, _)| name.ends_with(end));
    (format.map(|(_, format)| *format), is_packed)
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let (named, is_packed) = by_name(&self.output);
        let Some(format) = self.to.or(named) else {
            return Err(Usage(format!(
                "the name {} tells no format; say it with --to",
                self.output.display()
            ))
            .into());
        };
        let progress = ProgressLine::new(Interrupt::default());
        let options = captures::LoadOptions {
            measure: self.measure.clone(),
            ..captures::LoadOptions::default()
        };
        let loaded = captures::load_with(&self.input, &options, &progress)?;
        if let Some(damage) = &loaded.damage {
            progress.say(&format!("warning: {}: {damage}", self.input.display()));
        }
        let selection = Selection::weighed_by(self.weight);
        let mut out = Vec::new();
        formats::write_selected(&loaded.profile, &selection, format, &mut out)?;
        // pprof is compressed by itself.
        if is_packed && format != Format::Pprof {
            out = formats::compressed(&out)?;
        }
        write_file(&self.output, &out)?;
        progress.clear();
        for lost in format.what_is_lost(&loaded.profile, self.weight) {
            progress.say(&lost);
        }
        Ok(Exit::Fine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_tells_its_format() {
        let told = |name: &str| by_name(Path::new(name));
        assert_eq!(told("/a/cpu.pb.gz"), (Some(Format::Pprof), true));
        assert_eq!(told("x.speedscope.json"), (Some(Format::Speedscope), false));
        assert_eq!(told("X.PROFILE.JSON.gz"), (Some(Format::Firefox), true));
        assert_eq!(told("x.json"), (Some(Format::Json), false));
        assert_eq!(told("x.folded"), (Some(Format::Collapsed), false));
        assert_eq!(told("x"), (None, false));
    }
}

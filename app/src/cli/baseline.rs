//! `baseline`: captures' figures, stored by name and compared with later.

use std::{fmt::Write as _, path::PathBuf};

use scrutineer_checklists::{document::Comparison, words};
use scrutineer_profiler::{
    bench::{Baseline, BaselineComparison, BaselineError, Judgement, SaveMode},
    profile::Profile,
    workspace::Workspace,
};
use serde::Serialize;

use super::{Exit, Run, Usage, write_json, write_to_stdout};
use crate::{baselines, captures, interrupt::Interrupt, progress_line::ProgressLine, settings};

/// Store captures' figures by name, list them, and compare a capture with one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A baseline is a file of .scrutineer/baselines/ with the machine, the commit and a digest: commit it
to git. Compared are CPU, memory and the self share of functions. Runs that were not interleaved
can only be indicative; across machines a comparison says so.

Exit codes of `compare`: 0 within noise, 1 something moved beyond it, 4 nothing could be judged.

Examples:
  scrutineer baseline save before                      from the workspace's newest capture
  scrutineer baseline save before --append             one more run, so that its spread is known
  scrutineer baseline list
  scrutineer baseline compare before --from FILE --json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Store a capture's figures under a name
    Save {
        #[command(flatten)]
        source: Source,
        /// Take the place of the baseline of this name
        #[arg(long, conflicts_with = "append")]
        replace: bool,
        /// Add a run to the baseline of this name
        #[arg(long)]
        append: bool,
    },
    /// List the workspace's baselines
    List {
        /// Print JSON for scripts
        #[arg(long)]
        json: bool,
    },
    /// Compare a capture with the baseline of a name
    Compare {
        #[command(flatten)]
        source: Source,
    },
}

#[derive(Debug, clap::Args)]
struct Source {
    /// Name of the baseline
    name: String,
    /// Capture file [default: the workspace's newest capture]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let workspace = settings::workspace(&std::env::current_dir()?)?;
        match self.action {
            Action::Save {
                source,
                replace,
                append,
            } => save(&workspace, &source, mode(replace, append)),
            Action::List { json } => list(&workspace, json),
            Action::Compare { source } => compare(&workspace, &source),
        }
    }
}

const fn mode(replace: bool, append: bool) -> SaveMode {
    match (replace, append) {
        (true, _) => SaveMode::Replace,
        (_, true) => SaveMode::Append,
        _ => SaveMode::New,
    }
}

impl Source {
    /// The capture, loaded.
    fn profile(&self, workspace: &Workspace) -> anyhow::Result<Profile> {
        let progress = ProgressLine::new(Interrupt::default());
        let path = match &self.from {
            Some(path) => path.clone(),
            None => baselines::newest_capture(workspace).ok_or_else(|| {
                let folder = workspace.captures_folder();
                Usage(format!(
                    "there is no capture in {}; record one, or name a file with --from",
                    folder.display()
                ))
            })?,
        };
        let loaded = captures::load(&path, &progress)?;
        if let Some(damage) = &loaded.damage {
            progress.say(&format!("warning: {}: {damage}", path.display()));
        }
        progress.say(&format!("From {}", path.display()));
        Ok(loaded.profile)
    }
}

/// A baseline in a list, for scripts.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    saved_at: Option<jiff::Timestamp>,
    runs: usize,
    samples: u64,
    commit: Option<String>,
    cpu_model: Option<String>,
    problem: Option<String>,
}

impl Listed {
    fn of((name, baseline): (String, Result<Baseline, BaselineError>)) -> Self {
        match baseline {
            Ok(baseline) => Self {
                name,
                saved_at: Some(baseline.saved_at),
                runs: baseline.runs.len(),
                samples: baseline.runs.iter().map(|run| run.samples).sum(),
                commit: baseline.commit,
                cpu_model: Some(baseline.machine.cpu_model),
                problem: None,
            },
            Err(error) => Self {
                name,
                saved_at: None,
                runs: 0,
                samples: 0,
                commit: None,
                cpu_model: None,
                problem: Some(error.to_string()),
            },
        }
    }

    fn line(&self) -> String {
        let Some(saved_at) = self.saved_at else {
            return format!(
                "{:20}  {}",
                self.name,
                self.problem.as_deref().unwrap_or_default()
            );
        };
        let commit = self
            .commit
            .as_ref()
            .and_then(|commit| commit.get(..12))
            .unwrap_or("no commit");
        format!(
            "{:20}  {}  {}, {}  {commit}",
            self.name,
            saved_at.strftime("%F %T UTC"),
            words::counted(self.runs as u64, "run", "runs"),
            words::counted(self.samples, "sample", "samples"),
        )
    }
}

fn save(workspace: &Workspace, source: &Source, mode: SaveMode) -> anyhow::Result<Exit> {
    let profile = source.profile(workspace)?;
    let baseline = baselines::of_profile(workspace, &source.name, &profile)
        .save(&workspace.baselines_folder(), mode)?;
    show(
        &Listed::of((source.name.clone(), Ok(baseline))),
        source.json,
    )
}

fn show(listed: &Listed, json: bool) -> anyhow::Result<Exit> {
    if json {
        write_json(listed)?;
    } else {
        write_to_stdout(format!("{}\n", listed.line()).as_bytes())?;
    }
    Ok(Exit::Fine)
}

fn list(workspace: &Workspace, json: bool) -> anyhow::Result<Exit> {
    let baselines = Baseline::list(&workspace.baselines_folder())?;
    let listed: Vec<_> = baselines.into_iter().map(Listed::of).collect();
    if json {
        write_json(&listed)?;
        return Ok(Exit::Fine);
    }
    if listed.is_empty() {
        eprintln!("No baseline has been saved here yet: `scrutineer baseline save NAME`");
    }
    let lines: String = listed.iter().map(|listed| listed.line() + "\n").collect();
    write_to_stdout(lines.as_bytes())?;
    Ok(Exit::Fine)
}

fn compare(workspace: &Workspace, source: &Source) -> anyhow::Result<Exit> {
    let profile = source.profile(workspace)?;
    let comparison = baselines::compare(workspace, &source.name, &profile)?;
    let shown = baselines::for_document(&comparison);
    if source.json {
        write_json(&shown)?;
    } else {
        write_to_stdout(table(&shown).as_bytes())?;
    }
    Ok(exit(&comparison))
}

fn table(comparison: &Comparison) -> String {
    let mut text = String::new();
    let saved = comparison.saved_at.strftime("%F %T UTC");
    let _ = writeln!(text, "against {} of {saved}", comparison.baseline);
    for mismatch in &comparison.mismatches {
        let _ = writeln!(text, "not comparable: {mismatch}");
    }
    for row in &comparison.rows {
        let _ = writeln!(
            text,
            "{:>12} → {:>12}  {:>10}  {}  ({})",
            row.base, row.now, row.change, row.metric, row.judgement
        );
    }
    text
}

/// What differs in target, machine or sampling may come from that: it is shown, and judges nothing.
fn exit(comparison: &BaselineComparison) -> Exit {
    if !comparison.mismatches.is_empty() {
        return Exit::Inconclusive;
    }
    let judged =
        |wanted: fn(&Judgement) -> bool| comparison.rows.iter().any(|row| wanted(&row.judgement));
    if judged(|judgement| matches!(judgement, Judgement::Indicative { .. })) {
        Exit::Findings
    } else if judged(|judgement| matches!(judgement, Judgement::WithinNoise)) {
        Exit::Fine
    } else {
        Exit::Inconclusive
    }
}

//! `record`: samples a process into a capture file.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use scrutineer_checklists::words;
use scrutineer_profiler::{
    capture::{
        helper,
        model::{CallGraph, EndReason},
        recorder::{RecordOptions, RecordingSummary},
        target::{self, Target},
    },
    symbols::Debuginfod,
    workspace::{self, Workspace},
};

use super::{Exit, Run, Usage, write_to_stdout};
use crate::{
    captures::{self, Place, Settings},
    interrupt::Interrupt,
    preflight,
    progress_line::ProgressLine,
};

/// Sample a running process, or a command from its start, into a capture file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ctrl+C (or SIGTERM) stops the recording; what was recorded is always saved. The capture's path is
printed on standard output, or on standard error where a launched command owns standard output.
Exits with 0 when the recording is saved, whatever a launched command's own status, which is told.

Examples:
  scrutineer record -p 4711 -d 30
  scrutineer record --name ledgerd -d 60 -o before.scrutineer
  scrutineer record -- python3 report.py --month 3
  scrutineer record --tree 4711 -d 30
  scrutineer record --name postgres --all -d 30
  scrutineer record --cgroup /system.slice/ledgerd.service -d 30
  scrutineer report \"$(scrutineer record -p 4711 -d 10)\" --format text")]
#[command(override_usage = "scrutineer record [OPTIONS] \
    (-p PID… | --name NAME | --tree PID | --cgroup PATH | --system | -- CMD…)")]
#[command(group = clap::ArgGroup::new("target").required(true).args(["pid", "name", "tree", "cgroup", "system", "command"]))]
pub(super) struct Arguments {
    /// Attach to this process, with all its threads; may be given several times
    #[arg(short, long, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Vec<u32>,

    /// Attach to the one process of this name
    #[arg(long)]
    name: Option<String>,

    /// With --name: attach to every process of that name
    #[arg(long, requires = "name")]
    all: bool,

    /// Attach to this process and all its descendants
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    tree: Option<u32>,

    /// Attach to the processes of this control group: its path below the hierarchies, or its
    /// folder
    #[arg(long, value_name = "PATH")]
    cgroup: Option<PathBuf>,

    /// Sample every process of the machine, where that is permitted
    #[arg(long)]
    system: bool,

    /// Leave out processes that are started meanwhile
    #[arg(long)]
    no_children: bool,

    /// How stacks are followed: by unwind information on copies of the stack, or by the kernel
    /// along frame pointers (cheaper, and right only where all code keeps them)
    #[arg(long, value_enum, value_name = "HOW", default_value = "dwarf")]
    call_graph: CallGraphChoice,

    /// Bytes of stack copied with each sample [default: as many as the stacks seen need, 8 to 64
    /// KiB]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1024..=65_528))]
    stack_bytes: Option<u32>,

    /// Record waits too: where threads are while they are on no CPU, and what they wait for
    #[arg(long)]
    off_cpu: bool,

    /// Record page faults with their stacks too: where memory is touched first
    #[arg(long)]
    page_faults: bool,

    /// Do without the privileged helper, where one is installed
    #[arg(long)]
    no_helper: bool,

    /// Sampling frequency in hertz
    #[arg(
        short = 'F', long, value_name = "HZ", default_value_t = captures::DEFAULT_FREQUENCY_HZ,
        value_parser = clap::value_parser!(u32).range(1..=20_000)
    )]
    frequency: u32,

    /// Stop after this many seconds (else on Ctrl+C, or when the target ends)
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    duration: Option<Duration>,

    /// File to write; must not exist [default: in .scrutineer/captures of the workspace, else in
    /// the user's data folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Ask the servers in `DEBUGINFOD_URLS` for debug files of modules without symbols (sends their
    /// build ids)
    #[arg(long)]
    debuginfod: bool,

    /// Launch this command, sampled from its start; its output passes through
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// How stacks are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum CallGraphChoice {
    /// By unwind information, on copies of the stack
    Dwarf,
    /// Along frame pointers
    Fp,
}

/// The servers to ask, where asking is wanted.
pub(super) fn debuginfod(is_wanted: bool) -> anyhow::Result<Option<Debuginfod>> {
    Ok(is_wanted.then(Debuginfod::from_environment).transpose()?)
}

/// A number of seconds above 0, at most a week.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "write a number of seconds, like 30 or 2.5")?;
    if seconds > 0.0 && seconds <= 604_800.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be more than 0 and at most 604800 (a week)".into())
    }
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let (target, pids) = self.target()?;
        let workspace = crate::settings::workspace(&std::env::current_dir()?)?;
        let mut settings = Settings::new(self.place(&workspace)?);
        settings.debuginfod = debuginfod(self.debuginfod)?;
        self.set(&mut settings.options);
        settings.options.commit = workspace::git_commit(&workspace.root).map(|(commit, _)| commit);
        let progress = ProgressLine::new(Interrupt::install()?);
        for sentence in preflight::sentences(&pids) {
            progress.say(&format!("note: {sentence}"));
        }
        let summary = captures::record(&target, &settings, &progress)?;
        tell(&summary, !self.command.is_empty(), &progress);
        if self.command.is_empty() {
            let mut line = summary.path.into_os_string().into_encoded_bytes();
            line.push(b'\n');
            write_to_stdout(&line)?;
        }
        Ok(Exit::Fine)
    }
}

impl Arguments {
    fn set(&self, options: &mut RecordOptions) {
        options.frequency_hz = self.frequency;
        options.duration = self.duration;
        options.follows_children = !self.no_children;
        options.call_graph = match self.call_graph {
            CallGraphChoice::Dwarf => CallGraph::Dwarf,
            CallGraphChoice::Fp => CallGraph::FramePointers,
        };
        options.stack_dump_bytes = self.stack_bytes;
        options.off_cpu = self.off_cpu;
        options.page_faults = self.page_faults;
        options.may_use_helper = !self.no_helper;
        if self.no_helper {
            helper::forbid();
        }
    }

    /// The target, and its processes where it runs already: it is looked for, so that all refusals
    /// come first.
    fn target(&self) -> anyhow::Result<(Target, Vec<u32>)> {
        let target = match (self.pid.as_slice(), &self.name, self.tree, &self.cgroup) {
            ([pid], ..) => Target::Pid(target::resolve(&Target::Pid(*pid))?),
            ([_, ..], ..) => Target::Pids(self.pid.clone()),
            (_, Some(name), ..) if self.all => Target::AllNamed(name.clone()),
            (_, Some(name), ..) => Target::Pid(target::resolve(&Target::Name(name.clone()))?),
            (_, _, Some(root), _) => Target::Tree(root),
            (.., Some(path)) => Target::Cgroup(path.clone()),
            _ if self.system => Target::System,
            _ => {
                let launch = Target::Launch {
                    command: self.command.clone(),
                    folder: None,
                };
                return Ok((launch, Vec::new()));
            }
        };
        let pids = target::resolve_all(&target)?.pids;
        Ok((target, pids))
    }

    fn place(&self, workspace: &Workspace) -> anyhow::Result<Place> {
        match &self.output {
            Some(path) => refuse_to_overwrite(path),
            None => captures::workspace_place(workspace),
        }
    }
}

fn refuse_to_overwrite(path: &Path) -> anyhow::Result<Place> {
    if path.exists() {
        let what = format!(
            "{} exists; captures are never overwritten, choose another name",
            path.display()
        );
        return Err(Usage(what).into());
    }
    Ok(Place::File(path.to_owned()))
}

fn still_runs(pid: u32) -> bool {
    target::resolve(&Target::Pid(pid)).is_ok()
}

fn tell(summary: &RecordingSummary, launched: bool, progress: &ProgressLine) {
    for warning in &summary.warnings {
        progress.say(&format!("warning: {warning}"));
    }
    let ended = match summary.reason {
        EndReason::Duration | EndReason::Stopped if launched && still_runs(summary.pid) => {
            format!("; the command runs on as pid {}", summary.pid)
        }
        EndReason::Duration | EndReason::Stopped => String::new(),
        EndReason::TargetEnded { status: None } => "; the target ended".into(),
        EndReason::TargetEnded {
            status: Some(status),
        } => {
            format!("; the command ended with status {status}")
        }
    };
    progress.say(&format!(
        "Saved {} ({:.1} s, {}{ended})",
        summary.path.display(),
        summary.duration.as_secs_f64(),
        words::counted(summary.quality.samples, "sample", "samples")
    ));
}

//! `doctor`: what can be captured and concluded here, and what would enable the rest.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use scrutineer_profiler::{
    capture::{
        ability::{self, Ability, Readiness},
        helper::{self, Installed},
    },
    noise::{self, SampleCost},
};

use super::{Exit, Run, write_json, write_to_stdout};

/// Stack copies that the costs of a sample are told for, bytes.
const COPIES_BYTES: [u32; 3] = [0, 8 << 10, 32 << 10];

/// Show what can be captured and concluded here, and the exact command that would enable the rest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every feature is tried for real: an event is opened and closed again. Then the machine's own noise
is measured for two seconds, and what a sample costs here for one; that is kept in the cache folder,
and captures estimate their overhead with it.

The helper is a copy of this program under its own name, which alone carries capabilities
(cap_perfmon, cap_syslog, cap_dac_read_search). It opens events for the processes of whoever calls
it and does nothing else; the window and the command line stay unprivileged.

Examples:
  scrutineer doctor
  scrutineer doctor --json | jq '.abilities[] | select(.readiness != \"ready\") | .remedy'
  sudo scrutineer doctor --install-helper
  sudo scrutineer doctor --install-helper --helper-group profilers")]
#[expect(
    clippy::option_option,
    reason = "an option that was not given, one without a path, one with a path"
)]
pub(super) struct Arguments {
    /// Print JSON for scripts
    #[arg(long)]
    json: bool,

    /// Leave the measuring of noise and costs out
    #[arg(long)]
    quick: bool,

    /// Install the privileged helper [default: /usr/local/libexec/scrutineer-helper]
    #[arg(long, value_name = "PATH", num_args = 0..=1, conflicts_with_all = ["json", "quick"])]
    install_helper: Option<Option<PathBuf>>,

    /// Let the members of this group alone run the helper
    #[arg(long, value_name = "GROUP", requires = "install_helper")]
    helper_group: Option<String>,

    /// Remove the privileged helper
    #[arg(
        long, value_name = "PATH", num_args = 0..=1,
        conflicts_with_all = ["json", "quick", "install_helper"]
    )]
    remove_helper: Option<Option<PathBuf>>,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        if let Some(place) = &self.install_helper {
            return install(place.as_deref(), self.helper_group.as_deref());
        }
        if let Some(place) = &self.remove_helper {
            return remove(place.as_deref());
        }
        let found = Found::gather(self.quick);
        if self.json {
            write_json(&found)?;
        } else {
            write_to_stdout(found.text().as_bytes())?;
        }
        Ok(Exit::Fine)
    }
}

fn install(place: Option<&Path>, group: Option<&str>) -> anyhow::Result<Exit> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let installed = helper::install(&program, place, group)?;
    write_to_stdout(installed_text(&installed).as_bytes())?;
    Ok(Exit::Fine)
}

/// What was done, as it was read back.
fn installed_text(installed: &Installed) -> String {
    let path = installed.path.display();
    let mut text = format!(
        "Installed {path}\n  owner {}:{}, mode {:04o}\n  capabilities {}\n",
        installed.uid, installed.gid, installed.mode, installed.capabilities
    );
    if installed.path == helper::default_path() {
        text += "Recordings use it from now on; to do without: scrutineer record --no-helper\n";
    } else {
        let _ = writeln!(
            text,
            "It is not in its usual place, so name it: export SCRUTINEER_HELPER='{path}'"
        );
    }
    text
}

fn remove(place: Option<&Path>) -> anyhow::Result<Exit> {
    let words = if helper::remove(place)? {
        "Removed the helper\n"
    } else {
        "There is no helper to remove\n"
    };
    write_to_stdout(words.as_bytes())?;
    Ok(Exit::Fine)
}

/// Everything that is told.
#[derive(Debug, serde::Serialize)]
struct Found {
    abilities: Vec<Ability>,
    /// `None` where it was not measured.
    noise: Option<noise::Report>,
    sample_cost: SampleCost,
}

impl Found {
    fn gather(quick: bool) -> Self {
        let abilities = ability::measure();
        if quick {
            return Self {
                abilities,
                noise: None,
                sample_cost: noise::stored_sample_cost(),
            };
        }
        let noise = Some(noise::measure());
        let sample_cost = match noise::measure_sample_cost() {
            Ok(cost) => {
                // Without a place to keep it, recordings estimate with what is known of others.
                let _ = noise::store_sample_cost(&cost);
                cost
            }
            Err(_) => noise::stored_sample_cost(),
        };
        Self {
            abilities,
            noise,
            sample_cost,
        }
    }

    fn text(&self) -> String {
        let mut text = table(&self.abilities);
        if let Some(report) = &self.noise {
            text += "\nWhat can be concluded here\n";
            text += &figures(&report.noise);
            for words in &report.words {
                let _ = writeln!(text, "  {words}");
            }
        }
        text += "\nWhat a sample costs the target\n";
        text += &costs(&self.sample_cost);
        text
    }
}

fn figures(noise: &noise::Noise) -> String {
    let microseconds = |ns: u64| ns as f64 / 1e3;
    let steal = noise.steal_share.map_or("not told".to_owned(), |share| {
        format!("{:.1} %", share * 100.0)
    });
    format!(
        "  the same work {} times: {:.1} µs in the middle, {:.1} at best, {:.1} for 1 in 100; \
         interrupted {:.1} %, off its CPU {:.1} %, stolen {steal}, drift {:+.2} %\n",
        noise.iterations,
        microseconds(noise.iteration.median_ns),
        microseconds(noise.iteration.min_ns),
        microseconds(noise.iteration.p99_ns),
        noise.interrupted_share * 100.0,
        noise.waited_share * 100.0,
        noise.drift * 100.0
    )
}

fn costs(cost: &SampleCost) -> String {
    let source = if cost.is_measured {
        "measured on this machine"
    } else {
        "not measured here: figures of another machine"
    };
    let mut text = String::new();
    for bytes in COPIES_BYTES {
        let cost_ns = cost.of(bytes);
        let _ = writeln!(
            text,
            "  {:>2} KiB of stack copied: {:.1} µs, {:.2} % of its CPU time at 999 Hz",
            bytes >> 10,
            cost_ns / 1e3,
            cost_ns * 999.0 / 1e9 * 100.0
        );
    }
    let _ = writeln!(text, "  ({source})");
    text
}

fn table(abilities: &[Ability]) -> String {
    let width = abilities
        .iter()
        .map(|a| a.title.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for ability in abilities {
        let _ = writeln!(
            text,
            "{} {:width$}  {}",
            tick(ability),
            ability.title,
            ability.value
        );
        if !ability.consequence.is_empty() {
            let _ = writeln!(text, "  {:width$}  {}", "", ability.consequence);
        }
        if let Some(remedy) = &ability.remedy {
            let _ = writeln!(text, "  {:width$}  to enable: {remedy}", "");
        }
    }
    text
}

const fn tick(ability: &Ability) -> char {
    match ability.readiness {
        Readiness::Ready => '✓',
        Readiness::Limited => '~',
        Readiness::Unavailable => '✗',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cross_is_followed_by_what_would_mend_it() {
        let ability = Ability {
            id: "kernel_frames",
            title: "Kernel frames",
            readiness: Readiness::Unavailable,
            value: "perf_event_paranoid = 2".into(),
            consequence: "kernel time is invisible".into(),
            remedy: Some("sudo sysctl kernel.perf_event_paranoid=1".into()),
        };
        let expected = "✗ Kernel frames  perf_event_paranoid = 2\n\
            \x20                kernel time is invisible\n\
            \x20                to enable: sudo sysctl kernel.perf_event_paranoid=1\n";
        assert_eq!(table(&[ability]), expected);
    }
}

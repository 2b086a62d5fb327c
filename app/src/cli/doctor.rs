//! `doctor`: what can be captured here, and what would enable the rest.

use std::fmt::Write as _;

use scrutineer_profiler::capture::ability::{self, Ability, Readiness};

use super::{Exit, Run, write_json, write_to_stdout};

/// Show what can be captured here, and the exact command that would enable the rest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every feature is tried for real: an event is opened and closed again.

Examples:
  scrutineer doctor
  scrutineer doctor --json | jq '.[] | select(.readiness != \"ready\") | .remedy'")]
pub(super) struct Arguments {
    /// Print JSON for scripts
    #[arg(long)]
    json: bool,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let abilities = ability::measure();
        if self.json {
            write_json(&abilities)?;
        } else {
            write_to_stdout(table(&abilities).as_bytes())?;
        }
        Ok(Exit::Fine)
    }
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

//! `checklist`: what the guideline asks, and whether a team's own checklist is sound.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use scrutineer_checklists::{
    changes::Changes,
    checklist::{Checklist, Item},
    rules::AnyRule,
};
use scrutineer_evidence::Kind;

use super::{Exit, Run, Usage, terminal_width, write_json, write_to_stdout};
use crate::review;

/// Explain items of the guideline, and check a team's own checklist
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A workspace changes the guideline by RON files that `checklists: [\"team.ron\"]` in scrutineer.ron
names: other limits, items switched off with a reason, and items of its own.

    ScrutineerChecklistChanges(
        format_version: 1,
        name: \"ledger-team\",
        limits: { \"concurrency.thread-monitoring\": { \"most_threads\": 500 } },
        off: { \"caching.redis\": \"one instance; the cache is in process\" },
        sections: [],
    )

Exit codes of `lint`: 0 sound, 1 not.

Examples:
  scrutineer checklist list
  scrutineer checklist explain memory.leaks
  scrutineer checklist lint team.ron")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the items with their rules
    List {
        /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
        #[arg(long, value_name = "DIR", default_value = ".")]
        workspace: PathBuf,
        /// Print the whole checklist as JSON
        #[arg(long)]
        json: bool,
    },
    /// Explain an item: what is asked, from what it is judged, its limits, what to do
    Explain {
        /// Id of the item: `memory.leaks`
        item: String,
        /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
        #[arg(long, value_name = "DIR", default_value = ".")]
        workspace: PathBuf,
    },
    /// Check checklists [default: those that scrutineer.ron names]
    Lint {
        /// Files of the format above, or whole checklists
        files: Vec<PathBuf>,
        /// Folder whose scrutineer.ron holds [default: this folder, or the nearest above it]
        #[arg(long, value_name = "DIR", default_value = ".")]
        workspace: PathBuf,
    },
}

impl Run for Arguments {
    fn run(self) -> Result<Exit> {
        match self.action {
            Action::List { workspace, json } => list(&workspace, json),
            Action::Explain { item, workspace } => explain(&workspace, &item),
            Action::Lint { files, workspace } => lint(&workspace, &files),
        }
    }
}

fn list(folder: &Path, json: bool) -> Result<Exit> {
    let checklist = review::checklist(&super::find_workspace(folder)?)?;
    if json {
        write_json(&checklist)?;
        return Ok(Exit::Fine);
    }
    let mut text = format!("{checklist}\n");
    for section in &checklist.sections {
        let _ = writeln!(text, "\n{}", section.title);
        for item in &section.items {
            let _ = writeln!(text, "  {:<32}{}", item.id, who_judges(&item.rule));
        }
    }
    write_to_stdout(text.as_bytes())?;
    Ok(Exit::Fine)
}

fn who_judges(rule: &AnyRule) -> String {
    match rule {
        AnyRule::Human(_) => "a person".into(),
        AnyRule::Awaits(_) => "nothing yet".into(),
        AnyRule::SwitchedOff(rule) => format!("switched off by {}: {}", rule.by, rule.why),
        rule => {
            let kinds: Vec<&str> = rule.kinds().into_iter().map(Kind::name).collect();
            format!("{} from {}", rule.name(), kinds.join(", "))
        }
    }
}

fn explain(folder: &Path, id: &str) -> Result<Exit> {
    let checklist = review::checklist(&super::find_workspace(folder)?)?;
    let item = checklist.find(id).map_err(Usage)?;
    write_to_stdout(words(item).as_bytes())?;
    Ok(Exit::Fine)
}

fn words(item: &Item) -> String {
    let mut text = format!("{}  {}\n\n", item.id, item.title);
    let mut field = |name: &str, words: &str| {
        if !words.is_empty() {
            let _ = writeln!(text, "{name:<12}{}", wrapped(words));
        }
    };
    field("Judged by", &who_judges(&item.rule));
    field("Needs", item.needs());
    field("Threshold", &item.rule.threshold());
    field("Source", &item.source);
    field("Why", &item.risk);
    field("What to do", &item.remedy);
    for link in &item.links {
        field("", link);
    }
    text
}

/// Breaks words at the terminal's width, behind the column of names.
fn wrapped(words: &str) -> String {
    let room = terminal_width().max(60) - 12;
    let mut text = String::new();
    let mut used = 0;
    for word in words.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            text.push_str("\n            ");
            used = 0;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text
}

fn lint(folder: &Path, files: &[PathBuf]) -> Result<Exit> {
    let workspace = super::find_workspace(folder)?;
    if files.is_empty() && workspace.checklists.is_empty() {
        return Err(Usage(
            "scrutineer.ron names no checklists; name the files to check".to_owned(),
        )
        .into());
    }
    let named: Vec<PathBuf> = if files.is_empty() {
        let named = workspace.checklists.iter();
        named.map(|path| workspace.root.join(path)).collect()
    } else {
        files.to_vec()
    };
    let mut checklist = Checklist::performance();
    let mut is_sound = true;
    for path in &named {
        let text = scrutineer_profiler::plain_text::read(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let said = match check(&text, &mut checklist) {
            Ok(words) => format!("{}: {words}\n", path.display()),
            // `path:line:column: what`, the form that editors jump to.
            Err(what) => {
                is_sound = false;
                format!("{}:{what}\n", path.display())
            }
        };
        write_to_stdout(said.as_bytes())?;
    }
    Ok(if is_sound { Exit::Fine } else { Exit::Findings })
}

/// Checks a text, and changes the checklist as it says.
fn check(text: &str, checklist: &mut Checklist) -> Result<String, String> {
    let is_whole = text.trim_start().starts_with("ScrutineerChecklist(");
    if is_whole {
        let whole = Checklist::parse(text).map_err(|error| place(&error.to_string()))?;
        return Ok(format!("sound, {} items", whole.items().count()));
    }
    Changes::apply(text, checklist).map_err(|error| place(&error.to_string()))?;
    Ok(format!(
        "sound; the guideline has {} items with it",
        checklist.items().count()
    ))
}

/// `line 3, column 7: what` as `3:7: what`.
fn place(words: &str) -> String {
    let parts = words.strip_prefix("line ").and_then(|rest| {
        let (line, rest) = rest.split_once(", column ")?;
        let (column, what) = rest.split_once(": ")?;
        Some(format!("{line}:{column}: {what}"))
    });
    parts.unwrap_or_else(|| format!(" {words}"))
}

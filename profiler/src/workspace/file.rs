//! Reads `scrutineer.ron`: version 1 of the format, unknown fields refused.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ron::{Options, extensions::Extensions};
use scrutineer_evidence::declared::{DeclaredFacts, Objective, Window};
use serde::Deserialize;

use super::{
    CheckPolicy, DeclaredCache, DeclaredDatabase, WORKSPACE_VERSION, Workspace, WorkspaceError,
    services,
};

/// The longest stalled request that a workspace may allow: where the guideline calls it a fail.
const LONGEST_STALL_S: f64 = 120.0;

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceFile {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default)]
    target: TargetSection,
    #[serde(default)]
    window: Option<Window>,
    #[serde(default)]
    objectives: Vec<Objective>,
    #[serde(default)]
    critical_paths: Vec<String>,
    #[serde(default)]
    restart_interval_days: Option<f64>,
    #[serde(default)]
    databases: Vec<DeclaredDatabase>,
    #[serde(default)]
    caches: Vec<DeclaredCache>,
    #[serde(default)]
    checklists: Vec<PathBuf>,
    #[serde(default)]
    overrides: BTreeMap<String, ron::Value>,
    #[serde(default)]
    check: CheckPolicy,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TargetSection {
    name: Option<String>,
    endpoints: Vec<String>,
    metrics: Option<String>,
    stalled_request_s: Option<f64>,
}

/// Parses the text and checks what types alone cannot say.
pub(super) fn parse(text: &str, path: &Path) -> Result<Workspace, WorkspaceError> {
    let options = Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    // A newer file may hold fields that are unknown here: its version is the better message.
    if let Ok(VersionOnly { version }) = options.from_str(text)
        && version != WORKSPACE_VERSION
    {
        return Err(invalid(
            path,
            position_of(text, "version"),
            version_message(version),
        ));
    }
    let file: WorkspaceFile = options
        .from_str(text)
        .map_err(|error| invalid(path, place_of(&error, text), words_for(&error.code)))?;
    if let Some((needle, what)) = first_problem(&file) {
        return Err(invalid(path, position_of(text, &needle), what));
    }
    Ok(workspace(file, path))
}

fn workspace(file: WorkspaceFile, path: &Path) -> Workspace {
    Workspace {
        root: path.parent().map(Path::to_owned).unwrap_or_default(),
        declared: DeclaredFacts {
            window: file.window.unwrap_or_default(),
            window_declared: file.window.is_some(),
            endpoints: file.target.endpoints,
            objectives: file.objectives,
            critical_paths: file.critical_paths,
            restart_interval_days: file.restart_interval_days,
        },
        target_name: file.target.name,
        metrics_url: file.target.metrics,
        stalled_request_s: file.target.stalled_request_s,
        databases: file.databases,
        caches: file.caches,
        overrides: file.overrides,
        checklists: file.checklists,
        check: file.check,
        has_file: true,
        user_captures: None,
    }
}

fn invalid(path: &Path, (line, column): (usize, usize), what: String) -> WorkspaceError {
    WorkspaceError::Invalid {
        path: PathBuf::from(path),
        line,
        column,
        what,
    }
}

/// A span begins where the parser stood before it read what it could not: perhaps before white
/// space, and before the value after which a comma is missing.
fn place_of(error: &ron::error::SpannedError, text: &str) -> (usize, usize) {
    let (start, end) = (&error.span.start, &error.span.end);
    if start.line != end.line || error.code == ron::Error::ExpectedComma {
        return (end.line, end.col);
    }
    let line = text.lines().nth(start.line - 1).unwrap_or_default();
    let blanks = line
        .chars()
        .skip(start.col - 1)
        .take_while(|c| c.is_whitespace())
        .count();
    (start.line, start.col + blanks)
}

fn version_message(found: u32) -> String {
    if found > WORKSPACE_VERSION {
        format!(
            "this file is of version {found}, and this Scrutineer reads version \
             {WORKSPACE_VERSION}; update Scrutineer to use it"
        )
    } else {
        format!("there is no version {found}; write `version: {WORKSPACE_VERSION}`")
    }
}

/// Something in the text to point at, and what is wrong with it.
fn first_problem(file: &WorkspaceFile) -> Option<(String, String)> {
    let mut urls = file.target.endpoints.iter().chain(&file.target.metrics);
    urls.find_map(|url| Some((url.clone(), problem_of_url(url)?)))
        .or_else(|| variables(file).find_map(services::problem_of_variable))
        .or_else(|| file.objectives.iter().find_map(problem_of_objective))
        .or_else(|| problem_of_number("seconds", file.window?.seconds, f64::INFINITY))
        .or_else(|| {
            problem_of_number(
                "stalled_request_s",
                file.target.stalled_request_s?,
                LONGEST_STALL_S,
            )
        })
        .or_else(|| {
            problem_of_number(
                "restart_interval_days",
                file.restart_interval_days?,
                f64::INFINITY,
            )
        })
}

fn variables(file: &WorkspaceFile) -> impl Iterator<Item = &str> {
    let databases = file.databases.iter().map(|database| &*database.url_env);
    databases.chain(file.caches.iter().map(|cache| &*cache.url_env))
}

fn problem_of_url(url: &str) -> Option<String> {
    let Ok(parsed) = url.parse::<hyper::Uri>() else {
        return Some(format!(
            "`{url}` is no URL; write it like `http://127.0.0.1:8080/items`"
        ));
    };
    let is_http = matches!(parsed.scheme_str(), Some("http" | "https"));
    let has_host = parsed.host().is_some_and(|host| !host.is_empty());
    (!is_http || !has_host).then(|| {
        format!("`{url}` lacks `http://` or `https://` with a host; write it like `http://127.0.0.1:8080/items`")
    })
}

fn problem_of_objective(objective: &Objective) -> Option<(String, String)> {
    if !(objective.percentile > 0.0 && objective.percentile < 100.0) {
        let what = format!(
            "the percentile {} is not between 0 and 100",
            objective.percentile
        );
        return Some(("percentile".into(), what));
    }
    problem_of_number("limit_ms", objective.limit_ms, f64::INFINITY)
}

fn problem_of_number(field: &str, value: f64, most: f64) -> Option<(String, String)> {
    if value > 0.0 && value <= most && value.is_finite() {
        return None;
    }
    let bound = if most.is_finite() {
        format!(" and at most {most}")
    } else {
        String::new()
    };
    Some((
        field.to_owned(),
        format!("`{field}` is {value}; it must be more than 0{bound}"),
    ))
}

/// Line and column, from 1, of the first `needle` outside comments, else of the file's start.
fn position_of(text: &str, needle: &str) -> (usize, usize) {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .find_map(|(index, line)| {
            let column = line.find(needle)?;
            Some((index + 1, line[..column].chars().count() + 1))
        })
        .unwrap_or((1, 1))
}

fn words_for(error: &ron::Error) -> String {
    match error {
        ron::Error::NoSuchStructField {
            expected, found, ..
        } => {
            let nearest = nearest(found, expected);
            let suggestion = nearest
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            let known = expected
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let separator = if nearest.is_some() {
                " Known here:"
            } else {
                "; known here:"
            };
            format!("unknown field `{found}`{suggestion}{separator} {known}")
        }
        ron::Error::MissingStructField {
            field: "version", ..
        } => {
            format!("the version is missing; write `version: {WORKSPACE_VERSION},` first")
        }
        ron::Error::MissingStructField { field, .. } => format!("the field `{field}` is missing"),
        ron::Error::DuplicateStructField { field, .. } => {
            format!("the field `{field}` is there twice")
        }
        ron::Error::ExpectedString => {
            "expected text in double quotes, or a closing bracket is missing before this".into()
        }
        ron::Error::ExpectedStringEnd => "this text has no closing `\"`".into(),
        ron::Error::ExpectedFloat | ron::Error::ExpectedInteger => "expected a number".into(),
        ron::Error::ExpectedComma => "expected a comma or a closing bracket".into(),
        ron::Error::ExpectedStructLike
        | ron::Error::ExpectedNamedStructLike(_)
        | ron::Error::ExpectedDifferentStructName { .. } => {
            format!("expected `(`; the whole file is `( version: {WORKSPACE_VERSION}, … )`")
        }
        other => lower_first(&other.to_string()),
    }
}

fn lower_first(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}

fn nearest<'a>(found: &str, expected: &'a [&'a str]) -> Option<&'a str> {
    expected
        .iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

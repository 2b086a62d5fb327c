//! The settings file: read, checked, changed without losing what somebody else wrote.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::ron_text::{self, RonError};
use scrutineer_profiler::workspace::Workspace;
use scrutineer_ui::settings::{SETTINGS_FORMAT_VERSION, Settings};
use serde::Deserialize;

use crate::{review::write_whole, xdg};

/// What is wrong with a settings file.
#[derive(Debug, thiserror::Error)]
enum SettingsError {
    /// The text is not valid.
    #[error("{}:{}:{}: {}; mend it, or remove the file to begin anew", .path.display(), .error.line, .error.column, .error.what)]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: RonError,
    },
    /// A newer product wrote it.
    #[error(
        "{} has format version {found}, and this Scrutineer reads version \
         {SETTINGS_FORMAT_VERSION}; update Scrutineer to use it", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Version of the text.
        found: u32,
    },
    /// It cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The part that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerSettings")]
struct Header {
    version: u32,
}

/// `scrutineer/settings.ron` in the user's configuration folder; `None` where there is none.
pub(crate) fn path() -> Option<PathBuf> {
    Some(xdg::config_home()?.join("scrutineer/settings.ron"))
}

/// Reads the settings; those that nobody changed where the file is missing.
pub(crate) fn load(path: &Path) -> Result<Settings> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(source) => {
            let path = path.to_owned();
            return Err(SettingsError::Read { path, source }.into());
        }
    };
    Ok(parse(&text, path)?)
}

fn parse(text: &str, path: &Path) -> Result<Settings, SettingsError> {
    let path = || path.to_owned();
    if let Ok(Header { version: found }) = ron_text::parse(text)
        && found > SETTINGS_FORMAT_VERSION
    {
        return Err(SettingsError::Newer {
            path: path(),
            found,
        });
    }
    let refused = |error| SettingsError::Text {
        path: path(),
        error,
    };
    let settings: Settings = ron_text::parse(text).map_err(refused)?;
    match settings.problem() {
        None => Ok(settings),
        Some((field, what)) => Err(refused(RonError {
            what,
            ..place_of(text, field)
        })),
    }
}

/// Where a field stands in a text that holds it.
fn place_of(text: &str, field: &str) -> RonError {
    let lines = text.lines().enumerate();
    let found = lines.filter_map(|(number, line)| Some((number, line.find(field)?)));
    let (line, column) = found.last().unwrap_or_default();
    RonError {
        line: line + 1,
        column: column + 1,
        what: String::new(),
    }
}

/// Changes in the file what differs between `before` and `after`. A file that cannot be read is
/// left as it is, and told.
pub(crate) fn save(path: &Path, before: &Settings, after: &Settings) -> Result<Settings> {
    let known = load(path).context("the settings were not kept")?;
    let settings = known.merged(before, after);
    write(path, &settings)?;
    Ok(settings)
}

/// Sets the file aside, and writes these in its place. Gives where the old one lies.
pub(crate) fn replace(path: &Path, settings: &Settings) -> Result<Option<PathBuf>> {
    let aside = (1..1_000)
        .map(|number| path.with_extension(format!("ron.broken-{number}")))
        .find(|aside| !aside.exists());
    let Some(aside) = aside else {
        bail!("too many broken files lie beside {}", path.display());
    };
    let moved = match fs::rename(path, &aside) {
        Ok(()) => Some(aside),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot move {}", path.display()));
        }
    };
    write(path, settings)?;
    Ok(moved)
}

fn write(path: &Path, settings: &Settings) -> Result<()> {
    write_whole(path, ron_text::print(settings).as_bytes())
}

/// The workspace that `folder` lies in, its captures where the user wants them.
pub(crate) fn workspace(folder: &Path) -> Result<Workspace> {
    let mut workspace = Workspace::find(folder)?;
    // A workspace of its own has its captures: a broken settings file is no matter of it.
    if !workspace.has_file
        && let Some(path) = path()
    {
        workspace.user_captures = load(&path)?.captures_folder;
    }
    Ok(workspace)
}

#[cfg(test)]
mod tests {
    use scrutineer_ui::settings::{ThemeChoice, WheelAction};

    use super::*;

    fn error(text: &str) -> String {
        parse(text, Path::new("/c/settings.ron"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scrutineer/settings.ron");
        assert_eq!(load(&path).unwrap(), Settings::default());
        let mut after = Settings {
            theme: ThemeChoice::Dark,
            scale_percent: 150,
            source_folders: vec!["/home/dev/src".into()],
            ..Settings::default()
        };
        after.prune.max_age_days = Some(30);
        save(&path, &Settings::default(), &after).unwrap();
        assert_eq!(load(&path).unwrap(), after);
    }

    #[test]
    fn a_typo_is_told_with_line_column_and_the_field_that_was_meant() {
        let text = "ScrutineerSettings(\n    version: 1,\n    scale_percnt: 120,\n)";
        let error = error(text);
        assert!(error.contains("/c/settings.ron:3:"), "{error}");
        assert!(error.contains("did you mean \"scale_percent\""), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_told_with_its_place() {
        let error = error("(version: 1,\n scale_percent: 900)");
        assert!(error.contains("settings.ron:2:2"), "{error}");
        assert!(error.contains("900 %"), "{error}");
    }

    #[test]
    fn a_newer_file_is_refused_in_one_sentence_even_with_fields_of_its_own() {
        let error = error("(version: 9, colour: Red)");
        assert!(error.contains("format version 9"), "{error}");
    }

    #[test]
    fn a_broken_file_is_never_overwritten_but_set_aside_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        fs::write(&path, "(version: 1, theme: Pink)").unwrap();
        let (before, mut after) = (Settings::default(), Settings::default());
        after.wheel = WheelAction::Zoom;
        let refused = save(&path, &before, &after).unwrap_err();
        assert!(format!("{refused:#}").contains("Pink"), "{refused:#}");
        assert!(fs::read_to_string(&path).unwrap().contains("Pink"));
        let aside = replace(&path, &after).unwrap().unwrap();
        assert!(fs::read_to_string(aside).unwrap().contains("Pink"));
        assert_eq!(load(&path).unwrap(), after);
    }
}

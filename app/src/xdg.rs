//! The user's base folders, by the XDG base directory specification.

use std::{env, ffi::OsString, path::PathBuf};

/// `$XDG_CONFIG_HOME`, else `~/.config`; `None` where the user has no home.
pub(crate) fn config_home() -> Option<PathBuf> {
    base(env::var_os("XDG_CONFIG_HOME"), ".config")
}

/// `$XDG_DATA_HOME`, else `~/.local/share`; `None` where the user has no home.
pub(crate) fn data_home() -> Option<PathBuf> {
    base(env::var_os("XDG_DATA_HOME"), ".local/share")
}

/// `$XDG_STATE_HOME`, else `~/.local/state`; `None` where the user has no home.
pub(crate) fn state_home() -> Option<PathBuf> {
    base(env::var_os("XDG_STATE_HOME"), ".local/state")
}

fn base(variable: Option<OsString>, below_home: &str) -> Option<PathBuf> {
    chosen(variable, env::home_dir(), below_home)
}

/// A relative path in the variable is to be ignored, says the specification.
fn chosen(variable: Option<OsString>, home: Option<PathBuf>, below_home: &str) -> Option<PathBuf> {
    variable
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            home.filter(|home| home.is_absolute())
                .map(|home| home.join(below_home))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_folder_is_ignored_and_the_home_takes_its_place() {
        let home = || Some(PathBuf::from("/home/dev"));
        let of = |variable: &str| chosen(Some(variable.into()), home(), ".config");
        assert_eq!(of("/etc/x"), Some("/etc/x".into()));
        assert_eq!(of("x"), Some("/home/dev/.config".into()));
        assert_eq!(of(""), Some("/home/dev/.config".into()));
        assert_eq!(chosen(None, None, ".config"), None);
    }
}

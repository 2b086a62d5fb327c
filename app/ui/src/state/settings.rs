//! What a person has set, and what is being typed of it.

use std::path::PathBuf;

use crate::settings::Settings;

/// The settings screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SettingsState {
    pub(crate) settings: Settings,
    /// Whether they came from the application, or were changed here.
    pub(crate) known: bool,
    /// Where they are kept; empty where nowhere.
    pub(crate) path: PathBuf,
    /// Why they are not kept.
    pub(crate) problem: Option<String>,
    /// The source folder that is being typed.
    pub(crate) typed_source_folder: String,
    /// The captures folder that is being typed; `None` shows the one that holds.
    pub(crate) typed_captures_folder: Option<String>,
}

//! What a person has set: how the window looks and moves, where sources and captures lie, and how
//! captures are pruned.

use std::path::{Component, PathBuf};

use serde::{Deserialize, Serialize};

/// Version of the settings file's format.
pub const SETTINGS_FORMAT_VERSION: u32 = 1;

/// Smallest and largest scale, per cent.
pub const SCALES_PERCENT: std::ops::RangeInclusive<u32> = 80..=200;

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the desktop has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// All, in the order of the screen.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Words of the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// What the wheel does over a flame graph or the timeline; Ctrl and the wheel do the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WheelAction {
    /// Moves what is seen.
    #[default]
    Scroll,
    /// Zooms at the pointer.
    Zoom,
}

impl WheelAction {
    /// All, in the order of the screen.
    pub const ALL: [Self; 2] = [Self::Scroll, Self::Zoom];

    /// Words of the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Scroll => "Scroll",
            Self::Zoom => "Zoom",
        }
    }
}

/// Which captures are removed. One that is pinned or that a review uses never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Prune", deny_unknown_fields, default)]
pub struct PrunePolicy {
    /// Those that were begun before so many days; `None` keeps them whatever their age.
    pub max_age_days: Option<u32>,
    /// The oldest, until all together take at most so much, MiB; `None` keeps them whatever they
    /// take.
    pub max_total_mib: Option<u64>,
}

impl PrunePolicy {
    /// Whether it removes anything at all.
    pub const fn is_idle(&self) -> bool {
        self.max_age_days.is_none() && self.max_total_mib.is_none()
    }
}

/// What a person has set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerSettings", deny_unknown_fields)]
pub struct Settings {
    /// [`SETTINGS_FORMAT_VERSION`] of the writer.
    pub version: u32,
    /// Dark or light.
    #[serde(default)]
    pub theme: ThemeChoice,
    /// Scale of everything, per cent.
    #[serde(default = "usual_scale")]
    pub scale_percent: u32,
    /// Whether motion is left out.
    #[serde(default)]
    pub reduce_motion: bool,
    /// What the wheel does.
    #[serde(default)]
    pub wheel: WheelAction,
    /// Folders in which source files are looked for where they do not lie where they were built.
    #[serde(default)]
    pub source_folders: Vec<PathBuf>,
    /// Where captures lie that are made outside of a workspace; `None` for the user's data folder.
    #[serde(default)]
    pub captures_folder: Option<PathBuf>,
    /// Which captures are removed.
    #[serde(default)]
    pub prune: PrunePolicy,
    /// Whether the tabs of last time are opened again.
    #[serde(default = "usual_restore")]
    pub restore_tabs: bool,
}

const fn usual_restore() -> bool {
    true
}

const fn usual_scale() -> u32 {
    100
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_FORMAT_VERSION,
            theme: ThemeChoice::default(),
            scale_percent: usual_scale(),
            reduce_motion: false,
            wheel: WheelAction::default(),
            source_folders: Vec::new(),
            captures_folder: None,
            prune: PrunePolicy::default(),
            restore_tabs: usual_restore(),
        }
    }
}

impl Settings {
    /// What types alone cannot say: the field, and what is wrong with it.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let (least, most) = (SCALES_PERCENT.start(), SCALES_PERCENT.end());
        if !SCALES_PERCENT.contains(&self.scale_percent) {
            let scale = self.scale_percent;
            let words = format!("a scale of {scale} % is not within {least} to {most}");
            return Some(("scale_percent", words));
        }
        let mut folders = self.source_folders.iter();
        if let Some(folder) = folders.find(|folder| !is_whole(folder)) {
            let words = format!("“{}” is not a whole path from /", folder.display());
            return Some(("source_folders", words));
        }
        let folder = self.captures_folder.as_ref()?;
        (!is_whole(folder)).then(|| {
            let words = format!("“{}” is not a whole path from /", folder.display());
            ("captures_folder", words)
        })
    }

    /// These settings with what differs between `before` and `after` changed: what somebody else
    /// changed meanwhile stays.
    #[must_use]
    pub fn merged(self, before: &Self, after: &Self) -> Self {
        macro_rules! changed {
            ($($field:ident),*) => {
                Self {
                    version: SETTINGS_FORMAT_VERSION,
                    $($field: if before.$field == after.$field {
                        self.$field
                    } else {
                        after.$field.clone()
                    },)*
                }
            };
        }
        changed!(
            theme,
            scale_percent,
            reduce_motion,
            wheel,
            source_folders,
            captures_folder,
            prune,
            restore_tabs
        )
    }
}

/// Whether a path means the same wherever one stands.
pub(crate) fn is_whole(path: &std::path::Path) -> bool {
    path.is_absolute() && !path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_changed_meanwhile_stays() {
        let before = Settings::default();
        let after = Settings {
            theme: ThemeChoice::Light,
            ..before.clone()
        };
        let on_disk = Settings {
            wheel: WheelAction::Zoom,
            ..before.clone()
        };
        let merged = on_disk.merged(&before, &after);
        assert_eq!(merged.theme, ThemeChoice::Light);
        assert_eq!(merged.wheel, WheelAction::Zoom);
    }

    #[test]
    fn a_scale_out_of_range_and_a_relative_folder_are_problems() {
        let field = |settings: Settings| settings.problem().map(|(field, _)| field);
        assert_eq!(field(Settings::default()), None);
        let settings = Settings {
            scale_percent: 500,
            ..Settings::default()
        };
        assert_eq!(field(settings), Some("scale_percent"));
        let settings = Settings {
            source_folders: vec!["/a".into(), "src/../x".into()],
            ..Settings::default()
        };
        assert_eq!(field(settings), Some("source_folders"));
    }
}

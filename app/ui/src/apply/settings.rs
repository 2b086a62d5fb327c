//! Commands of the settings: each holds at once, and is kept.

use std::path::PathBuf;

use scrutineer_checklists::verdict::Outcome;

use crate::{
    command::{Request, Setting},
    settings::{SCALES_PERCENT, Settings, ThemeChoice, is_whole},
    state::State,
};

/// Changes a setting, or what is typed of one.
pub(super) fn apply(state: &mut State, setting: Setting) {
    let before = state.settings.settings.clone();
    let mut settings = before.clone();
    match setting {
        Setting::Theme(theme) => settings.theme = theme,
        Setting::ScalePercent(scale) => {
            settings.scale_percent = scale.clamp(*SCALES_PERCENT.start(), *SCALES_PERCENT.end());
        }
        Setting::ReduceMotion(reduce) => settings.reduce_motion = reduce,
        Setting::Wheel(wheel) => settings.wheel = wheel,
        Setting::RestoreTabs(restore) => settings.restore_tabs = restore,
        Setting::TypeSourceFolder(typed) => state.settings.typed_source_folder = typed,
        Setting::AddSourceFolder => add_source_folder(state, &mut settings),
        Setting::RemoveSourceFolder(place) => {
            if place < settings.source_folders.len() {
                settings.source_folders.remove(place);
            }
        }
        Setting::TypeCapturesFolder(typed) => state.settings.typed_captures_folder = Some(typed),
        Setting::TakeCapturesFolder => take_captures_folder(state, &mut settings),
        Setting::MaxAgeDays(days) => settings.prune.max_age_days = days,
        Setting::MaxTotalMib(mib) => settings.prune.max_total_mib = mib,
    }
    if settings != before {
        let after = Box::new(settings.clone());
        take(state, settings);
        let before = Box::new(before);
        state.requests.push(Request::SaveSettings { before, after });
    }
}

/// The other one of dark and light.
pub(super) fn set_dark(state: &mut State, dark: bool) {
    let theme = if dark {
        ThemeChoice::Dark
    } else {
        ThemeChoice::Light
    };
    apply(state, Setting::Theme(theme));
}

/// A scale, 1.0 being normal.
pub(super) fn set_scale(state: &mut State, scale: f32) {
    // Steps of a tenth, whatever the float made of them.
    let tenths = (scale * 10.0).round().clamp(0.0, 100.0) as u32;
    apply(state, Setting::ScalePercent(tenths * 10));
}

/// Takes settings that hold from now on.
pub(super) fn take(state: &mut State, settings: Settings) {
    state.appearance.reduce_motion = settings.reduce_motion;
    if state.settings.settings.source_folders != settings.source_folders {
        state.views.look_for_sources_in(&settings.source_folders);
        super::profile::ask_inspection(state);
    }
    state.settings.known = true;
    state.settings.settings = settings;
}

/// What the application says of the settings that are kept.
pub(super) fn told(
    state: &mut State,
    settings: Option<Settings>,
    path: PathBuf,
    problem: Option<String>,
) {
    state.settings.path = path;
    if let Some(settings) = settings {
        take(state, settings);
    }
    if let Some(problem) = problem.clone().filter(|_| state.settings.problem.is_none()) {
        let words = format!("{problem}. What is set here holds until the window is closed.");
        state.notify(Outcome::Attention, words, None);
    }
    state.settings.problem = problem;
}

fn add_source_folder(state: &mut State, settings: &mut Settings) {
    let folder = PathBuf::from(state.settings.typed_source_folder.trim());
    if !is_whole(&folder) {
        return;
    }
    state.settings.typed_source_folder.clear();
    if !settings.source_folders.contains(&folder) {
        settings.source_folders.push(folder);
    }
}

fn take_captures_folder(state: &mut State, settings: &mut Settings) {
    let Some(typed) = state.settings.typed_captures_folder.clone() else {
        return;
    };
    let folder = Some(typed.trim()).filter(|typed| !typed.is_empty());
    let folder = folder.map(PathBuf::from);
    if folder.as_ref().is_some_and(|folder| !is_whole(folder)) {
        return;
    }
    state.settings.typed_captures_folder = None;
    // The application lists the captures of another folder once the setting is written.
    settings.captures_folder = folder;
}

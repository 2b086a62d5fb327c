//! Settings: how the window looks and moves, where sources and captures lie, what is pruned.

mod fields;
mod rows;

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::Binding;
use crate::{
    command::{Command, Request, Setting},
    icons,
    settings::{SCALES_PERCENT, ThemeChoice, WheelAction},
    state::State,
    theme::{CONTROL, Theme, regular},
    widgets::{
        bar::Bar,
        button::Button,
        select,
        text::{self, look},
    },
};
use rows::{Column, one_of, row};

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[];

/// Widest that the settings are laid out.
const WIDEST: f32 = 760.0;

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt("settings").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let width = WIDEST.min(rect.width() - 24.0);
            let left = rect.center().x - width / 2.0;
            let start = pos2(left.round(), top + 12.0);
            let mut column = Column::new(start, width);
            problem(ui, &mut column, state, out);
            appearance(ui, &mut column, state, out);
            pointer(ui, &mut column, state, out);
            fields::sources(ui, &mut column, state, out);
            captures(ui, &mut column, state, out);
            let height = column.bottom() - top + 12.0;
            ui.allocate_space(vec2(rect.width(), height));
        });
}

/// Why settings are not kept, with what mends it.
fn problem(ui: &Ui, column: &mut Column, state: &State, out: &mut Vec<Command>) {
    let Some(problem) = &state.settings.problem else {
        return;
    };
    let theme = Theme::of(ui);
    let room = column.block(ui, "Not kept", 96.0);
    let words = Rect::from_min_max(room.min + vec2(0.0, 8.0), room.max);
    text::wrapped(ui, words, problem, &look(regular(12.5), theme.text), 17.0);
    let mut bar = Bar::new(room.with_min_y(room.bottom() - 38.0), 0.0, 8.0);
    let again = Button::new("Read it again").icon(icons::RELOAD);
    if again
        .show(ui, bar.left(again.width(ui), CONTROL), "settings")
        .clicked()
    {
        out.push(Command::Ask(Request::ReadSettings));
    }
    if state.settings.path.as_os_str().is_empty() {
        return;
    }
    let anew = Button::new("Set it aside and begin anew");
    if anew
        .show(ui, bar.left(anew.width(ui), CONTROL), "settings")
        .clicked()
    {
        let settings = Box::new(state.settings.settings.clone());
        out.push(Command::Ask(Request::ReplaceSettings(settings)));
    }
}

fn appearance(ui: &Ui, column: &mut Column, state: &State, out: &mut Vec<Command>) {
    let settings = &state.settings.settings;
    let mut rows = column.panel(ui, "Appearance", 3);
    let themes = ThemeChoice::ALL.map(ThemeChoice::label);
    let at = ThemeChoice::ALL
        .iter()
        .position(|theme| *theme == settings.theme);
    let bar = row(ui, &mut rows, "Theme", "System follows the desktop.");
    if let Some(chosen) = one_of(ui, bar, "theme", &themes, at) {
        out.push(Command::Set(Setting::Theme(ThemeChoice::ALL[chosen])));
    }
    let mut scales: Vec<u32> = SCALES_PERCENT.step_by(10).collect();
    let words = "Ctrl + and Ctrl − change it from everywhere.";
    let mut bar = row(ui, &mut rows, "Scale", words);
    let at = place_of(&mut scales, settings.scale_percent);
    let words: Vec<String> = scales.iter().map(|scale| format!("{scale} %")).collect();
    let place = bar.right(96.0, CONTROL);
    if let Some(chosen) = select::show(ui, place, "Scale", "", &words, at) {
        out.push(Command::Set(Setting::ScalePercent(scales[chosen])));
    }
    let words = "Zoom, fit and flip happen at once.";
    let bar = row(ui, &mut rows, "Motion", words);
    let at = Some(usize::from(settings.reduce_motion));
    if let Some(chosen) = one_of(ui, bar, "motion", &["Shown", "Reduced"], at) {
        out.push(Command::Set(Setting::ReduceMotion(chosen == 1)));
    }
}

fn pointer(ui: &Ui, column: &mut Column, state: &State, out: &mut Vec<Command>) {
    let mut rows = column.panel(ui, "Pointer", 1);
    let words = "Over graphs and timeline; with Ctrl the other.";
    let bar = row(ui, &mut rows, "Wheel", words);
    let actions = WheelAction::ALL.map(WheelAction::label);
    let wheel = state.settings.settings.wheel;
    let at = WheelAction::ALL.iter().position(|action| *action == wheel);
    if let Some(chosen) = one_of(ui, bar, "wheel", &actions, at) {
        out.push(Command::Set(Setting::Wheel(WheelAction::ALL[chosen])));
    }
}

fn captures(ui: &mut Ui, column: &mut Column, state: &State, out: &mut Vec<Command>) {
    let prune = state.settings.settings.prune;
    let mut rows = column.panel(ui, "Captures", 5);
    let words = "Captures and views of last time, where their files are.";
    let bar = row(ui, &mut rows, "Open again at start", words);
    let at = Some(usize::from(!state.settings.settings.restore_tabs));
    if let Some(chosen) = one_of(ui, bar, "restore tabs", &["Last tabs", "Nothing"], at) {
        out.push(Command::Set(Setting::RestoreTabs(chosen == 0)));
    }
    fields::captures_folder(ui, &mut rows, state, out);
    let mut days = vec![7, 14, 30, 90, 180, 365];
    let words = "Whatever their age, pinned ones and those of a review stay.";
    let mut bar = row(ui, &mut rows, "Remove after", words);
    let at = prune.max_age_days.map(|age| place_of(&mut days, age) + 1);
    let mut words = vec!["never".to_owned()];
    words.extend(days.iter().map(|days| format!("{days} days")));
    let place = bar.right(124.0, CONTROL);
    let at = at.unwrap_or_default();
    if let Some(chosen) = select::show(ui, place, "Remove after", "", &words, at) {
        let age = chosen.checked_sub(1).map(|place| days[place]);
        out.push(Command::Set(Setting::MaxAgeDays(age)));
    }
    let mut sizes: Vec<u64> = [1, 2, 5, 10, 20, 50, 100].map(|gib| gib * 1024).into();
    let words = "The oldest go first, until the rest fits.";
    let mut bar = row(ui, &mut rows, "Keep at most", words);
    let at = prune.max_total_mib.map(|mib| place_of(&mut sizes, mib) + 1);
    let mut words = vec!["everything".to_owned()];
    words.extend(sizes.iter().map(|mib| size_words(*mib)));
    let place = bar.right(124.0, CONTROL);
    let at = at.unwrap_or_default();
    if let Some(chosen) = select::show(ui, place, "Keep at most", "", &words, at) {
        let most = chosen.checked_sub(1).map(|place| sizes[place]);
        out.push(Command::Set(Setting::MaxTotalMib(most)));
    }
    let words = "After each recording, too; `scrutineer prune` lists.";
    let mut bar = row(ui, &mut rows, "Prune now", words);
    let now = Button::new("Prune").enabled(!prune.is_idle());
    if now
        .show(ui, bar.right(now.width(ui), CONTROL), "settings")
        .clicked()
    {
        out.push(Command::Ask(Request::PruneCaptures));
    }
}

fn size_words(mib: u64) -> String {
    if mib.is_multiple_of(1024) {
        format!("{} GiB", mib / 1024)
    } else {
        format!("{mib} MiB")
    }
}

/// The place of a value among those that are offered; one that was set by hand joins them.
fn place_of<T: Ord + Copy>(values: &mut Vec<T>, value: T) -> usize {
    values.binary_search(&value).unwrap_or_else(|place| {
        values.insert(place, value);
        place
    })
}

/// Where we are.
pub(crate) fn crumbs(_: &State) -> Vec<String> {
    vec!["Settings".to_owned()]
}

/// Buttons of the head: none.
pub(crate) fn actions(_: &mut Ui, _: &mut Bar, _: &State, _: &mut Vec<Command>) {}

/// Words of the status line: where the settings are kept.
pub(crate) fn status(state: &State) -> Vec<String> {
    if state.settings.path.as_os_str().is_empty() {
        return Vec::new();
    }
    vec![state.settings.path.display().to_string()]
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[("Tab", "next control"), ("Ctrl +  Ctrl −", "scale")]
}

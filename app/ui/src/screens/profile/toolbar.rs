//! The toolbar: views, search, invert.

use egui::{Key, Modifiers, Rect, Ui};

use super::SEARCH;
use crate::{
    command::{Command, CompareAction, TransformAction},
    format, icons,
    state::{
        State,
        profile::{Mode, Open},
    },
    theme::{CONTROL, Theme, regular},
    widgets::{
        bar::Bar,
        button::{Button, Loudness},
        field::{self, Field},
        hline,
        segmented::{self, Segment},
        select,
        text::{self, LEFT, look},
    },
};

/// Shows the toolbar.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    narrow: bool,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let profile = &state.profile;
    let mut bar = Bar::new(rect, 12.0, 8.0);
    let segments = Mode::ALL.map(|mode| Segment {
        words: mode.label(),
        icon: (mode == Mode::Flame).then_some(icons::FLAME),
    });
    let at = Mode::ALL
        .iter()
        .position(|mode| *mode == profile.mode)
        .unwrap_or_default();
    let width = segmented::width(ui, &segments);
    let chosen = if width > bar.free.width() * 0.66 {
        let views = Mode::ALL.map(|mode| mode.label().to_owned());
        let place = bar.left(138.0, CONTROL);
        select::show(ui, place, "View", "", &views, at)
    } else {
        let place = bar.left(width, CONTROL);
        segmented::show(ui, place, "view", &segments, at)
    };
    out.extend(chosen.map(|chosen| Command::SetMode(Mode::ALL[chosen])));
    if narrow {
        let inspector = Button::icon_only(icons::INFO, "Inspector");
        if inspector
            .show(ui, bar.right(CONTROL, CONTROL), "drawer")
            .clicked()
        {
            out.push(Command::ToggleDrawer);
        }
    }
    let loudness = if profile.wanted.inverted {
        Loudness::On
    } else {
        Loudness::Quiet
    };
    let invert = Button::new("Invert").icon(icons::INVERT).loudness(loudness);
    if invert
        .show(ui, bar.right(invert.width(ui), CONTROL), "toolbar")
        .clicked()
    {
        out.push(Command::ToggleInvert);
    }
    compare(ui, &mut bar, state, open, out);
    super::weights::switch(ui, &mut bar, state, open, out);
    search(ui, &mut bar, state, open, out);
}

fn compare(ui: &Ui, bar: &mut Bar, state: &State, open: &Open, out: &mut Vec<Command>) {
    let compares = state.profile.wanted.against.is_some();
    let loudness = if compares {
        Loudness::On
    } else {
        Loudness::Quiet
    };
    let diff = Button::new("Diff")
        .icon(icons::SWAP)
        .loudness(loudness)
        .enabled(!open.live);
    if diff
        .show(ui, bar.right(diff.width(ui), CONTROL), "toolbar")
        .clicked()
    {
        out.push(Command::Compare(CompareAction::Offer));
    }
}

fn search(ui: &mut Ui, bar: &mut Bar, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let profile = &state.profile;
    let found = profile
        .found
        .as_ref()
        .filter(|_| !profile.search.is_empty());
    let note = match found {
        _ if profile.search_wrong => "not a pattern".to_owned(),
        Some(found) if found.nodes.is_empty() => "0".to_owned(),
        Some(found) => {
            let at = (profile.found_at + 1).min(found.nodes.len());
            format!("{at}/{}", found.nodes.len())
        }
        None => String::new(),
    };
    let field = Field {
        id: SEARCH,
        name: "Search frames",
        hint: "Search frames",
        icon: icons::SEARCH,
        key: Some("/"),
        code: true,
        note: &note,
        wrong: profile.search_wrong,
        takes_tab: !profile.search.is_empty(),
    };
    let place = bar.left(229.0_f32.min(bar.free.width() - 8.0).max(60.0), CONTROL);
    let id = field::id(SEARCH);
    if !profile.search.is_empty()
        && ui.memory(|memory| memory.has_focus(id))
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Tab))
    {
        out.push(Command::Transform(TransformAction::ToggleFilter));
    }
    let typed = field.show(ui, place, &profile.search);
    out.extend(typed.changed.map(Command::SearchFrames));
    if typed.entered {
        let back = ui.input(|input| input.modifiers.shift);
        out.push(Command::StepMatch(if back { -1 } else { 1 }));
    }
    if let Some(found) = found {
        let share = format::share(found.samples, open.shown.layout.total);
        let words = format!("{} match", format::percent(share));
        let ink = look(regular(12.5), theme.text_2);
        let place = text::label(ui, bar.free, LEFT, &words, &ink);
        bar.free.min.x = place.right() + 8.0;
        let filter = Button::new("Filter").key("Tab").loudness(Loudness::Quiet);
        let width = filter.width(ui);
        if bar.free.width() > width
            && filter
                .show(ui, bar.left(width, CONTROL), "toolbar")
                .clicked()
        {
            out.push(Command::Transform(TransformAction::ToggleFilter));
        }
    }
}

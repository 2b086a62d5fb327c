//! The toolbar: views, search, invert.

use egui::{Key, Modifiers, Rect, Ui};
use scrutineer_profiler::profile::transform::Transform;

use super::SEARCH;
use crate::{
    command::{Command, CompareAction, TransformAction},
    format, icons,
    state::{
        State,
        profile::{Mode, Open},
    },
    theme::{CONTROL, Theme, regular},
    views::Found,
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

/// Free width from which the switches bear words.
const ROOMY: f32 = 760.0;

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
    modes(ui, &mut bar, profile.mode, out);
    if narrow {
        let inspector = Button::icon_only(icons::INFO, "Inspector");
        if inspector
            .show(ui, bar.right(CONTROL, CONTROL), "drawer")
            .clicked()
        {
            out.push(Command::ToggleDrawer);
        }
    }
    let is_tight = bar.free.width() < ROOMY;
    for tool in tools(state, open).into_iter().rev() {
        tool.show(ui, &mut bar, is_tight, out);
    }
    super::weights::switch(ui, &mut bar, state, open, out);
    super::weights::measures(ui, &mut bar, open, out);
    search(ui, &mut bar, state, open, out);
}

/// The views side by side, or as a drop-down where there is no room for them.
fn modes(ui: &Ui, bar: &mut Bar, mode: Mode, out: &mut Vec<Command>) {
    let segments = Mode::ALL.map(|mode| Segment {
        words: mode.label(),
        icon: (mode == Mode::Flame).then_some(icons::FLAME),
    });
    let at = Mode::ALL
        .iter()
        .position(|other| *other == mode)
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
}

/// A switch of the toolbar.
struct Tool {
    words: &'static str,
    name: &'static str,
    icon: char,
    is_on: bool,
    is_enabled: bool,
    command: Command,
}

fn tools(state: &State, open: &Open) -> [Tool; 4] {
    let wanted = &state.profile.wanted;
    let tool = |words, name, icon, is_on, command| Tool {
        words,
        name,
        icon,
        is_on,
        is_enabled: true,
        command,
    };
    [
        tool(
            "My code",
            "My code only",
            icons::CODE,
            wanted.transforms.contains(&Transform::MyCode),
            Command::Transform(TransformAction::ToggleMyCode),
        ),
        tool(
            "Hide small",
            "Hide frames below 0.1 %",
            icons::MINUS_CIRCLE,
            wanted.hides_small,
            Command::ToggleSmall,
        ),
        Tool {
            is_enabled: !open.live,
            ..tool(
                "Diff",
                "Diff",
                icons::SWAP,
                wanted.against.is_some(),
                Command::Compare(CompareAction::Offer),
            )
        },
        tool(
            "Invert",
            "Invert",
            icons::INVERT,
            wanted.inverted,
            Command::ToggleInvert,
        ),
    ]
}

impl Tool {
    fn show(&self, ui: &Ui, bar: &mut Bar, is_tight: bool, out: &mut Vec<Command>) {
        let loudness = if self.is_on {
            Loudness::On
        } else {
            Loudness::Quiet
        };
        let button = if is_tight {
            Button::icon_only(self.icon, self.name)
        } else {
            Button::new(self.words).icon(self.icon).name(self.name)
        };
        let button = button.loudness(loudness).enabled(self.is_enabled);
        let place = bar.right(button.width(ui), CONTROL);
        if button.show(ui, place, "toolbar").clicked() {
            out.push(self.command.clone());
        }
    }
}

/// `12.9 % match`, of a comparison `12.9 % match, was 3.1 %`: each of its side's whole.
fn match_words(found: &Found, open: &Open) -> String {
    let percent = |samples, whole| format::percent(format::share(samples, whole));
    let compared = open.shown.compared.as_ref();
    match compared.zip(found.base_samples) {
        Some((compared, base_samples)) => {
            let [base, candidate] = compared.tree.wholes();
            let (now, was) = (
                percent(found.samples, candidate),
                percent(base_samples, base),
            );
            format!("{now} match, was {was}")
        }
        None => format!("{} match", percent(found.samples, open.shown.layout.total)),
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
    let place = bar.left(229.0_f32.min(bar.free.width() - 8.0).max(40.0), CONTROL);
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
        let words = match_words(found, open);
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

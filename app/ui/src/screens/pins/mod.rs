//! Pins: views of captures that are evidence, each with its picture, to be seen again.

use egui::{Id, Key, Rect, ScrollArea, Sense, StrokeKind, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::document::PinnedView;

use super::{Binding, free_key};
use crate::{
    command::{Command, PinAction, Request, Screen},
    format, icons,
    state::State,
    theme::{CONTROL, RADIUS_PANEL, Theme, mono, regular, semibold},
    widgets::{
        self,
        bar::Bar,
        button::{Button, Loudness},
        empty, flame_picture,
        text::{self, LEFT, look},
    },
};

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[&[
    free_key(Key::ArrowDown, |_| act(PinAction::Step(1))),
    free_key(Key::ArrowUp, |_| act(PinAction::Step(-1))),
    free_key(Key::J, |_| act(PinAction::Step(1))),
    free_key(Key::K, |_| act(PinAction::Step(-1))),
    free_key(Key::Enter, |_| act(PinAction::OpenSelected)),
    free_key(Key::N, |state| {
        let id = state.pins.selected.clone()?;
        act(PinAction::Note(id))
    }),
    free_key(Key::Delete, |state| {
        let id = state.pins.selected.clone()?;
        act(PinAction::AskRemove(id))
    }),
]];

/// Height of a pin in the list.
const CARD: f32 = 118.0;

#[expect(clippy::unnecessary_wraps, reason = "keys may give no command")]
fn act(action: PinAction) -> Option<Command> {
    Some(Command::Pin(action))
}

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(list) = &state.pins.list else {
        empty::skeleton(ui, rect.shrink(12.0), CARD);
        return;
    };
    if list.is_empty() {
        let words = "Pin a frame, a range or a view of a profile with Ctrl P: it is kept with its \
                     picture, and a review shows it.";
        let profile = Button::new("Go to the profile")
            .primary()
            .icon(icons::FLAME);
        if empty::show(ui, rect, "Nothing is pinned yet", words, &[profile]).is_some() {
            out.push(Command::Go(Screen::Profile));
        }
        return;
    }
    let area = rect.shrink2(vec2(12.0, 8.0));
    let mut inner = ui.new_child(UiBuilder::new().id_salt("pins").max_rect(area));
    inner.spacing_mut().item_spacing.y = 0.0;
    let rows = state.pins.shown().count();
    ScrollArea::vertical().auto_shrink(false).show_rows(
        &mut inner,
        CARD + 8.0,
        rows,
        |ui, seen| {
            let pins = state.pins.shown().skip(seen.start).take(seen.len());
            for pin in pins {
                let size = vec2(area.width(), CARD + 8.0);
                let (place, _) = ui.allocate_exact_size(size, Sense::hover());
                card(ui, place.with_max_y(place.bottom() - 8.0), pin, state, out);
            }
        },
    );
}

fn card(ui: &Ui, rect: Rect, pin: &PinnedView, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let is_selected = state.pins.selected.as_ref() == Some(&pin.id);
    let mut spoken = format!("pin {}", pin.title);
    if !pin.note.is_empty() {
        spoken = format!("{spoken}, note: {}", pin.note);
    }
    let id = Id::unique(("pin", &pin.id));
    let response = widgets::row(ui, rect, id, is_selected, &spoken);
    let fill = match (is_selected, response.hovered()) {
        (true, _) => theme.selected,
        (false, true) => theme.hover,
        (false, false) => theme.panel,
    };
    ui.painter().rect(
        rect,
        RADIUS_PANEL,
        fill,
        theme.hairline(),
        StrokeKind::Inside,
    );
    if response.clicked() {
        out.push(Command::Pin(PinAction::Select(pin.id.clone())));
    }
    if response.double_clicked() {
        out.push(Command::Ask(Request::OpenPin(pin.id.clone())));
    }
    let inner = rect.shrink(12.0);
    let width = 176.0_f32.min(inner.width() * 0.3);
    let (picture, words) = inner.split_left_right_at_x(inner.left() + width);
    flame_picture::paint(ui, picture, pin, None);
    let words = words.with_min_x(words.left() + 14.0);
    let (words, buttons) = words.split_top_bottom_at_y(words.bottom() - CONTROL);
    describe(ui, words, pin, state);
    self::buttons(ui, buttons, pin, state, out);
}

fn describe(ui: &Ui, rect: Rect, pin: &PinnedView, state: &State) {
    let theme = Theme::of(ui);
    let line = |row: usize| {
        let top = rect.top() + row as f32 * 20.0;
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 20.0))
    };
    let ink = look(semibold(13.0), theme.text);
    let title = text::label(ui, line(0), LEFT, &pin.title, &ink);
    let capture = &pin.capture;
    let mut of = format!(
        "{} · {}",
        capture.target,
        format::day(capture.started_at, state.now)
    );
    if let Some(commit) = &capture.commit {
        let short: String = commit.chars().take(7).collect();
        of = format!("{of} · {short}");
    }
    let room = line(0).with_min_x(title.right() + 12.0);
    text::label(ui, room, LEFT, &of, &look(regular(12.0), theme.text_3));
    let (note, ink) = if pin.note.is_empty() {
        ("No note", theme.text_3)
    } else {
        (pin.note.as_str(), theme.text)
    };
    text::label(ui, line(1), LEFT, note, &look(regular(13.0), ink));
    let scope = format!("{} · {}", pin.total, pin.scope.join(" · "));
    let ink = look(mono(11.0), theme.text_2);
    text::label(ui, line(2), LEFT, &scope, &ink);
}

fn buttons(ui: &Ui, rect: Rect, pin: &PinnedView, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 0.0, 8.0);
    let id = || pin.id.clone();
    let doomed = state.pins.doomed.as_ref() == Some(&pin.id);
    let name = |act: &str| format!("{act} {}", pin.title);
    let mut button = |words: &str, icon, command: Command| {
        let name = name(words);
        let mut button = Button::new(words).name(&name);
        if let Some(icon) = icon {
            button = button.icon(icon);
        }
        if doomed {
            button = button.loudness(Loudness::Plain);
        }
        let place = bar.left(button.width(ui), CONTROL - 2.0);
        if button.show(ui, place, &pin.id).clicked() {
            out.push(command);
        }
    };
    if doomed {
        let remove = Command::Pin(PinAction::Remove(id()));
        button("Remove for good", Some(icons::TRASH), remove);
        button("Keep it", None, Command::Pin(PinAction::KeepIt));
        return;
    }
    button(
        "Open",
        Some(icons::FLAME),
        Command::Ask(Request::OpenPin(id())),
    );
    let note = Command::Pin(PinAction::Note(id()));
    button("Note", Some(icons::PENCIL), note);
    let remove = Command::Pin(PinAction::AskRemove(id()));
    button("Remove", Some(icons::TRASH), remove);
    let by = format!("{}, {}", pin.by, format::day(pin.pinned_at, state.now));
    let ink = look(regular(11.5), theme.text_3);
    text::label(ui, bar.free, text::RIGHT, &by, &ink);
}

/// Where we are.
pub(crate) fn crumbs(_: &State) -> Vec<String> {
    vec!["Pinned evidence".to_owned()]
}

/// Buttons of the head: none.
pub(crate) fn actions(_: &mut Ui, _: &mut Bar, _: &State, _: &mut Vec<Command>) {}

/// Words of the status line.
pub(crate) fn status(state: &State) -> Vec<String> {
    let count = state.pins.list.as_ref().map_or(0, Vec::len);
    vec![match count {
        1 => "1 pin".to_owned(),
        count => format!("{count} pins"),
    }]
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[
        ("↑  ↓", "choose"),
        ("Enter", "open"),
        ("n", "note"),
        ("Del", "remove"),
    ]
}

//! The right column: what can be captured here, recent captures, and the demo.

use egui::{Id, Popup, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::{
    capture::ability::{Ability, Readiness},
    profile::Category,
};

use super::{overdue, padded};
use crate::{
    command::{Command, Request},
    event::RecentCapture,
    format, icons,
    state::State,
    theme::{CONTROL, Theme, medium, mono, regular, semibold},
    widgets::{
        self,
        bar::{Bar, cut_bottom, cut_top},
        button::{self, Button, Loudness},
        chip, command_box, empty,
        field::Field,
        outcome, panel,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Shows the column.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let mut rect = rect;
    let demo_rect = cut_bottom(&mut rect, 72.0);
    rect.max.y -= 12.0;
    let late = overdue::height(state);
    if late > 0.0 {
        overdue::show(ui, cut_top(&mut rect, late), state, out);
        rect.min.y += 12.0;
    }
    let id = Id::unique("abilities height");
    let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(240.0);
    // Recent captures have room for their search and some five of them.
    let most = (rect.height() - 330.0).max(rect.height() * 0.4);
    let height = known.min(most).max(120.0).round();
    let machine_rect = Rect::from_min_size(rect.min, vec2(rect.width(), height));
    let wanted = abilities(ui, machine_rect, state);
    if (wanted - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, wanted));
        ui.ctx().request_repaint();
    }
    let recent_rect = Rect::from_min_max(pos2(rect.left(), machine_rect.bottom() + 12.0), rect.max);
    recent(ui, recent_rect, state, out);
    demo(ui, demo_rect, out);
}

fn abilities(ui: &mut Ui, rect: Rect, state: &State) -> f32 {
    let (mut bar, body) = panel::headed(ui, rect, 36.0, "This machine", "");
    let Some(abilities) = &state.start.abilities else {
        empty::skeleton(ui, body, 32.0);
        return 240.0;
    };
    let ready = abilities
        .iter()
        .filter(|ability| ability.readiness == Readiness::Ready)
        .count();
    let mend = abilities.len() - ready;
    if mend > 0 {
        let words = format!("{mend} to mend");
        let place = bar.right(chip::outcome_chip_width(ui, &words), 20.0);
        chip::outcome_chip(ui, place.left_center(), Outcome::Attention, &words);
    }
    let words = format!("{ready} ready");
    let place = bar.right(chip::outcome_chip_width(ui, &words), 20.0);
    chip::outcome_chip(ui, place.left_center(), Outcome::Pass, &words);
    let body = body.shrink2(vec2(1.0, 1.0));
    let mut inner = ui.new_child(UiBuilder::new().id_salt("abilities").max_rect(body));
    let shown = ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let mut y = ui.max_rect().top() + 5.0;
            let top = y;
            for ability in abilities {
                let room = Rect::from_min_max(
                    pos2(body.left() + 11.0, y),
                    pos2(body.right() - 11.0, f32::INFINITY),
                );
                y += self::ability(ui, room, ability);
            }
            ui.allocate_space(vec2(body.width(), y - top + 8.0));
            y - top + 13.0
        });
    36.0 + shown.inner + 2.0
}

fn ability(ui: &Ui, room: Rect, ability: &Ability) -> f32 {
    let theme = Theme::of(ui);
    let of = match ability.readiness {
        Readiness::Ready => Outcome::Pass,
        Readiness::Limited => Outcome::Attention,
        Readiness::Unavailable => Outcome::Fail,
    };
    let line = Rect::from_min_size(room.min, vec2(room.width(), 32.0));
    outcome::paint(ui, pos2(line.left() + 7.0, line.center().y), 12.0, of);
    let words = Rect::from_min_max(line.min + vec2(22.0, 0.0), line.max);
    let title = text::label(
        ui,
        words,
        LEFT,
        ability.title,
        &look(medium(13.0), theme.text),
    );
    let value = Rect::from_min_max(pos2(title.right() + 12.0, line.top()), line.max);
    text::label(
        ui,
        value,
        RIGHT,
        &ability.value,
        &look(mono(11.5), theme.text_2),
    );
    let mut bottom = line.bottom();
    if !ability.consequence.is_empty() {
        let place = Rect::from_min_max(
            pos2(words.left(), bottom - 7.0),
            pos2(words.right(), f32::INFINITY),
        );
        let look = look(regular(12.0), theme.text_3);
        bottom = text::wrapped(ui, place, &ability.consequence, &look, 17.0).bottom() + 4.0;
    }
    if let Some(remedy) = &ability.remedy {
        let place = Rect::from_min_max(
            pos2(words.left(), bottom + 2.0),
            pos2(words.right(), bottom + 400.0),
        );
        bottom += command_box::show(ui, place, remedy) + 10.0;
    }
    bottom - room.top()
}

fn recent(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let (mut bar, body) = panel::headed(ui, rect, 36.0, "Recent captures", "");
    let width = text::width(ui, "Open file…", medium(12.5)) + 2.0;
    if button::link(ui, bar.right(width, 24.0), "Open file…", "recent").clicked() {
        out.push(Command::Ask(Request::OpenDialog));
    }
    if state.start.captures.is_none() {
        empty::skeleton(ui, body, 46.0);
        return;
    }
    let captures = state.start.found_captures();
    if captures.is_empty() && state.start.capture_search.is_empty() {
        let demo = Button::new("Open the demo").icon(icons::SPARKLE);
        let words = "Record a process, or open the demo.";
        if empty::show(ui, body, "No captures yet", words, &[demo]).is_some() {
            out.push(Command::Ask(Request::RunDemo));
        }
        return;
    }
    let mut body = body.shrink2(vec2(1.0, 1.0));
    let line = padded(cut_top(&mut body, 40.0));
    let place = Rect::from_center_size(line.center(), vec2(line.width(), CONTROL));
    let count = captures.len().to_string();
    let field = search_field(&count, captures.is_empty());
    let typed = field.show(ui, place, &state.start.capture_search);
    out.extend(typed.changed.map(Command::SearchCaptures));
    if captures.is_empty() {
        let words = "No target, commit or note has these words.";
        empty::show(ui, body, "Nothing found", words, &[]);
        return;
    }
    let mut inner = ui.new_child(UiBuilder::new().id_salt("captures").max_rect(body));
    inner.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(
        &mut inner,
        46.0,
        captures.len(),
        |ui, rows| {
            for capture in &captures[rows] {
                let (place, _) = ui.allocate_exact_size(vec2(body.width(), 46.0), Sense::hover());
                self::capture(ui, place, capture, state, out);
            }
        },
    );
}

fn search_field(note: &str, wrong: bool) -> Field<'_> {
    Field {
        id: "search captures",
        name: "Search captures",
        hint: "Target, commit, note",
        icon: icons::SEARCH,
        key: None,
        code: false,
        note,
        wrong,
        takes_tab: false,
    }
}

/// What can be done to a capture of the list.
fn more(ui: &Ui, rect: Rect, capture: &RecentCapture, out: &mut Vec<Command>) {
    let name = format!("More about {}", name_of(capture));
    let button = Button::icon_only(icons::MORE, &name).loudness(Loudness::Quiet);
    let response = button.show(ui, rect, &capture.path);
    let pin = if capture.pinned {
        "Unpin: it may be pruned"
    } else {
        "Pin: it is never pruned"
    };
    let note = if capture.note.is_empty() {
        "Write a note…"
    } else {
        "Change the note…"
    };
    let path = || capture.path.clone();
    let entries = [
        ("Open", Command::Ask(Request::Open(path()))),
        (note, Command::NoteCapture(path())),
        (
            pin,
            Command::Ask(Request::PinCapture {
                path: path(),
                pinned: !capture.pinned,
            }),
        ),
    ];
    Popup::menu(&response).gap(4.0).show(|ui| {
        for (words, command) in entries {
            let (place, _) = ui.allocate_exact_size(vec2(200.0, 26.0), Sense::hover());
            let id = response.id.with(words);
            let row = widgets::clickable(ui, place, id, egui::Role::MenuItem, words);
            let theme = Theme::of(ui);
            if row.hovered() || row.has_focus() {
                ui.painter().rect_filled(place, 4.0, theme.hover);
            }
            let room = place.shrink2(vec2(8.0, 0.0));
            text::paint(ui, room, LEFT, words, &look(regular(12.5), theme.text));
            if row.clicked() {
                out.push(command);
                ui.close();
            }
        }
    });
}

/// The file's name without its extension, which no other capture of the folder bears.
fn name_of(capture: &RecentCapture) -> String {
    let stem = capture.path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn capture(ui: &Ui, rect: Rect, capture: &RecentCapture, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let length = capture
        .duration
        .map_or("cut short".to_owned(), format::duration);
    let mut words = format!("{length} · {} samples", format::count(capture.samples));
    if let Some(commit) = &capture.commit {
        let short: String = commit.chars().take(7).collect();
        words = format!("{short} · {words}");
    }
    let when = format::day(capture.started_at, state.now);
    let mut name = format!("capture {}, {words}, {when}", capture.target);
    if capture.pinned {
        name.push_str(", pinned");
    }
    if !capture.note.is_empty() {
        name = format!("{name}, note: {}", capture.note);
        words = format!("{} · {length}", capture.note);
    }
    let id = Id::unique(("capture", &capture.path));
    let response = widgets::clickable(ui, rect, id, egui::Role::Button, &name);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, theme.hover);
    }
    if response.clicked() {
        out.push(Command::Ask(Request::Open(capture.path.clone())));
    }
    let mut inner = padded(rect);
    let dots = Rect::from_center_size(
        pos2(inner.right() - 10.0, rect.center().y),
        vec2(24.0, 24.0),
    );
    more(ui, dots, capture, out);
    inner.max.x = dots.left() - 4.0;
    let tile = Rect::from_center_size(pos2(inner.left() + 17.0, rect.center().y), vec2(34.0, 30.0));
    ui.painter().rect_filled(tile, 4.0, theme.canvas);
    text::icon(ui, tile, icons::FLAME, 16.0, theme.category(Category::Own));
    let when_look = look(regular(12.0), theme.text_3);
    let when = text::paint(ui, inner, RIGHT, &when, &when_look);
    let room = Rect::from_min_max(
        pos2(tile.right() + 10.0, rect.top() + 5.0),
        pos2(when.left() - 8.0, rect.bottom() - 5.0),
    );
    let (above, below) = room.split_top_bottom_at_fraction(0.5);
    let ink = look(medium(13.0), theme.text);
    let target = text::paint(ui, above, LEFT, &capture.target, &ink);
    if capture.pinned {
        let place = pos2(target.right() + 12.0, above.center().y);
        let place = Rect::from_center_size(place, vec2(13.0, 13.0));
        text::icon_filled(ui, place, icons::PIN, 13.0, theme.accent);
    }
    text::paint(ui, below, LEFT, &words, &look(regular(11.5), theme.text_3));
}

fn demo(ui: &Ui, rect: Rect, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    panel::card(ui, rect);
    let mut bar = Bar::new(rect, 12.0, 12.0);
    let picture = bar.left(44.0, 36.0);
    for (x, y, width, category) in [
        (0.0, 0.0, 44.0, Category::Dependency),
        (0.0, 9.0, 34.0, Category::Own),
        (36.0, 9.0, 8.0, Category::Std),
        (0.0, 18.0, 18.0, Category::Own),
        (20.0, 18.0, 14.0, Category::Std),
        (0.0, 27.0, 10.0, Category::Jit),
    ] {
        let part = Rect::from_min_size(picture.min + vec2(x, y), vec2(width - 1.0, 8.0));
        ui.painter()
            .rect_filled(part, 1.5, theme.category(category));
    }
    let open = Button::new("Open the demo")
        .icon(icons::SPARKLE)
        .name("Run the demo");
    if open
        .show(ui, bar.right(open.width(ui), CONTROL), "demo")
        .clicked()
    {
        out.push(Command::Ask(Request::RunDemo));
    }
    let room = bar.free.shrink2(vec2(0.0, 11.0));
    let above = room.with_max_y(room.top() + 18.0);
    text::label(
        ui,
        above,
        LEFT,
        "New here?",
        &look(semibold(13.0), theme.text),
    );
    let below = room.with_min_y(above.bottom());
    if below.width() < 120.0 {
        return;
    }
    let words = "A sample service with known faults.";
    text::wrapped(ui, below, words, &look(regular(12.0), theme.text_2), 16.0);
}

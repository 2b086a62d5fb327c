//! The right pane: what is decided, what is to be done, and who is in the room.

use egui::{Id, Rect, ScrollArea, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use scrutineer_checklists::{document::LedgerItem, verdict::Outcome};

use super::{actions, confirm_words};
use crate::{
    command::{Command, ReviewAction},
    icons,
    screens::{
        decision::{self, opposite},
        item as parts,
    },
    state::{State, checklist::Draft},
    theme::{CONTROL, RADIUS_CONTROL, Theme, medium, regular},
    widgets::{
        self,
        bar::{cut_bottom, cut_top},
        button::{self, Button, Loudness},
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Height of the part below.
const ROOM: f32 = 102.0;

/// Shows the pane.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(item) = state.checklist.item() else {
        return;
    };
    let mut rect = rect;
    let below = cut_bottom(&mut rect, ROOM);
    room(ui, below, state, out);
    let mut free = rect.shrink2(vec2(16.0, 0.0));
    decide(ui, &mut free, state, item, out);
    hline(ui, rect, free.top() + 10.0, Theme::of(ui).hairline());
    free.min.y += 12.0;
    let mut inner = ui.new_child(UiBuilder::new().id_salt("people").max_rect(free));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut room =
                Rect::from_min_max(pos2(free.left(), top), pos2(free.right(), top + 100_000.0));
            if let Some((made, standing)) = &item.decision {
                parts::decided(ui, &mut room, item, made, standing, out);
                room.min.y += 12.0;
            }
            actions::of_item(ui, &mut room, state, item, out);
            actions::carried(ui, &mut room, state, out);
            actions::others(ui, &mut room, state, item, out);
            ui.allocate_space(vec2(1.0, room.top() - top + 8.0));
        });
}

fn decide(ui: &mut Ui, free: &mut Rect, state: &State, item: &LedgerItem, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let draft = state.checklist.draft;
    decision::heading(ui, cut_top(free, 38.0), state);
    let is_written = matches!(draft, Draft::Finding(_) | Draft::Action | Draft::Note);
    if !is_written {
        choices(ui, cut_top(free, 2.0 * CHOICE + 8.0), draft, item, out);
        free.min.y += 8.0;
    }
    if !matches!(draft, Draft::None | Draft::NotApplicable | Draft::Note) {
        let line = cut_top(free, decision::DETAILS);
        decision::details(ui, line, state, out);
    }
    let next = Command::Review(ReviewAction::RecordAndNext);
    decision::reason(ui, cut_top(free, 80.0), state, next, out);
    if let Some(complaint) = &state.checklist.complaint {
        let ink = theme.outcome(Outcome::Fail).ink;
        let line = cut_top(free, 22.0);
        text::label(ui, line, LEFT, complaint, &look(medium(12.0), ink));
    }
    if is_written {
        free.min.y += 8.0;
        decision::finish(ui, cut_top(free, CONTROL), state, out);
    }
}

/// Height of a choice.
const CHOICE: f32 = 32.0;

fn choices(ui: &Ui, rect: Rect, draft: Draft, item: &LedgerItem, out: &mut Vec<Command>) {
    let confirm = confirm_words(item.verdict.outcome);
    let is_overruled = matches!(draft, Draft::Overrule(_));
    let choices = [
        (
            confirm.as_str(),
            confirm.as_str(),
            draft == Draft::None,
            Command::Review(ReviewAction::ChooseConfirm),
        ),
        (
            "Overrule…",
            "Overrule",
            is_overruled,
            Command::DraftOverrule(opposite(item)),
        ),
        (
            "Waive until…",
            "Waive until",
            draft == Draft::Waive,
            Command::DraftWaive,
        ),
        (
            "N/A because…",
            "Not applicable because",
            draft == Draft::NotApplicable,
            Command::DraftNotApplicable,
        ),
    ];
    let width = (rect.width() - 8.0) / 2.0;
    for (place, (words, name, on, command)) in choices.into_iter().enumerate() {
        let (column, row) = ((place % 2) as f32, (place / 2) as f32);
        let at = rect.min + vec2(column * (width + 8.0), row * (CHOICE + 8.0));
        let place = Rect::from_min_size(at, vec2(width, CHOICE));
        if choice(ui, place, words, name, on) {
            out.push(command);
        }
    }
}

/// One of the choices, of which one is made; whether it was clicked.
fn choice(ui: &Ui, rect: Rect, words: &str, name: &str, on: bool) -> bool {
    let theme = Theme::of(ui);
    let id = Id::unique(("review choice", name));
    let response = ui.interact(rect, id, egui::Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, on, name));
    let (fill, stroke, ink) = if on {
        (theme.accent, egui::Stroke::NONE, theme.on_accent)
    } else if response.hovered() {
        (theme.hover, theme.border(), theme.text)
    } else {
        (theme.raised, theme.border(), theme.text)
    };
    ui.painter()
        .rect(rect, RADIUS_CONTROL, fill, stroke, egui::StrokeKind::Inside);
    widgets::focus_ring(ui, &response);
    let font = medium(12.5);
    let tick = if on { 20.0 } else { 0.0 };
    let left = rect.center().x - f32::midpoint(text::width(ui, words, font.clone()), tick);
    if on {
        let place = Rect::from_center_size(pos2(left + 7.0, rect.center().y), vec2(14.0, 14.0));
        text::icon(ui, place, icons::CHECK, 14.0, ink);
    }
    let room = rect.with_min_x(left + tick);
    text::paint(ui, room, LEFT, words, &look(font, ink));
    response.clicked()
}

fn room(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter()
        .rect_filled(rect.with_min_x(rect.left() + 1.0), 0.0, theme.raised);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let mut free = rect.shrink2(vec2(16.0, 8.0));
    let line = cut_top(&mut free, 20.0);
    let facts = state.review.facts.as_ref();
    let names = facts.map(|facts| &facts.room);
    let count = names.map_or(0, std::collections::BTreeSet::len);
    let words = if count == 0 {
        "In the room: say who".to_owned()
    } else {
        format!("In the room: {count}")
    };
    let width = text::width(ui, &words, medium(12.5)) + 2.0;
    let place = line.with_max_x(line.left() + width);
    if button::link(ui, place, &words, "room").clicked() {
        out.push(Command::Review(ReviewAction::BeginRoom));
    }
    let row = cut_top(&mut free, 28.0);
    if let Some(facts) = facts {
        let words = format!("{} leads", facts.lead);
        let ink = look(regular(12.0), theme.text_3);
        text::label(ui, line, RIGHT, &words, &ink);
    }
    let mut left = row.left();
    for name in names.into_iter().flatten() {
        if left + actions::FACE > row.right() {
            break;
        }
        actions::face(ui, pos2(left, row.center().y), name);
        left += actions::FACE + 6.0;
    }
    free.min.y += 6.0;
    let back = Button::icon_only(icons::ARROW_LEFT, "Previous item").loudness(Loudness::Plain);
    let place = Rect::from_min_size(free.min, vec2(34.0, CONTROL));
    if back.show(ui, place, "review").clicked() {
        out.push(Command::Review(ReviewAction::Step(-1)));
    }
    let record = Button::new("Record and next").primary().key("Ctrl ⏎");
    let place = Rect::from_min_max(
        pos2(place.right() + 8.0, place.top()),
        pos2(free.right(), place.bottom()),
    );
    if record.show(ui, place, "review").clicked() {
        out.push(Command::Review(ReviewAction::RecordAndNext));
    }
}

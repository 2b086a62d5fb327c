//! The eight sections in two columns.

use egui::{Id, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::{
    document::{LedgerItem, LedgerSection},
    verdict::Outcome,
};

use crate::{
    command::Command,
    state::{
        State,
        checklist::{Show, is_lapsed},
    },
    theme::{Theme, mono, regular, semibold},
    widgets::{
        self,
        bar::cut_top,
        button::Button,
        empty, outcome, panel,
        text::{self, LEFT, RIGHT, look},
    },
};

const HEAD: f32 = 26.0;
const ITEM: f32 = 20.0;
const GAP: f32 = 11.0;

/// Shows the sections.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(review) = &state.checklist.review else {
        return;
    };
    let sections: Vec<(&LedgerSection, Vec<&LedgerItem>)> = review
        .sections
        .iter()
        .map(|section| {
            let items = section
                .items
                .iter()
                .filter(|item| state.checklist.shows(item));
            (section, items.collect::<Vec<_>>())
        })
        .filter(|(_, items)| !items.is_empty())
        .collect();
    if sections.is_empty() {
        let button = Button::new("Show all");
        let words = "No item passes the filter.";
        if empty::show(ui, rect, "Nothing to show", words, &[button]).is_some() {
            out.push(Command::ShowItems(Show::All));
            out.push(Command::FilterItems(String::new()));
        }
        return;
    }
    let columns = if rect.width() < 620.0 { 1 } else { 2 };
    let mut inner = ui.new_child(UiBuilder::new().id_salt("ledger").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let width = (rect.width() - 28.0 - 10.0 * (columns - 1) as f32) / columns as f32;
            let top = ui.max_rect().top();
            let mut y = top;
            for pair in sections.chunks(columns) {
                let tallest = pair
                    .iter()
                    .map(|(_, items)| items.len())
                    .max()
                    .unwrap_or_default();
                let height = HEAD + tallest as f32 * ITEM + 5.0;
                for (column, (section, items)) in pair.iter().enumerate() {
                    let left = rect.left() + 14.0 + column as f32 * (width + 10.0);
                    let card = Rect::from_min_size(pos2(left, y), vec2(width, height));
                    self::section(ui, card, state, section, items, out);
                }
                y += height + GAP;
            }
            ui.allocate_space(vec2(rect.width(), y - top));
        });
}

fn section(
    ui: &Ui,
    rect: Rect,
    state: &State,
    section: &LedgerSection,
    items: &[&LedgerItem],
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let mut free = panel::card(ui, rect);
    let head = cut_top(&mut free, HEAD)
        .shrink2(vec2(12.0, 0.0))
        .translate(vec2(0.0, 1.0));
    text::label(
        ui,
        head,
        LEFT,
        &section.title,
        &look(semibold(13.0), theme.text),
    );
    let mut outcomes: Vec<Outcome> = section.items.iter().map(|item| item.effective).collect();
    outcomes.sort_unstable();
    for (place, of) in outcomes.into_iter().rev().enumerate() {
        let x = head.right() - 6.0 - place as f32 * 14.0;
        outcome::paint(ui, pos2(x, head.center().y + 1.0), 9.5, of);
    }
    for item in items {
        let line = cut_top(&mut free, ITEM).shrink2(vec2(3.0, 0.0));
        self::item(ui, line, state, item, out);
    }
}

/// `item memory.leaks, fail, not decided`.
pub(in crate::screens) fn spoken(item: &LedgerItem) -> String {
    let decided = match &item.decision {
        None => "not decided",
        Some(_) if is_lapsed(item) => "decision lapsed",
        Some(_) => "decided",
    };
    format!(
        "item {}, {}, {decided}",
        item.id,
        item.effective.label().to_lowercase()
    )
}

fn item(ui: &Ui, line: Rect, state: &State, item: &LedgerItem, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let selected = state.checklist.selected.as_deref() == Some(item.id.as_str());
    let response = widgets::row(
        ui,
        line,
        Id::unique(("item", &item.id)),
        selected,
        &spoken(item),
    );
    if selected || response.hovered() {
        let fill = if selected {
            theme.selected
        } else {
            theme.hover
        };
        ui.painter().rect_filled(line, 4.0, fill);
    }
    if selected && state.checklist.reveal {
        ui.scroll_to_rect(line.expand(40.0), None);
    }
    if response.clicked() {
        out.push(Command::SelectItem(item.id.clone()));
    }
    outcome::paint(
        ui,
        pos2(line.left() + 15.5, line.center().y),
        12.0,
        item.effective,
    );
    let letter = Rect::from_min_max(
        pos2(line.right() - 22.0, line.top()),
        line.max - vec2(9.0, 0.0),
    );
    let confidence = item.verdict.confidence.letter().to_string();
    text::paint(
        ui,
        letter,
        RIGHT,
        &confidence,
        &look(mono(11.0), theme.text_3),
    );
    let number_room = Rect::from_min_max(
        pos2(line.left() + line.width() * 0.45, line.top()),
        pos2(letter.right() - 15.0, line.bottom()),
    );
    let number_ink = match item.effective {
        Outcome::Fail => theme.outcome(Outcome::Fail).ink,
        _ => theme.text_3,
    };
    let number = short(item);
    let number_width = text::width(ui, number, mono(11.5)).min(number_room.width() * 0.62);
    let number_room = number_room.with_min_x(number_room.right() - number_width);
    text::paint(
        ui,
        number_room,
        RIGHT,
        number,
        &look(mono(11.5), number_ink),
    );
    let title_room = Rect::from_min_max(
        line.min + vec2(29.5, 0.0),
        pos2(number_room.left() - 10.0, line.bottom()),
    );
    let ink = if item.effective == Outcome::NotApplicable {
        theme.text_3
    } else {
        theme.text
    };
    let font = if selected {
        semibold(12.5)
    } else {
        regular(12.5)
    };
    let title = text::paint(ui, title_room, LEFT, &item.title, &look(font, ink));
    if item.decision.is_some() {
        mark(ui, title, title_room, is_lapsed(item));
    }
}

/// The number, or the outcome's reason in a word where there is none.
fn short(item: &LedgerItem) -> &str {
    item.verdict.number.as_str()
}

/// The mark of a person's decision: a dot, struck out where it lapsed.
fn mark(ui: &Ui, title: Rect, room: Rect, lapsed: bool) {
    let theme = Theme::of(ui);
    let x = (title.right() + 9.0).min(room.right() + 3.0);
    let center = pos2(x, title.center().y);
    let ink = if lapsed {
        theme.outcome(Outcome::Attention).mark
    } else {
        theme.accent
    };
    if lapsed {
        ui.painter().circle_stroke(center, 3.0, (1.2, ink));
        ui.painter().line_segment(
            [center - vec2(5.0, -3.0), center + vec2(5.0, -3.0)],
            (1.2, ink),
        );
    } else {
        ui.painter().circle_filled(center, 3.0, ink);
    }
}

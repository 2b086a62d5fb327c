//! What people wrote down: findings, actions and notes of the review.

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::{
    document::{ActionLine, PeoplePart},
    review::ActionStanding,
    verdict::Outcome,
};

use crate::{
    command::{Command, Request},
    icons,
    theme::{CONTROL_SMALL, Theme, regular, semibold},
    widgets::{
        bar::cut_top,
        button::Button,
        empty, panel,
        text::{self, LEFT, look},
    },
};

const HEAD: f32 = 28.0;
const ROW: f32 = 42.0;
const GAP: f32 = 11.0;

/// A row: what is said, what is said of it, and whether it wants a look.
struct Row<'a> {
    words: &'a str,
    about: String,
    item: Option<&'a str>,
    wants_look: bool,
    /// Id of an action that may be called done.
    open_action: Option<&'a str>,
}

/// Shows the lists.
pub(super) fn show(ui: &mut Ui, rect: Rect, people: &PeoplePart, out: &mut Vec<Command>) {
    let lists = [
        ("Findings", findings(people)),
        ("Actions", people.actions.iter().map(action).collect()),
        ("Notes", notes(people)),
    ];
    if lists.iter().all(|(_, rows)| rows.is_empty()) {
        let words = "Select an item, then press f for a finding, t for an action, n for a note.";
        empty::show(ui, rect, "Nothing is written down yet", words, &[]);
        return;
    }
    let mut inner = ui.new_child(UiBuilder::new().id_salt("written").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut y = top;
            for (title, rows) in lists.iter().filter(|(_, rows)| !rows.is_empty()) {
                let height = HEAD + rows.len() as f32 * ROW + 5.0;
                let card = Rect::from_min_size(
                    pos2(rect.left() + 14.0, y),
                    vec2(rect.width() - 28.0, height),
                );
                list(ui, card, title, rows, out);
                y += height + GAP;
            }
            ui.allocate_space(vec2(rect.width(), y - top));
        });
}

fn findings(people: &PeoplePart) -> Vec<Row<'_>> {
    let findings = people.findings.iter();
    findings
        .map(|(_, finding)| Row {
            words: &finding.claim,
            about: format!("{}, by {}", finding.severity.label(), finding.by),
            item: finding.item.as_deref(),
            wants_look: false,
            open_action: None,
        })
        .collect()
}

fn action(line: &ActionLine) -> Row<'_> {
    let action = &line.action;
    let wants_look = matches!(
        line.standing,
        ActionStanding::Overdue | ActionStanding::Contradicted
    );
    Row {
        words: &action.what,
        about: format!(
            "{}, due {}: {}",
            action.owner,
            action.due,
            line.standing.label()
        ),
        item: action.item.as_deref(),
        wants_look,
        open_action: action.done.is_none().then_some(line.id.as_str()),
    }
}

fn notes(people: &PeoplePart) -> Vec<Row<'_>> {
    let notes = people.notes.iter();
    notes
        .map(|(_, note)| Row {
            words: &note.text,
            about: format!("by {}", note.by),
            item: note.item.as_deref(),
            wants_look: false,
            open_action: None,
        })
        .collect()
}

fn list(ui: &Ui, card: Rect, title: &str, rows: &[Row<'_>], out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut free = panel::card(ui, card);
    let head = cut_top(&mut free, HEAD).shrink2(vec2(12.0, 0.0));
    text::label(ui, head, LEFT, title, &look(semibold(13.0), theme.text));
    for row in rows {
        let place = cut_top(&mut free, ROW).shrink2(vec2(12.0, 3.0));
        self::row(ui, place, row, out);
    }
}

fn row(ui: &Ui, rect: Rect, row: &Row<'_>, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut room = rect;
    if let Some(id) = row.open_action {
        let done = Button::new("Done").icon(icons::CHECK);
        let name = format!("Done: {}", row.words);
        let done = done.name(&name);
        let width = done.width(ui);
        let place = Rect::from_min_size(
            pos2(room.right() - width, room.center().y - CONTROL_SMALL / 2.0),
            vec2(width, CONTROL_SMALL),
        );
        if done.show(ui, place, id).clicked() {
            out.push(Command::Ask(Request::FinishAction { id: id.to_owned() }));
        }
        room.max.x = place.left() - 10.0;
    }
    let mut line = cut_top(&mut room, 18.0);
    if let Some(item) = row.item {
        let button = Button::new(item).name(item);
        let width = button.width(ui);
        let place = Rect::from_min_size(
            pos2(line.right() - width, line.top() - 2.0),
            vec2(width, CONTROL_SMALL),
        );
        if button.show(ui, place, row.words).clicked() {
            out.push(Command::SelectItem(item.to_owned()));
        }
        line.max.x = place.left() - 8.0;
    }
    let words = row.words.replace('\n', " ");
    text::label(ui, line, LEFT, &words, &look(regular(13.0), theme.text));
    let ink = if row.wants_look {
        theme.outcome(Outcome::Fail).ink
    } else {
        theme.text_3
    };
    text::label(ui, room, LEFT, &row.about, &look(regular(12.0), ink));
}

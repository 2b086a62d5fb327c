//! The decision box and its parts: a reason, and what a person makes of the verdict.

use egui::{Color32, Key, Margin, Rect, StrokeKind, TextEdit, Ui, pos2, vec2};
use scrutineer_checklists::{document::LedgerItem, review::Severity, verdict::Outcome};

use super::{
    Binding,
    checklist::{OWNER, REASON, UNTIL},
    key,
};
use crate::{
    command::Command,
    format, icons,
    state::{State, checklist::Draft},
    theme::{CONTROL, CONTROL_SMALL, RADIUS_CONTROL, Theme, medium, regular},
    widgets::{
        bar::cut_top,
        button::{Button, Loudness},
        field::{self, Field},
        hline, outcome,
        text::{self, LEFT, RIGHT, look},
    },
};

/// What an overruling may say.
const OUTCOMES: [Outcome; 3] = [Outcome::Pass, Outcome::Attention, Outcome::Fail];

/// Keys that decide about the chosen item and write down what belongs to it.
pub(super) const KEYS: &[Binding] = &[
    key(Key::C, |_| Some(Command::Confirm)),
    key(Key::O, |state| {
        let item = state.checklist.item()?;
        Some(Command::DraftOverrule(opposite(item)))
    }),
    key(Key::W, |_| Some(Command::DraftWaive)),
    key(Key::A, |_| Some(Command::DraftNotApplicable)),
    key(Key::F, |_| Some(Command::DraftFinding(Severity::High))),
    key(Key::T, |_| Some(Command::DraftAction)),
    key(Key::N, |_| Some(Command::DraftNote)),
    key(Key::M, |_| Some(Command::OpenFreeze)),
];

/// What an overruling most likely says: pass, or fail where the machine said pass.
pub(crate) fn opposite(item: &LedgerItem) -> Outcome {
    if item.verdict.outcome == Outcome::Pass {
        Outcome::Fail
    } else {
        Outcome::Pass
    }
}

/// Height that the box needs.
pub(crate) fn height(state: &State) -> f32 {
    let extra = match state.checklist.draft {
        Draft::None | Draft::NotApplicable | Draft::Note => 0.0,
        Draft::Overrule(_) | Draft::Waive | Draft::Finding(_) | Draft::Action => 34.0,
    };
    let complaint = if state.checklist.complaint.is_some() {
        20.0
    } else {
        0.0
    };
    let rows = if state.checklist.draft == Draft::None {
        108.0
    } else {
        36.0
    };
    36.0 + 54.0 + 8.0 + rows + extra + complaint + 8.0
}

/// Shows the box.
pub(crate) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    item: &LedgerItem,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    ui.painter()
        .rect_filled(rect.with_min_x(rect.left() + 1.0), 0.0, theme.raised);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let mut room = rect.shrink2(vec2(16.0, 0.0));
    let head = cut_top(&mut room, 36.0);
    heading(ui, head, state);
    match state.checklist.draft {
        Draft::None | Draft::NotApplicable | Draft::Note => {}
        _ => details(ui, cut_top(&mut room, DETAILS), state, out),
    }
    reason(ui, cut_top(&mut room, 54.0), state, Command::Decide, out);
    if let Some(complaint) = &state.checklist.complaint {
        let ink = theme.outcome(Outcome::Fail).ink;
        let line = cut_top(&mut room, 20.0);
        text::label(ui, line, LEFT, complaint, &look(medium(12.0), ink));
    }
    room.min.y += 8.0;
    if state.checklist.draft == Draft::None {
        choices(ui, room, item, out);
    } else {
        finish(ui, room, state, out);
    }
}

/// What is decided or written, and what it is bound to.
pub(crate) fn heading(ui: &Ui, head: Rect, state: &State) {
    let theme = Theme::of(ui);
    let title = match state.checklist.draft {
        Draft::None => "Your decision",
        Draft::Overrule(_) => "Overrule: this holds instead",
        Draft::Waive => "Waive: accepted until a date",
        Draft::NotApplicable => "Not applicable, because",
        Draft::Finding(_) => "Finding: what is so",
        Draft::Action => "Action: what is to be done, by whom, until when",
        Draft::Note => "Note",
    };
    text::label(ui, head, LEFT, title, &look(regular(12.0), theme.text_2));
    let digest = state
        .checklist
        .review
        .as_ref()
        .map(|review| format::digest(&review.evidence_digest));
    let words = format!("bound to {}", digest.unwrap_or_default());
    text::label(ui, head, RIGHT, &words, &look(regular(12.0), theme.text_3));
}

/// Height of what a draft asks for beside the reason.
pub(crate) const DETAILS: f32 = 34.0;

/// What a draft asks for beside the reason: outcome, date, severity, owner.
pub(crate) fn details(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    match state.checklist.draft {
        Draft::Overrule(chosen) => outcomes(ui, rect, chosen, out),
        Draft::Waive => until(ui, rect, state, out),
        Draft::Finding(chosen) => severities(ui, rect, chosen, out),
        Draft::Action => owner_and_day(ui, rect, state, out),
        Draft::None | Draft::NotApplicable | Draft::Note => {}
    }
}

fn outcomes(ui: &Ui, rect: Rect, chosen: Outcome, out: &mut Vec<Command>) {
    let mut left = rect.left();
    for of in OUTCOMES {
        let loudness = if of == chosen {
            Loudness::On
        } else {
            Loudness::Plain
        };
        let words = format!("\u{2003} {}", of.label());
        let name = format!("Holds instead: {}", of.label().to_lowercase());
        let button = Button::new(&words).name(&name).loudness(loudness);
        let place = Rect::from_min_size(
            pos2(left, rect.top()),
            vec2(button.width(ui), CONTROL_SMALL + 2.0),
        );
        if button.show(ui, place, "overrule").clicked() {
            out.push(Command::DraftOverrule(of));
        }
        outcome::paint(ui, pos2(place.left() + 15.0, place.center().y), 11.0, of);
        left = place.right() + 6.0;
    }
}

fn severities(ui: &Ui, rect: Rect, chosen: Severity, out: &mut Vec<Command>) {
    let mut left = rect.left();
    for severity in Severity::ALL {
        let loudness = if severity == chosen {
            Loudness::On
        } else {
            Loudness::Plain
        };
        let name = format!("Severity: {}", severity.label());
        let button = Button::new(severity.label()).name(&name).loudness(loudness);
        let place = Rect::from_min_size(
            pos2(left, rect.top()),
            vec2(button.width(ui), CONTROL_SMALL + 2.0),
        );
        if button.show(ui, place, "severity").clicked() {
            out.push(Command::DraftFinding(severity));
        }
        left = place.right() + 6.0;
    }
}

fn owner_and_day(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let field = Field {
        id: OWNER,
        name: "Owner of the action",
        hint: "Owner",
        icon: icons::PIN,
        key: None,
        code: false,
        note: "",
        takes_tab: false,
        wrong: false,
    };
    let width = (rect.width() - 168.0).max(80.0);
    let place = Rect::from_min_size(rect.min, vec2(width, 26.0));
    let typed = field.show(ui, place, &state.checklist.owner);
    out.extend(typed.changed.map(Command::TypeOwner));
    let day = rect.with_min_x(rect.left() + width + 8.0);
    self::day(ui, day, "Last day of the action", state, out);
}

fn until(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    day(ui, rect, "Last day of the waiver", state, out);
}

fn day(ui: &mut Ui, rect: Rect, name: &'static str, state: &State, out: &mut Vec<Command>) {
    let field = Field {
        id: UNTIL,
        name,
        hint: "2026-12-31",
        icon: icons::CALENDAR,
        key: None,
        code: true,
        note: "",
        takes_tab: false,
        wrong: state
            .checklist
            .until
            .trim()
            .parse::<jiff::civil::Date>()
            .is_err(),
    };
    let place = Rect::from_min_size(rect.min, vec2(160.0, 26.0));
    let typed = field.show(ui, place, &state.checklist.until);
    out.extend(typed.changed.map(Command::TypeUntil));
}

/// The reason's field. Enter stores what is being written; Ctrl+Enter gives `ctrl_enter`.
pub(crate) fn reason(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    ctrl_enter: Command,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let frame = ui.painter().add(egui::Shape::Noop);
    let mut why = state.checklist.why.clone();
    let words = match state.checklist.draft {
        Draft::Finding(_) => "What is so, in a sentence",
        Draft::Action => "What is to be done, in a sentence",
        Draft::Note => "Anything that the next reader should know",
        _ => "Why? Needed for everything but confirm",
    };
    let hint = egui::RichText::new(words)
        .font(regular(12.5))
        .color(theme.text_3);
    let edit = TextEdit::multiline(&mut why)
        .id(field::id(REASON))
        .font(regular(12.5))
        .text_color(theme.text)
        .background_color(Color32::TRANSPARENT)
        .frame(egui::Frame::NONE)
        .margin(Margin::ZERO)
        .desired_rows(2)
        .return_key(egui::KeyboardShortcut::new(
            egui::Modifiers::SHIFT,
            egui::Key::Enter,
        ))
        .hint_text(hint);
    let response = ui.place(rect.shrink2(vec2(9.0, 8.0)), edit);
    field::name_field(ui, &response, "Reason");
    let focused = response.has_focus();
    let stroke = if focused {
        egui::Stroke::new(1.5, theme.accent)
    } else {
        theme.border()
    };
    ui.painter().set(
        frame,
        egui::epaint::RectShape::new(
            rect,
            RADIUS_CONTROL,
            theme.canvas,
            stroke,
            StrokeKind::Inside,
        ),
    );
    if response.changed() {
        out.push(Command::TypeReason(why));
    }
    if !focused {
        return;
    }
    let entered = |modifiers| ui.input_mut(|input| input.consume_key(modifiers, egui::Key::Enter));
    let is_draft = state.checklist.draft != Draft::None;
    if entered(egui::Modifiers::COMMAND) {
        let stores = ctrl_enter != Command::Decide || is_draft;
        out.extend(stores.then_some(ctrl_enter));
    } else if is_draft && entered(egui::Modifiers::NONE) {
        out.push(Command::Decide);
    }
}

fn choices(ui: &Ui, room: Rect, item: &LedgerItem, out: &mut Vec<Command>) {
    let confirm = if item.verdict.outcome == Outcome::NeedsPerson {
        "Confirm: done"
    } else {
        "Confirm"
    };
    let buttons = [
        (
            Button::new(confirm)
                .name("Confirm")
                .icon(icons::CHECK)
                .key("c")
                .primary(),
            Command::Confirm,
        ),
        (
            Button::new("Overrule…")
                .name("Overrule")
                .icon(icons::SWAP)
                .key("o"),
            Command::DraftOverrule(opposite(item)),
        ),
        (
            Button::new("Waive until…")
                .name("Waive until")
                .icon(icons::CALENDAR)
                .key("w"),
            Command::DraftWaive,
        ),
        (
            Button::new("N/A because…")
                .name("Not applicable because")
                .icon(icons::MINUS_CIRCLE)
                .key("a"),
            Command::DraftNotApplicable,
        ),
        (
            Button::new("Finding…")
                .name("Write down a finding")
                .key("f"),
            Command::DraftFinding(Severity::High),
        ),
        (
            Button::new("Action…").name("Write down an action").key("t"),
            Command::DraftAction,
        ),
    ];
    let width = (room.width() - 8.0) / 2.0;
    for (place, (button, command)) in buttons.into_iter().enumerate() {
        let (column, row) = ((place % 2) as f32, (place / 2) as f32);
        let at = room.min + vec2(column * (width + 8.0), row * (CONTROL + 8.0));
        if button
            .show(
                ui,
                Rect::from_min_size(at, vec2(width, CONTROL)),
                "decision",
            )
            .clicked()
        {
            out.push(command);
        }
    }
}

/// The buttons that store and drop what is being written.
pub(crate) fn finish(ui: &Ui, room: Rect, state: &State, out: &mut Vec<Command>) {
    let words = match state.checklist.draft {
        Draft::Overrule(_) => "Overrule",
        Draft::Waive => "Waive",
        Draft::Finding(_) => "Finding",
        Draft::Action => "Action",
        Draft::Note => "Note",
        Draft::None | Draft::NotApplicable => "Not applicable",
    };
    let name = format!("Store: {}", words.to_lowercase());
    let width = (room.width() - 8.0) / 2.0;
    let at = |column: f32| {
        Rect::from_min_size(
            room.min + vec2(column * (width + 8.0), 0.0),
            vec2(width, CONTROL),
        )
    };
    let store = Button::new(words)
        .name(&name)
        .icon(icons::CHECK)
        .key("Enter")
        .primary();
    if store.show(ui, at(0.0), "draft").clicked() {
        out.push(Command::Decide);
    }
    if Button::new("Cancel")
        .key("Esc")
        .show(ui, at(1.0), "draft")
        .clicked()
    {
        out.push(Command::DropDraft);
    }
}

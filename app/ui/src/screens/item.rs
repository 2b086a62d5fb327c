//! What is shown of an item wherever it is: threshold, evidence, remedy and decision.

use crate::{
    command::{Command, Request},
    icons,
    theme::{CONTROL_SMALL, Theme, mono, regular, semibold},
    widgets::{
        bar::cut_top,
        button::Button,
        chip, command_box, hline, outcome,
        text::{self, LEFT, look},
    },
};
use egui::{Rect, Ui, pos2, vec2};
use scrutineer_checklists::{
    document::LedgerItem,
    review::{Choice, Decision, Standing},
    verdict::{Confidence, EvidenceLine},
};
use scrutineer_evidence::Kind;

/// How far the machine's answer can be trusted, in words.
pub(crate) fn confidence_words(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Strong => "S strong",
        Confidence::Indicative => "I indicative",
        Confidence::Manual => "M manual",
    }
}

/// A line across `rect`, with space above and below.
pub(crate) fn line(ui: &Ui, room: &mut Rect, rect: Rect) {
    room.min.y += 12.0;
    hline(ui, rect, room.top(), Theme::of(ui).hairline());
    room.min.y += 12.0;
}

/// The number against its threshold.
pub(crate) fn threshold(ui: &Ui, room: &mut Rect, rect: Rect, item: &LedgerItem) {
    let theme = Theme::of(ui);
    let head = cut_top(room, 20.0);
    text::label(
        ui,
        head,
        LEFT,
        "Number against threshold",
        &look(regular(12.0), theme.text_3),
    );
    if !item.source.is_empty() {
        let width = chip::tag_width(ui, &item.source, false).min(head.width() * 0.5);
        chip::tag(
            ui,
            pos2(head.right() - width, head.center().y),
            &item.source,
            None,
        );
    }
    if !item.verdict.number.is_empty() {
        let ink = theme.outcome(item.verdict.outcome).ink;
        room.min.y += 4.0;
        let place = text::wrapped(
            ui,
            *room,
            &item.verdict.number,
            &look(mono(15.0), ink),
            22.0,
        );
        room.min.y = place.bottom();
    }
    room.min.y += 2.0;
    let look = look(regular(12.5), theme.text_2);
    let words = format!("Threshold: {}", item.verdict.threshold);
    room.min.y = text::wrapped(ui, *room, &words, &look, 18.0).bottom();
    if let Some(window) = &item.verdict.window {
        let words = format!("Window {window}.");
        room.min.y = text::wrapped(ui, *room, &words, &look, 18.0).bottom();
    }
    line(ui, room, rect);
}

/// What was read.
pub(crate) fn evidence(ui: &Ui, room: &mut Rect, rect: Rect, lines: &[EvidenceLine]) {
    let theme = Theme::of(ui);
    let head = cut_top(room, 18.0);
    text::label(
        ui,
        head,
        LEFT,
        "Evidence",
        &look(regular(12.0), theme.text_3),
    );
    if lines.is_empty() {
        let words = "None was gathered for this item.";
        let place = text::wrapped(ui, *room, words, &look(regular(12.5), theme.text_2), 18.0);
        room.min.y = place.bottom();
    }
    for evidence in lines {
        let name = evidence.kind.name();
        let width = chip::tag_width(ui, name, false);
        let words = Rect::from_min_max(
            room.min + vec2(23.0, 5.0),
            pos2(room.right() - width - 10.0, room.bottom()),
        );
        let place = text::wrapped(
            ui,
            words,
            &evidence.text,
            &look(regular(12.5), theme.text),
            17.0,
        );
        let height = place.height().max(18.0) + 10.0;
        let icon = Rect::from_min_size(room.min + vec2(0.0, 6.0), vec2(15.0, 15.0));
        text::icon(ui, icon, icon_of(evidence.kind), 15.0, theme.accent);
        chip::tag(
            ui,
            pos2(room.right() - width, room.top() + 14.0),
            name,
            None,
        );
        room.min.y += height;
        hline(ui, *room, room.top(), egui::Stroke::new(1.0, theme.grid));
    }
    line(ui, room, rect);
}

fn icon_of(kind: Kind) -> char {
    match kind {
        Kind::Process => icons::TERMINAL,
        Kind::Residency => icons::CHART,
        Kind::Tasks => icons::STACK,
        Kind::Sockets => icons::PLUGS,
        Kind::Cgroup | Kind::Databases | Kind::Caches => icons::CUBE,
        Kind::System => icons::DESKTOP,
        Kind::Http => icons::GLOBE,
        Kind::Traffic => icons::PULSE,
        Kind::Capture | Kind::Waits => icons::FLAME,
        Kind::History => icons::CLOCK,
        Kind::Source => icons::CODE,
        Kind::Declared => icons::FILE,
    }
}

/// What to do, and why it matters.
pub(crate) fn remedy(ui: &mut Ui, room: &mut Rect, item: &LedgerItem) {
    let theme = Theme::of(ui);
    let head = cut_top(room, 18.0);
    text::label(
        ui,
        head,
        LEFT,
        "What to do",
        &look(regular(12.0), theme.text_3),
    );
    let place = text::wrapped(
        ui,
        *room,
        &item.remedy,
        &look(regular(13.0), theme.text),
        18.0,
    );
    room.min.y = place.bottom();
    if !item.risk.is_empty() {
        room.min.y += 8.0;
        let words = format!("Why it matters: {}", item.risk);
        let place = text::wrapped(ui, *room, &words, &look(regular(12.5), theme.text_2), 18.0);
        room.min.y = place.bottom();
    }
    for link in &item.links {
        room.min.y += 8.0;
        room.min.y += command_box::show(ui, *room, link);
    }
}

/// The decision that was made, with how it stands.
pub(crate) fn decided(
    ui: &Ui,
    room: &mut Rect,
    item: &LedgerItem,
    made: &Decision,
    standing: &Standing,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let lapsed = matches!(standing, Standing::Lapsed(_));
    let head = cut_top(room, 24.0);
    let title = if lapsed {
        "Decision, lapsed: decide again"
    } else {
        "Decision"
    };
    text::label(ui, head, LEFT, title, &look(regular(12.0), theme.text_3));
    let undo = Button::new("Take back").icon(icons::UNDO);
    let width = undo.width(ui);
    let place = Rect::from_min_size(
        pos2(head.right() - width, head.top()),
        vec2(width, CONTROL_SMALL),
    );
    if undo.show(ui, place, &item.id).clicked() {
        out.push(Command::Ask(Request::Undecide {
            item: item.id.clone(),
        }));
    }
    room.min.y += 4.0;
    outcome::paint(ui, room.min + vec2(6.5, 9.0), 12.0, item.effective);
    let words = Rect::from_min_max(room.min + vec2(22.0, 0.0), room.max);
    let at = made
        .at
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%-d %b %Y %H:%M");
    let sentence = format!("{} by {}, {at}", choice_words(&made.choice), made.by);
    let style = look(semibold(13.0), theme.text).struck(lapsed);
    let place = text::wrapped(ui, words, &sentence, &style, 18.0);
    room.min.y = place.bottom();
    if !made.why.is_empty() {
        let words = words.with_min_y(room.top());
        let style = look(regular(13.0), theme.text_2).struck(lapsed);
        room.min.y = text::wrapped(ui, words, &made.why, &style, 18.0).bottom();
    }
    if let Standing::Lapsed(why) = standing {
        let words = words.with_min_y(room.top() + 2.0);
        let ink = theme
            .outcome(scrutineer_checklists::verdict::Outcome::Attention)
            .ink;
        let sentence = format!("Lapsed: {why}");
        room.min.y = text::wrapped(ui, words, &sentence, &look(regular(12.5), ink), 18.0).bottom();
    }
}

/// `Waived until 2026-12-31`.
fn choice_words(choice: &Choice) -> String {
    match choice {
        Choice::Confirm => "Confirmed".to_owned(),
        Choice::Overrule(outcome) => format!("Overruled to {}", outcome.label().to_lowercase()),
        Choice::Waive { until } => format!("Waived until {until}"),
        Choice::NotApplicable => "Not applicable".to_owned(),
    }
}

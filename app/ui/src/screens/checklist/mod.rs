//! Checklist: 8 sections, 56 items, each with its verdict, evidence and people's decision.

mod inspector;
mod ledger;
mod written;

use egui::{Key, Rect, Ui, pos2, vec2};

use super::{Binding, free_key, key};
use crate::{
    command::Command,
    format, icons,
    state::{
        State,
        checklist::{Show, is_open},
    },
    theme::{CONTROL, Theme, regular},
    widgets::{
        bar::{Bar, cut_right, cut_top},
        button::Button,
        empty,
        field::Field,
        hline, segmented,
        text::{self, RIGHT, look},
        verdict_strip, vline,
    },
};

pub(super) use ledger::spoken;

/// Id of the filter field.
pub(crate) const SEARCH: &str = "filter items";
/// Id of the reason's field.
pub(crate) const REASON: &str = "reason";
/// Id of the date's field.
pub(crate) const UNTIL: &str = "waive until";
/// Id of the owner's field.
pub(crate) const OWNER: &str = "owner";

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[
    &[
        key(Key::J, |_| Some(Command::StepItem(1))),
        key(Key::K, |_| Some(Command::StepItem(-1))),
        free_key(Key::ArrowDown, |_| Some(Command::StepItem(1))),
        free_key(Key::ArrowUp, |_| Some(Command::StepItem(-1))),
    ],
    super::decision::KEYS,
];

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(review) = &state.checklist.review else {
        nothing(ui, rect, state, out);
        return;
    };
    let theme = Theme::of(ui);
    let mut rect = rect;
    let narrow = super::profile::is_narrow(rect);
    let width = if narrow {
        (rect.width() * 0.42).min(360.0)
    } else {
        403.0
    };
    let side = cut_right(&mut rect, width);
    ui.painter().rect_filled(side, 0.0, theme.panel);
    vline(ui, side, side.left() + 1.0, theme.hairline());
    inspector::show(ui, side, state, out);
    let strip = cut_top(&mut rect, verdict_strip::HEIGHT);
    ui.painter().rect_filled(strip, 0.0, theme.panel);
    hline(ui, strip, strip.bottom(), theme.hairline());
    verdict_strip::show(ui, strip, &review.counts());
    let tools_rect = cut_top(&mut rect, 43.0);
    tools(ui, tools_rect, state, out);
    if state.checklist.show == Show::Written {
        written::show(ui, rect, &review.people, out);
    } else {
        ledger::show(ui, rect, state, out);
    }
}

fn tools(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let Some(review) = &state.checklist.review else {
        return;
    };
    let mut bar = Bar::new(rect, 14.0, 8.0);
    let open = format!(
        "Open {}",
        review.items().filter(|item| is_open(item)).count()
    );
    let decided = review
        .items()
        .filter(|item| item.decision.is_some())
        .count();
    let decided = format!("Decided {decided}");
    let people = &review.people;
    let written = people.findings.len() + people.actions.len() + people.notes.len();
    let written = format!("Written {written}");
    let segments = [
        "All".into(),
        open.as_str().into(),
        decided.as_str().into(),
        written.as_str().into(),
    ];
    let shows = [Show::All, Show::Open, Show::Decided, Show::Written];
    let at = shows
        .iter()
        .position(|show| *show == state.checklist.show)
        .unwrap_or_default();
    let place = bar.left(segmented::width(ui, &segments), CONTROL);
    if let Some(chosen) = segmented::show(ui, place, "items", &segments, at) {
        out.push(Command::ShowItems(shows[chosen]));
    }
    let field = Field {
        id: SEARCH,
        name: "Filter items",
        hint: "Filter items",
        icon: icons::SEARCH,
        key: Some("/"),
        code: false,
        note: "",
        wrong: false,
        takes_tab: false,
    };
    let place = bar.left(190.0_f32.min(bar.free.width()), CONTROL);
    let typed = field.show(ui, place, &state.checklist.filter);
    out.extend(typed.changed.map(Command::FilterItems));
    let judged = review
        .judged_at
        .to_zoned(jiff::tz::TimeZone::system())
        .strftime("%H:%M");
    let (had, all) = review.facts;
    let words = format!(
        "Judged {judged} from {had} of {all} facts, digest {}",
        format::digest(&review.evidence_digest)
    );
    let room = bar.free.with_min_x(bar.free.left() + 8.0);
    text::label(ui, room, RIGHT, &words, &look(regular(12.0), theme.text_3));
}

/// What is shown where nothing is judged.
pub(super) fn nothing(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let under_way = state
        .jobs
        .iter()
        .any(|job| job.title.to_lowercase().contains("evidence"));
    if under_way {
        let words = "The checklist appears when the probes have answered.";
        let band = Rect::from_min_max(
            rect.min + vec2(14.0, 14.0),
            pos2(rect.max.x, rect.center().y),
        );
        empty::skeleton(ui, band, 24.0);
        empty::show(ui, rect, "Gathering evidence", words, &[]);
        return;
    }
    let gather = Button::new("Gather evidence").primary().icon(icons::RELOAD);
    let demo = Button::new("Open the demo").icon(icons::SPARKLE);
    let words = "Gather evidence about the open capture's target, or about the process selected \
                 on the start screen.";
    match empty::show(ui, rect, "Nothing is judged yet", words, &[gather, demo]) {
        Some(0) => out.push(Command::Gather),
        Some(_) => out.push(Command::Ask(crate::command::Request::RunDemo)),
        None => {}
    }
}

/// Where we are.
pub(crate) fn crumbs(state: &State) -> Vec<String> {
    let mut crumbs = vec!["Checklist".to_owned()];
    let process = state
        .checklist
        .review
        .as_ref()
        .and_then(|review| review.process.as_ref());
    crumbs.extend(process.map(|process| format!("{} {}", process.name, process.pid)));
    crumbs.push("Performance".to_owned());
    crumbs
}

/// Buttons of the head.
pub(crate) fn actions(ui: &mut Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let gather = Button::new("Gather evidence").icon(icons::RELOAD);
    if gather
        .show(ui, bar.right(gather.width(ui), CONTROL), "head")
        .clicked()
    {
        out.push(Command::Gather);
    }
    if state.checklist.review.is_some() {
        let freeze = Button::new("Freeze")
            .name("Freeze a milestone")
            .icon(icons::SHIELD_CHECK);
        if freeze
            .show(ui, bar.right(freeze.width(ui), CONTROL), "head")
            .clicked()
        {
            out.push(Command::OpenFreeze);
        }
        let export = Button::new("Export").icon(icons::EXPORT);
        if export
            .show(ui, bar.right(export.width(ui), CONTROL), "head")
            .clicked()
        {
            out.push(Command::OpenExport);
        }
    }
}

/// Words of the status line.
pub(crate) fn status(state: &State) -> Vec<String> {
    let Some(review) = &state.checklist.review else {
        return Vec::new();
    };
    let mut words = vec![review.checklist.clone()];
    words.extend(
        review
            .commit
            .as_ref()
            .map(|commit| commit.chars().take(7).collect()),
    );
    words.extend(review.traffic.as_ref().map(|traffic| {
        format!(
            "{} requests in {:.0} s",
            format::count(traffic.requests),
            traffic.window_s
        )
    }));
    words
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[
        ("j  k", "next item"),
        ("c", "confirm"),
        ("o", "overrule"),
        ("w", "waive"),
        ("f  t  n", "finding, action, note"),
        ("Ctrl E", "export"),
    ]
}

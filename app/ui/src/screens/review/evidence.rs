//! The evidence of an item, as large as there is room: flame graphs, pinned views, facts.

use egui::{Rect, ScrollArea, StrokeKind, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::document::{LedgerItem, PinnedView, ReviewDocument};
use scrutineer_evidence::trust;
use scrutineer_profiler::profile::Weight;

use crate::{
    command::{Command, Request, ReviewAction},
    format, icons,
    review::{BoundCapture, WeighedPicture},
    screens::item as parts,
    state::{State, review::View},
    theme::{CONTROL, RADIUS_PANEL, Theme, regular, semibold},
    widgets::{
        bar::{Bar, cut_bottom, cut_top},
        button::{Button, Loudness},
        flame::{Flame, Part},
        flame_picture, key_cap,
        segmented::{self, Segment},
        text::{self, LEFT, RIGHT, look},
        trust_strip,
    },
};

/// Shows the evidence with the ways of looking at it.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    item: &LedgerItem,
    is_large: bool,
    out: &mut Vec<Command>,
) {
    let Some(review) = state.checklist.review.clone() else {
        return;
    };
    let mut rect = rect;
    let views = state.review.views(&review);
    let view = state.review.view_of(&review, item);
    let line = cut_top(&mut rect, CONTROL + 4.0);
    tools(ui, line, state, (&review, item), &views, view, out);
    rect.min.y += 8.0;
    let capture = state.review.capture.clone();
    let picture = view.weight().and_then(|weight| {
        let capture = capture.as_ref()?;
        Some((capture, capture.picture(weight)?))
    });
    if let Some((capture, picture)) = picture {
        let line = cut_bottom(&mut rect, trust_strip::HEIGHT);
        trust_line(ui, line, capture);
        frame(ui, rect);
        let inner = rect.shrink(1.0);
        flame(ui, inner, state, (capture, picture), is_large, out);
    } else if view == View::Pins {
        frame(ui, rect);
        pins(ui, rect.shrink(1.0), &review.pins, is_large);
    } else {
        frame(ui, rect);
        facts(ui, rect.shrink(1.0), item);
    }
}

fn frame(ui: &Ui, rect: Rect) {
    let theme = Theme::of(ui);
    ui.painter().rect(
        rect,
        RADIUS_PANEL,
        theme.canvas,
        theme.hairline(),
        StrokeKind::Inside,
    );
}

fn tools(
    ui: &Ui,
    rect: Rect,
    state: &State,
    (review, item): (&ReviewDocument, &LedgerItem),
    views: &[View],
    view: View,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 0.0, 6.0);
    let words: Vec<String> = views
        .iter()
        .map(|view| match view {
            View::Cpu => "On-CPU flame".to_owned(),
            View::Waits => "Off-CPU flame".to_owned(),
            View::Pins => format!("Pinned {}", review.pins.len()),
            View::Facts => format!("Facts {}", item.verdict.evidence.len()),
        })
        .collect();
    let segments: Vec<Segment<'_>> = words
        .iter()
        .zip(views)
        .map(|(words, view)| Segment {
            words,
            icon: view.weight().map(|_| icons::FLAME),
        })
        .collect();
    let at = views.iter().position(|other| *other == view);
    let place = bar.left(segmented::width(ui, &segments), CONTROL);
    if let Some(chosen) = segmented::show(ui, place, "views", &segments, at.unwrap_or_default()) {
        out.push(Command::Review(ReviewAction::Show(views[chosen])));
    }
    let cap = key_cap::width(ui, "Space");
    if bar.free.width() > cap + 2.0 * CONTROL + 24.0 {
        let place = bar.right(cap, 17.0);
        key_cap::paint(ui, place.left_center(), "Space");
    }
    // What does not fit is a key away: Space, and the palette.
    if bar.free.width() < 2.0 * CONTROL + 12.0 {
        return;
    }
    let name = if state.review.full {
        "Leave the full screen"
    } else {
        "Picture full screen"
    };
    let full = Button::icon_only(icons::CORNERS_OUT, name).loudness(Loudness::Quiet);
    if full
        .show(ui, bar.right(CONTROL, CONTROL), "evidence")
        .clicked()
    {
        out.push(Command::Review(ReviewAction::ToggleFull));
    }
    if let Some(capture) = &state.review.capture {
        let open = Button::icon_only(icons::FLAME, "Open the capture in the profile screen")
            .loudness(Loudness::Quiet);
        if open
            .show(ui, bar.right(CONTROL, CONTROL), "evidence")
            .clicked()
        {
            out.push(Command::Ask(Request::Open(capture.path.clone())));
        }
    }
    let words = said_of_capture(state, review);
    if bar.free.width() > 80.0 {
        let ink = look(regular(12.0), theme.text_3);
        text::label(ui, bar.free, RIGHT, &words, &ink);
    }
}

/// Why there is no picture, where there is none.
fn said_of_capture(state: &State, review: &ReviewDocument) -> String {
    match (&review.capture, &state.review.capture) {
        (Some(_), None) if state.review.loads => "Reading the capture…".to_owned(),
        (Some(facts), None) => format!("{} is not kept here", facts.file),
        (None, _) => "Judged without a capture".to_owned(),
        (Some(_), Some(_)) => String::new(),
    }
}

fn trust_line(ui: &Ui, rect: Rect, capture: &BoundCapture) {
    let profile = &capture.profile;
    let trust = trust::judge(&profile.quality, &profile.conditions());
    trust_strip::show(ui, rect, profile.quality.samples, &trust);
}

fn flame(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    (capture, picture): (&BoundCapture, &WeighedPicture),
    is_large: bool,
    out: &mut Vec<Command>,
) {
    let profile = &capture.profile;
    let sight = &state.review.sight;
    let threads = profile.threads.len();
    let noun = if threads == 1 { "thread" } else { "threads" };
    let kind = if picture.weight == Weight::Wait {
        "off-CPU"
    } else {
        "on-CPU"
    };
    let title = format!("{kind} · {} · {threads} {noun}", profile.header.name);
    let flame = Flame {
        part: Part::Review,
        profile,
        tree: &picture.tree,
        layout: &picture.layout,
        window: sight.window,
        moves: sight.moves,
        scroll: sight.scroll,
        selected: sight.selected,
        matches: None,
        unit: profile.unit(picture.weight),
        whole: picture.layout.total,
        title: &title,
        compared: None,
        place_of: &|_| None,
        is_large,
    };
    let acts = flame.show(ui, rect);
    let acts = acts.into_iter().map(ReviewAction::Flame);
    out.extend(acts.map(Command::Review));
}

fn pins(ui: &mut Ui, rect: Rect, pins: &[PinnedView], is_large: bool) {
    let theme = Theme::of(ui);
    let row = if is_large { 24.0 } else { 18.0 };
    let mut inner = ui.new_child(UiBuilder::new().id_salt("pinned").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut room = Rect::from_min_max(
                pos2(rect.left() + 12.0, top + 8.0),
                pos2(rect.right() - 12.0, top + 100_000.0),
            );
            for pin in pins {
                let line = cut_top(&mut room, 22.0);
                let ink = look(semibold(13.0), theme.text);
                let title = text::label(ui, line, LEFT, &pin.title, &ink);
                let of = format!(
                    "{} · {} · {}",
                    pin.total,
                    pin.scope.join(" · "),
                    format::digest(&pin.capture.digest)
                );
                let beside = line.with_min_x(title.right() + 12.0);
                text::label(ui, beside, LEFT, &of, &look(regular(12.0), theme.text_3));
                if !pin.note.is_empty() {
                    let ink = look(regular(13.0), theme.text_2);
                    let place = text::wrapped(ui, room, &pin.note, &ink, 18.0);
                    room.min.y = place.bottom() + 4.0;
                }
                let deepest = pin.picture.boxes.iter().map(|frame| frame.depth).max();
                let rows = f32::from(deepest.unwrap_or_default()) + 1.0;
                let place = cut_top(&mut room, rows * row);
                flame_picture::paint(ui, place, pin, Some(row));
                text::announce(ui, place, &format!("picture of {}", pin.title));
                room.min.y += 16.0;
            }
            ui.allocate_space(vec2(1.0, room.top() - top));
        });
}

fn facts(ui: &mut Ui, rect: Rect, item: &LedgerItem) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt("facts").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut room = Rect::from_min_max(
                pos2(rect.left() + 16.0, top + 12.0),
                pos2(rect.right() - 16.0, top + 100_000.0),
            );
            parts::evidence(ui, &mut room, rect, &item.verdict.evidence);
            parts::threshold(ui, &mut room, rect, item);
            parts::remedy(ui, &mut room, item);
            ui.allocate_space(vec2(1.0, room.top() - top + 12.0));
        });
}

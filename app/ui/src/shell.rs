//! What surrounds the screens: rail, head, status line, notices, jobs and layers.

use egui::{Align2, Area, CornerRadius, Id, Order, Rect, Role, Sense, Stroke, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use crate::{
    command::{Command, Request, Screen},
    export, format, freeze, icons, note, palette,
    screens::{self, Entry, SCREENS},
    sheet, sign_off,
    state::State,
    theme::{CONTROL, RADIUS_CONTROL, Theme, medium, mono, regular, semibold},
    widgets::{
        self, banner,
        bar::{Bar, cut_bottom, cut_left, cut_top},
        button::{Button, Loudness},
        child, clickable, hline, job_line, key_cap, tab_strip,
        text::{self, CENTER, LEFT, look},
        vline,
    },
};

const RAIL: f32 = 64.0;
const HEAD: f32 = 44.0;
const STATUS: f32 = 24.0;

/// Paints the whole window.
pub(crate) fn show(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut rect = ui.max_rect();
    let entry = screens::of(state.screen);
    ui.painter().rect_filled(rect, 0.0, theme.canvas);
    if state.fills_window() {
        content(ui, rect, state, entry, out);
        jobs(ui, rect, state, out);
        layers(ui, state, out);
        return;
    }
    let rail_rect = cut_left(&mut rect, RAIL);
    let head_rect = cut_top(&mut rect, HEAD);
    let status_rect = cut_bottom(&mut rect, STATUS);
    rail(ui, rail_rect, state, out);
    head(ui, head_rect, state, entry, out);
    notices(ui, &mut rect, state, out);
    let has_tabs = matches!(state.screen, Screen::Profile | Screen::Memory);
    if has_tabs && tab_strip::is_shown(state) {
        let strip = cut_top(&mut rect, tab_strip::HEIGHT);
        tab_strip::show(ui, strip, state, out);
    }
    content(ui, rect, state, entry, out);
    status(ui, status_rect, state, entry);
    jobs(ui, rect, state, out);
    layers(ui, state, out);
    drop_hint(ui, rect);
}

/// What lies over the screen.
fn layers(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    palette::show(ui, state, out);
    sheet::show(ui, state, out);
    export::show(ui, state, out);
    freeze::show(ui, state, out);
    note::show(ui, state, out);
    sign_off::show(ui, state, out);
    screens::review::show_boxes(ui, state, out);
}

/// The least room that a screen can be laid out in; below it, it scrolls.
fn least_size(screen: Screen) -> egui::Vec2 {
    match screen {
        Screen::Start => vec2(880.0, 560.0),
        Screen::Memory => vec2(860.0, 540.0),
        Screen::Checklist => vec2(760.0, 480.0),
        Screen::Review => vec2(740.0, 560.0),
        // They lay themselves out in any room.
        _ => egui::Vec2::ZERO,
    }
}

fn content(ui: &mut Ui, rect: Rect, state: &State, entry: &Entry, out: &mut Vec<Command>) {
    let least = least_size(entry.screen);
    let mut content = child(ui, rect, entry.label);
    if rect.width() >= least.x && rect.height() >= least.y {
        (entry.show)(&mut content, rect, state, out);
        return;
    }
    let size = rect.size().max(least);
    egui::ScrollArea::both()
        .auto_shrink(false)
        .show(&mut content, |ui| {
            let (room, _) = ui.allocate_exact_size(size, Sense::hover());
            let mut inner = child(ui, room, entry.label);
            (entry.show)(&mut inner, room, state, out);
        });
}

fn rail(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    vline(ui, rect, rect.right(), theme.hairline());
    logo(ui, rect.min + vec2(20.0, 13.0));
    for (place, entry) in SCREENS.iter().enumerate() {
        let top = match entry.screen {
            Screen::Settings => rect.bottom() - 106.0,
            _ => rect.top() + 50.0 + place as f32 * 50.0,
        };
        let on = state.screen == entry.screen;
        if rail_item(ui, rect, top, entry.icon, entry.label, on).clicked() {
            out.push(Command::Go(entry.screen));
        }
        if entry.screen == Screen::Checklist {
            badge(ui, pos2(rect.left() + 45.0, top + 11.0), state);
        }
    }
    let keys = rail_item(
        ui,
        rect,
        rect.bottom() - 56.0,
        icons::KEYBOARD,
        "Keys ?",
        false,
    );
    if keys.clicked() {
        out.push(Command::ToggleSheet);
    }
}

fn rail_item(ui: &Ui, rail: Rect, top: f32, icon: char, label: &str, on: bool) -> egui::Response {
    let theme = Theme::of(ui);
    let rect = Rect::from_min_size(pos2(rail.left() + 4.0, top), vec2(56.0, 48.0));
    let id = Id::unique(("rail", label));
    let response = ui.interact(rect, id, Sense::click());
    let name = label.trim_end_matches(" ?");
    response.widget_info(|| egui::WidgetInfo::selected(Role::Tab, true, on, name));
    widgets::focus_ring(ui, &response);
    if on {
        ui.painter()
            .rect_filled(rect, RADIUS_CONTROL, theme.accent_fill);
        let mark = Rect::from_min_size(pos2(rail.left(), top + 12.0), vec2(2.0, 24.0));
        let corners = CornerRadius {
            ne: 2,
            se: 2,
            ..CornerRadius::ZERO
        };
        ui.painter().rect_filled(mark, corners, theme.accent);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, RADIUS_CONTROL, theme.hover);
    }
    let ink = if on { theme.text } else { theme.text_3 };
    let above = Rect::from_center_size(pos2(rect.center().x, top + 16.0), vec2(19.0, 19.0));
    text::icon(ui, above, icon, 19.0, ink);
    let below = Rect::from_center_size(pos2(rect.center().x, top + 35.0), vec2(56.0, 14.0));
    let font = if on { medium(11.0) } else { regular(11.0) };
    text::paint(ui, below, CENTER, label, &look(font, ink));
    response
}

fn badge(ui: &Ui, center: egui::Pos2, state: &State) {
    let theme = Theme::of(ui);
    let fails = state
        .checklist
        .review
        .as_ref()
        .map(|review| review.counts()[&Outcome::Fail]);
    let Some(fails) = fails.filter(|fails| *fails > 0) else {
        return;
    };
    let words = fails.to_string();
    let width = (text::width(ui, &words, semibold(10.0)) + 8.0).max(15.0);
    let rect = Rect::from_center_size(center, vec2(width, 15.0));
    ui.painter()
        .rect_filled(rect, 8.0, theme.outcome(Outcome::Fail).mark);
    let ink = if ui.visuals().dark_mode {
        theme.canvas
    } else {
        theme.panel
    };
    text::paint(ui, rect, CENTER, &words, &look(semibold(10.0), ink));
}

fn logo(ui: &Ui, at: egui::Pos2) {
    use scrutineer_profiler::profile::Category;
    let theme = Theme::of(ui);
    let own = theme.category(Category::Own);
    for (x, y, width, color) in [
        (0.0, 0.0, 23.0, theme.accent),
        (0.0, 6.5, 13.0, own),
        (0.0, 13.0, 7.0, theme.outcome(Outcome::Pass).mark),
    ] {
        let rect = Rect::from_min_size(at + vec2(x, y), vec2(width, 4.5));
        ui.painter().rect_filled(rect, 1.5, color);
    }
    let stroke = Stroke::new(1.6, theme.text);
    let center = at + vec2(17.0, 12.0);
    ui.painter().circle(center, 4.2, theme.panel, stroke);
    ui.painter()
        .line_segment([center + vec2(3.0, 3.0), center + vec2(6.2, 6.2)], stroke);
}

fn head(ui: &mut Ui, rect: Rect, state: &State, entry: &Entry, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let mut bar = Bar::new(rect, 10.0, 0.0);
    let (back, forward) = state.history.ways();
    let ways = [
        (icons::ARROW_LEFT, "Back", back, Command::Back),
        (icons::ARROW_RIGHT, "Forward", forward, Command::Forward),
    ];
    for (icon, name, open, command) in ways {
        let button = Button::icon_only(icon, name)
            .loudness(Loudness::Quiet)
            .enabled(open);
        if quiet(ui, bar.left(24.0, 24.0), &button, icon, open).clicked() && open {
            out.push(command);
        }
    }
    bar.free.min.x += 9.0;
    let mut right = Bar::new(Rect::from_min_max(bar.free.min, rect.max), 0.0, 8.0);
    right.free.max.x = rect.right() - 13.0;
    (entry.actions)(ui, &mut right, state, out);
    recording(ui, &mut right, state, out);
    search(ui, &mut right, out);
    crumbs(
        ui,
        Rect::from_min_max(bar.free.min, right.free.max),
        &(entry.crumbs)(state),
    );
}

/// A button whose icon is dimmed instead of framed where it cannot be used.
fn quiet(ui: &Ui, rect: Rect, button: &Button<'_>, icon: char, open: bool) -> egui::Response {
    if open {
        return button.show(ui, rect, "head");
    }
    text::icon(ui, rect, icon, 15.0, Theme::of(ui).border);
    ui.interact(rect, Id::unique(("no way", icon)), Sense::hover())
}

fn crumbs(ui: &Ui, rect: Rect, crumbs: &[String]) {
    let theme = Theme::of(ui);
    let mut room = rect;
    for (place, crumb) in crumbs.iter().enumerate() {
        let last = place + 1 == crumbs.len();
        let look = if last {
            look(semibold(13.0), theme.text)
        } else {
            look(regular(13.0), theme.text_2)
        };
        let words = text::label(ui, room, LEFT, crumb, &look);
        room.min.x = words.right() + 9.0;
        if !last {
            let caret =
                Rect::from_min_size(pos2(room.min.x, rect.center().y - 6.0), vec2(9.0, 12.0));
            text::icon(ui, caret, icons::CARET_RIGHT, 11.0, theme.text_3);
            room.min.x += 18.0;
        }
    }
}

fn search(ui: &Ui, bar: &mut Bar, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let width = 252.0_f32.min(bar.free.width() - 120.0);
    if width < 90.0 {
        return;
    }
    let rect = bar.right(width, CONTROL);
    let response = clickable(
        ui,
        rect,
        Id::unique("open palette"),
        Role::Button,
        "Search or run a command",
    );
    widgets::well(ui, &response);
    let icon = Rect::from_center_size(pos2(rect.left() + 17.0, rect.center().y), vec2(15.0, 15.0));
    text::icon(ui, icon, icons::SEARCH, 15.0, theme.text_3);
    let cap = rect.right() - key_cap::width(ui, "Ctrl K") - 7.0;
    let room = Rect::from_min_max(
        pos2(rect.left() + 32.0, rect.top()),
        pos2(cap - 6.0, rect.bottom()),
    );
    text::paint(
        ui,
        room,
        LEFT,
        "Search or run a command",
        &look(regular(12.5), theme.text_3),
    );
    key_cap::paint(ui, pos2(cap, rect.center().y), "Ctrl K");
    if response.clicked() {
        out.push(Command::OpenPalette);
    }
}

/// The recording that runs, with its stop, on every screen.
fn recording(ui: &Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let Some(recording) = &state.recording else {
        return;
    };
    let theme = Theme::of(ui);
    let ink = theme.outcome(Outcome::Fail);
    let stop = Button::new(if recording.stopping {
        "Stopping…"
    } else {
        "Stop"
    })
    .filled_icon(icons::STOP, Some(ink.mark))
    .name("Stop the recording")
    .enabled(!recording.stopping);
    if stop
        .show(ui, bar.right(stop.width(ui), CONTROL), "recording")
        .clicked()
    {
        out.push(Command::StopRecording);
    }
    let words = format!(
        "{}  {} samples",
        format::clock(recording.elapsed),
        format::count(recording.quality.samples)
    );
    let width = text::width(ui, &words, mono(12.0)) + 34.0;
    let rect = bar.right(width, CONTROL);
    ui.painter().rect_filled(rect, RADIUS_CONTROL, ink.fill);
    let dot = Rect::from_center_size(pos2(rect.left() + 15.0, rect.center().y), vec2(13.0, 13.0));
    text::icon_filled(ui, dot, icons::RECORD, 13.0, ink.mark);
    let room = Rect::from_min_max(rect.min + vec2(26.0, 0.0), rect.max);
    text::paint(ui, room, LEFT, &words, &look(mono(12.0), theme.text));
    text::announce(ui, rect, &format!("Recording {words}"));
}

fn status(ui: &Ui, rect: Rect, state: &State, entry: &Entry) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let mut bar = Bar::new(rect, 12.0, 0.0);
    for (keys, words) in (entry.hints)(state).iter().rev() {
        let place = text::paint(
            ui,
            bar.free,
            text::RIGHT,
            words,
            &look(regular(11.0), theme.text_3),
        );
        bar.free.max.x = place.left() - 5.0;
        for key in keys.split("  ").collect::<Vec<_>>().into_iter().rev() {
            let width = key_cap::width(ui, key);
            key_cap::paint(ui, pos2(bar.free.right() - width, rect.center().y), key);
            bar.free.max.x -= width + 3.0;
        }
        bar.free.max.x -= 9.0;
    }
    let words = (entry.status)(state).join(" · ");
    text::label(
        ui,
        bar.free,
        LEFT,
        &words,
        &look(regular(11.0), theme.text_3),
    );
}

fn notices(ui: &mut Ui, rect: &mut Rect, state: &State, out: &mut Vec<Command>) {
    for notice in &state.notices {
        let room = Rect::from_min_max(rect.min + vec2(12.0, 8.0), rect.max - vec2(12.0, 0.0));
        let (height, dismissed) = banner::show(ui, room, notice);
        rect.min.y += height + 8.0;
        if dismissed {
            out.push(Command::Dismiss(notice.id));
        }
    }
}

fn jobs(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    if state.jobs.is_empty() {
        return;
    }
    let size = vec2(
        340.0,
        job_line::HEIGHT * state.jobs.len() as f32 + 8.0 * (state.jobs.len() - 1) as f32,
    );
    Area::new(Id::unique("jobs"))
        .order(Order::Middle)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(rect.max - vec2(14.0, 14.0))
        .fade_in(false)
        .accessible_name("Jobs")
        .show(ui.ctx(), |ui| {
            let (area, _) = ui.allocate_exact_size(size, Sense::hover());
            for (place, job) in state.jobs.iter().enumerate() {
                let top = area.top() + place as f32 * (job_line::HEIGHT + 8.0);
                let line =
                    Rect::from_min_size(pos2(area.left(), top), vec2(size.x, job_line::HEIGHT));
                if job_line::show(ui, line, job) {
                    out.push(Command::Ask(Request::Cancel(job.id)));
                }
            }
        });
}

/// Says where a dragged file may be dropped.
fn drop_hint(ui: &Ui, rect: Rect) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let theme = Theme::of(ui);
    let inner = rect.shrink(12.0);
    ui.painter().rect(
        inner,
        8.0,
        theme.accent_fill.gamma_multiply(0.9),
        Stroke::new(1.5, theme.accent),
        egui::StrokeKind::Inside,
    );
    text::paint(
        ui,
        inner,
        CENTER,
        "Drop to open the capture",
        &look(semibold(17.0), theme.text),
    );
}

//! A track a thread: when it ran, was ready to run, and waited for what.

use egui::{Color32, Id, Mesh, Pos2, Rect, Role, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::{
    capture::model::{NONE, WaitClass},
    profile::tracks::{RUNNING, Shares, waiting},
};

use super::timeline::ORDER;
use crate::{
    command::{Command, TimelineAction},
    format, icons,
    state::{
        State,
        profile::Open,
        timeline::{ThreadOrder, TimelineState},
    },
    theme::{Theme, medium, mono, regular},
    views::{
        tracks::{BINS, ThreadRow},
        waits::thread_name,
    },
    widgets::{
        self,
        field::Field,
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Id of the field that filters threads.
pub(crate) const FILTER: &str = "filter threads";
const ROW: f32 = 22.0;
/// Rows at least and at most, and the share of the screen's height that they may take.
const LEAST_ROWS: usize = 2;
const MOST_ROWS: usize = 12;
const SHARE_OF_SCREEN: f32 = 0.26;

/// Height of the tracks on a screen of this height.
pub(super) fn height(screen: f32, state: &State) -> f32 {
    rows_seen(screen, &state.profile.timeline) as f32 * ROW
}

fn rows_seen(screen: f32, timeline: &TimelineState) -> usize {
    let room = (screen * SHARE_OF_SCREEN / ROW) as usize;
    let least = if screen < 480.0 { 2 } else { LEAST_ROWS };
    let most = room.clamp(least, MOST_ROWS);
    let threads = timeline
        .tracks
        .as_ref()
        .map_or(0, |tracks| tracks.rows.len());
    threads.min(most)
}

/// The corner above the names: how many threads, and the field that filters them.
pub(super) fn corner(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let timeline = &state.profile.timeline;
    let threads = timeline
        .tracks
        .as_ref()
        .map_or(0, |tracks| tracks.rows.len());
    let listed = timeline.listed().len();
    let hidden = timeline.hidden_count();
    let noun = if threads == 1 { "thread" } else { "threads" };
    let hint = match hidden {
        0 => format!("{threads} {noun}"),
        hidden => format!("{threads} {noun}, {hidden} hidden"),
    };
    let note = format!("{listed}/{threads}");
    let field = Field {
        id: FILTER,
        name: "Filter threads",
        hint: &hint,
        icon: icons::SEARCH,
        key: None,
        code: false,
        note: &note,
        wrong: listed == 0 && threads > 0 && hidden < threads,
        takes_tab: false,
    };
    let place = rect.shrink2(vec2(6.0, 1.0));
    let typed = field.show(ui, place, &timeline.filter);
    if let Some(filter) = typed.changed {
        out.push(Command::Timeline(TimelineAction::Filter(filter)));
    }
}

/// Shows names and tracks.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    labels: Rect,
    state: &State,
    time: (f64, f64),
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let timeline = &state.profile.timeline;
    let Some(tracks) = &timeline.tracks else {
        return;
    };
    let listed = timeline.listed();
    let count = (rect.height() / ROW) as usize;
    let first = timeline.first_row.min(listed.len().saturating_sub(count));
    let whole = Rect::from_min_max(labels.min, rect.max);
    for (at, row) in listed.iter().skip(first).take(count).enumerate() {
        let top = rect.top() + at as f32 * ROW;
        let track = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + ROW));
        let label = track.with_min_x(labels.left()).with_max_x(labels.right());
        let chosen = state.profile.wanted.threads.as_ref();
        let is_chosen = chosen.is_none_or(|chosen| chosen.contains(&row.thread));
        name(ui, label, row, is_chosen, timeline, out);
        if let Some(bins) = tracks.by_thread.get(&row.thread) {
            let strip = track.shrink2(vec2(0.0, 3.0));
            paint(ui, strip, bins, tracks.window_s, time, is_chosen);
        }
        hline(ui, whole, top + ROW, Stroke::new(1.0, theme.grid));
    }
    thumb(ui, labels, first, count, listed.len());
    hline(ui, whole, rect.bottom(), theme.hairline());
}

/// Where one is in a list that is longer than its place.
fn thumb(ui: &Ui, labels: Rect, first: usize, count: usize, listed: usize) {
    if listed <= count {
        return;
    }
    let share = |rows: usize| labels.height() * rows as f32 / listed as f32;
    let top = labels.top() + share(first);
    let bar = Rect::from_min_size(
        pos2(labels.right() - 3.0, top),
        vec2(2.0, share(count).max(6.0)),
    );
    ui.painter().rect_filled(bar, 1.0, Theme::of(ui).border);
}

/// The box that chooses a thread, its name and share; a click on the name looks at it alone.
fn name(
    ui: &mut Ui,
    rect: Rect,
    row: &ThreadRow,
    is_chosen: bool,
    timeline: &TimelineState,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let share = format::percent(row.cpu);
    let ticked = tick(ui, rect, row, is_chosen);
    let place = Rect::from_min_max(rect.min + vec2(32.0, 0.0), rect.max - vec2(6.0, 0.0));
    let response = ui.interact(place, Id::unique(("thread", row.key)), egui::Sense::CLICK);
    let spoken = format!("thread {}, {}", row.name, share.replace('\u{a0}', " "));
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, &spoken));
    if response.hovered() {
        ui.painter().rect_filled(place, 3.0, theme.hover);
    }
    let ink = if is_chosen { theme.text } else { theme.text_3 };
    let numbers = text::paint(ui, place, RIGHT, &share, &look(mono(10.5), theme.text_3));
    let mut room = place.with_max_x(numbers.left() - 6.0);
    if timeline.pinned.contains(&row.key) {
        let pin = Rect::from_min_size(pos2(room.left(), room.center().y - 6.0), vec2(12.0, 12.0));
        text::icon(ui, pin, icons::PIN, 12.0, theme.accent);
        room.min.x += 15.0;
    }
    text::paint(ui, room, LEFT, &row.name, &look(medium(12.0), ink));
    if ticked {
        out.push(Command::Timeline(TimelineAction::ToggleThread(row.thread)));
    } else if response.clicked() {
        out.push(Command::Timeline(TimelineAction::OnlyThread(row.thread)));
    }
    menu(&response, row, timeline, out);
}

fn tick(ui: &Ui, rect: Rect, row: &ThreadRow, is_chosen: bool) -> bool {
    let theme = Theme::of(ui);
    let mark = Rect::from_center_size(
        pos2(rect.left() + 19.0, rect.center().y).round(),
        vec2(13.0, 13.0),
    );
    let place = Rect::from_center_size(mark.center(), vec2(24.0, ROW));
    let id = Id::unique(("thread box", row.key));
    let response = ui.interact(place, id, egui::Sense::CLICK);
    let spoken = format!("look at thread {}", row.name);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_chosen, &spoken));
    if is_chosen {
        ui.painter().rect_filled(mark, 3.0, theme.accent);
        text::icon(ui, mark, icons::CHECK, 10.0, theme.on_accent);
    } else {
        let border = if response.hovered() {
            Stroke::new(1.0, theme.accent)
        } else {
            theme.border()
        };
        ui.painter()
            .rect_stroke(mark, 3.0, border, StrokeKind::Inside);
    }
    response.clicked()
}

/// The menu of a thread, behind the other button.
fn menu(
    response: &egui::Response,
    row: &ThreadRow,
    timeline: &TimelineState,
    out: &mut Vec<Command>,
) {
    let pinned = timeline.pinned.contains(&row.key);
    let mut lines = vec![
        (
            "Look at this thread alone".to_owned(),
            TimelineAction::OnlyThread(row.thread),
        ),
        ("Look at all threads".to_owned(), TimelineAction::AllThreads),
        (
            if pinned { "Unpin" } else { "Pin to the top" }.to_owned(),
            TimelineAction::TogglePin(row.thread),
        ),
        (
            "Hide this track".to_owned(),
            TimelineAction::Hide(row.thread),
        ),
    ];
    let hidden = timeline.hidden_count();
    if hidden > 0 {
        let words = format!("Show the {hidden} hidden");
        lines.push((words, TimelineAction::ShowHidden));
    }
    let orders = ThreadOrder::ALL
        .into_iter()
        .filter(|order| *order != timeline.order);
    lines.extend(orders.map(|order| {
        let words = format!("Sort by {}", order.label());
        (words, TimelineAction::Order(order))
    }));
    egui::Popup::context_menu(response).show(|ui| {
        for (place, (words, action)) in lines.into_iter().enumerate() {
            let theme = Theme::of(ui);
            let (rect, _) = ui.allocate_exact_size(vec2(210.0, 26.0), egui::Sense::hover());
            let line =
                widgets::clickable(ui, rect, response.id.with(place), Role::MenuItem, &words);
            if line.hovered() {
                ui.painter().rect_filled(rect, 4.0, theme.hover);
            }
            let room = rect.shrink2(vec2(8.0, 0.0));
            text::paint(ui, room, LEFT, &words, &look(regular(12.5), theme.text));
            if line.clicked() {
                out.push(Command::Timeline(action));
                ui.close();
            }
        }
    });
}

/// States from the floor up.
fn states(bin: &Shares) -> impl Iterator<Item = (usize, f32)> + use<'_> {
    let waits = ORDER.into_iter().rev().map(waiting);
    std::iter::once(RUNNING)
        .chain(waits)
        .map(|state| (state, bin[state]))
        .filter(|(_, share)| *share > 0.0)
}

fn color_of(theme: &Theme, state: usize) -> Color32 {
    if state == RUNNING {
        return theme.running;
    }
    theme.wait(WaitClass::ALL[state - 1])
}

/// Whether two bins look the same.
fn is_alike(a: &Shares, b: &Shares) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01)
}

/// Paints bins of a window of time, of which `time` is seen; equal neighbours become one box.
fn paint(
    ui: &Ui,
    rect: Rect,
    bins: &[Shares],
    window: (f64, f64),
    time: (f64, f64),
    is_chosen: bool,
) {
    let theme = Theme::of(ui);
    let x = |at: f64| {
        let seconds = window.0 + at / BINS as f64 * (window.1 - window.0);
        let share = (seconds - time.0) / (time.1 - time.0).max(1e-12);
        (rect.left() + share as f32 * rect.width()).clamp(rect.left(), rect.right())
    };
    let opacity = if is_chosen { 1.0 } else { 0.35 };
    let mut mesh = Mesh::default();
    let mut at = 0;
    while at < bins.len() {
        let end = (at + 1..bins.len())
            .find(|next| !is_alike(&bins[*next], &bins[at]))
            .unwrap_or(bins.len());
        let (left, right) = (x(at as f64), x(end as f64));
        let mut floor = rect.bottom();
        for (state, share) in states(&bins[at]) {
            let top = (floor - share * rect.height()).max(rect.top());
            let place = Rect::from_min_max(pos2(left, top), pos2(right, floor));
            mesh.add_colored_rect(place, color_of(theme, state).gamma_multiply(opacity));
            floor = top;
        }
        at = end;
    }
    ui.painter().add(mesh);
}

/// Where the tracks are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) rect: Rect,
}

impl Shown {
    /// The thread whose track lies at a place.
    pub(super) fn row_at(self, state: &State, at: Pos2) -> Option<&ThreadRow> {
        let timeline = &state.profile.timeline;
        if !self.rect.contains(at) {
            return None;
        }
        let listed = timeline.listed();
        let count = (self.rect.height() / ROW) as usize;
        let first = timeline.first_row.min(listed.len().saturating_sub(count));
        let row = first + ((at.y - self.rect.top()) / ROW) as usize;
        listed.get(row).copied()
    }
}

/// Scrolls the list by so many points of the wheel.
pub(super) fn scroll(ui: &Ui, state: &State, by: f32, out: &mut Vec<Command>) {
    let id = Id::unique("thread scroll");
    let kept: f32 = ui.data(|data| data.get_temp(id)).unwrap_or(0.0) - by;
    let rows = (kept / ROW).trunc();
    ui.data_mut(|data| data.insert_temp(id, kept - rows * ROW));
    if rows != 0.0 {
        let first = state.profile.timeline.first_row as f32 + rows;
        let first = first.max(0.0) as usize;
        out.push(Command::Timeline(TimelineAction::ScrollTo(first)));
    }
}

/// What a thread did at a time, seconds.
pub(super) fn read_out(
    ui: &Ui,
    state: &State,
    open: &Open,
    row: &ThreadRow,
    time: f64,
) -> Vec<(Color32, String)> {
    let theme = Theme::of(ui);
    let Some(tracks) = &state.profile.timeline.tracks else {
        return Vec::new();
    };
    let profile = open.profile();
    let time_ns = (time * 1e9) as u64;
    let mut lines = vec![(theme.accent, format!("{} ({})", row.name, row.key.1))];
    if let Some(sample) = tracks.index.sample_at(profile, row.thread, time_ns) {
        let stack = profile.samples.stack[sample];
        let frame = profile.stacks.frame.get(stack as usize);
        let function = frame.and_then(|frame| profile.logical_of(*frame).first());
        let name = function.map_or("no stack", |logical| {
            &profile.functions[logical.function as usize].name
        });
        let name = widgets::flame::short_name(name);
        lines.push((theme.running, format!("running, in {name}")));
    } else if let Some(wait) = tracks.index.wait_at(profile, row.thread, time_ns) {
        let waits = &profile.waits;
        let class = WaitClass::from_number(waits.class[wait]);
        let length = std::time::Duration::from_nanos(waits.duration_ns[wait]);
        let many = match waits.count[wait] {
            1 => String::new(),
            count => format!(" in {count} waits"),
        };
        let words = format!("{}, {}{many}", class.label(), format::duration(length));
        lines.push((theme.wait(class), words));
        if waits.run_queue_ns[wait] > 0 && class != WaitClass::RunQueue {
            let queued = std::time::Duration::from_nanos(waits.run_queue_ns[wait]);
            let words = format!("of which {} on the run queue", format::duration(queued));
            lines.push((theme.wait(WaitClass::RunQueue), words));
        }
        if waits.waker[wait] != NONE {
            let waker = thread_name(profile, waits.waker[wait]);
            lines.push((theme.text_3, format!("ended by {waker}")));
        }
    }
    lines
}

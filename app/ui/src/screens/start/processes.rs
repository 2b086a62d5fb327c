//! The list of processes, as a tree or flat.

use egui::{Color32, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_evidence::process::Runtime;
use scrutineer_profiler::profile::Category;

use super::SEARCH;
use crate::{
    command::Command,
    event::ProcessRow,
    format, icons,
    state::{
        State,
        start::{Column, Filter, Line, title},
    },
    theme::{CONTROL, ROW, Theme, medium, mono, regular, semibold},
    widgets::{
        self,
        bar::{Bar, cut_bottom, cut_top},
        button::{Button, Loudness},
        chip, empty,
        field::Field,
        hline, outcome, panel, segmented,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Shows the panel.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let start = &state.start;
    let counted = start.processes.as_ref().filter(|_| rect.width() > 720.0);
    let words = counted.map_or(String::new(), |processes| {
        format!("{} busy of {}", start.busy_count, processes.len())
    });
    let (bar, mut body) = panel::headed(ui, rect, 44.0, "Attach to a process", &words);
    tools(ui, bar, state, out);
    let record_rect = cut_bottom(&mut body, super::record::height(state));
    let head = cut_top(&mut body, 27.0);
    let columns = Columns::of(rect);
    columns_head(ui, head, &columns, state, out);
    body.max.y -= 1.0;
    if start.processes.is_none() {
        empty::skeleton(ui, body, ROW);
    } else if start.lines.is_empty() {
        nothing(ui, body, state, out);
    } else {
        list(ui, body, &columns, state, out);
    }
    super::record::show(ui, record_rect, state, out);
}

fn tools(ui: &mut Ui, mut bar: Bar, state: &State, out: &mut Vec<Command>) {
    let start = &state.start;
    for (words, on, filter) in [
        ("Ready", start.ready, Filter::Ready),
        ("Mine", start.mine, Filter::Mine),
        ("Busy", start.busy, Filter::Busy),
    ] {
        let button = Button::new(words).loudness(if on { Loudness::On } else { Loudness::Quiet });
        let response = button.show(ui, bar.right(button.width(ui), CONTROL), "filter");
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, words));
        if response.clicked() {
            out.push(Command::ToggleFilter(filter));
        }
    }
    let segments = ["Tree".into(), "Flat".into()];
    let place = bar.right(segmented::width(ui, &segments), CONTROL);
    if let Some(chosen) = segmented::show(ui, place, "list", &segments, usize::from(!start.tree)) {
        out.push(Command::SetTree(chosen == 0));
    }
    let width = bar.free.width().clamp(60.0, 249.0);
    let field = Field {
        id: SEARCH,
        name: "Search processes",
        hint: "Name, PID, user, runtime",
        icon: icons::SEARCH,
        key: Some("/"),
        code: false,
        note: "",
        wrong: false,
        takes_tab: false,
    };
    let place = bar.right(width, CONTROL);
    if let Some(search) = field.show(ui, place, &start.search).changed {
        out.push(Command::SearchProcesses(search));
    }
}

/// Left edges of columns of words, right edges of columns of numbers; the narrower the list, the
/// fewer of them.
struct Columns {
    process: f32,
    pid: f32,
    user: Option<f32>,
    bar: Option<f32>,
    cpu: f32,
    rss: f32,
    threads: Option<f32>,
    runtime: Option<f32>,
    ready: f32,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        let width = rect.width();
        let mut x = rect.right() - if width < 900.0 { 84.0 } else { 190.0 };
        let ready = x;
        let mut take = |wanted: bool, space: f32| {
            if wanted {
                x -= space;
            }
            wanted.then_some(x)
        };
        let runtime = take(width > 560.0, 86.0);
        let threads = take(width > 760.0, 16.0);
        let rss = take(true, if threads.is_some() { 68.0 } else { 16.0 });
        let cpu = take(true, 70.0);
        let bar = take(width > 700.0, 86.0);
        let user = take(width > 640.0, if bar.is_some() { 56.0 } else { 110.0 });
        let pid = take(true, if user.is_some() { 15.0 } else { 80.0 });
        let known = |edge: Option<f32>| edge.unwrap_or_default();
        Self {
            process: rect.left() + 28.0,
            pid: known(pid),
            user,
            bar,
            cpu: known(cpu),
            rss: known(rss),
            threads,
            runtime,
            ready,
        }
    }
}

fn columns_head(ui: &Ui, rect: Rect, columns: &Columns, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let sorted = |column| !state.start.tree && state.start.sort == column;
    for (words, x, left, column) in [
        ("Process", Some(columns.process), true, Some(Column::Name)),
        ("PID", Some(columns.pid), false, Some(Column::Pid)),
        ("User", columns.user, true, Some(Column::User)),
        ("CPU, cores", Some(columns.cpu), false, Some(Column::Cpu)),
        ("RSS, MiB", Some(columns.rss), false, Some(Column::Rss)),
        ("Threads", columns.threads, false, Some(Column::Threads)),
        ("Runtime", columns.runtime, true, None),
        ("Profiling", Some(columns.ready), true, None),
    ] {
        let Some(x) = x else { continue };
        let width = text::width(ui, words, medium(12.0)) + 2.0;
        let min = pos2(if left { x } else { x - width }, rect.top());
        let place = Rect::from_min_size(min, vec2(width, rect.height()));
        let on = column.is_some_and(sorted);
        let (font, ink) = if on {
            (medium(12.0), theme.text)
        } else {
            (regular(12.0), theme.text_2)
        };
        text::paint(
            ui,
            place,
            if left { LEFT } else { RIGHT },
            words,
            &look(font, ink),
        );
        let Some(column) = column else { continue };
        let response = ui.interact(place, Id::unique(("column", words)), Sense::CLICK);
        let name = format!("Sort by {words}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ColumnHeader, true, &name));
        if response.clicked() {
            out.push(Command::SetTree(false));
            out.push(Command::SortProcesses(column));
        }
    }
}

fn nothing(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let start = &state.start;
    let searched = !start.search.trim().is_empty();
    let (title, words) = if searched {
        (
            "Nothing found",
            format!(
                "No process has “{}” in its name, pid, user or runtime.",
                start.search
            ),
        )
    } else {
        (
            "Nothing passes the filters",
            "Turn Busy, Mine or Ready off to see more.".to_owned(),
        )
    };
    let button = Button::new(if searched { "Clear search" } else { "Show all" });
    if empty::show(ui, rect, title, &words, &[button]).is_none() {
        return;
    }
    if searched {
        out.push(Command::SearchProcesses(String::new()));
        return;
    }
    let filters = [
        (start.busy, Filter::Busy),
        (start.mine, Filter::Mine),
        (start.ready, Filter::Ready),
    ];
    let on = filters.into_iter().filter(|(on, _)| *on);
    out.extend(on.map(|(_, filter)| Command::ToggleFilter(filter)));
}

fn list(ui: &mut Ui, rect: Rect, columns: &Columns, state: &State, out: &mut Vec<Command>) {
    let start = &state.start;
    let Some(processes) = &start.processes else {
        return;
    };
    let mut inner = ui.new_child(UiBuilder::new().id_salt("processes").max_rect(rect));
    inner.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().auto_shrink(false);
    if start.reveal
        && let Some(at) = start
            .lines
            .iter()
            .position(|line| Some(processes[line.at].pid) == start.selected)
    {
        let middle = (at as f32 + 0.5) * ROW - rect.height() / 2.0;
        area = area.vertical_scroll_offset(middle.max(0.0));
    }
    area.show_rows(&mut inner, ROW, start.lines.len(), |ui, rows| {
        for line in &start.lines[rows] {
            let (place, _) = ui.allocate_exact_size(vec2(rect.width(), ROW), Sense::hover());
            row(ui, place, columns, state, &processes[line.at], line, out);
        }
    });
}

fn row(
    ui: &Ui,
    rect: Rect,
    columns: &Columns,
    state: &State,
    process: &ProcessRow,
    line: &Line,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let selected = state.start.selected == Some(process.pid);
    let title = title(process);
    let name = format!(
        "process {title}, pid {}, {}",
        process.pid,
        readiness(process).1
    );
    let response = widgets::row(
        ui,
        rect,
        Id::unique(("process", process.pid)),
        selected,
        &name,
    );
    let inside = rect.shrink2(vec2(1.0, 0.0));
    if selected {
        ui.painter().rect_filled(inside, 0.0, theme.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(inside, 0.0, theme.hover);
    }
    hline(
        ui,
        inside,
        rect.bottom(),
        egui::Stroke::new(1.0, theme.grid),
    );
    if response.clicked() {
        out.push(Command::SelectProcess(Some(process.pid)));
    }
    if response.double_clicked() {
        out.push(Command::Record);
    }
    let indent = (line.depth as f32 * 18.0).min((columns.pid - columns.process - 140.0).max(0.0));
    let left = columns.process + indent;
    if let Some(open) = line.fold {
        fold(
            ui,
            pos2(left - 12.0, rect.center().y),
            process.pid,
            open,
            &title,
            out,
        );
    }
    let ink = if process.attachable {
        theme.text
    } else {
        theme.text_2
    };
    let font = if selected {
        semibold(13.0)
    } else {
        regular(13.0)
    };
    cell(
        ui,
        rect,
        left,
        columns.pid - 60.0,
        LEFT,
        &title,
        &look(font, ink),
    );
    facts(ui, rect, columns, process);
    ready(ui, rect, columns, process);
}

fn cell(
    ui: &Ui,
    row: Rect,
    from: f32,
    to: f32,
    align: egui::Align2,
    words: &str,
    look: &text::Look,
) {
    let place = Rect::from_min_max(pos2(from, row.top()), pos2(to, row.bottom() - 1.0));
    text::paint(ui, place, align, words, look);
}

fn fold(ui: &Ui, center: egui::Pos2, pid: u32, open: bool, title: &str, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let place = Rect::from_center_size(center, vec2(18.0, 24.0));
    let response = ui.interact(place, Id::unique(("fold", pid)), Sense::CLICK);
    let name = format!("{} {title}", if open { "Fold" } else { "Unfold" });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::DisclosureTriangle, true, &name));
    let icon = if open {
        icons::CARET_DOWN
    } else {
        icons::CARET_RIGHT
    };
    text::icon(ui, place, icon, 11.0, theme.text_3);
    if response.clicked() {
        out.push(Command::ToggleFold(pid));
    }
}

fn facts(ui: &Ui, rect: Rect, columns: &Columns, process: &ProcessRow) {
    let theme = Theme::of(ui);
    let quiet = look(mono(12.0), theme.text_2);
    let number = look(mono(12.0), theme.text);
    cell(
        ui,
        rect,
        columns.pid - 60.0,
        columns.pid,
        RIGHT,
        &process.pid.to_string(),
        &quiet,
    );
    if let Some(x) = columns.user {
        let words = look(regular(12.5), theme.text_2);
        cell(ui, rect, x, x + 50.0, LEFT, &process.user, &words);
    }
    if let Some(x) = columns.bar {
        cpu_bar(ui, pos2(x, rect.center().y), process.cpu_cores);
    }
    let cpu = format!("{:.2}", process.cpu_cores);
    cell(
        ui,
        rect,
        columns.cpu - 42.0,
        columns.cpu,
        RIGHT,
        &cpu,
        &number,
    );
    let rss = format::mebibytes(process.rss_bytes);
    cell(ui, rect, columns.cpu, columns.rss, RIGHT, &rss, &number);
    if let Some(x) = columns.threads {
        cell(
            ui,
            rect,
            columns.rss,
            x,
            RIGHT,
            &process.threads.to_string(),
            &quiet,
        );
    }
    if let Some((runtime, x)) = process.runtime.zip(columns.runtime) {
        chip::tag(
            ui,
            pos2(x, rect.center().y),
            runtime.label(),
            Some(dot(ui, runtime)),
        );
    }
}

fn cpu_bar(ui: &Ui, left: egui::Pos2, cores: f64) {
    let theme = Theme::of(ui);
    let track = Rect::from_min_size(left - vec2(0.0, 2.0), vec2(44.0, 4.0));
    ui.painter().rect_filled(track, 2.0, theme.track);
    let width = (44.0 * (cores / 4.0).min(1.0) as f32).max(4.0);
    let fill = Rect::from_min_size(track.min, vec2(width, 4.0));
    ui.painter().rect_filled(fill, 2.0, theme.running);
}

/// A runtime's dot borrows a colour of the data.
fn dot(ui: &Ui, runtime: Runtime) -> Color32 {
    let theme = Theme::of(ui);
    match runtime {
        Runtime::Rust => theme.category(Category::Own),
        Runtime::Native => theme.text_3,
        Runtime::Go => theme.outcome(Outcome::Inconclusive).mark,
        Runtime::Python => theme.rss,
        Runtime::Node => theme.outcome(Outcome::Pass).mark,
        Runtime::Jvm => theme.outcome(Outcome::Fail).mark,
        Runtime::DotNet => theme.pss,
        Runtime::Ruby => theme.outcome(Outcome::NeedsPerson).mark,
    }
}

fn readiness(process: &ProcessRow) -> (Outcome, &'static str) {
    if process.attachable {
        (Outcome::Pass, "Ready")
    } else if process.command_line.is_empty() {
        (Outcome::NotApplicable, "Kernel or not visible")
    } else {
        (Outcome::NotApplicable, "Other user")
    }
}

fn ready(ui: &Ui, rect: Rect, columns: &Columns, process: &ProcessRow) {
    let theme = Theme::of(ui);
    let (of, words) = readiness(process);
    outcome::paint(ui, pos2(columns.ready + 6.0, rect.center().y), 11.0, of);
    let ink = if process.attachable {
        theme.text
    } else {
        theme.text_3
    };
    let look = look(regular(12.5), ink);
    cell(
        ui,
        rect,
        columns.ready + 19.0,
        rect.right() - 6.0,
        LEFT,
        words,
        &look,
    );
}

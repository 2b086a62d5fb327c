//! The bar below the list: what will be recorded, of whom, for how long, how often, and what of it
//! will not be seen.

use egui::{CornerRadius, Rect, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::process::preflight::{Note, Weight};

use crate::{
    command::Command,
    format, icons,
    record_choice::{RecordChoice, RecordSubject},
    state::{State, start::title},
    theme::{CONTROL, Theme, mono, regular, semibold},
    widgets::{
        bar::Bar,
        button::{Button, Loudness},
        hline, outcome, select,
        text::{self, LEFT, look},
    },
};

const LENGTHS: [Option<u64>; 5] = [Some(10), Some(30), Some(60), Some(300), None];
const FREQUENCIES: [u32; 6] = [99, 499, 999, 1_999, 4_999, 9_999];
const STACKS: [&str; 2] = ["unwind information", "frame pointers"];

/// Height of the line that says of whom, and of the one with the switches.
const LINE: f32 = 46.0;
/// Height of a line that says what will not be seen.
const NOTE: f32 = 24.0;
/// Notes that are shown; the first matter most.
const MOST_NOTES: usize = 2;

/// Height of the bar.
pub(super) fn height(state: &State) -> f32 {
    let notes = state.start.target_notes().len().min(MOST_NOTES) as f32;
    let gap = if notes > 0.0 { 8.0 } else { 0.0 };
    2.0 * LINE + notes * NOTE + gap
}

/// Shows the bar.
pub(super) fn show(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let inner = rect.shrink2(vec2(1.0, 0.0)).translate(vec2(0.0, -1.0));
    ui.painter().rect_filled(
        inner,
        CornerRadius {
            sw: 7,
            se: 7,
            ..CornerRadius::ZERO
        },
        theme.raised,
    );
    hline(ui, rect, rect.top(), theme.hairline());
    let line = Rect::from_min_size(rect.min + vec2(0.0, 3.0), vec2(rect.width(), LINE));
    target(ui, line, state, out);
    let mut top = line.bottom() - 3.0;
    for note in state.start.target_notes().iter().take(MOST_NOTES) {
        let place = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), NOTE));
        self::note(ui, place.shrink2(vec2(12.0, 0.0)), note);
        top += NOTE;
    }
    let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - LINE - 2.0), rect.max);
    options(ui, line, state, out);
}

fn target(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 12.0, 8.0);
    let target = state.start.target();
    let ready = target.is_some_and(|target| target.attachable) && state.recording.is_none();
    let record = Button::new("Record")
        .primary()
        .filled_icon(icons::RECORD, None)
        .key("Enter")
        .enabled(ready);
    if record
        .show(ui, bar.right(record.width(ui), CONTROL), "record")
        .clicked()
    {
        out.push(Command::Record);
    }
    let (above, below) = bar
        .free
        .shrink2(vec2(0.0, 5.0))
        .split_top_bottom_at_fraction(0.5);
    let Some(target) = target else {
        let words = look(semibold(13.0), theme.text);
        text::label(ui, above, LEFT, "Choose a process", &words);
        let more = "It is sampled from outside; nothing in it is changed.";
        text::label(ui, below, LEFT, more, &look(regular(12.0), theme.text_3));
        return;
    };
    let name = title(target);
    let name = name.split(' ').next().unwrap_or_default();
    let place = text::label(ui, above, LEFT, name, &look(semibold(13.0), theme.text));
    let room = Rect::from_min_max(pos2(place.right() + 6.0, above.top()), above.max);
    text::label(
        ui,
        room,
        LEFT,
        &target.pid.to_string(),
        &look(mono(12.0), theme.text_3),
    );
    let words = about(state);
    text::label(ui, below, LEFT, &words, &look(regular(12.0), theme.text_3));
}

/// What will not be seen, and what mends it, to be copied.
fn note(ui: &Ui, rect: Rect, note: &Note) {
    let theme = Theme::of(ui);
    let of = match note.weight {
        Weight::Loses => Outcome::Attention,
        Weight::Hint => Outcome::Unknown,
    };
    outcome::paint(ui, pos2(rect.left() + 6.0, rect.center().y), 11.0, of);
    let mut room = rect.with_min_x(rect.left() + 19.0);
    if let Some(remedy) = &note.remedy {
        let name = format!("Copy {remedy}");
        let copy = Button::icon_only(icons::COPY, &name).loudness(Loudness::Quiet);
        let button =
            Rect::from_center_size(pos2(room.right() - 12.0, room.center().y), vec2(24.0, 24.0));
        if copy.show(ui, button, remedy).clicked() {
            ui.ctx().copy_text(remedy.clone());
        }
        room.max.x = button.left() - 6.0;
        let font = mono(11.0);
        let width = text::width(ui, remedy, font.clone()).min(room.width() * 0.5);
        let place = room.with_min_x(room.right() - width);
        text::label(ui, place, LEFT, remedy, &look(font, theme.text_2));
        room.max.x = place.left() - 12.0;
    }
    let words = look(regular(12.0), theme.text_2);
    let place = text::label(ui, room, LEFT, &note.words, &words);
    let response = ui.interact(
        place,
        egui::Id::unique(("preflight", note.brief)),
        egui::Sense::hover(),
    );
    crate::widgets::tooltip::text(ui, &response, &note.words);
}

fn options(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let choice = state.start.choice;
    let mut bar = Bar::new(rect, 12.0, 8.0);
    let always = Button::new("CPU")
        .loudness(Loudness::On)
        .name("CPU time, always recorded");
    always.show(ui, bar.left(always.width(ui), CONTROL), "record");
    let off_cpu = RecordChoice {
        off_cpu: !choice.off_cpu,
        ..choice
    };
    let page_faults = RecordChoice {
        page_faults: !choice.page_faults,
        ..choice
    };
    let children = RecordChoice {
        follows_children: !choice.follows_children,
        ..choice
    };
    for (words, on, changed) in [
        ("Off-CPU", choice.off_cpu, off_cpu),
        ("Page faults", choice.page_faults, page_faults),
        ("New children", choice.follows_children, children),
    ] {
        let button = Button::new(words).loudness(if on { Loudness::On } else { Loudness::Plain });
        let response = button.show(ui, bar.left(button.width(ui), CONTROL), "record");
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, words));
        if response.clicked() {
            out.push(Command::Choose(changed));
        }
    }
    frequency(ui, &mut bar, choice, out);
    length(ui, &mut bar, choice, out);
    stacks(ui, &mut bar, choice, out);
    subject(ui, &mut bar, state, out);
}

fn subject(ui: &Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let choice = state.start.allowed_choice();
    let values = RecordSubject::ALL.map(|subject| (subject.label(), state.start.refusal(subject)));
    let at = RecordSubject::ALL
        .iter()
        .position(|subject| *subject == choice.subject)
        .unwrap_or(0);
    let width = select::width(ui, "", values[at].0);
    if bar.free.width() < width {
        return;
    }
    let place = bar.right(width, CONTROL);
    if let Some(chosen) = select::show_refusing(ui, place, "Subject", "", &values, at) {
        out.push(Command::Choose(RecordChoice {
            subject: RecordSubject::ALL[chosen],
            ..choice
        }));
    }
}

fn stacks(ui: &Ui, bar: &mut Bar, choice: RecordChoice, out: &mut Vec<Command>) {
    let at = usize::from(choice.frame_pointers);
    let width = select::width(ui, "by", STACKS[at]);
    // In a narrow window the subject comes first; the palette has this too.
    if bar.free.width() < width + 160.0 {
        return;
    }
    let place = bar.right(width, CONTROL);
    let values = STACKS.map(str::to_owned);
    if let Some(chosen) = select::show(ui, place, "Stacks", "by", &values, at) {
        out.push(Command::Choose(RecordChoice {
            frame_pointers: chosen == 1,
            ..choice
        }));
    }
}

fn about(state: &State) -> String {
    let Some(target) = state.start.target() else {
        return String::new();
    };
    if state.recording.is_some() {
        return "A recording is under way: stop it first.".to_owned();
    }
    if !target.attachable {
        let owner = &target.user;
        return if owner == "root" {
            "Belongs to root: attach as root, with sudo.".to_owned()
        } else {
            format!("Belongs to {owner}: attach as {owner}, or as root with sudo.")
        };
    }
    let threads = if target.threads == 1 {
        "thread"
    } else {
        "threads"
    };
    let mut words = vec![
        format!("{} {threads}", target.threads),
        format!("{:.2} cores", target.cpu_cores),
        format::bytes(target.rss_bytes as f64),
    ];
    if let Some(runtime) = target.runtime {
        words.insert(0, runtime.label().to_owned());
    }
    words.join(", ")
}

fn length(ui: &Ui, bar: &mut Bar, choice: RecordChoice, out: &mut Vec<Command>) {
    let words = LENGTHS.map(|length| match length {
        Some(300) => "5 min".to_owned(),
        Some(seconds) => format!("{seconds} s"),
        None => "until stopped".to_owned(),
    });
    let at = LENGTHS
        .iter()
        .position(|length| *length == choice.seconds)
        .unwrap_or(1);
    let prefix = if LENGTHS[at].is_some() { "for" } else { "" };
    let place = bar.right(select::width(ui, prefix, &words[at]), CONTROL);
    if let Some(chosen) = select::show(ui, place, "Duration", prefix, &words, at) {
        out.push(Command::Choose(RecordChoice {
            seconds: LENGTHS[chosen],
            ..choice
        }));
    }
}

fn frequency(ui: &Ui, bar: &mut Bar, choice: RecordChoice, out: &mut Vec<Command>) {
    let words = FREQUENCIES.map(|frequency| format!("{frequency} Hz"));
    let known = FREQUENCIES
        .iter()
        .position(|hertz| *hertz == choice.frequency_hz);
    let at = known.unwrap_or(2);
    let place = bar.right(select::width(ui, "", &words[at]), CONTROL);
    if let Some(chosen) = select::show(ui, place, "Frequency", "", &words, at) {
        out.push(Command::Choose(RecordChoice {
            frequency_hz: FREQUENCIES[chosen],
            ..choice
        }));
    }
}

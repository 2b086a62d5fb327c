//! The bar below the list: what will be recorded, for how long, how often.

use egui::{CornerRadius, Rect, Ui, pos2, vec2};

use crate::{
    command::Command,
    format, icons,
    state::{State, start::title},
    theme::{CONTROL, Theme, mono, regular, semibold},
    widgets::{
        bar::Bar,
        button::Button,
        hline, select,
        text::{self, LEFT, look},
    },
};

const LENGTHS: [Option<u64>; 5] = [Some(10), Some(30), Some(60), Some(300), None];
const FREQUENCIES: [u32; 4] = [99, 499, 999, 1_999];

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
    frequency(ui, &mut bar, state, out);
    length(ui, &mut bar, state, out);
    let (above, below) = bar
        .free
        .shrink2(vec2(0.0, 10.0))
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

fn length(ui: &Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let words = LENGTHS.map(|length| match length {
        Some(300) => "5 min".to_owned(),
        Some(seconds) => format!("{seconds} s"),
        None => "until stopped".to_owned(),
    });
    let at = LENGTHS
        .iter()
        .position(|length| *length == state.start.seconds)
        .unwrap_or(1);
    let prefix = if LENGTHS[at].is_some() { "for" } else { "" };
    let place = bar.right(select::width(ui, prefix, &words[at]), CONTROL);
    if let Some(chosen) = select::show(ui, place, "Duration", prefix, &words, at) {
        out.push(Command::SetSeconds(LENGTHS[chosen]));
    }
}

fn frequency(ui: &Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let words = FREQUENCIES.map(|frequency| format!("{frequency} Hz"));
    let known = FREQUENCIES
        .iter()
        .position(|hertz| *hertz == state.start.frequency_hz);
    let at = known.unwrap_or(2);
    let place = bar.right(select::width(ui, "", &words[at]), CONTROL);
    if let Some(chosen) = select::show(ui, place, "Frequency", "", &words, at) {
        out.push(Command::SetFrequency(FREQUENCIES[chosen]));
    }
}

//! Profile: the flame graph of the open capture, its tables, timeline and inspector.

mod compared;
mod graph;
mod heat_map;
mod inspector;
mod listing;
mod markers;
mod range;
mod sandwich;
mod source;
mod steps;
mod tables;
mod time_order;
mod timeline;
mod toolbar;
mod tracks;
mod way;
mod weights;

use egui::{Key, Rect, Stroke, Ui};
use scrutineer_evidence::trust;
use scrutineer_profiler::profile::Weight;

use super::{Binding, free_key, key, shift_key};
use crate::{
    command::{Change, Command, CompareAction, Request, Screen, TimelineAction, TransformAction},
    icons,
    settings::WheelAction,
    state::{
        State,
        profile::{Mode, Open, Pane},
    },
    theme::{CONTROL, Theme},
    widgets::{
        bar::{Bar, cut_bottom, cut_right, cut_top},
        button::{Button, Loudness},
        empty, hline, trust_strip, vline,
    },
};

pub(crate) use steps::CHANGES;

/// Id of the search field.
pub(crate) const SEARCH: &str = "search frames";

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[&[
    // Before the same letters without Shift, which would take them.
    shift_key(Key::N, |_| Some(Command::StepMatch(-1))),
    shift_key(Key::A, |_| Some(Command::PanStacks(-0.2))),
    shift_key(Key::D, |_| Some(Command::PanStacks(0.2))),
    shift_key(Key::OpenBracket, |_| {
        act(TimelineAction::Nudge {
            right: false,
            by: 0.01,
        })
    }),
    shift_key(Key::CloseBracket, |_| {
        act(TimelineAction::Nudge {
            right: true,
            by: -0.01,
        })
    }),
    key(Key::Num1, |_| Some(Command::SetMode(Mode::Flame))),
    key(Key::Num2, |_| Some(Command::SetMode(Mode::LeftHeavy))),
    key(Key::Num3, |_| Some(Command::SetMode(Mode::Sandwich))),
    key(Key::Num4, |_| Some(Command::SetMode(Mode::CallTree))),
    key(Key::Num5, |_| Some(Command::SetMode(Mode::Functions))),
    key(Key::Num6, |_| Some(Command::SetMode(Mode::HeatMap))),
    key(Key::Num7, |_| Some(Command::SetMode(Mode::TimeOrder))),
    key(Key::Num8, |_| Some(Command::SetMode(Mode::Source))),
    key(Key::Num0, |_| Some(Command::ResetZoom)),
    key(Key::I, |_| Some(Command::ToggleInvert)),
    key(Key::T, |_| Some(Command::WeighNext)),
    key(Key::W, |state| {
        in_timeline(state, TimelineAction::Zoom(0.5, None)).or(Some(Command::ZoomStacks(1.5)))
    }),
    key(Key::S, |state| {
        in_timeline(state, TimelineAction::Zoom(2.0, None)).or(Some(Command::ZoomStacks(1.0 / 1.5)))
    }),
    key(Key::A, |state| {
        in_timeline(state, TimelineAction::Pan(-0.2))
    }),
    key(Key::D, |state| {
        in_timeline(state, TimelineAction::Pan(0.2)).or(change(Change::Drop))
    }),
    key(Key::M, |_| change(Change::Merge)),
    key(Key::F, |_| change(Change::Focus)),
    key(Key::C, |_| change(Change::Collapse)),
    key(Key::R, |_| change(Change::Recursion)),
    key(Key::X, |_| Some(Command::Compare(CompareAction::Offer))),
    key(Key::B, |_| Some(Command::Compare(CompareAction::Hold))),
    key(Key::V, |_| {
        Some(Command::Compare(CompareAction::ToggleBase))
    }),
    key(Key::H, |_| Some(Command::ToggleSmall)),
    key(Key::U, |_| {
        Some(Command::Transform(TransformAction::ToggleMyCode))
    }),
    key(Key::F6, |state| {
        Some(Command::FocusPane(match state.profile.pane {
            Pane::Stacks => Pane::Timeline,
            Pane::Timeline => Pane::Stacks,
        }))
    }),
    key(Key::Z, |_| act(TimelineAction::ZoomToRange)),
    key(Key::OpenBracket, |_| {
        act(TimelineAction::Nudge {
            right: false,
            by: -0.01,
        })
    }),
    key(Key::CloseBracket, |_| {
        act(TimelineAction::Nudge {
            right: true,
            by: 0.01,
        })
    }),
    key(Key::N, |_| Some(Command::StepMatch(1))),
    free_key(Key::Space, |state| {
        state.recording.as_ref().map(|_| Command::ToggleFreeze)
    }),
    free_key(Key::ArrowDown, |state| {
        table(state).then_some(Command::StepRow(1))
    }),
    free_key(Key::ArrowUp, |state| {
        table(state).then_some(Command::StepRow(-1))
    }),
    free_key(Key::ArrowRight, |state| fold(state, false)),
    free_key(Key::ArrowLeft, |state| fold(state, true)),
    free_key(Key::Enter, |_| Some(Command::ZoomToSelected)),
]];

/// A command of the timeline where that is the pane that plain letters go to.
fn in_timeline(state: &State, action: TimelineAction) -> Option<Command> {
    (state.profile.pane == Pane::Timeline).then_some(Command::Timeline(action))
}

#[expect(clippy::unnecessary_wraps, reason = "keys may give no command")]
fn change(change: Change) -> Option<Command> {
    Some(Command::Transform(TransformAction::Apply(change)))
}

#[expect(clippy::unnecessary_wraps, reason = "keys may give no command")]
fn act(action: TimelineAction) -> Option<Command> {
    Some(Command::Timeline(action))
}

fn table(state: &State) -> bool {
    matches!(
        state.profile.mode,
        Mode::CallTree | Mode::Functions | Mode::Source
    )
}

fn fold(state: &State, folds: bool) -> Option<Command> {
    let node = state
        .profile
        .selected
        .filter(|_| state.profile.mode == Mode::CallTree)?;
    (state.profile.unfolded.contains(&node) == folds).then_some(Command::ToggleNode(node))
}

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(open) = state.profile.shown() else {
        nothing(ui, rect, state, out);
        return;
    };
    let theme = Theme::of(ui);
    let mut rect = rect;
    let narrow = is_narrow(rect);
    if !narrow || state.drawer {
        let width = if narrow {
            300.0_f32.min(rect.width() * 0.5)
        } else {
            340.0
        };
        let side = cut_right(&mut rect, width);
        ui.painter().rect_filled(side, 0.0, theme.panel);
        vline(ui, side, side.left() + 1.0, theme.hairline());
        inspector::show(ui, side, state, open, out);
    }
    let screen = rect.height();
    let timeline_rect = cut_top(&mut rect, timeline::height(screen, state, open));
    timeline::show(ui, (timeline_rect, screen), state, open, out);
    let below = rect;
    let tools = cut_top(&mut rect, 42.0);
    toolbar::show(ui, tools, state, open, narrow, out);
    if state.profile.wanted.weight == Weight::Wait {
        let height = weights::height(ui, rect.width(), open);
        let chips = cut_top(&mut rect, height);
        weights::chips(ui, chips, state, open, out);
    }
    let trust = cut_bottom(&mut rect, trust_strip::HEIGHT);
    trust_line(ui, trust, state, open);
    match state.profile.mode {
        Mode::Flame | Mode::LeftHeavy => graph::show(ui, rect, state, open, out),
        Mode::TimeOrder => time_order::show(ui, rect, state, open, out),
        Mode::Source => listing::show(ui, rect, state, open, out),
        Mode::HeatMap => heat_map::show(ui, rect, state, open, out),
        Mode::Sandwich => sandwich::show(ui, rect, state, open, out),
        Mode::CallTree => tables::call_tree(ui, rect, state, open, out),
        Mode::Functions if open.shown.compared.is_some() => {
            compared::functions(ui, rect, state, open, out);
        }
        Mode::Functions => tables::functions(ui, rect, state, open, out),
    }
    panes(ui, timeline_rect, below, state, out);
}

/// The line on top of the pane that plain letters go to; a press of the pointer chooses it.
fn panes(ui: &Ui, timeline: Rect, stacks: Rect, state: &State, out: &mut Vec<Command>) {
    let line = match state.profile.pane {
        Pane::Timeline => timeline,
        Pane::Stacks => stacks,
    };
    let accent = Stroke::new(1.0, Theme::of(ui).accent);
    hline(ui, line, line.top() + 1.0, accent);
    let pressed = ui.input(|input| {
        let press = input.pointer.any_pressed();
        press.then(|| input.pointer.interact_pos()).flatten()
    });
    let pane = match pressed {
        Some(at) if timeline.contains(at) => Pane::Timeline,
        Some(at) if stacks.contains(at) => Pane::Stacks,
        _ => return,
    };
    if pane != state.profile.pane {
        out.push(Command::FocusPane(pane));
    }
}

/// Whether there is no room for an inspector beside the screen (1,200 points with the rail).
pub(crate) fn is_narrow(rect: Rect) -> bool {
    rect.width() < 1_136.0
}

fn trust_line(ui: &Ui, rect: Rect, state: &State, open: &Open) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let live = state
        .recording
        .as_ref()
        .filter(|_| open.live && !state.profile.frozen);
    let quality = live.map_or(&open.profile().quality, |recording| &recording.quality);
    let trust = trust::judge(quality, &open.profile().conditions());
    trust_strip::show(ui, rect, quality.samples, &trust);
}

/// What the screens that need a capture show without one.
pub(crate) fn nothing(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    if let Some(awaited) = &state.profile.awaited {
        let words = "The picture appears with the first samples.";
        let middle = Rect::from_center_size(rect.center(), egui::vec2(rect.width(), 160.0));
        empty::skeleton(
            ui,
            rect.shrink2(egui::vec2(40.0, 40.0))
                .with_max_y(middle.top()),
            22.0,
        );
        empty::show(ui, middle, awaited, words, &[]);
        return;
    }
    let buttons = [
        Button::new("Choose a process").primary().icon(icons::HOUSE),
        Button::new("Open capture").icon(icons::FOLDER_OPEN),
        Button::new("Open the demo").icon(icons::SPARKLE),
    ];
    let words = "Record a process, open a capture, drop its file here, or open the demo.";
    let commands = [
        Command::Go(Screen::Start),
        Command::Ask(Request::OpenDialog),
        Command::Ask(Request::RunDemo),
    ];
    if let Some(clicked) = empty::show(ui, rect, "No capture is open", words, &buttons) {
        out.push(commands[clicked].clone());
    }
}

/// Where we are.
pub(crate) fn crumbs(state: &State) -> Vec<String> {
    let mut crumbs = vec!["Captures".to_owned()];
    if let Some(open) = &state.profile.open {
        let header = &open.profile().header;
        crumbs.push(format!("{} {}", header.name, header.pid));
    } else {
        crumbs = vec!["Profile".to_owned()];
    }
    crumbs
}

/// Buttons of the head.
pub(crate) fn actions(ui: &mut Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    if state.recording.is_some() {
        let frozen = state.profile.frozen;
        let freeze = Button::new(if frozen { "Follow" } else { "Freeze" })
            .icon(icons::SNOWFLAKE)
            .loudness(if frozen {
                Loudness::On
            } else {
                Loudness::default()
            });
        let place = bar.right(freeze.width(ui), CONTROL);
        if state.profile.open.is_some() && freeze.show(ui, place, "head").clicked() {
            out.push(Command::ToggleFreeze);
        }
        return;
    }
    let red = Theme::of(ui)
        .outcome(scrutineer_checklists::verdict::Outcome::Fail)
        .mark;
    let again = Button::new("New recording").filled_icon(icons::RECORD, Some(red));
    if again
        .show(ui, bar.right(again.width(ui), CONTROL), "head")
        .clicked()
    {
        out.push(Command::Go(Screen::Start));
    }
}

/// Words of the status line.
pub(crate) fn status(state: &State) -> Vec<String> {
    let Some(open) = &state.profile.open else {
        return Vec::new();
    };
    let header = &open.profile().header;
    if let Some(foreign) = &open.profile().foreign {
        let what = format!("{} of {}", open.profile().label(Weight::Cpu), header.name);
        return vec![what, format!("from {}", foreign.format)];
    }
    let mut words = vec![format!("{}, pid {}", header.name, header.pid)];
    words.extend(
        header
            .commit
            .as_ref()
            .map(|commit| commit.chars().take(7).collect()),
    );
    words.push(format!(
        "{}, {} Hz",
        header.sampler.label(),
        header.frequency_hz
    ));
    words.push(header.machine.cpu_model.clone());
    words.push(format!("Linux {}", header.machine.kernel));
    words
}

/// Keys that the status line shows.
pub(crate) fn hints(state: &State) -> &'static [(&'static str, &'static str)] {
    if table(state) {
        return &[("↑  ↓", "choose"), ("←  →", "fold"), ("1", "flame")];
    }
    if state.settings.settings.wheel == WheelAction::Zoom {
        return &[
            ("Wheel", "zoom"),
            ("Ctrl Wheel", "pan"),
            ("Double-click", "zoom to frame"),
            ("Esc", "reset"),
        ];
    }
    &[
        ("Wheel", "pan"),
        ("Ctrl Wheel", "zoom"),
        ("Double-click", "zoom to frame"),
        ("Esc", "reset"),
    ]
}

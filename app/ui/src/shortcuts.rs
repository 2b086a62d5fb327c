//! Keys become commands; plain letters never while somebody types.

use egui::{Context, Key, Modifiers, PointerButton};

use crate::{
    command::{Command, PinAction, Request, Screen, TabAction},
    palette, screens,
    state::{Layer, State},
};

/// Gathers the commands of the keys that were pressed in this frame.
pub(crate) fn commands(context: &Context, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    everywhere(context, state, &mut out);
    if state.layer.is_none() && !context.text_edit_focused() {
        plain(context, state, &mut out);
    }
    pointer(context, &mut out);
    out
}

fn pressed(context: &Context, modifiers: Modifiers, key: Key) -> bool {
    context.input_mut(|input| input.consume_key(modifiers, key))
}

fn everywhere(context: &Context, state: &State, out: &mut Vec<Command>) {
    let ctrl = Modifiers::COMMAND;
    let numbers = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
    for (number, key) in numbers.into_iter().enumerate() {
        if pressed(context, Modifiers::ALT, key) {
            out.push(Command::CloseLayer);
            out.extend(palette::numbered(number).map(Command::Go));
        }
    }
    for (number, key) in TAB_KEYS.into_iter().enumerate() {
        if pressed(context, ctrl, key) {
            out.push(Command::Tab(TabAction::Show(number)));
        }
    }
    let scale = state.appearance.scale;
    for (modifiers, key, command) in [
        (Modifiers::ALT, Key::ArrowLeft, Command::Back),
        (Modifiers::ALT, Key::ArrowRight, Command::Forward),
        (ctrl | Modifiers::SHIFT, Key::Z, Command::Forward),
        (ctrl, Key::Z, Command::Back),
        // Before the same key without Shift, which would take it.
        (
            ctrl | Modifiers::SHIFT,
            Key::Tab,
            Command::Tab(TabAction::Step(-1)),
        ),
        (ctrl, Key::Tab, Command::Tab(TabAction::Step(1))),
        (ctrl, Key::PageUp, Command::Tab(TabAction::Step(-1))),
        (ctrl, Key::PageDown, Command::Tab(TabAction::Step(1))),
        (ctrl, Key::W, Command::Tab(TabAction::CloseShown)),
        (ctrl, Key::K, toggle_palette(state)),
        (ctrl, Key::F, Command::FocusSearch),
        (ctrl, Key::Comma, Command::Go(Screen::Settings)),
        (ctrl | Modifiers::SHIFT, Key::P, Command::Go(Screen::Pins)),
        (ctrl, Key::P, Command::Pin(PinAction::Begin)),
        (ctrl, Key::O, Command::Ask(Request::OpenDialog)),
        (ctrl, Key::E, Command::OpenExport),
        (ctrl, Key::Plus, Command::SetScale(scale + 0.1)),
        (ctrl, Key::Equals, Command::SetScale(scale + 0.1)),
        (ctrl, Key::Minus, Command::SetScale(scale - 0.1)),
        (ctrl, Key::Num0, Command::SetScale(1.0)),
        (Modifiers::NONE, Key::Escape, Command::Unwind),
    ] {
        if pressed(context, modifiers, key) {
            out.push(command);
        }
    }
    if state.layer == Some(Layer::Sheet) && pressed(context, Modifiers::SHIFT, Key::Questionmark) {
        out.push(Command::ToggleSheet);
    }
}

/// The keys of tabs, with Ctrl.
const TAB_KEYS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

fn toggle_palette(state: &State) -> Command {
    match state.layer {
        Some(Layer::Palette { .. }) => Command::CloseLayer,
        _ => Command::OpenPalette,
    }
}

fn plain(context: &Context, state: &State, out: &mut Vec<Command>) {
    // A question mark is Shift and another key on most layouts: some send it as a key, all as text.
    let typed = |wanted: &str| {
        context.input_mut(|input| {
            let before = input.events.len();
            input
                .events
                .retain(|event| !matches!(event, egui::Event::Text(text) if text == wanted));
            input.events.len() != before
        })
    };
    if typed("?") {
        out.push(Command::ToggleSheet);
    }
    if typed("/") {
        out.push(Command::FocusSearch);
    }
    let focused = context.memory(|memory| memory.focused().is_some());
    screens::of(state.screen)
        .keys
        .iter()
        .copied()
        .flatten()
        .for_each(|key| {
            let blocked = key.needs_free_keyboard && focused;
            if !blocked && pressed(context, key.modifiers, key.key) {
                out.extend((key.command)(state));
            }
        });
}

fn pointer(context: &Context, out: &mut Vec<Command>) {
    let clicked = |button| context.input(|input| input.pointer.button_pressed(button));
    if clicked(PointerButton::Extra1) {
        out.push(Command::Back);
    }
    if clicked(PointerButton::Extra2) {
        out.push(Command::Forward);
    }
    let dropped = context.input(|input| input.raw.dropped_files.clone());
    if let Some(file) = dropped.first() {
        out.push(Command::Ask(Request::Open(file.path().to_owned())));
    }
}

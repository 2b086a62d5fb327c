//! The screens, one a file: what the rail offers, what each paints, and its keys.

pub(crate) mod checklist;
pub(crate) mod decision;
pub(crate) mod item;
pub(crate) mod memory;
pub(crate) mod pins;
pub(crate) mod profile;
pub(crate) mod review;
pub(crate) mod settings;
pub(crate) mod start;

use egui::{Key, Modifiers, Rect, Ui};

use crate::{
    command::{Command, Screen},
    icons,
    state::State,
    widgets::bar::Bar,
};

/// A key of a screen.
#[derive(Clone, Copy)]
pub(crate) struct Binding {
    pub(crate) modifiers: Modifiers,
    pub(crate) key: Key,
    /// Whether the key belongs to a focused control, if there is one.
    pub(crate) needs_free_keyboard: bool,
    pub(crate) command: fn(&State) -> Option<Command>,
}

/// A plain key that acts whatever control has the keyboard.
pub(crate) const fn key(key: Key, command: fn(&State) -> Option<Command>) -> Binding {
    Binding {
        modifiers: Modifiers::NONE,
        key,
        needs_free_keyboard: false,
        command,
    }
}

/// A key with Shift that acts whatever control has the keyboard.
pub(crate) const fn shift_key(key: Key, command: fn(&State) -> Option<Command>) -> Binding {
    Binding {
        modifiers: Modifiers::SHIFT,
        key,
        needs_free_keyboard: false,
        command,
    }
}

/// A plain key that a focused control takes for itself.
pub(crate) const fn free_key(key: Key, command: fn(&State) -> Option<Command>) -> Binding {
    Binding {
        modifiers: Modifiers::NONE,
        key,
        needs_free_keyboard: true,
        command,
    }
}

/// A screen.
pub(crate) struct Entry {
    pub(crate) screen: Screen,
    pub(crate) label: &'static str,
    pub(crate) icon: char,
    pub(crate) key: &'static str,
    pub(crate) show: fn(&mut Ui, Rect, &State, &mut Vec<Command>),
    /// Where we are, the window's title last.
    pub(crate) crumbs: fn(&State) -> Vec<String>,
    /// Buttons of the head, from the right.
    pub(crate) actions: fn(&mut Ui, &mut Bar, &State, &mut Vec<Command>),
    /// Words of the status line.
    pub(crate) status: fn(&State) -> Vec<String>,
    /// Keys that the status line shows.
    pub(crate) hints: fn(&State) -> &'static [(&'static str, &'static str)],
    /// Keys of its own, and those that it shares with other screens.
    pub(crate) keys: &'static [&'static [Binding]],
}

macro_rules! screens {
    ($($screen:ident, $module:ident, $icon:ident, $key:literal;)*) => {
        /// All screens, in the order of the rail.
        pub(crate) static SCREENS: [Entry; [$($key),*].len()] = [$(Entry {
            screen: Screen::$screen,
            label: stringify!($screen),
            icon: icons::$icon,
            key: $key,
            show: $module::show,
            crumbs: $module::crumbs,
            actions: $module::actions,
            status: $module::status,
            hints: $module::hints,
            keys: $module::KEYS,
        },)*];
    };
}

screens! {
    Start, start, HOUSE, "Alt 1";
    Profile, profile, FLAME, "Alt 2";
    Memory, memory, MEMORY, "Alt 3";
    Checklist, checklist, LIST_CHECKS, "Alt 4";
    Review, review, USERS, "Alt 5";
    Pins, pins, PIN, "Ctrl Shift P";
    Settings, settings, GEAR, "Ctrl ,";
}

/// The entry of a screen.
pub(crate) fn of(screen: Screen) -> &'static Entry {
    let place = SCREENS.iter().position(|entry| entry.screen == screen);
    &SCREENS[place.unwrap_or_default()]
}

//! Commands change the state, and nothing else does.

mod checklist;
mod compare;
mod events;
mod notes;
mod pins;
mod profile;
mod review;
mod sandwich;
mod settings;
mod start;
mod tabs;
mod timeline;
mod transforms;

use std::path::PathBuf;

use crate::{
    command::{Command, Request, ReviewRequest, Screen, Setting, TabAction},
    palette,
    state::{Layer, State, history::Place},
    widgets::flame::FlameAction,
};

pub(crate) use events::{handle, poll_views};

/// Carries a command out.
pub(crate) fn apply(state: &mut State, command: Command) {
    match command {
        Command::Go(screen) => go(state, screen),
        Command::Back => walk(state, false),
        Command::Forward => walk(state, true),
        Command::Unwind => unwind(state),
        Command::Ask(request) => ask(state, request),
        Command::OpenPalette => {
            state.layer = Some(Layer::Palette {
                query: String::new(),
                chosen: 0,
            });
            state.focus = Some(palette::FIELD);
        }
        Command::TypePalette(typed) => {
            state.layer = Some(Layer::Palette {
                query: typed,
                chosen: 0,
            });
        }
        Command::StepPalette(by) => step_palette(state, by),
        Command::RunPalette(line) => run_palette(state, line),
        Command::ToggleSheet => {
            state.layer = if state.layer == Some(Layer::Sheet) {
                None
            } else {
                Some(Layer::Sheet)
            };
        }
        Command::CloseLayer => state.layer = None,
        Command::FocusSearch => state.focus = search_field(state.screen),
        Command::SetDark(dark) => settings::set_dark(state, dark),
        Command::SetScale(scale) => settings::set_scale(state, scale),
        Command::SetReduceMotion(reduce) => settings::apply(state, Setting::ReduceMotion(reduce)),
        Command::Set(setting) => settings::apply(state, setting),
        Command::Pin(action) => pins::apply(state, action),
        Command::Review(action) => review::apply(state, action),
        Command::Tab(action) => tabs::apply(state, action),
        Command::Dismiss(id) => state.notices.retain(|notice| notice.id != id),
        Command::ToggleDrawer => state.drawer = !state.drawer,
        Command::OpenExport => open_export(state),
        Command::TypeExport(path) => state.layer = Some(Layer::Export { path }),
        Command::Export => export(state),
        Command::OpenFreeze => open_freeze(state),
        Command::TypeMilestone(name) => state.layer = Some(Layer::Freeze { name }),
        Command::Freeze => freeze(state),
        command => apply_to_screen(state, command),
    }
}

fn apply_to_screen(state: &mut State, command: Command) {
    let command = match start::apply(state, command) {
        Ok(()) => return,
        Err(command) => command,
    };
    let command = match notes::apply(state, command) {
        Ok(()) => return,
        Err(command) => command,
    };
    let command = match profile::apply(state, command) {
        Ok(()) => return,
        Err(command) => command,
    };
    checklist::apply(state, command);
}

/// Where we are now.
pub(super) fn here(state: &State) -> Place {
    Place {
        screen: state.screen,
        selected: state.profile.selected,
        arrangement: state.profile.wanted.clone(),
        window: state.profile.window,
        item: state.checklist.selected.clone(),
    }
}

/// Remembers where we are before a change that one may want to come back from.
pub(super) fn leave(state: &mut State) {
    let place = here(state);
    state.history.leave(place);
}

fn go(state: &mut State, screen: Screen) {
    if state.screen != screen {
        leave(state);
        show(state, screen);
    }
}

/// Shows a screen; processes are listed only while they are seen.
pub(super) fn show(state: &mut State, screen: Screen) {
    if state.screen == screen {
        return;
    }
    let request = match (state.screen, screen) {
        (Screen::Start, _) => Some(Request::PauseProcesses),
        (_, Screen::Start) if !state.start.paused => Some(Request::WatchProcesses),
        _ => None,
    };
    state.requests.extend(request);
    if screen == Screen::Pins {
        state.requests.push(Request::ListPins);
    }
    if screen == Screen::Start {
        state.requests.push(Request::ListCaptures);
        state
            .requests
            .push(Request::Review(ReviewRequest::ListOverdue));
    }
    state.screen = screen;
    state.unfocus = true;
    if screen == Screen::Review {
        review::shown(state);
    }
}

fn walk(state: &mut State, forward: bool) {
    let here = here(state);
    let history = &mut state.history;
    let place = if forward {
        history.forward(here)
    } else {
        history.back(here)
    };
    let Some(place) = place else { return };
    show(state, place.screen);
    state.checklist.selected = place.item;
    profile::restore(state, place.selected, place.arrangement, place.window);
}

/// Esc: one layer at a time.
fn unwind(state: &mut State) {
    if state.layer.is_some() {
        state.layer = None;
    } else if state.drawer {
        state.drawer = false;
    } else {
        match state.screen {
            Screen::Start => start::unwind(state),
            Screen::Profile => profile::unwind(state),
            Screen::Memory => profile::unwind_range(state),
            Screen::Checklist => checklist::unwind(state),
            Screen::Review => review::unwind(state),
            Screen::Pins => pins::unwind(state),
            Screen::Settings => state.unfocus = true,
        }
    }
}

fn ask(state: &mut State, request: Request) {
    if let Request::Open(path) = &request {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        if let Some(place) = state.tab_of_file(path) {
            tabs::apply(state, TabAction::Show(place));
            return;
        }
        tabs::begin(state, format!("Opening {name}"), Some(path.clone()));
        go(state, Screen::Profile);
    }
    state.requests.push(request);
}

fn step_palette(state: &mut State, by: i32) {
    let lines = palette::lines(state).len();
    if let Some(Layer::Palette { chosen, .. }) = &mut state.layer {
        let last = lines.saturating_sub(1) as i32;
        *chosen = (*chosen as i32 + by).clamp(0, last) as usize;
    }
}

fn run_palette(state: &mut State, line: usize) {
    let command = palette::lines(state)
        .get(line)
        .map(|line| line.command.clone());
    state.layer = None;
    state.unfocus = true;
    if let Some(command) = command {
        if matches!(command, Command::SelectProcess(_)) {
            (state.start.search, state.start.reveal) = (String::new(), true);
            go(state, Screen::Start);
        }
        apply(state, command);
    }
}

fn search_field(screen: Screen) -> Option<&'static str> {
    match screen {
        Screen::Start => Some(crate::screens::start::SEARCH),
        Screen::Profile => Some(crate::screens::profile::SEARCH),
        Screen::Memory | Screen::Review | Screen::Pins | Screen::Settings => None,
        Screen::Checklist => Some(crate::screens::checklist::SEARCH),
    }
}

fn open_export(state: &mut State) {
    if state.checklist.review.is_none() {
        return;
    }
    state.layer = Some(Layer::Export {
        path: "review.html".to_owned(),
    });
    state.focus = Some(crate::export::FIELD);
}

fn export(state: &mut State) {
    let Some(Layer::Export { path }) = &state.layer else {
        return;
    };
    let path = path.trim();
    if path.is_empty() {
        return;
    }
    state.requests.push(Request::Export(PathBuf::from(path)));
    state.layer = None;
    state.unfocus = true;
}

/// Proposes the quarter as the milestone's name.
fn open_freeze(state: &mut State) {
    if state.checklist.review.is_none() {
        return;
    }
    let today = state.now.to_zoned(jiff::tz::TimeZone::system()).date();
    let quarter = (today.month() + 2) / 3;
    state.layer = Some(Layer::Freeze {
        name: format!("{}-q{quarter}", today.year()),
    });
    state.focus = Some(crate::freeze::FIELD);
}

fn freeze(state: &mut State) {
    let Some(Layer::Freeze { name }) = &state.layer else {
        return;
    };
    let name = name.trim().to_owned();
    if name.is_empty() {
        return;
    }
    state.requests.push(Request::Freeze { name });
    state.layer = None;
    state.unfocus = true;
}

/// A pure zoom or scroll, for the profile's part.
pub(super) fn is_passing(action: &FlameAction) -> bool {
    matches!(
        action,
        FlameAction::Scroll(_) | FlameAction::Show { moves: false, .. }
    )
}

//! Commands of the start screen.

use crate::{
    command::{Command, Request, Screen},
    state::{
        State,
        start::{Filter, title},
    },
};

/// Carries out what belongs to the start screen; gives other commands back.
pub(super) fn apply(state: &mut State, command: Command) -> Result<(), Command> {
    let start = &mut state.start;
    match command {
        Command::SearchProcesses(search) => start.search = search,
        Command::SearchCaptures(search) => start.capture_search = search,
        Command::SetTree(tree) => start.tree = tree,
        Command::ToggleFilter(Filter::Busy) => start.busy = !start.busy,
        Command::ToggleFilter(Filter::Mine) => start.mine = !start.mine,
        Command::ToggleFilter(Filter::Ready) => start.ready = !start.ready,
        Command::ToggleFold(pid) => {
            if !start.folded.remove(&pid) {
                start.folded.insert(pid);
            }
        }
        Command::SelectProcess(pid) => select(state, pid),
        Command::StepProcess(by) => step(state, by),
        Command::SortProcesses(column) => start.sort = column,
        Command::TogglePause => toggle_pause(state),
        Command::Choose(choice) => start.choice = choice,
        Command::Record => record(state),
        Command::TypeLaunch(typed) => start.command = typed,
        Command::TypeLaunchFolder(typed) => start.folder = typed,
        Command::Launch => launch(state),
        other => return Err(other),
    }
    state.start.arrange();
    Ok(())
}

/// Esc on the start screen.
pub(super) fn unwind(state: &mut State) {
    let start = &mut state.start;
    if start.search.is_empty() {
        start.selected = None;
    } else {
        start.search.clear();
        start.arrange();
    }
    state.unfocus = true;
}

fn step(state: &mut State, by: i32) {
    let start = &mut state.start;
    let Some(processes) = &start.processes else {
        return;
    };
    // Ancestors of what a search found are shown for their place in the tree, not to be chosen.
    let is_found = |at: usize| start.search.is_empty() || start.keeps(&processes[at]);
    let pids: Vec<u32> = start
        .lines
        .iter()
        .filter(|line| is_found(line.at))
        .map(|line| processes[line.at].pid)
        .collect();
    let at = start
        .selected
        .and_then(|pid| pids.iter().position(|other| *other == pid));
    let to = match at {
        Some(at) => (at as i32 + by).clamp(0, pids.len() as i32 - 1) as usize,
        None => 0,
    };
    let chosen = pids.get(to).copied();
    start.reveal = true;
    select(state, chosen);
}

/// Selects a process and has it looked at.
fn select(state: &mut State, pid: Option<u32>) {
    if state.start.selected == pid {
        return;
    }
    state.start.selected = pid;
    let target = state.start.target().filter(|target| target.attachable);
    if let Some(target) = target {
        state.requests.push(Request::Preflight(target.pid));
    }
}

fn toggle_pause(state: &mut State) {
    state.start.paused = !state.start.paused;
    let request = if state.start.paused {
        Request::PauseProcesses
    } else {
        Request::WatchProcesses
    };
    state.requests.push(request);
}

fn record(state: &mut State) {
    let start = &state.start;
    let Some(target) = start.target().filter(|target| target.attachable) else {
        return;
    };
    if state.recording.is_some() {
        return;
    }
    let request = Request::Attach {
        pid: target.pid,
        choice: start.allowed_choice(),
    };
    let name = title(target);
    let name = name.split(' ').next().unwrap_or_default();
    begin(state, format!("Attaching to {name}"), request);
}

fn launch(state: &mut State) {
    let start = &state.start;
    if start.command.trim().is_empty() || state.recording.is_some() {
        return;
    }
    let request = Request::Launch {
        command: start.command.trim().to_owned(),
        folder: start.folder.trim().to_owned(),
        choice: start.choice,
    };
    let words = format!("Launching {}", start.command.trim());
    begin(state, words, request);
}

fn begin(state: &mut State, words: String, request: Request) {
    super::tabs::begin(state, words, None);
    super::leave(state);
    state.requests.push(request);
    state.profile.frozen = false;
    state.notices.clear();
    super::show(state, Screen::Profile);
}

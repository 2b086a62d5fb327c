//! What the palette offers: everything that can be done now, as lines.

use scrutineer_profiler::profile::Weight;

use crate::{
    command::{
        Command, CompareAction, CompareSide, PinAction, Request, ReviewAction, Screen, Setting,
        TabAction, TimelineAction, TransformAction,
    },
    record_choice::{RecordChoice, RecordSubject},
    screens::{SCREENS, profile::CHANGES},
    settings::{ThemeChoice, WheelAction},
    state::{Layer, State, profile::Mode, start::title, timeline::ThreadOrder},
    views::{comparison::Against, readings::TOPICS},
    widgets::tab_strip,
};

/// A line of the palette.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) words: String,
    pub(crate) key: &'static str,
    pub(crate) command: Command,
}

fn line(words: impl Into<String>, key: &'static str, command: Command) -> Line {
    Line {
        words: words.into(),
        key,
        command,
    }
}

/// The lines for what was typed, best first.
pub(crate) fn lines(state: &State) -> Vec<Line> {
    let Some(Layer::Palette { query, .. }) = &state.layer else {
        return Vec::new();
    };
    let words: Vec<String> = query
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let fits = |line: &Line| {
        let text = line.words.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut lines: Vec<Line> = everything(state).into_iter().filter(fits).collect();
    if let Some(first) = words.first() {
        lines.sort_by_key(|line| !line.words.to_lowercase().starts_with(first));
        lines.extend(processes(state, &words));
    }
    lines
}

fn everything(state: &State) -> Vec<Line> {
    let mut lines: Vec<Line> = SCREENS
        .iter()
        .map(|entry| {
            line(
                format!("Go to {}", entry.label),
                entry.key,
                Command::Go(entry.screen),
            )
        })
        .collect();
    lines.push(line(
        "Open capture…",
        "Ctrl O",
        Command::Ask(Request::OpenDialog),
    ));
    lines.push(line("Run the demo", "", Command::Ask(Request::RunDemo)));
    lines.extend(tabs(state));
    lines.extend(pin(state));
    lines.extend(recording(state));
    lines.extend(profile(state));
    lines.extend(review(state));
    lines.push(line("Gather evidence and judge", "", Command::Gather));
    if state.checklist.review.is_some() {
        lines.push(line("Freeze a milestone…", "m", Command::OpenFreeze));
        lines.push(line("Export review…", "Ctrl E", Command::OpenExport));
        lines.push(line(
            "Export review with a file dialog…",
            "",
            Command::Ask(Request::ExportDialog),
        ));
    }
    lines.push(line(
        "Measure again what can be captured here",
        "",
        Command::Ask(Request::MeasureAbilities),
    ));
    lines.push(line(
        "Profile Scrutineer itself: start or save",
        "",
        Command::Ask(Request::ToggleOwnProfile),
    ));
    lines.extend(appearance(state));
    lines.push(line("Show all keys", "?", Command::ToggleSheet));
    lines
}

/// What can be done in a review session, and the reviews and milestones that there are.
fn review(state: &State) -> Vec<Line> {
    let act = |words: &str, key, action| line(words, key, Command::Review(action));
    let mut lines = Vec::new();
    let has_review = state.checklist.review.is_some();
    if has_review {
        lines.push(act("Review: open a new one…", "", ReviewAction::BeginNew));
    }
    if let Some(facts) = &state.review.facts {
        let others = facts.reviews.iter().filter(|name| **name != facts.name);
        lines.extend(others.map(|name| {
            let words = format!("Review: open {name}");
            act(&words, "", ReviewAction::Open(name.clone(), None))
        }));
        lines.extend(facts.milestones.iter().rev().map(|milestone| {
            let words = format!("Against {}: compare with the milestone", milestone.name);
            act(&words, "", ReviewAction::Against(milestone.name.clone()))
        }));
        lines.push(act("Sign off a milestone…", "", ReviewAction::BeginSignOff));
        lines.push(act("Who is in the room…", "", ReviewAction::BeginRoom));
    }
    if state.screen != Screen::Review || !has_review {
        return lines;
    }
    lines.extend([
        act("Record and next", "Ctrl Enter", ReviewAction::RecordAndNext),
        act("Next item", "→", ReviewAction::Step(1)),
        act("Previous item", "←", ReviewAction::Step(-1)),
        act(
            "Accept strong passes together",
            "",
            ReviewAction::AcceptStrongPasses,
        ),
        act("Picture full screen", "Space", ReviewAction::ToggleFull),
        act("Present in large type", "p", ReviewAction::TogglePresenter),
        act("Another view of the evidence", "v", ReviewAction::ShowNext),
        act(
            "What changed since the milestone",
            "d",
            ReviewAction::ToggleChanges,
        ),
        line("Confirm the item", "c", Command::Confirm),
        line("Waive the item until a date…", "w", Command::DraftWaive),
        line(
            "The item does not apply because…",
            "a",
            Command::DraftNotApplicable,
        ),
        line("Write down an action…", "t", Command::DraftAction),
        line("Write down a note…", "n", Command::DraftNote),
    ]);
    if let Some(item) = state.checklist.item() {
        let opposite = crate::screens::decision::opposite(item);
        let overrule = Command::DraftOverrule(opposite);
        lines.push(line("Overrule the item…", "o", overrule));
    }
    lines
}

/// What can be done to the pin that is selected.
fn pin(state: &State) -> Vec<Line> {
    let selected = state.pins.selected.as_ref();
    let Some(id) = selected.filter(|_| state.screen == Screen::Pins) else {
        return Vec::new();
    };
    let act = |words, key, action| line(words, key, Command::Pin(action));
    vec![
        act("Open the pinned view", "Enter", PinAction::OpenSelected),
        act("Note to the pin…", "n", PinAction::Note(id.clone())),
        act("Remove the pin", "Del", PinAction::AskRemove(id.clone())),
    ]
}

/// The captures that are open.
fn tabs(state: &State) -> Vec<Line> {
    const KEYS: [&str; 9] = [
        "Ctrl 1", "Ctrl 2", "Ctrl 3", "Ctrl 4", "Ctrl 5", "Ctrl 6", "Ctrl 7", "Ctrl 8", "Ctrl 9",
    ];
    if state.tabs.count() == 1 && state.profile.open.is_none() {
        return Vec::new();
    }
    let tab = |place: usize| {
        let (name, when) = tab_strip::title(state.tab(place), state.now);
        let key = KEYS.get(place).copied().unwrap_or_default();
        let words = format!("Show tab {}: {name} {when}", place + 1);
        line(words, key, Command::Tab(TabAction::Show(place)))
    };
    let mut lines: Vec<Line> = (0..state.tabs.count()).map(tab).collect();
    if lines.len() == 1 {
        lines.clear();
    } else {
        let step = |words, key, by| line(words, key, Command::Tab(TabAction::Step(by)));
        lines.push(step("Next tab", "Ctrl Tab", 1));
        lines.push(step("Previous tab", "Ctrl Shift Tab", -1));
    }
    let close = Command::Tab(TabAction::CloseShown);
    lines.push(line("Close the capture", "Ctrl W", close));
    lines
}

fn recording(state: &State) -> Vec<Line> {
    if state.recording.is_some() {
        let freeze = if state.profile.frozen {
            "Follow the recording again"
        } else {
            "Freeze the picture"
        };
        return vec![
            line("Stop the recording", "", Command::StopRecording),
            line(freeze, "Space", Command::ToggleFreeze),
        ];
    }
    let target = state.start.target().filter(|target| target.attachable);
    let record = target.map(|target| {
        line(
            format!("Record {}", title(target)),
            "Enter",
            Command::Record,
        )
    });
    record.into_iter().chain(choices(state)).collect()
}

/// How the next recording is made.
fn choices(state: &State) -> Vec<Line> {
    let choice = state.start.choice;
    let switch = |on: bool, more: &str, less: &str| if on { less } else { more }.to_owned();
    let mut lines = vec![
        line(
            switch(
                choice.off_cpu,
                "Record waits too (off-CPU)",
                "Record no waits",
            ),
            "",
            Command::Choose(RecordChoice {
                off_cpu: !choice.off_cpu,
                ..choice
            }),
        ),
        line(
            switch(
                choice.page_faults,
                "Record page faults too",
                "Record no page faults",
            ),
            "",
            Command::Choose(RecordChoice {
                page_faults: !choice.page_faults,
                ..choice
            }),
        ),
        line(
            switch(
                choice.follows_children,
                "Follow children that are started meanwhile",
                "Leave out children that are started meanwhile",
            ),
            "",
            Command::Choose(RecordChoice {
                follows_children: !choice.follows_children,
                ..choice
            }),
        ),
        line(
            switch(
                choice.frame_pointers,
                "Follow stacks along frame pointers",
                "Follow stacks by unwind information",
            ),
            "",
            Command::Choose(RecordChoice {
                frame_pointers: !choice.frame_pointers,
                ..choice
            }),
        ),
    ];
    let subjects = RecordSubject::ALL
        .into_iter()
        .filter(|subject| *subject != choice.subject && state.start.refusal(*subject).is_none())
        .map(|subject| {
            let words = format!("Record {}", subject.label());
            line(
                words,
                "",
                Command::Choose(RecordChoice { subject, ..choice }),
            )
        });
    lines.extend(subjects);
    lines
}

fn profile(state: &State) -> Vec<Line> {
    if state.profile.open.is_none() {
        return Vec::new();
    }
    let mut lines: Vec<Line> = Mode::ALL
        .into_iter()
        .zip(["1", "2", "3", "4", "5", "6", "7", "8"])
        .map(|(mode, key)| {
            line(
                format!("Show {}", mode.words()),
                key,
                Command::SetMode(mode),
            )
        })
        .collect();
    lines.extend(weights(state));
    if state.screen == Screen::Memory {
        lines.extend(TOPICS.into_iter().map(|topic| {
            let words = format!("Show {} over time", topic.label().to_lowercase());
            line(words, "", Command::SetTopic(topic))
        }));
    }
    if state.profile.selected_function().is_some() {
        lines.extend(CHANGES.into_iter().map(|(change, words, key)| {
            line(
                words,
                key,
                Command::Transform(TransformAction::Apply(change)),
            )
        }));
    }
    if let Some(open) = &state.profile.open {
        let path = open.loaded.path.clone();
        lines.push(line(
            "Pin what is seen as evidence…",
            "Ctrl P",
            Command::Pin(PinAction::Begin),
        ));
        lines.push(line(
            "Write a note to this capture…",
            "",
            Command::NoteCapture(path),
        ));
    }
    lines.push(line(
        "My code only",
        "u",
        Command::Transform(TransformAction::ToggleMyCode),
    ));
    lines.extend(comparisons(state));
    let small = if state.profile.wanted.hides_small {
        "Show frames below 0.1 % again"
    } else {
        "Hide frames below 0.1 %"
    };
    lines.push(line(small, "h", Command::ToggleSmall));
    lines.push(line(
        "Zoom the timeline to the range",
        "z",
        Command::Timeline(TimelineAction::ZoomToRange),
    ));
    lines.push(line(
        "Look at all threads",
        "",
        Command::Timeline(TimelineAction::AllThreads),
    ));
    lines.extend(ThreadOrder::ALL.into_iter().map(|order| {
        line(
            format!("Sort threads by {}", order.label()),
            "",
            Command::Timeline(TimelineAction::Order(order)),
        )
    }));
    lines.push(line(
        "Show hidden threads",
        "",
        Command::Timeline(TimelineAction::ShowHidden),
    ));
    lines.push(line("Invert the call tree", "i", Command::ToggleInvert));
    lines.push(line("Reset zoom", "0", Command::ResetZoom));
    lines
}

/// Captures that the palette offers to compare with.
const CAPTURES: usize = 30;

/// What the shown selection can be compared with.
fn comparisons(state: &State) -> Vec<Line> {
    let profile = &state.profile;
    let Some(open) = profile.open.as_ref().filter(|open| !open.live) else {
        return Vec::new();
    };
    let compare = |words: String, key, action| line(words, key, Command::Compare(action));
    let mut lines = Vec::new();
    if let Some((from, to)) = profile.held_s {
        let words = format!("Compare with the held range, {from:.1} – {to:.1} s");
        lines.push(compare(words, "", CompareAction::Held));
    }
    if profile.wanted.range_s.is_some() {
        let words = "Hold this range to compare another with it".to_owned();
        lines.push(compare(words, "b", CompareAction::Hold));
    }
    if open.weights().contains(&Weight::Wait) {
        let words = "Compare CPU time and waits".to_owned();
        lines.push(compare(words, "", CompareAction::Weights));
    }
    let has_captures = matches!(profile.wanted.against, Some(Against::Captures(_)));
    let captures = state.start.captures.iter().flatten();
    let others = captures.filter(|capture| capture.path != open.loaded.path);
    for capture in others.take(CAPTURES) {
        let file = capture.path.file_name().unwrap_or_default();
        let when = crate::format::day(capture.started_at, state.now);
        let name = format!("{}, {when}, {}", capture.target, file.to_string_lossy());
        let mut offer = |words: &str, side| {
            let action = CompareAction::Capture(capture.path.clone(), side);
            lines.push(compare(format!("{words} {name}"), "", action));
        };
        if has_captures {
            offer("Compare with one more base:", CompareSide::Base);
            offer("Compare one more beside this one:", CompareSide::Candidate);
        } else {
            offer("Compare with", CompareSide::Base);
        }
    }
    lines.push(compare(
        "Compare with another capture…".to_owned(),
        "",
        CompareAction::Choose,
    ));
    if profile.wanted.against.is_some() {
        let words = "Compare the other way around: swap the sides".to_owned();
        lines.push(compare(words, "", CompareAction::Swap));
        let words = "Compare by the base's widths: show vanished stacks".to_owned();
        lines.push(compare(words, "v", CompareAction::ToggleBase));
        let words = "Compare no longer".to_owned();
        lines.push(compare(words, "x", CompareAction::Stop));
    }
    lines
}

/// What the capture can be weighed by, and its classes of waits; of another tool's file what it
/// measures.
fn weights(state: &State) -> Vec<Line> {
    let Some(open) = &state.profile.open else {
        return Vec::new();
    };
    let weights = open.weights();
    if weights.len() < 2 {
        let names = open.measures().iter().enumerate();
        let others = names.filter(|(at, _)| *at != open.measure_at());
        return others
            .map(|(at, name)| line(format!("Measure {name}"), "t", Command::Measure(at)))
            .collect();
    }
    let mut lines: Vec<Line> = weights
        .into_iter()
        .map(|weight| {
            let words = format!("Weigh by {}", weight.label());
            line(words, "t", Command::Weigh(weight))
        })
        .collect();
    let wanted = &state.profile.wanted;
    lines.extend(open.shown.classes.iter().map(|found| {
        let on = wanted.classes.is_some() && wanted.counts(found.class);
        let act = if on { "Hide" } else { "Look at" };
        let words = format!("{act} waits: {}", found.class.label());
        line(words, "", Command::ToggleWaitClass(found.class))
    }));
    if wanted.classes.is_some() {
        lines.push(line("Look at all waits", "", Command::AllWaitClasses));
    }
    lines
}

fn appearance(state: &State) -> Vec<Line> {
    let look = state.appearance;
    let other = if look.dark {
        "Light appearance"
    } else {
        "Dark appearance"
    };
    let (wheel, other_wheel) = match state.settings.settings.wheel {
        WheelAction::Scroll => ("Wheel zooms", WheelAction::Zoom),
        WheelAction::Zoom => ("Wheel scrolls", WheelAction::Scroll),
    };
    let motion = if look.reduce_motion {
        "Show motion"
    } else {
        "Reduce motion"
    };
    vec![
        line(other, "", Command::SetDark(!look.dark)),
        line("Larger", "Ctrl +", Command::SetScale(look.scale + 0.1)),
        line("Smaller", "Ctrl −", Command::SetScale(look.scale - 0.1)),
        line("Normal size", "Ctrl 0", Command::SetScale(1.0)),
        line(motion, "", Command::SetReduceMotion(!look.reduce_motion)),
        line(
            "Appearance of the desktop",
            "",
            Command::Set(Setting::Theme(ThemeChoice::System)),
        ),
        line(wheel, "", Command::Set(Setting::Wheel(other_wheel))),
        line(
            "Prune captures as the settings say",
            "",
            Command::Ask(Request::PruneCaptures),
        ),
    ]
}

/// Processes by name or pid, so that one can attach from anywhere.
fn processes(state: &State, words: &[String]) -> Vec<Line> {
    let processes = state.start.processes.as_deref().unwrap_or_default();
    let fits = |text: &str| {
        words
            .iter()
            .all(|word| text.to_lowercase().contains(word.as_str()))
    };
    let attachable = processes.iter().filter(|process| process.attachable);
    attachable
        .map(|process| {
            (
                process.pid,
                format!("Select {} {}", title(process), process.pid),
            )
        })
        .filter(|(_, text)| fits(text))
        .take(6)
        .map(|(pid, text)| line(text, "", Command::SelectProcess(Some(pid))))
        .collect()
}

//! Attaching, launching and opening from the start screen.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use scrutineer_profiler::{
    capture::ability::{Ability, Readiness},
    process::preflight::{Note, Weight},
};

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::Event,
    fixtures,
    record_choice::{RecordChoice, RecordSubject},
};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Processes(fixtures::processes()));
    driver.tell(Event::Abilities(fixtures::abilities()));
    driver.tell(Event::Captures(fixtures::captures()));
    driver.requests();
    driver
}

#[test]
fn a_new_window_asks_for_processes_captures_and_abilities() {
    let mut driver = Driver::new();
    let requests = driver.requests();
    for wanted in [
        Request::WatchProcesses,
        Request::ListCaptures,
        Request::MeasureAbilities,
    ] {
        assert!(
            requests.contains(&wanted),
            "{wanted:?} is not among {requests:?}"
        );
    }
}

#[test]
fn attaching_shows_the_flame_graph_growing_until_it_is_stopped() {
    let mut driver = driver();
    driver.click_part("process ledgerd --config dev.ron, pid 41823");
    driver.click("Record");
    let wanted = Request::Attach {
        pid: 41_823,
        choice: RecordChoice::default(),
    };
    assert!(driver.requests().contains(&wanted));
    assert_eq!(driver.state().screen, Screen::Profile);
    assert!(driver.shows("Attaching to ledgerd"));
    driver.tell(Event::Recording {
        pid: 41_823,
        elapsed: std::time::Duration::from_secs(12),
        quality: fixtures::loaded().profile.quality.clone(),
    });
    driver.tell(Event::Live(fixtures::loaded_part(0.2)));
    let early = driver
        .state()
        .profile
        .open
        .as_ref()
        .unwrap()
        .shown
        .layout
        .total;
    assert!(driver.shows("frame apply_batch"));
    driver.tell(Event::Live(fixtures::loaded_part(0.5)));
    assert!(
        driver
            .state()
            .profile
            .open
            .as_ref()
            .unwrap()
            .shown
            .layout
            .total
            > early
    );
    driver.click("Stop the recording");
    assert_eq!(driver.requests(), [Request::StopRecording]);
    driver.tell(Event::RecordingEnded {
        warnings: vec!["Kernel time was invisible.".into()],
    });
    driver.tell(Event::Loaded(fixtures::loaded()));
    assert!(driver.shows("Kernel time was invisible."));
    assert!(!driver.state().profile.open.as_ref().unwrap().live);
}

#[test]
fn arrows_and_enter_record_without_a_pointer() {
    let mut driver = driver();
    driver.press(Modifiers::NONE, Key::ArrowDown);
    driver.press(Modifiers::NONE, Key::ArrowDown);
    let chosen = driver.state().start.selected.unwrap();
    driver.press(Modifiers::NONE, Key::Enter);
    let requests = driver.requests();
    assert!(
        requests
            .iter()
            .any(|request| matches!(request, Request::Attach { pid, .. } if *pid == chosen)),
        "{requests:?}"
    );
}

#[test]
fn a_process_of_another_user_is_not_recorded_and_says_what_to_do() {
    let mut driver = driver();
    driver.click("Ready");
    driver.click_part("process postgres: ledger writer");
    assert!(driver.shows("attach as 70"));
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.requests(), []);
}

#[test]
fn searching_narrows_the_list() {
    let mut driver = driver();
    driver.write("/");
    driver.write("risk");
    assert_eq!(driver.state().start.search, "risk");
    assert!(driver.shows("process python3 -m risk_scoring.worker"));
    assert!(!driver.shows("process firefox"));
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(driver.shows("process firefox"));
}

#[test]
fn a_program_is_launched_with_its_command_and_folder() {
    let mut driver = driver();
    driver.harness.get_by_label("Command to launch").focus();
    driver.settle();
    driver.write("./service --fast");
    driver.press(Modifiers::NONE, Key::Tab);
    driver.write("/srv");
    driver.click("Launch");
    let wanted = Request::Launch {
        command: "./service --fast".into(),
        folder: "/srv".into(),
        choice: RecordChoice::default(),
    };
    assert!(driver.requests().contains(&wanted));
}

#[test]
fn duration_and_frequency_are_chosen_from_menus() {
    let mut driver = driver();
    driver.click("Duration: 30 s");
    driver.click("until stopped");
    driver.click("Frequency: 999 Hz");
    driver.click("99 Hz");
    driver.click_part("process firefox");
    driver.click("Record");
    let wanted = Request::Attach {
        pid: 3844,
        choice: RecordChoice {
            frequency_hz: 99,
            seconds: None,
            ..RecordChoice::default()
        },
    };
    assert!(driver.requests().contains(&wanted));
}

#[test]
fn a_recent_capture_opens() {
    let mut driver = driver();
    driver.click_part("capture risk_scoring");
    let path = fixtures::captures()[2].path.clone();
    assert!(driver.requests().contains(&Request::Open(path)));
    assert_eq!(driver.state().screen, Screen::Profile);
    assert!(driver.shows("Opening risk_scoring"));
}

#[test]
fn the_command_that_mends_an_ability_is_copied() {
    let mut driver = driver();
    let command = "sudo sysctl kernel.perf_event_paranoid=1";
    driver
        .harness
        .get_by_label(&format!("Copy {command}"))
        .click();
    let copied = |driver: &Driver| {
        let commands = &driver.harness.output().platform_output.commands;
        commands
            .iter()
            .any(|done| matches!(done, egui::OutputCommand::CopyText(text) if text == command))
    };
    let found = (0..6).any(|_| {
        driver.harness.step();
        copied(&driver)
    });
    assert!(found);
}

#[test]
fn a_failed_attempt_leaves_the_open_capture_as_it_was() {
    let mut driver = driver();
    driver.tell(Event::Loaded(fixtures::loaded()));
    driver.press(Modifiers::ALT, Key::Num1);
    driver.click_part("process firefox");
    driver.click("Record");
    assert!(driver.shows("Attaching to firefox"));
    driver.tell(Event::Failed {
        message: "no process has the pid 3844; it may have ended".into(),
    });
    assert!(driver.shows("it may have ended"));
    assert!(driver.shows("frame apply_batch"));
}

#[test]
fn sorting_by_memory_puts_the_largest_first() {
    let mut driver = driver();
    driver.click("Sort by RSS, MiB");
    let start = &driver.state().start;
    let first = &start.processes.as_ref().unwrap()[start.lines[0].at];
    assert_eq!(first.name, "rust-analyzer");
}

#[test]
fn the_list_rests_while_another_screen_is_seen() {
    let mut driver = driver();
    driver.press(Modifiers::ALT, Key::Num2);
    assert_eq!(driver.requests(), [Request::PauseProcesses]);
    driver.press(Modifiers::ALT, Key::Num1);
    assert!(driver.requests().contains(&Request::WatchProcesses));
}

/// The choice that recording now would carry out.
fn chosen(driver: &mut Driver) -> RecordChoice {
    driver.click("Record");
    let requests = driver.requests();
    let attached = requests.iter().find_map(|request| match request {
        Request::Attach { choice, .. } => Some(*choice),
        _ => None,
    });
    attached.unwrap_or_else(|| panic!("nothing is attached to: {requests:?}"))
}

#[test]
fn switches_choose_what_is_recorded_beside_cpu_time() {
    let mut driver = driver();
    driver.click_part("process firefox");
    driver.click("Off-CPU");
    driver.click("Page faults");
    driver.click("New children");
    let choice = chosen(&mut driver);
    assert!(choice.off_cpu && choice.page_faults && !choice.follows_children);
}

#[test]
fn the_subject_and_how_stacks_are_followed_are_chosen_from_menus() {
    let mut driver = driver();
    driver.click_part("process firefox");
    driver.click("Subject: this process");
    driver.click("with descendants");
    driver.click("Stacks: unwind information");
    driver.click("frame pointers");
    let choice = chosen(&mut driver);
    assert_eq!(choice.subject, RecordSubject::Tree);
    assert!(choice.frame_pointers);
}

#[test]
fn a_subject_that_is_refused_here_says_why_and_cannot_be_chosen() {
    let mut driver = driver();
    let mut abilities = fixtures::abilities();
    abilities.push(Ability {
        id: "whole_machine",
        title: "The whole machine",
        readiness: Readiness::Unavailable,
        value: "perf_event_paranoid = 2".to_owned(),
        consequence: String::new(),
        remedy: None,
    });
    driver.tell(Event::Abilities(abilities));
    driver.click_part("process firefox");
    driver.click("Subject: this process");
    assert!(driver.shows("whole machine, not here: perf_event_paranoid = 2"));
    driver.click("all of its name");
    assert_eq!(chosen(&mut driver).subject, RecordSubject::SameName);
}

#[test]
fn what_will_not_be_seen_is_said_with_its_remedy_once_a_process_is_chosen() {
    let mut driver = driver();
    driver.click_part("process firefox");
    let pid = driver.state().start.selected.expect("it was clicked");
    assert!(driver.requests().contains(&Request::Preflight(pid)));
    let note = Note {
        weight: Weight::Loses,
        brief: "Names need a perf map",
        words: "Java methods will have no names.".to_owned(),
        remedy: Some("jcmd 3844 Compiler.perfmap".to_owned()),
    };
    driver.tell(Event::Preflight {
        pid,
        notes: vec![note],
    });
    assert!(driver.shows("Java methods will have no names."));
    assert!(driver.shows("Copy jcmd 3844 Compiler.perfmap"));
    driver.click_part("process rust-analyzer");
    assert!(!driver.shows("Java methods will have no names."));
}

#[test]
fn the_palette_chooses_how_to_record_too() {
    let mut driver = driver();
    driver.click_part("process firefox");
    for words in ["waits too", "with descendants"] {
        driver.press(Modifiers::COMMAND, Key::K);
        driver.write(words);
        driver.press(Modifiers::NONE, Key::Enter);
    }
    let choice = chosen(&mut driver);
    assert!(choice.off_cpu);
    assert_eq!(choice.subject, RecordSubject::Tree);
}

#[test]
fn recent_captures_are_found_by_target_commit_and_note() {
    let mut driver = driver();
    driver.tell(Event::Captures(fixtures::captures()));
    for (search, found) in [
        ("risk", 1),
        ("8f3c", 1),
        ("cache fix", 1),
        ("LEDGERD", 3),
        ("ledgerd cache", 1),
        ("8f3c risk", 0),
    ] {
        driver.click("Search captures");
        driver.press(Modifiers::COMMAND, Key::A);
        driver.write(search);
        let all = driver.harness.query_all_by_label_contains("capture ");
        let shown = all.filter(|node| {
            let label = node.accesskit_node().label().unwrap_or_default();
            label.starts_with("capture ")
        });
        assert_eq!(shown.count(), found, "{search}");
    }
    assert!(driver.shows("Nothing found"));
}

#[test]
fn a_capture_gets_a_note_and_a_pin_from_its_menu() {
    let mut driver = driver();
    driver.tell(Event::Captures(fixtures::captures()));
    assert!(driver.shows("pinned, note: after the cache fix"));
    let path = fixtures::captures()[2].path.clone();
    driver.click("More about risk_scoring-20311");
    driver.click("Pin: it is never pruned");
    let pin = Request::PinCapture {
        path: path.clone(),
        pinned: true,
    };
    assert!(driver.requests().contains(&pin));
    driver.click("More about risk_scoring-20311");
    driver.click("Write a note…");
    driver.write("slow at night");
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(driver.state().layer.is_none());
    let note = Request::NoteCapture {
        path,
        note: "slow at night".to_owned(),
    };
    assert!(driver.requests().contains(&note));
}

#[test]
fn overdue_actions_are_shown_and_open_their_review_at_the_item() {
    use crate::command::ReviewRequest;
    let mut driver = Driver::new();
    assert!(!driver.shows("Overdue actions"));
    let late = fixtures::session::facts().carried;
    driver.tell(Event::Overdue(late));
    driver.click("overdue action Bound the store, Data team, 33 days overdue, review spring");
    let opened = Request::Review(ReviewRequest::Open("spring".into()));
    assert!(driver.requests().contains(&opened));
    assert_eq!(driver.state().screen, crate::command::Screen::Review);
    driver.tell(Event::Review(std::sync::Arc::new(fixtures::review())));
    let mut facts = fixtures::session::facts();
    facts.name = "spring".into();
    driver.tell(Event::ReviewFacts(std::sync::Arc::new(facts)));
    assert_eq!(
        driver.state().checklist.selected.as_deref(),
        Some("memory.leaks")
    );
}

//! Attaching, launching and opening from the start screen.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::Event,
    fixtures,
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
        frequency_hz: 999,
        seconds: Some(30),
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
    assert_eq!(
        driver.requests(),
        [Request::PauseProcesses, Request::StopRecording][1..]
    );
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
        matches!(requests[..], [Request::Attach { pid, .. }, ..] if pid == chosen),
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
        frequency_hz: 999,
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
        frequency_hz: 99,
        seconds: None,
    };
    assert!(driver.requests().contains(&wanted));
}

#[test]
fn a_recent_capture_opens_and_a_remedy_can_be_copied() {
    let mut driver = driver();
    driver.click("Copy sudo sysctl kernel.perf_event_paranoid=1");
    let copied = driver.harness.output().platform_output.commands.clone();
    drop(copied);
    driver.click_part("capture risk_scoring");
    let path = fixtures::captures()[2].path.clone();
    assert!(driver.requests().contains(&Request::Open(path)));
    assert_eq!(driver.state().screen, Screen::Profile);
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

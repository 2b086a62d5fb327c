//! Memory and what else was read alongside a capture.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use scrutineer_profiler::profile::series::Topic;

use super::Driver;
use crate::{event::Event, fixtures};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_readings()));
    driver.press(Modifiers::ALT, Key::Num3);
    driver
}

impl Driver {
    /// Clicks a tab of the screen; the rail has a button of the same name.
    fn tab(&mut self, name: &str) {
        let tabs = self
            .harness
            .query_all_by_role_and_label(egui::accesskit::Role::Tab, name);
        let tab = tabs.last().expect("the tab is there");
        tab.click();
        self.settle();
    }
}

#[test]
fn every_tab_has_its_chart_and_the_table_with_the_same_numbers() {
    let mut driver = driver();
    for (tab, chart, number) in [
        ("Threads", "threads over time, 1 lines", "29\u{a0}500"),
        ("Descriptors", "descriptors over time, 1 lines", "+59"),
        ("Sockets", "sockets over time, 1 lines", "10.0.0.7:5432"),
        ("Disk", "disk over time, 1 lines", "177"),
        (
            "Control groups",
            "control groups over time, 1 lines",
            "89.6",
        ),
        ("Pressure", "pressure over time, 1 lines", "memory some"),
    ] {
        driver.tab(tab);
        assert!(driver.shows(chart), "{tab}: {:#?}", driver.labels());
        assert!(driver.shows(number), "{tab}: {:#?}", driver.labels());
    }
}

#[test]
fn digits_walk_the_tabs() {
    let mut driver = driver();
    driver.press(Modifiers::NONE, Key::Num5);
    assert_eq!(driver.state().profile.topic, Topic::Disk);
    driver.press(Modifiers::NONE, Key::Num1);
    assert_eq!(driver.state().profile.topic, Topic::Memory);
}

#[test]
fn a_limit_stands_beside_what_it_limits() {
    let mut driver = driver();
    driver.tab("Descriptors");
    assert!(driver.shows("ledgerd 41823 may open 1\u{a0}024."));
}

#[test]
fn a_kill_for_want_of_memory_is_marked_in_every_tab() {
    let mut driver = driver();
    for tab in ["Memory", "Disk", "Pressure"] {
        driver.tab(tab);
        assert!(
            driver.shows("out of memory: process 41900 killed, importer"),
            "{tab}"
        );
    }
}

#[test]
fn growth_is_explained_by_the_functions_that_touched_the_memory() {
    let driver = driver();
    assert!(driver.shows("Explained growth of the resident set"));
    assert!(driver.shows("grow"), "{:#?}", driver.labels());
}

#[test]
fn a_capture_without_page_faults_says_how_to_explain_its_growth() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::ALT, Key::Num3);
    assert!(driver.shows("record --page-faults"));
}

#[test]
fn a_tab_without_readings_says_why() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::ALT, Key::Num3);
    driver.tab("Pressure");
    assert!(driver.shows("No readings of pressure"));
    assert!(driver.shows("psi=1"));
}

#[test]
fn a_range_counts_in_the_tables() {
    let mut driver = driver();
    driver.press(Modifiers::ALT, Key::Num2);
    driver.drag_range(0.25, 0.5);
    driver.press(Modifiers::ALT, Key::Num3);
    driver.tab("Disk");
    let rows = &driver.state().profile.open.as_ref().unwrap().pictures;
    let pictures = rows.as_ref().unwrap();
    let written: f64 = pictures.by_topic[&Topic::Disk].table.rows[0][3]
        .parse()
        .unwrap();
    assert!((40.0..=50.0).contains(&written), "{written}");
    assert!(driver.shows(&format!("{written:.1}")));
}

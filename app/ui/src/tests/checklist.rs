//! Judging, deciding and exporting.

use std::{path::PathBuf, sync::Arc};

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use scrutineer_checklists::{
    document::ActionLine,
    review::{Action, ActionStanding, Choice, Severity, Standing},
    verdict::Outcome,
};

use super::Driver;
use crate::{
    command::{Entry, Request},
    event::Event,
    fixtures,
};

const LEAKS: &str = "item memory.leaks, fail, not decided";

fn decided(driver: &mut Driver) -> Vec<Request> {
    driver
        .requests()
        .into_iter()
        .filter(|request| matches!(request, Request::Decide { .. }))
        .collect()
}

fn decide(choice: Choice, why: &str) -> Request {
    Request::Decide {
        item: "memory.leaks".into(),
        choice,
        why: why.into(),
    }
}

#[test]
fn all_56_items_are_named_with_their_outcome() {
    let driver = Driver::with_review();
    let items = driver
        .harness
        .query_all_by_label_contains("not decided")
        .count();
    assert_eq!(items, 56);
    assert!(driver.shows("56 items, no total score"));
}

#[test]
fn an_item_is_confirmed_with_one_key() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::C);
    assert_eq!(decided(&mut driver), [decide(Choice::Confirm, "")]);
}

#[test]
fn an_overruling_needs_a_reason() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::O);
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(decided(&mut driver), []);
    assert!(driver.shows("Say why"));
    driver.write("Bounded by the eviction job");
    driver.press(Modifiers::NONE, Key::Enter);
    let wanted = decide(
        Choice::Overrule(Outcome::Pass),
        "Bounded by the eviction job",
    );
    assert_eq!(decided(&mut driver), [wanted]);
}

#[test]
fn another_outcome_can_be_chosen_when_overruling() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.click("Overrule");
    driver.click("Holds instead: attention");
    driver.write("Slow");
    driver.click("Store: overrule");
    assert_eq!(
        decided(&mut driver),
        [decide(Choice::Overrule(Outcome::Attention), "Slow")]
    );
}

#[test]
fn a_waiver_ends_on_a_date() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::W);
    assert_eq!(driver.state().checklist.until, "2026-04-08");
    driver.harness.get_by_label("Reason").focus();
    driver.settle();
    driver.write("Restarted nightly");
    driver.click("Store: waive");
    let until = jiff::civil::date(2026, 4, 8);
    assert_eq!(
        decided(&mut driver),
        [decide(Choice::Waive { until }, "Restarted nightly")]
    );
}

#[test]
fn a_bad_date_is_refused_with_its_form() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::W);
    driver.write("x");
    driver.harness.get_by_label("Reason").focus();
    driver.settle();
    driver.write("Because");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(decided(&mut driver), []);
    assert!(driver.shows("Write the date as year-month-day"));
}

#[test]
fn not_applicable_needs_a_reason_too() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::A);
    driver.write("A batch job that ends");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(
        decided(&mut driver),
        [decide(Choice::NotApplicable, "A batch job that ends")]
    );
}

#[test]
fn a_lapsed_decision_says_so_and_can_be_taken_back() {
    let mut driver = Driver::with_review();
    let standing = Standing::Lapsed("the outcome changed".into());
    driver.tell(Event::Review(Arc::new(fixtures::waived(standing))));
    driver.click("item memory.leaks, fail, decision lapsed");
    assert!(driver.shows("decide again"));
    assert!(driver.shows("Lapsed: the outcome changed"));
    driver.click("Take back");
    let wanted = Request::Undecide {
        item: "memory.leaks".into(),
    };
    assert!(driver.requests().contains(&wanted));
}

#[test]
fn a_standing_waiver_shows_what_counts() {
    let mut driver = Driver::with_review();
    driver.tell(Event::Review(Arc::new(fixtures::waived(Standing::Holds))));
    driver.click("item memory.leaks, attention, decided");
    assert!(driver.shows("Waived until 2026-04-30 by Dana"));
    assert!(driver.shows("counts as attention"));
}

#[test]
fn j_and_k_walk_the_items_that_are_shown() {
    let mut driver = Driver::with_review();
    driver.write("/");
    driver.write("cache");
    driver.press(Modifiers::NONE, Key::Enter);
    driver.press(Modifiers::NONE, Key::J);
    driver.press(Modifiers::NONE, Key::J);
    let ids: Vec<String> = driver
        .state()
        .checklist
        .shown_ids()
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert!(ids.len() < 10);
    assert_eq!(driver.state().checklist.selected, Some(ids[1].clone()));
    driver.press(Modifiers::NONE, Key::K);
    assert_eq!(driver.state().checklist.selected, Some(ids[0].clone()));
}

#[test]
fn the_review_is_exported_with_the_keyboard_alone() {
    let mut driver = Driver::with_review();
    driver.press(Modifiers::COMMAND, Key::E);
    driver.press(Modifiers::COMMAND, Key::A);
    driver.write("/tmp/mine.html");
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(
        driver
            .requests()
            .contains(&Request::Export(PathBuf::from("/tmp/mine.html")))
    );
    assert!(driver.state().layer.is_none());
}

#[test]
fn the_review_is_exported_through_a_dialog() {
    let mut driver = Driver::with_review();
    driver.click("Export");
    driver.click("Choose a place…");
    assert!(driver.requests().contains(&Request::ExportDialog));
}

#[test]
fn gathering_needs_something_to_look_at() {
    let mut driver = Driver::with_review();
    driver.click("Gather evidence");
    assert!(driver.shows("Nothing to look at yet"));
    driver.tell(Event::Loaded(fixtures::loaded()));
    driver.click("Gather evidence");
    assert!(driver.requests().contains(&Request::Gather { pid: None }));
}

#[test]
fn open_items_alone_are_shown_on_demand() {
    let mut driver = Driver::with_review();
    let open = fixtures::review()
        .items()
        .filter(|item| crate::state::checklist::is_open(item))
        .count();
    driver.click(&format!("Open {open}"));
    assert_eq!(
        driver
            .harness
            .query_all_by_label_contains("not decided")
            .count(),
        open
    );
}

fn written(driver: &mut Driver) -> Vec<Request> {
    let requests = driver.requests().into_iter();
    requests
        .filter(|request| {
            matches!(
                request,
                Request::WriteDown { .. } | Request::FinishAction { .. } | Request::Freeze { .. }
            )
        })
        .collect()
}

fn about_leaks(entry: Entry) -> Request {
    Request::WriteDown {
        item: Some("memory.leaks".into()),
        entry,
    }
}

#[test]
fn a_finding_and_a_note_are_written_down_by_keys() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::F);
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(driver.shows("Say what is so"));
    driver.click("Severity: critical");
    driver.write("The cache never forgets");
    driver.press(Modifiers::NONE, Key::Enter);
    let finding = Entry::Finding {
        severity: Severity::Critical,
        claim: "The cache never forgets".into(),
    };
    assert_eq!(written(&mut driver), [about_leaks(finding)]);

    driver.press(Modifiers::NONE, Key::N);
    driver.write("Seen on Tuesdays");
    driver.press(Modifiers::NONE, Key::Enter);
    let note = Entry::Note {
        text: "Seen on Tuesdays".into(),
    };
    assert_eq!(written(&mut driver), [about_leaks(note)]);
}

#[test]
fn an_action_needs_an_owner_and_a_day() {
    let mut driver = Driver::with_review();
    driver.click(LEAKS);
    driver.press(Modifiers::NONE, Key::T);
    driver.write("Bound the cache");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(written(&mut driver), []);
    assert!(driver.shows("Say who does it"));
    driver.write("Ada");
    driver.click("Store: action");
    let [
        Request::WriteDown {
            entry: Entry::Action { what, owner, .. },
            ..
        },
    ] = &written(&mut driver)[..]
    else {
        panic!("no action was written down")
    };
    assert_eq!((what.as_str(), owner.as_str()), ("Bound the cache", "Ada"));
}

#[test]
fn what_was_written_is_listed_and_an_action_is_called_done() {
    let mut review = fixtures::review();
    let at = review.judged_at;
    review.people.actions = vec![ActionLine {
        id: "a-1".into(),
        action: Action {
            what: "Bound the cache".into(),
            owner: "Ada".into(),
            due: "2020-01-01".parse().unwrap(),
            item: Some("memory.leaks".into()),
            by: "Grace".into(),
            at,
            done: None,
        },
        standing: ActionStanding::Overdue,
    }];
    let mut driver = Driver::with_review();
    driver.tell(Event::Review(Arc::new(review)));
    driver.click("Written 1");
    assert!(driver.shows("overdue"));
    driver.click("Done: Bound the cache");
    let done = Request::FinishAction { id: "a-1".into() };
    assert_eq!(written(&mut driver), [done]);
}

#[test]
fn a_milestone_is_frozen_under_a_typed_name() {
    let mut driver = Driver::with_review();
    driver.press(Modifiers::NONE, Key::M);
    driver.settle();
    assert!(driver.shows("it never changes"));
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(&written(&mut driver)[..], [Request::Freeze { name }] if name.contains("-q")),);
}

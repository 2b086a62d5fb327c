//! A review session: walking, deciding, writing down, presenting, comparing, signing.

use std::{collections::BTreeSet, sync::Arc};

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;
use scrutineer_checklists::{
    review::{Choice, Standing},
    verdict::{Confidence, Outcome},
};

use super::Driver;
use crate::{
    command::{Entry, Request, ReviewRequest, Screen},
    event::Event,
    fixtures::{self, session, session::LOCKING},
    state::{
        Layer,
        review::{View, is_open_strong_pass, walk},
    },
};

const ITEM: &str = "item concurrency.item-5, fail, not decided";

/// A window on the review screen, its capture read.
fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Review(Arc::new(session::session())));
    driver.tell(Event::ReviewFacts(Arc::new(session::facts())));
    driver.press(Modifiers::ALT, Key::Num5);
    let capture = Arc::new(session::bound_capture());
    driver.tell(Event::ReviewCapture(Some(capture)));
    driver.requests();
    driver
}

fn asked(driver: &mut Driver) -> Vec<ReviewRequest> {
    let requests = driver.requests().into_iter();
    let of_review = |request| match request {
        Request::Review(request) => Some(request),
        _ => None,
    };
    requests.filter_map(of_review).collect()
}

fn decisions(driver: &mut Driver) -> Vec<(String, Choice, String)> {
    let requests = driver.requests().into_iter();
    let decided = |request| match request {
        Request::Decide { item, choice, why } => Some((item, choice, why)),
        _ => None,
    };
    requests.filter_map(decided).collect()
}

fn selected(driver: &Driver) -> String {
    driver
        .state()
        .checklist
        .selected
        .clone()
        .unwrap_or_default()
}

#[test]
fn the_screen_asks_for_the_capture_once_and_says_where_the_review_is_kept() {
    let mut driver = Driver::new();
    driver.tell(Event::Review(Arc::new(session::session())));
    driver.tell(Event::ReviewFacts(Arc::new(session::facts())));
    assert_eq!(asked(&mut driver), [ReviewRequest::ListOverdue]);
    driver.press(Modifiers::ALT, Key::Num5);
    assert_eq!(driver.state().screen, Screen::Review);
    assert_eq!(asked(&mut driver), [ReviewRequest::LoadCapture]);
    driver.tell(Event::Review(Arc::new(session::session())));
    assert_eq!(asked(&mut driver), []);
    assert!(driver.shows("Reading the capture"));
    for words in [
        "First quarter 2026",
        "0 of 56 decided",
        "session time 00:00:00",
        "Against 2025-q4",
    ] {
        assert!(driver.shows(words), "{words}: {:#?}", driver.labels());
    }
    assert!(driver.shows(".scrutineer/reviews/current · saved "));
}

#[test]
fn items_are_listed_by_risk_and_groups_fold() {
    let mut driver = driver();
    let group = "group fail, 0 of 6 decided, listed";
    assert!(driver.shows(ITEM), "{:#?}", driver.labels());
    driver.click(group);
    driver.click("group attention, 0 of 13 decided, listed");
    driver.click("group pass, 0 of 21 decided, folded");
    assert!(driver.shows("pass, not decided"));
    assert!(!driver.shows("attention, not decided"));
}

#[test]
fn arrows_walk_from_the_greatest_risk_on() {
    let mut driver = driver();
    let review = session::session();
    let order: Vec<&str> = walk(&review).iter().map(|item| &*item.id).collect();
    driver.click(&format!("item {}, fail, not decided", order[0]));
    driver.press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(selected(&driver), order[1]);
    driver.press(Modifiers::NONE, Key::J);
    assert_eq!(selected(&driver), order[2]);
    driver.press(Modifiers::NONE, Key::ArrowLeft);
    driver.click("Previous item");
    assert_eq!(selected(&driver), order[0]);
}

#[test]
fn an_item_shows_claim_milestone_gauge_and_the_waits_that_it_rests_on() {
    let mut driver = driver();
    driver.click(ITEM);
    for words in [
        "S strong",
        "↑ was attention in 2025-q4",
        "wait for locks 23.6 % waiting of that time",
        "This capture 23.6",
        "Last milestone 8.1",
        "20.0\u{a0}% fail",
        "2025-q4 said attention",
        "evidence, ",
        "frame ",
        "Trustworthy",
        "Off-CPU flame",
        "bound to",
    ] {
        assert!(driver.shows(words), "{words}: {:#?}", driver.labels());
    }
}

#[test]
fn the_evidence_is_looked_at_in_other_ways() {
    let mut driver = driver();
    driver.click(ITEM);
    driver.click("Facts 1");
    assert!(driver.shows("12 s waiting for locks") && driver.shows("What to do"));
    driver.press(Modifiers::NONE, Key::V);
    assert_eq!(driver.state().review.view, Some(View::Cpu));
    driver.click_part("frame apply_batch");
    assert!(driver.state().review.sight.selected.is_some());
    driver.click("Open the capture in the profile screen");
    let path = fixtures::loaded().path;
    assert!(driver.requests().contains(&Request::Open(path)));
}

#[test]
fn a_confirmation_is_recorded_and_the_next_open_item_follows() {
    let mut driver = driver();
    driver.click(ITEM);
    let review = session::session();
    let order: Vec<&str> = walk(&review).iter().map(|item| &*item.id).collect();
    let at = order.iter().position(|id| *id == LOCKING).unwrap();
    driver.press(Modifiers::COMMAND, Key::Enter);
    let wanted = (LOCKING.to_owned(), Choice::Confirm, String::new());
    assert_eq!(decisions(&mut driver), [wanted]);
    assert_eq!(selected(&driver), order[at + 1]);
}

#[test]
fn what_is_decided_already_is_skipped_and_not_decided_again() {
    let mut driver = driver();
    let mut review = session::session();
    let order: Vec<String> = walk(&review).iter().map(|item| item.id.clone()).collect();
    for id in &order[..3] {
        session::confirm(session::item(&mut review, id), false);
    }
    driver.tell(Event::Review(Arc::new(review)));
    driver.click(&format!("item {}, fail, decided", order[0]));
    driver.click("Record and next");
    assert_eq!(decisions(&mut driver), []);
    assert_eq!(selected(&driver), order[3]);
    assert!(driver.shows("3 of 56 decided"));
}

#[test]
fn a_reason_is_typed_and_ctrl_enter_records_from_within_the_field() {
    let mut driver = driver();
    driver.click(ITEM);
    driver.click("Confirm fail");
    driver.write("It is ours");
    driver.press(Modifiers::COMMAND, Key::Enter);
    let wanted = (LOCKING.to_owned(), Choice::Confirm, "It is ours".to_owned());
    assert_eq!(decisions(&mut driver), [wanted]);
}

#[test]
fn overruling_waiving_and_leaving_out_need_a_reason_and_are_recorded() {
    let mut driver = driver();
    for (button, detail, choice) in [
        (
            "Overrule",
            Some("Holds instead: attention"),
            Choice::Overrule(Outcome::Attention),
        ),
        (
            "Waive until",
            None,
            Choice::Waive {
                until: jiff::civil::date(2026, 4, 8),
            },
        ),
        ("Not applicable because", None, Choice::NotApplicable),
    ] {
        driver.click(ITEM);
        driver.click(button);
        if let Some(detail) = detail {
            driver.click(detail);
        }
        driver.click("Record and next");
        assert!(driver.shows("Say why"), "{button}");
        assert_eq!(decisions(&mut driver), [], "{button}");
        driver.harness.get_by_label("Reason").focus();
        driver.settle();
        driver.write("Because");
        driver.press(Modifiers::COMMAND, Key::Enter);
        let wanted = (LOCKING.to_owned(), choice, "Because".to_owned());
        assert_eq!(decisions(&mut driver), [wanted], "{button}");
    }
}

#[test]
fn escape_drops_a_draft_and_a_choice_can_be_left_with_its_reason_kept() {
    let mut driver = driver();
    driver.click(ITEM);
    driver.press(Modifiers::NONE, Key::O);
    driver.write("Not so");
    driver.click("Confirm fail");
    assert_eq!(driver.state().checklist.why, "Not so");
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::NONE, Key::W);
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        driver.state().checklist.draft,
        crate::state::checklist::Draft::None
    );
}

#[test]
fn a_lapsed_decision_is_to_be_made_again() {
    let mut driver = driver();
    let lapsed = Standing::Lapsed("the outcome changed".into());
    driver.tell(Event::Review(Arc::new(fixtures::waived(lapsed))));
    driver.click("item memory.leaks, fail, decision lapsed");
    assert!(driver.shows("decide again") && driver.shows("0 of 56 decided"));
    driver.click("Take back");
    let wanted = Request::Undecide {
        item: "memory.leaks".into(),
    };
    assert!(driver.requests().contains(&wanted));
}

#[test]
fn strong_passes_are_accepted_together_and_that_is_said() {
    let mut driver = driver();
    let mut review = session::session();
    let strong: Vec<String> = review
        .items()
        .filter(|item| is_open_strong_pass(item))
        .map(|item| item.id.clone())
        .collect();
    driver.resize(1440.0, 1600.0);
    driver.click(&format!("Accept {} strong passes together", strong.len()));
    assert_eq!(asked(&mut driver), [ReviewRequest::AcceptStrongPasses]);
    for id in &strong {
        session::confirm(session::item(&mut review, id), true);
    }
    let indicative = review.items().filter(|item| {
        item.verdict.outcome == Outcome::Pass && item.verdict.confidence == Confidence::Indicative
    });
    let indicative = indicative.count();
    driver.tell(Event::Review(Arc::new(review)));
    assert!(driver.shows(&format!(
        "{} strong passes were accepted together at",
        strong.len()
    )));
    assert!(driver.shows(&format!("{indicative} indicative ones are open")));
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("strong passes");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut driver), [], "nothing is left to accept");
}

#[test]
fn actions_are_added_done_and_carried_over_with_their_days() {
    let mut driver = driver();
    driver.click(ITEM);
    assert!(driver.shows("Reserve numbers in blocks") && driver.shows("Journal team"));
    assert!(driver.shows("33 days overdue") && driver.shows("1 open, 1 overdue"));
    driver.click("Done: Reserve numbers in blocks");
    let done = Request::FinishAction {
        id: "a-reserve".into(),
    };
    assert!(driver.requests().contains(&done));
    driver.press(Modifiers::NONE, Key::T);
    driver.write("Measure again");
    driver.harness.get_by_label("Owner of the action").focus();
    driver.settle();
    driver.write("Ada");
    driver.press(Modifiers::NONE, Key::Escape);
    driver.click("+ Add");
    driver.write("Measure again");
    driver.press(Modifiers::COMMAND, Key::Enter);
    let written = driver.requests().into_iter().any(|request| {
        matches!(request, Request::WriteDown {
            item: Some(item),
            entry: Entry::Action { what, owner, .. },
        } if item == LOCKING && what == "Measure again" && owner == "Ada")
    });
    assert!(written);
    assert_eq!(selected(&driver), LOCKING, "an action is no decision");
    driver.press(Modifiers::NONE, Key::ArrowRight);
    assert!(driver.shows("None yet.") && driver.shows("Other open actions"));
    driver.click("Open spring at Bound the store");
    assert_eq!(asked(&mut driver), [ReviewRequest::Open("spring".into())]);
}

#[test]
fn space_fills_the_window_with_the_picture_and_escape_leaves_it() {
    let mut driver = driver();
    driver.click(ITEM);
    driver.press(Modifiers::NONE, Key::Space);
    assert!(driver.state().review.full);
    assert!(driver.shows("frame ") && !driver.shows("Record and next"));
    assert!(!driver.shows("Start"), "the rail makes room");
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(!driver.state().review.full && driver.shows("Record and next"));
    driver.click("Picture full screen");
    driver.click("Leave the full screen");
    assert!(!driver.state().review.full);
}

#[test]
fn the_presenter_shows_the_item_alone_in_larger_rows_and_still_decides() {
    let mut driver = driver();
    driver.click(ITEM);
    let small = driver.node_with("frame ").rect().height();
    driver.press(Modifiers::NONE, Key::P);
    let large = driver.node_with("frame ").rect().height();
    assert!(large > small * 1.3, "{large} {small}");
    assert!(driver.shows("This item is not decided"));
    assert!(!driver.shows("Actions for this item"));
    driver.press(Modifiers::NONE, Key::Space);
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(driver.state().review.presents, "one layer at a time");
    driver.press(Modifiers::COMMAND, Key::Enter);
    assert_eq!(decisions(&mut driver).len(), 1);
    driver.click("Leave the presentation");
    assert!(driver.shows("Actions for this item"));
    driver.click("Present in large type");
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(!driver.state().review.presents);
}

#[test]
fn what_moved_since_the_milestone_is_counted_listed_and_gone_to() {
    let mut driver = driver();
    assert!(driver.shows("5 → 6 Fail") && driver.shows("14 → 13 Attention"));
    assert!(driver.shows("2025-q4, frozen") && driver.shows("signed by 1"));
    driver.click("1 item moved");
    assert!(driver.shows("1 regressed") && driver.shows("55 unchanged"));
    driver.click("regressed: concurrency.item-5, was attention, is fail");
    assert_eq!(selected(&driver), LOCKING);
    assert!(!driver.state().review.changes);
    driver.press(Modifiers::NONE, Key::D);
    assert!(driver.state().review.changes);
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(!driver.state().review.changes);
}

#[test]
fn another_milestone_is_chosen_and_another_review_opened_by_the_palette() {
    let mut driver = driver();
    driver.click("Against 2025-q4");
    assert!(driver.shows("Against 2025-q3: compare"));
    driver.write("q3");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(
        asked(&mut driver),
        [ReviewRequest::Against("2025-q3".into())]
    );
    driver.click("Open another review");
    driver.write("spring");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut driver), [ReviewRequest::Open("spring".into())]);
}

#[test]
fn a_new_review_is_opened_under_a_typed_title() {
    let mut driver = driver();
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("new one");
    driver.press(Modifiers::NONE, Key::Enter);
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut driver), [], "a title is needed");
    driver.harness.get_by_label("What is reviewed").focus();
    driver.settle();
    driver.write("Second quarter");
    driver.press(Modifiers::NONE, Key::Enter);
    let wanted = ReviewRequest::New {
        title: "Second quarter".into(),
    };
    assert_eq!(asked(&mut driver), [wanted]);
}

#[test]
fn the_room_is_typed_and_its_first_name_leads() {
    let mut driver = driver();
    assert!(driver.shows("Dana leads"));
    driver.click("In the room: 2");
    let Some(Layer::Room { names }) = &driver.state().layer else {
        panic!("no box");
    };
    assert_eq!(names, "Dana, Ada Lovelace");
    driver.press(Modifiers::COMMAND, Key::A);
    driver.write("Grace, Dana");
    driver.press(Modifiers::NONE, Key::Enter);
    let wanted = ReviewRequest::SetRoom {
        lead: "Grace".into(),
        room: BTreeSet::from(["Grace".to_owned(), "Dana".to_owned()]),
    };
    assert_eq!(asked(&mut driver), [wanted]);
}

#[test]
fn the_latest_milestone_is_signed_by_name_and_role_with_the_key_or_without() {
    let mut driver = driver();
    let signed = |with_key| ReviewRequest::SignOff {
        milestone: "2025-q4".into(),
        name: "Dana".into(),
        role: "SRE".into(),
        with_key,
    };
    driver.click("Sign off");
    assert!(driver.shows("Sign off 2025-q4") && driver.shows("Key: /home/dana/.ssh/id_ed25519"));
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut driver), [], "a role is needed");
    driver.harness.get_by_label("Role").focus();
    driver.settle();
    driver.write("SRE");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(asked(&mut driver), [signed(true)]);
    driver.click("Sign off");
    driver.write("SRE");
    driver.click("Approve without a signature");
    assert_eq!(asked(&mut driver), [signed(false)]);
}

#[test]
fn without_a_milestone_one_is_frozen_before_it_is_signed() {
    let mut driver = driver();
    let mut facts = session::facts();
    (facts.milestones, facts.against) = (Vec::new(), None);
    driver.tell(Event::ReviewFacts(Arc::new(facts)));
    assert!(!driver.shows("Since the milestone"));
    driver.click("Sign off");
    assert!(driver.shows("freeze a milestone, then sign it off"));
    assert!(matches!(driver.state().layer, Some(Layer::Freeze { .. })));
}

#[test]
fn in_a_narrow_window_the_decision_is_a_drawer() {
    let mut driver = driver();
    driver.click(ITEM);
    driver.resize(1_100.0, 800.0);
    assert!(!driver.shows("Actions for this item"));
    driver.click("Decision and actions");
    assert!(driver.shows("Actions for this item"));
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(!driver.shows("Actions for this item"));
    driver.press(Modifiers::NONE, Key::I);
    assert!(driver.shows("Actions for this item"));
}

#[test]
fn every_size_scale_and_appearance_shows_the_session() {
    let mut driver = driver();
    driver.click(ITEM);
    for dark in [false, true] {
        driver.press(Modifiers::COMMAND, Key::K);
        driver.write(if dark { "dark app" } else { "light app" });
        driver.press(Modifiers::NONE, Key::Enter);
        for size in [vec2(1_440.0, 900.0), vec2(720.0, 450.0)] {
            driver.harness.set_size(size);
            driver.settle();
            assert!(driver.shows("Off-CPU flame"), "{size}");
            driver.press(Modifiers::NONE, Key::P);
            assert!(driver.shows("Record and next"), "{size}");
            driver.press(Modifiers::NONE, Key::Escape);
        }
    }
}

#[test]
fn without_a_judgement_the_screen_says_how_to_begin() {
    let mut driver = Driver::new();
    driver.press(Modifiers::ALT, Key::Num5);
    assert!(driver.shows("Nothing is judged yet"));
    assert_eq!(asked(&mut driver), [ReviewRequest::ListOverdue]);
}

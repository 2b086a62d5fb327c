//! A review session without a window: what two people do to the same files, and what is told of it.

use std::collections::BTreeSet;

use scrutineer_checklists::{
    review::{Choice, Standing},
    verdict::Outcome,
};
use scrutineer_profiler::progress::Unwatched;
use scrutineer_ui::command::Entry;
use tempfile::TempDir;

use super::*;

/// Evidence of a service with known faults.
const EVIDENCE: &str = include_str!("../../../../checklists/tests/evidence-1.ron");

/// A workspace whose review "current" holds evidence, and a session in it.
fn session() -> (TempDir, Session) {
    let folder = tempfile::tempdir().unwrap();
    let review = folder.path().join(".scrutineer/reviews/current");
    std::fs::create_dir_all(&review).unwrap();
    std::fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").unwrap();
    std::fs::write(review.join("evidence.ron"), EVIDENCE).unwrap();
    let session = beside(&folder);
    (folder, session)
}

/// Another person's session in the same workspace.
fn beside(folder: &TempDir) -> Session {
    let session = Session::new(folder.path().to_owned());
    session.load_last().unwrap().expect("there is evidence");
    session
}

fn decision(session: &Session, id: &str) -> Option<(String, bool)> {
    let document = session.document().unwrap();
    let item = document.items().find(|item| item.id == id)?;
    let (decision, standing) = item.decision.as_ref()?;
    Some((decision.why.clone(), *standing == Standing::Holds))
}

#[test]
fn a_decision_that_another_hand_made_meanwhile_is_never_overwritten() {
    let (folder, ours) = session();
    let theirs = beside(&folder);
    let leave_out = Choice::NotApplicable;
    theirs.decide("memory.leaks", &leave_out, "theirs").unwrap();
    let refused = ours
        .decide("memory.leaks", &leave_out, "ours")
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("memory.leaks was changed on the disk meanwhile"),
        "{refused}"
    );
    let seen = decision(&ours, "memory.leaks");
    assert_eq!(seen, Some(("theirs".to_owned(), true)), "it is shown");
    // Having seen it, one may decide otherwise; and other items never were in the way.
    theirs.decide("db.sharding", &leave_out, "theirs").unwrap();
    ours.decide("memory.leaks", &leave_out, "ours").unwrap();
    let seen = decision(&ours, "db.sharding");
    assert_eq!(seen, Some(("theirs".to_owned(), true)), "both are kept");
    let seen = decision(&ours, "memory.leaks");
    assert_eq!(seen, Some(("ours".to_owned(), true)));
}

#[test]
fn what_changed_on_the_disk_is_read_again_once_and_a_broken_file_is_told_with_its_place() {
    let (folder, ours) = session();
    assert_eq!(ours.read_changes().unwrap(), None);
    let theirs = beside(&folder);
    theirs
        .decide("memory.leaks", &Choice::Confirm, "theirs")
        .unwrap();
    let said = ours.read_changes().unwrap().expect("it is noticed");
    assert!(said.contains("decisions.ron"), "{said}");
    assert!(decision(&ours, "memory.leaks").is_some());
    assert_eq!(ours.read_changes().unwrap(), None);
    let path = folder
        .path()
        .join(".scrutineer/reviews/current/decisions.ron");
    let conflict = "<<<<<<< ours\nScrutineerDecisions(";
    std::fs::write(&path, conflict).unwrap();
    let error = format!("{:#}", ours.read_changes().unwrap_err());
    assert!(error.contains("decisions.ron"), "{error}");
    assert_eq!(ours.read_changes().unwrap(), None, "it is told once");
    assert!(ours.decide("memory.leaks", &Choice::Confirm, "").is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), conflict);
}

#[test]
fn strong_passes_are_accepted_together_in_the_name_of_the_lead_and_nothing_else_is() {
    let (_folder, session) = session();
    let room = BTreeSet::from(["Grace".to_owned()]);
    session.set_room("Grace".into(), room.clone()).unwrap();
    let document = session.accept_strong_passes().unwrap();
    let mut accepted = 0;
    for item in document.items() {
        let strong = item.verdict.outcome == Outcome::Pass
            && item.verdict.confidence == scrutineer_checklists::verdict::Confidence::Strong;
        let made = item.decision.as_ref().map(|(made, _)| made);
        assert_eq!(made.is_some(), strong, "{}", item.id);
        if let Some(made) = made {
            assert!(made.together && made.by == "Grace", "{made:?}");
            accepted += 1;
        }
    }
    assert!(accepted > 0);
    let facts = session.facts().unwrap();
    assert_eq!((facts.lead.as_str(), facts.room), ("Grace", room));
    assert!(facts.saved_at.is_some());
}

#[test]
fn a_review_is_frozen_signed_and_compared_with_what_came_after() {
    let (_folder, session) = session();
    assert!(session.facts().unwrap().against.is_none());
    session.freeze("first", &Unwatched).unwrap();
    let approval = ("Ada".to_owned(), "SRE".to_owned());
    let said = session.sign_off("first", approval, false).unwrap();
    assert_eq!(said, "first: Ada, SRE, approved without a signature");
    session
        .decide("memory.leaks", &Choice::NotApplicable, "a batch job")
        .unwrap();
    let facts = session.facts().unwrap();
    let against = facts.against.expect("there is a milestone");
    assert_eq!(against.milestone.name, "first");
    assert_eq!(against.milestone.approvals, (1, 0));
    let moved: Vec<&str> = against
        .comparison
        .items
        .iter()
        .filter(|item| item.outcomes.0 != item.outcomes.1)
        .map(|item| item.id.as_str())
        .collect();
    assert_eq!(moved, ["memory.leaks"]);
    assert!(session.compare_with("second").is_err());
}

#[test]
fn a_new_review_begins_undecided_and_open_actions_are_carried_over_to_it() {
    let (_folder, session) = session();
    let entry = |due: &str| Entry::Action {
        what: format!("due {due}"),
        owner: "Ada".into(),
        due: due.parse().unwrap(),
    };
    let late = Some("memory.leaks".to_owned());
    session.write_down(late, entry("2020-01-01")).unwrap();
    session.write_down(None, entry("2999-01-01")).unwrap();
    session
        .decide("memory.leaks", &Choice::Confirm, "")
        .unwrap();
    let document = session.new_review("Second quarter").unwrap();
    assert!(document.items().all(|item| item.decision.is_none()));
    let facts = session.facts().unwrap();
    assert_eq!(facts.name, "second-quarter");
    assert_eq!(facts.title, "Second quarter");
    assert_eq!(facts.reviews, ["current", "second-quarter"]);
    let carried: Vec<&str> = facts
        .carried
        .iter()
        .map(|kept| kept.action.what.as_str())
        .collect();
    assert_eq!(carried, ["due 2020-01-01", "due 2999-01-01"]);
    let overdue = session.overdue().unwrap();
    assert_eq!(overdue.len(), 1);
    assert_eq!(overdue[0].review, "current");
    assert!(session.new_review("second QUARTER").is_err());
    session.open_review("current").unwrap();
    assert!(decision(&session, "memory.leaks").is_some());
}

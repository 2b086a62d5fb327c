//! What the worker tells of the open review, and how it notices that another hand changed it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use scrutineer_ui::{command::ReviewRequest, event::Event};

use super::{session::Session, worker::Teller};

/// How often the files of the open review are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the watching thread looks whether it should end.
const POLL: Duration = Duration::from_millis(50);

/// What a change is called while it runs.
pub(super) fn title(request: &ReviewRequest) -> &'static str {
    match request {
        ReviewRequest::Open(_) => "Opening the review",
        ReviewRequest::New { .. } => "Opening a new review",
        ReviewRequest::Against(_) => "Reading the milestone",
        ReviewRequest::AcceptStrongPasses => "Accepting the strong passes",
        ReviewRequest::SignOff { .. } => "Signing the milestone",
        _ => "Storing the review",
    }
}

/// Changes the open review; gives what is to be said of it.
pub(super) fn change(session: &Session, request: ReviewRequest) -> Result<Option<Event>> {
    match request {
        ReviewRequest::Open(name) => session.open_review(&name).map(drop)?,
        ReviewRequest::New { title } => session.new_review(&title).map(drop)?,
        ReviewRequest::Against(name) => session.compare_with(&name)?,
        ReviewRequest::AcceptStrongPasses => session.accept_strong_passes().map(drop)?,
        ReviewRequest::SetRoom { lead, room } => session.set_room(lead, room).map(drop)?,
        ReviewRequest::SignOff {
            milestone,
            name,
            role,
            with_key,
        } => {
            let message = session.sign_off(&milestone, (name, role), with_key)?;
            return Ok(Some(Event::Said { message }));
        }
        ReviewRequest::LoadCapture | ReviewRequest::ListOverdue => {}
    }
    Ok(None)
}

/// Tells the open review as it is now.
pub(super) fn tell(session: &Session, teller: &Teller) {
    let Some(document) = session.document() else {
        return;
    };
    teller.tell(Event::Review(document));
    match session.facts() {
        Ok(facts) => teller.tell(Event::ReviewFacts(Arc::new(facts))),
        Err(error) => teller.fail(&error),
    }
}

/// Judges what the workspace keeps and tells it, where there is anything.
pub(super) fn load(session: &Session, teller: &Teller) {
    let _turn = session.turn();
    match session.load_last() {
        Ok(Some(_)) => tell(session, teller),
        Ok(None) => {}
        Err(error) => teller.fail(&error),
    }
}

/// Reads the review again whenever another hand changed its files, until the window closes.
pub(super) fn watch(session: &Session, closed: &AtomicBool, teller: &Teller) {
    let mut next = Instant::now() + LOOK_EVERY;
    while !closed.load(Ordering::Relaxed) {
        std::thread::sleep(POLL);
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + LOOK_EVERY;
        let _turn = session.turn();
        match session.read_changes() {
            Ok(Some(message)) => {
                tell(session, teller);
                teller.tell(Event::Said { message });
            }
            Ok(None) => {}
            Err(error) => teller.fail(&error),
        }
    }
}

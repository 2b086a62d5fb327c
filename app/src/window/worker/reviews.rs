//! What the worker tells of the open review, and how it notices that another hand changed it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use scrutineer_ui::{
    command::{Request, ReviewRequest},
    event::Event,
};

use super::{Teller, Worker};
use crate::{jobs::JobContext, window::session::Session};

/// How often the files of the open review are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the watching thread looks whether it should end.
const POLL: Duration = Duration::from_millis(50);

impl Worker {
    /// Shows the workspace's last judgement, where there is one, and looks from then on whether
    /// another hand changes it on the disk.
    pub(in crate::window) fn load_last_review(&self) {
        let session = Arc::clone(&self.session);
        let closed = Arc::clone(&self.closed);
        self.quietly("last-review", move |_, teller| {
            load(&session, teller);
            watch(&session, &closed, teller);
            Ok(())
        });
    }

    /// Changes what people decided or wrote down.
    pub(super) fn change_review(&self, request: Request) {
        let title = match &request {
            Request::Decide { .. } => "Storing the decision",
            Request::Undecide { .. } => "Taking the decision back",
            Request::Freeze { .. } => "Freezing the milestone",
            _ => "Storing the review",
        };
        self.with_review(title, move |session, progress| {
            match request {
                Request::Decide { item, choice, why } => {
                    session.decide(&item, &choice, &why)?;
                }
                Request::Undecide { item } => drop(session.undecide(&item)?),
                Request::WriteDown { item, entry } => drop(session.write_down(item, entry)?),
                Request::FinishAction { id } => drop(session.finish_action(&id)?),
                Request::Freeze { name } => {
                    let path = session.freeze(&name, progress)?;
                    return Ok(Some(Event::Saved { path }));
                }
                _ => {}
            }
            Ok(None)
        });
    }

    /// Work of a review session.
    pub(super) fn review(&self, request: ReviewRequest) {
        let session = Arc::clone(&self.session);
        match request {
            ReviewRequest::LoadCapture => {
                self.job(
                    "Reading the capture of the review",
                    move |context, teller| {
                        let capture = session.bound_capture(context)?.map(Arc::new);
                        teller.tell(Event::ReviewCapture(capture));
                        Ok(())
                    },
                );
            }
            ReviewRequest::ListOverdue => self.quietly("overdue", move |_, teller| {
                teller.tell(Event::Overdue(session.overdue()?));
                Ok(())
            }),
            // A person may be asked for a passphrase meanwhile.
            signing @ ReviewRequest::SignOff { .. } => {
                self.beside_review(title(&signing), move |session, _| change(session, signing));
            }
            other => self.with_review(title(&other), move |session, _| change(session, other)),
        }
    }

    /// Runs long work whose outcome the open review shows, without keeping others from changing it
    /// meanwhile.
    pub(super) fn beside_review(
        &self,
        title: &str,
        work: impl FnOnce(&Session, &JobContext) -> anyhow::Result<Option<Event>> + Send + 'static,
    ) {
        let session = Arc::clone(&self.session);
        self.job(title, move |context, teller| {
            let done = work(&session, context)?;
            let _turn = session.turn();
            tell(&session, teller);
            teller.tell_if(done);
            Ok(())
        });
    }

    /// Runs work on the open review, one after the other, and tells what came of it: the review as
    /// it is then, whether the work did what it should or not.
    pub(super) fn with_review(
        &self,
        title: &str,
        work: impl FnOnce(&Session, &JobContext) -> anyhow::Result<Option<Event>> + Send + 'static,
    ) {
        let session = Arc::clone(&self.session);
        self.job(title, move |context, teller| {
            let _turn = session.turn();
            let done = work(&session, context);
            tell(&session, teller);
            teller.tell_if(done?);
            Ok(())
        });
    }
}

/// What a change is called while it runs.
fn title(request: &ReviewRequest) -> &'static str {
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
fn change(session: &Session, request: ReviewRequest) -> Result<Option<Event>> {
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
fn load(session: &Session, teller: &Teller) {
    let _turn = session.turn();
    match session.load_last() {
        Ok(Some(_)) => tell(session, teller),
        Ok(None) => {}
        Err(error) => teller.fail(&error),
    }
}

/// Reads the review again whenever another hand changed its files, until the window closes.
fn watch(session: &Session, closed: &AtomicBool, teller: &Teller) {
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

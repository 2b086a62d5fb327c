//! How jobs tell the screens what came of them.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use scrutineer_ui::event::Event;

use crate::{cli, jobs::JobEvent};

/// Tells the screens something, and asks for a frame to show it.
#[derive(Clone)]
pub(super) struct Teller {
    events: Sender<Event>,
    repaint: Arc<dyn Fn() + Send + Sync>,
}

impl Teller {
    /// One that sends events, and asks for frames by a call.
    pub(super) fn new(events: Sender<Event>, repaint: impl Fn() + Send + Sync + 'static) -> Self {
        let repaint = Arc::new(repaint);
        Self { events, repaint }
    }

    /// Tells an event; a window that has closed is not told.
    pub(super) fn tell(&self, event: Event) {
        if self.events.send(event).is_ok() {
            (self.repaint)();
        }
    }

    /// Tells an event, where there is one.
    pub(super) fn tell_if(&self, event: Option<Event>) {
        if let Some(event) = event {
            self.tell(event);
        }
    }

    /// Tells what went wrong.
    pub(super) fn fail(&self, error: &anyhow::Error) {
        self.tell(Event::Failed {
            message: cli::sentence(error),
        });
    }
}

/// Passes on how jobs go, until the jobs are gone.
pub(super) fn relay(told: Receiver<JobEvent>, teller: Teller) {
    let relay = move || {
        for event in told {
            teller.tell(match event {
                JobEvent::Started { id, title } => Event::JobStarted { id, title },
                JobEvent::Progress { id, step, done } => Event::JobProgress { id, step, done },
                JobEvent::Ended { id } => Event::JobEnded { id },
            });
        }
    };
    // Without the relay the window works, but shows no progress.
    let _ = std::thread::Builder::new()
        .name("job-relay".into())
        .spawn(relay);
}

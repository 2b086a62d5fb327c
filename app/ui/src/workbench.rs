//! The whole window's content: what the application shows each frame and feeds with events.

use crate::{command::Request, event::Event};

/// The whole window's content.
#[derive(Debug, Default)]
pub struct Workbench {
    requests: Vec<Request>,
}

impl Workbench {
    /// Installs fonts and theme into the context.
    pub fn new(context: &egui::Context) -> Self {
        let _ = context;
        todo!("ui room")
    }

    /// Takes an answer of the application.
    pub fn handle(&mut self, event: Event) {
        let _ = event;
        todo!("ui room")
    }

    /// Paints a frame and reacts to input.
    pub fn show(&mut self, ui: &mut egui::Ui) {
        let _ = ui;
        todo!("ui room")
    }

    /// The work asked for since the last call.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }
}

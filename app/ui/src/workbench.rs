//! The whole window's content: what the application shows each frame and feeds with events.

use crate::{
    apply,
    command::Request,
    event::Event,
    shell, shortcuts,
    state::{Appearance, State},
    theme,
    views::Views,
};

/// The whole window's content.
#[derive(Debug)]
pub struct Workbench {
    state: State,
    clock: fn() -> jiff::Timestamp,
}

impl Workbench {
    /// Installs fonts and theme into the context, and asks for processes, captures and abilities.
    pub fn new(context: &egui::Context) -> Self {
        theme::install(context);
        let mut state = State::new(Views::start(context));
        let remembered = context.data_mut(|data| data.get_persisted(record_choice_id()));
        state.start.choice = remembered.unwrap_or_default();
        Self {
            state,
            clock: jiff::Timestamp::now,
        }
    }

    /// The same with a clock of the caller's: what is "today", and from when a waiver runs.
    pub fn with_clock(context: &egui::Context, clock: fn() -> jiff::Timestamp) -> Self {
        Self {
            clock,
            ..Self::new(context)
        }
    }

    /// Takes an answer of the application. Cheap: what takes long runs on a thread of its own.
    pub fn handle(&mut self, event: Event) {
        apply::handle(&mut self.state, event);
    }

    /// Paints a frame and reacts to input.
    pub fn show(&mut self, ui: &mut egui::Ui) {
        let context = ui.ctx().clone();
        self.state.now = (self.clock)();
        self.state.time_s = context.time();
        // Egui keeps theme and scale, and eframe stores them: here is only this frame's copy.
        self.state.appearance.dark = context.theme() == egui::Theme::Dark;
        self.state.appearance.scale = context.zoom_factor();
        let before = self.state.appearance;
        let choice_before = self.state.start.choice;
        apply::poll_views(&mut self.state);
        self.move_focus(&context);
        for command in shortcuts::commands(&context, &self.state) {
            apply::apply(&mut self.state, command);
        }
        let mut commands = Vec::new();
        shell::show(ui, &self.state, &mut commands);
        (self.state.profile.reveal, self.state.start.reveal) = (false, false);
        self.state.checklist.reveal = false;
        let changed = !commands.is_empty();
        for command in commands {
            apply::apply(&mut self.state, command);
        }
        dress(&context, before, self.state.appearance);
        let choice = self.state.start.choice;
        if choice != choice_before {
            context.data_mut(|data| data.insert_persisted(record_choice_id(), choice));
        }
        if changed {
            context.request_repaint();
        }
    }

    /// The work asked for since the last call.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.state.requests)
    }

    fn move_focus(&mut self, context: &egui::Context) {
        if std::mem::take(&mut self.state.unfocus)
            && let Some(focused) = context.memory(egui::Memory::focused)
        {
            context.memory_mut(|memory| memory.surrender_focus(focused));
        }
        if let Some(field) = self.state.focus.take() {
            context.memory_mut(|memory| memory.request_focus(crate::widgets::field::id(field)));
        }
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }
}

/// Where egui, and with it eframe's storage, keeps how the last recording was made.
fn record_choice_id() -> egui::Id {
    egui::Id::unique("record choice")
}

/// Hands a changed appearance to egui.
fn dress(context: &egui::Context, before: Appearance, after: Appearance) {
    if before.dark != after.dark {
        context.set_theme(if after.dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        });
    }
    if (before.scale - after.scale).abs() > f32::EPSILON {
        context.set_zoom_factor(after.scale);
    }
}

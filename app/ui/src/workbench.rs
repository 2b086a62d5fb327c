//! The whole window's content: what the application shows each frame and feeds with events.

use crate::{
    apply,
    command::Request,
    event::Event,
    open_tabs::{self, OpenTabs},
    settings::ThemeChoice,
    shell, shortcuts,
    state::State,
    theme,
    views::Views,
    widgets::wheel,
};

/// The whole window's content.
#[derive(Debug)]
pub struct Workbench {
    state: State,
    clock: fn() -> jiff::Timestamp,
    /// The theme and scale that egui was given last.
    dressed: Option<(ThemeChoice, u32)>,
    /// Frames in which the keyboard was asked for.
    focus_tries: u8,
}

/// Frames in which the keyboard is asked for at most.
const MOST_FOCUS_TRIES: u8 = 3;

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
            dressed: None,
            focus_tries: 0,
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
        self.dress(&context);
        // What the settings came to: the desktop has a word in it.
        self.state.appearance.dark = context.theme() == egui::Theme::Dark;
        self.state.appearance.scale = context.zoom_factor();
        let choice_before = self.state.start.choice;
        apply::poll_views(&mut self.state);
        if let Some(left_s) = self.state.forget_news() {
            context.request_repaint_after(std::time::Duration::from_secs_f64(left_s));
        }
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
        self.dress(&context);
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
        let Some(field) = self.state.focus.map(crate::widgets::field::id) else {
            return;
        };
        let has_it = context.memory(|memory| memory.has_focus(field));
        // The click that opened the field takes the keyboard from it once more.
        if self.focus_tries > 0 && (has_it || self.focus_tries > MOST_FOCUS_TRIES) {
            (self.state.focus, self.focus_tries) = (None, 0);
            return;
        }
        self.focus_tries += 1;
        context.memory_mut(|memory| memory.request_focus(field));
        context.request_repaint();
    }

    /// Hands changed settings to egui.
    fn dress(&mut self, context: &egui::Context) {
        let settings = &self.state.settings.settings;
        wheel::set(context, settings.wheel);
        let wanted = (settings.theme, settings.scale_percent);
        if !self.state.settings.known || self.dressed == Some(wanted) {
            return;
        }
        self.dressed = Some(wanted);
        context.set_theme(match settings.theme {
            ThemeChoice::System => egui::ThemePreference::System,
            ThemeChoice::Light => egui::ThemePreference::Light,
            ThemeChoice::Dark => egui::ThemePreference::Dark,
        });
        context.set_zoom_factor(settings.scale_percent as f32 / 100.0);
    }

    /// The tabs that are open, to be opened again by [`Event::TabsFound`].
    pub fn open_tabs(&self) -> OpenTabs {
        open_tabs::now(&self.state)
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

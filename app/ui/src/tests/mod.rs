//! The screens driven by role and label, as a person or a screen reader would.

mod checklist;
mod compare;
mod everywhere;
mod foreign;
mod large;
mod listing;
mod memory;
mod pins;
mod profile;
mod review;
mod settings;
mod start;
mod tabs;
mod time_order;
mod timeline;
mod transforms;
mod waits;
mod walk;

use std::{sync::Arc, time::Duration};

use egui::{Event as Input, Key, Modifiers, pos2, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

use crate::{Workbench, command::Request, event::Event, fixtures, state::State, theme};

/// A workbench in a window without a window.
#[derive(Default)]
pub(super) struct Bench {
    workbench: Option<Workbench>,
    requests: Vec<Request>,
}

/// A harness with helpers that wait for the thread of views.
pub(super) struct Driver {
    pub(super) harness: Harness<'static, Bench>,
}

impl Driver {
    /// An empty window of the size of a small laptop's screen.
    pub(super) fn new() -> Self {
        let show = |ui: &mut egui::Ui, bench: &mut Bench| {
            let workbench = bench
                .workbench
                .get_or_insert_with(|| Workbench::with_clock(ui.ctx(), fixtures::now));
            workbench.show(ui);
            bench.requests.extend(workbench.take_requests());
        };
        let harness = Harness::builder()
            .with_size(vec2(1440.0, 900.0))
            .with_step_dt(1.0 / 60.0)
            .with_theme(egui::Theme::Dark)
            .with_context_setup(theme::install)
            .build_ui_state(show, Bench::default());
        Self { harness }
    }

    /// A window with a capture open on the profile screen.
    pub(super) fn with_capture() -> Self {
        let mut driver = Self::new();
        driver.tell(Event::Loaded(fixtures::loaded()));
        driver
    }

    /// A window with a review on the checklist screen.
    pub(super) fn with_review() -> Self {
        let mut driver = Self::new();
        driver.tell(Event::Review(Arc::new(fixtures::review())));
        driver.press(Modifiers::ALT, Key::Num4);
        driver
    }

    /// Tells an event and lets everything come to rest.
    pub(super) fn tell(&mut self, event: Event) {
        let bench = self.harness.state_mut();
        bench.workbench.as_mut().unwrap().handle(event);
        self.settle();
    }

    /// Runs frames until the thread of views has answered, then a few more.
    pub(super) fn settle(&mut self) {
        self.harness.run_steps(2);
        while self.state().views.is_busy() {
            std::thread::sleep(Duration::from_millis(1));
            self.harness.step();
        }
        self.harness.run_steps(3);
    }

    /// Gives the window another size.
    pub(super) fn resize(&mut self, width: f32, height: f32) {
        self.harness.set_size(egui::vec2(width, height));
        self.settle();
    }

    pub(super) fn state(&self) -> &State {
        self.harness.state().workbench.as_ref().unwrap().state()
    }

    /// The requests since the last call.
    pub(super) fn requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.harness.state_mut().requests)
    }

    pub(super) fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Types into what has the keyboard.
    pub(super) fn write(&mut self, text: &str) {
        for letter in text.chars() {
            self.harness.event(Input::Text(letter.to_string()));
        }
        self.settle();
    }

    /// Clicks the only node whose label is `label`.
    pub(super) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.settle();
    }

    /// Clicks the first node whose label contains `part`.
    pub(super) fn click_part(&mut self, part: &str) {
        self.node_with(part).click();
        self.settle();
    }

    /// Drags over the timeline of the profile screen, from one share of its width to another.
    pub(super) fn drag_range(&mut self, from: f32, to: f32) {
        let area = self.harness.get_by_label_contains("timeline,").rect();
        let at = |share: f32| pos2(area.left() + area.width() * share, area.center().y);
        self.harness.drag_at(at(from));
        self.harness.step();
        self.harness.hover_at(at(f32::midpoint(from, to)));
        self.harness.step();
        self.harness.drop_at(at(to));
        self.settle();
    }

    pub(super) fn node_with<'a>(&'a self, part: &'a str) -> egui_kittest::Node<'a> {
        let found = self.harness.query_all_by_label_contains(part).next();
        found.unwrap_or_else(|| panic!("nothing is labelled with {part:?}: {:#?}", self.labels()))
    }

    pub(super) fn shows(&self, part: &str) -> bool {
        self.harness
            .query_all_by_label_contains(part)
            .next()
            .is_some()
    }

    /// All labels, for messages of tests that fail.
    pub(super) fn labels(&self) -> Vec<String> {
        let all = self.harness.query_all_by_label_contains("");
        all.filter_map(|node| node.accesskit_node().label())
            .collect()
    }
}

//! The window: eframe around the workbench, and the worker that does what the screens ask for.

mod dialogs;
mod lists;
mod live;
mod recording;
mod session;
mod settings;
mod tabs;
mod teller;
mod worker;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use eframe::egui;
use scrutineer_ui::{
    Workbench,
    command::{Request, ReviewRequest},
    event::Event,
    open_tabs::OpenTabs,
};

use worker::Worker;

/// Events that wait for the next frame; work that is further ahead waits.
const EVENT_CAPACITY: usize = 256;

/// What keeps the window from opening.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WindowError {
    /// Neither X11 nor Wayland is reachable.
    #[error(
        "there is no display to open the window on (neither WAYLAND_DISPLAY nor DISPLAY is set); \
         everything works without one: see `scrutineer --help`"
    )]
    NoDisplay,
    /// A display is named, but does not answer.
    #[error(
        "the display does not answer ({0}); check DISPLAY or WAYLAND_DISPLAY, or work without a \
         window: see `scrutineer --help`"
    )]
    DisplayRefused(String),
    /// The display has no OpenGL.
    #[error(
        "the display offers no OpenGL to draw with ({0}); install a driver, for instance with \
         `sudo apt-get install libgl1-mesa-dri libgl1`, or work without a window: see \
         `scrutineer --help`"
    )]
    NoRenderer(String),
    /// Something else.
    #[error("the window cannot be opened: {0}")]
    Other(String),
}

impl From<eframe::Error> for WindowError {
    fn from(error: eframe::Error) -> Self {
        match error {
            eframe::Error::Winit(e) => Self::DisplayRefused(e.to_string()),
            eframe::Error::WinitEventLoop(e) => Self::DisplayRefused(e.to_string()),
            eframe::Error::Glutin(e) => Self::NoRenderer(e.to_string()),
            eframe::Error::NoGlutinConfigs(_, e) => Self::NoRenderer(e.to_string()),
            eframe::Error::OpenGL(e) => Self::NoRenderer(e.to_string()),
            eframe::Error::AppCreation(e) => Self::Other(e.to_string()),
        }
    }
}

/// Whether a display is named in the environment.
pub(crate) fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens the window and returns when it is closed. `open` is a capture to begin with; `folder`
/// is where the workspace is looked for.
pub(crate) fn run(open: Option<PathBuf>, folder: PathBuf) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError::NoDisplay);
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Scrutineer")
            .with_app_id("scrutineer")
            .with_inner_size([1440.0, 900.0])
            // Points, so that it fits a small display at twice the scale.
            .with_min_inner_size([640.0, 400.0])
            .with_drag_and_drop(true)
            .with_icon(icon()),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    eframe::run_native(
        "scrutineer",
        options,
        Box::new(|creation| Ok(Box::new(Shell::new(&creation.egui_ctx, open, folder)))),
    )?;
    Ok(())
}

fn icon() -> Arc<egui::IconData> {
    let bytes = include_bytes!("../../../assets/icons/scrutineer-128.png");
    Arc::new(eframe::icon_data::from_png_bytes(bytes).expect("the embedded icon is a valid PNG"))
}

/// Carries requests to the worker and its events back to the screens.
struct Shell {
    workbench: Workbench,
    worker: Worker,
    events: Receiver<Event>,
    /// The tabs that were kept last, and when.
    kept_tabs: (OpenTabs, Instant),
}

/// How often the tabs are kept while the window is open: it may be killed.
const KEEP_TABS_EVERY: Duration = Duration::from_secs(5);

impl Shell {
    fn new(context: &egui::Context, open: Option<PathBuf>, folder: PathBuf) -> Self {
        let (sender, events) = crossbeam_channel::bounded(EVENT_CAPACITY);
        let repaint = context.clone();
        let mut worker = Worker::new(folder, sender, move || repaint.request_repaint());
        for request in [
            Request::MeasureAbilities,
            Request::ListCaptures,
            Request::Review(ReviewRequest::ListOverdue),
        ] {
            worker.execute(request);
        }
        worker.begin(open.as_deref());
        match open {
            Some(path) => worker.execute(Request::Open(path)),
            None => worker.execute(Request::WatchProcesses),
        }
        worker.load_last_review();
        Self {
            workbench: Workbench::new(context),
            worker,
            events,
            kept_tabs: (OpenTabs::default(), Instant::now()),
        }
    }

    /// Keeps the tabs for the next time where they changed.
    fn keep_tabs(&mut self) {
        let tabs = self.workbench.open_tabs();
        if self.kept_tabs.0 != tabs {
            self.worker.keep_tabs(&tabs);
        }
        self.kept_tabs = (tabs, Instant::now());
    }
}

impl eframe::App for Shell {
    fn logic(&mut self, _context: &egui::Context, _frame: &mut eframe::Frame) {
        for event in self.events.try_iter() {
            self.workbench.handle(event);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.workbench.show(ui);
        for request in self.workbench.take_requests() {
            self.worker.execute(request);
        }
        if self.kept_tabs.1.elapsed() > KEEP_TABS_EVERY {
            self.keep_tabs();
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // Nobody reads events any more: without a reader no job waits for a place in the channel.
        self.events = crossbeam_channel::never();
        self.keep_tabs();
        self.worker.close();
    }
}

//! Does what the screens ask for, each piece of work as a job on a thread of its own.

mod reviews;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::Sender;
use scrutineer_checklists::document::PinnedView;
use scrutineer_profiler::{
    capture::target::Target,
    process::preflight::{self, Facts},
    progress::Progress,
    workspace::Workspace,
};
use scrutineer_ui::{
    command::{CompareSide, Request},
    event::Event,
    open_tabs::OpenTabs,
    pin::Pin,
    record_choice::RecordChoice,
    settings::Settings,
};

use super::{
    dialogs::{Dialogs, NativeDialogs},
    lists,
    recording::{self, RecordingOrder},
    session::Session,
    settings::KeptSettings,
    tabs::{self, KeptTabs},
    teller::{Teller, relay},
};
use crate::{
    capture_note::{self, CaptureNote},
    captures, cli,
    jobs::{Job, JobContext, Jobs},
    pins,
};

/// Does what the screens ask for.
pub(super) struct Worker {
    jobs: Jobs,
    teller: Teller,
    dialogs: Arc<dyn Dialogs>,
    session: Arc<Session>,
    watch: Flag,
    recording: Option<RunningRecording>,
    own_profile: Arc<Mutex<Option<crate::own_profile::Running>>>,
    settings: Arc<KeptSettings>,
    tabs: KeptTabs,
    /// Raised when the window closes.
    closed: Flag,
}

/// A flag that a thread polls.
type Flag = Arc<AtomicBool>;

/// A recording under way.
struct RunningRecording {
    stop: Flag,
    job: Option<Job<()>>,
}

impl Worker {
    /// A worker for the workspace that `folder` lies in.
    pub(super) fn new(
        folder: PathBuf,
        events: Sender<Event>,
        repaint: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let kept = (
            KeptSettings::new(crate::settings::path()),
            crate::open_tabs::folder(),
        );
        Self::with(folder, events, repaint, Arc::new(NativeDialogs), kept)
    }

    fn with(
        folder: PathBuf,
        events: Sender<Event>,
        repaint: impl Fn() + Send + Sync + 'static,
        dialogs: Arc<dyn Dialogs>,
        (settings, tabs_folder): (KeptSettings, Option<PathBuf>),
    ) -> Self {
        let teller = Teller::new(events, repaint);
        let (jobs, told) = Jobs::new();
        relay(told, teller.clone());
        let session = Arc::new(Session::new(folder));
        let settings = Arc::new(settings);
        Self {
            jobs,
            teller,
            dialogs,
            watch: Flag::default(),
            recording: None,
            own_profile: Arc::default(),
            tabs: KeptTabs::new(tabs_folder, Arc::clone(&session), Arc::clone(&settings)),
            session,
            settings,
            closed: Flag::default(),
        }
    }

    /// Reads the settings and, where they say so, opens the tabs of last time again, behind
    /// another file that was asked for. Both files are small.
    pub(super) fn begin(&self, behind: Option<&Path>) {
        self.settings.read(&self.teller);
        let kept = self.tabs.last(&self.teller);
        if kept.tabs.is_empty() {
            return;
        }
        let behind = behind.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.into()));
        self.job(
            "Opening the captures of last time",
            move |context, teller| {
                tabs::restore(kept, behind.as_deref(), context, teller);
                Ok(())
            },
        );
    }

    /// Keeps the tabs for the next time.
    pub(super) fn keep_tabs(&self, open: &OpenTabs) {
        self.tabs.keep(open, &self.teller);
    }

    /// Starts what is asked for and returns at once.
    pub(super) fn execute(&mut self, request: Request) {
        match request {
            Request::WatchProcesses => self.watch_processes(),
            Request::PauseProcesses => self.watch.store(false, Ordering::Relaxed),
            Request::MeasureAbilities => self.quietly("abilities", |_, teller| {
                teller.tell(Event::Abilities(
                    scrutineer_profiler::capture::ability::measure(),
                ));
                Ok(())
            }),
            Request::ListCaptures => self.list_captures(),
            Request::Attach { pid, choice } => match recording::target_of(pid, choice.subject) {
                Ok(target) => self.record(target, choice),
                Err(error) => self.teller.fail(&error),
            },
            Request::Launch {
                command,
                folder,
                choice,
            } => self.launch(&command, &folder, choice),
            Request::Preflight(pid) => self.quietly("preflight", move |_, teller| {
                let notes = preflight::preflight(pid, &Facts::gather(pid));
                teller.tell(Event::Preflight { pid, notes });
                Ok(())
            }),
            Request::StopRecording => self.stop_recording(),
            Request::Cancel(id) => self.jobs.cancel(id),
            Request::Open(path) => self.open(path),
            Request::OpenDialog => self.open_by_dialog(),
            Request::LoadOther {
                path,
                side,
                beside,
                measure,
            } => self.load_other(path, side, beside, measure),
            Request::Measure { path, measure } => {
                self.with_session("Reading another measure", move |session, progress| {
                    let loaded = session.open(&path, Some(&measure), progress)?;
                    Ok(Event::Loaded(loaded))
                });
            }
            Request::RunDemo => self.run_demo(),
            Request::Gather { pid } => self.gather(pid),
            request @ (Request::Decide { .. }
            | Request::Undecide { .. }
            | Request::WriteDown { .. }
            | Request::FinishAction { .. }
            | Request::Freeze { .. }) => self.change_review(request),
            Request::Review(request) => self.review(request),
            Request::ExportDialog => self.export_by_dialog(),
            Request::Export(path) => self.with_session("Exporting the review", {
                move |session, _| session.export(&path).map(|()| Event::Saved { path })
            }),
            Request::ToggleOwnProfile => self.toggle_own_profile(),
            Request::SaveSettings { before, after } => self.save_settings(*before, *after),
            Request::FrontCapture(front) => self.session.bring_to_front(front),
            Request::ReadSettings => self.with_settings(|kept, teller| {
                kept.read(teller);
                Ok(())
            }),
            Request::ReplaceSettings(settings) => {
                self.with_settings(move |kept, teller| kept.replace(*settings, teller));
            }
            Request::PruneCaptures => self.prune(true),
            Request::ListPins => self.change_pins(|_| Ok(())),
            Request::KeepPin { path, pin } => self.keep_pin(path, pin),
            Request::OpenPin(id) => self.with_session("Finding the capture of the pin", {
                move |session, progress| {
                    let (path, pin, others) = session.find_pin(&id, progress)?;
                    let view = Box::new(pin.view);
                    Ok(Event::PinFound { path, view, others })
                }
            }),
            Request::NotePin { id, note } => {
                self.change_pins(move |workspace| pins::note(workspace, &id, note));
            }
            Request::RemovePin(id) => {
                self.change_pins(move |workspace| pins::remove(workspace, &id));
            }
            Request::NoteCapture { path, note } => {
                self.change_note(path, move |kept| kept.note = note);
            }
            Request::PinCapture { path, pinned } => {
                self.change_note(path, move |kept| kept.pinned = pinned);
            }
        }
    }

    fn keep_pin(&self, path: PathBuf, pin: Box<Pin>) {
        let session = Arc::clone(&self.session);
        self.job("Pinning the view", move |_, teller| {
            tell_pins(&session, session.keep_pin(&path, *pin)?, teller);
            let folder = session.captures_folder()?;
            teller.tell(Event::Captures(lists::captures(&folder)));
            let message = "Pinned as evidence".to_owned();
            teller.tell(Event::Said { message });
            Ok(())
        });
    }

    /// Ends everything; a recording is saved.
    pub(super) fn close(&mut self) {
        self.watch.store(false, Ordering::Relaxed);
        self.closed.store(true, Ordering::Relaxed);
        self.stop_recording();
        let saving = self.recording.take().and_then(|recording| recording.job);
        if let Some(job) = saving {
            // Its failure was told as an event; the window that would show it is gone.
            let _ = job.join();
        }
        self.jobs.cancel_all();
    }

    /// Runs work that shows in the job line.
    fn job(
        &self,
        title: &str,
        work: impl FnOnce(&JobContext, &Teller) -> anyhow::Result<()> + Send + 'static,
    ) -> Option<Job<()>> {
        let teller = self.teller.clone();
        let spawned = self.jobs.spawn(title, move |context| {
            if let Err(error) = work(context, &teller) {
                teller.fail(&error);
            }
        });
        spawned
            .map_err(|error| {
                let error = anyhow::Error::new(error).context(format!("cannot start “{title}”"));
                self.teller.fail(&error);
            })
            .ok()
    }

    /// Runs short work that does not show in the job line.
    fn quietly(
        &self,
        name: &str,
        work: impl FnOnce(&str, &Teller) -> anyhow::Result<()> + Send + 'static,
    ) {
        let teller = self.teller.clone();
        let thread = std::thread::Builder::new().name(name.into());
        let name = name.to_owned();
        let spawned = thread.spawn(move || {
            if let Err(error) = work(&name, &teller) {
                teller.fail(&error);
            }
        });
        if let Err(error) = spawned {
            self.teller
                .fail(&anyhow::Error::new(error).context("cannot start a thread"));
        }
    }

    fn with_session(
        &self,
        title: &str,
        work: impl FnOnce(&Session, &JobContext) -> anyhow::Result<Event> + Send + 'static,
    ) {
        let session = Arc::clone(&self.session);
        self.job(title, move |context, teller| {
            teller.tell(work(&session, context)?);
            Ok(())
        });
    }

    fn watch_processes(&mut self) {
        if self.watch.load(Ordering::Relaxed) {
            return;
        }
        self.watch = Arc::new(AtomicBool::new(true));
        let watch = Arc::clone(&self.watch);
        self.quietly("process-list", move |_, teller| {
            lists::watch_processes(&watch, teller);
            Ok(())
        });
    }

    fn list_captures(&self) {
        let session = Arc::clone(&self.session);
        self.quietly("capture-list", move |_, teller| {
            teller.tell(Event::Captures(lists::captures(
                &session.captures_folder()?,
            )));
            Ok(())
        });
    }

    fn launch(&mut self, command: &str, folder: &str, choice: RecordChoice) {
        match recording::split_command(command) {
            Ok(command) => {
                let folder = (!folder.trim().is_empty()).then(|| PathBuf::from(folder.trim()));
                let until_it_ends = RecordChoice {
                    seconds: None,
                    ..choice
                };
                self.record(Target::Launch { command, folder }, until_it_ends);
            }
            Err(error) => self.teller.fail(&error),
        }
    }

    fn record(&mut self, target: Target, choice: RecordChoice) {
        self.stop_recording();
        let stop = Flag::default();
        let raised = Arc::clone(&stop);
        let session = Arc::clone(&self.session);
        let settings = Arc::clone(&self.settings);
        let job = self.job("Recording", move |context, teller| {
            let order = RecordingOrder {
                target,
                choice,
                stop,
            };
            let path = recording::run(&session, &order, context, teller)?;
            match session.prune(settings.policy()) {
                Ok(said) => said.into_iter().for_each(|message| {
                    teller.tell(Event::Said { message });
                }),
                Err(error) => teller.fail(&error),
            }
            teller.tell(Event::Captures(lists::captures(
                &session.captures_folder()?,
            )));
            show(&session, &path, context, teller)
        });
        self.recording = Some(RunningRecording { stop: raised, job });
    }

    fn stop_recording(&mut self) {
        if let Some(recording) = &self.recording {
            recording.stop.store(true, Ordering::Relaxed);
        }
    }

    fn open(&self, path: PathBuf) {
        let session = Arc::clone(&self.session);
        self.job("Opening the capture", move |context, teller| {
            if let Err(error) = show(&session, &path, context, teller) {
                let message = cli::sentence(&error);
                teller.tell(Event::OpenFailed { path, message });
            }
            Ok(())
        });
    }

    fn open_by_dialog(&self) {
        let (session, dialogs) = (Arc::clone(&self.session), Arc::clone(&self.dialogs));
        self.job("Choosing a capture", move |context, teller| {
            match dialogs.open_capture() {
                Some(path) => show(&session, &path, context, teller),
                None => Ok(()),
            }
        });
    }

    fn load_other(
        &self,
        path: Option<PathBuf>,
        side: CompareSide,
        beside: PathBuf,
        measure: Option<String>,
    ) {
        let dialogs = Arc::clone(&self.dialogs);
        self.job(
            "Opening the capture to compare with",
            move |context, teller| {
                let Some(path) = path.or_else(|| dialogs.open_capture()) else {
                    return Ok(());
                };
                let loaded = captures::load_alike(&path, measure.as_deref(), context)?;
                teller.tell(Event::Other {
                    path,
                    side,
                    beside,
                    profile: Arc::new(loaded.profile),
                    damage: loaded.damage,
                });
                Ok(())
            },
        );
    }

    fn export_by_dialog(&self) {
        let (session, dialogs) = (Arc::clone(&self.session), Arc::clone(&self.dialogs));
        self.job("Exporting the review", move |_, teller| {
            if let Some(path) = dialogs.save_review("review.html") {
                session.export(&path)?;
                teller.tell(Event::Saved { path });
            }
            Ok(())
        });
    }

    fn run_demo(&self) {
        let session = Arc::clone(&self.session);
        self.job("Running the demo", move |context, teller| {
            let outcome = session.run_demo(context)?;
            teller.tell(Event::Captures(lists::captures(
                &session.captures_folder()?,
            )));
            reviews::tell(&session, teller);
            for message in outcome.warnings {
                teller.tell(Event::Failed { message });
            }
            match outcome.capture {
                Some(path) => show(&session, &path, context, teller),
                None => Ok(()),
            }
        });
    }

    fn gather(&self, pid: Option<u32>) {
        self.beside_review("Gathering evidence", move |session, context| {
            session.gather(pid, context).map(|_| None)
        });
    }

    fn change_pins(&self, change: impl FnOnce(&Workspace) -> anyhow::Result<()> + Send + 'static) {
        let session = Arc::clone(&self.session);
        self.quietly("pins", move |_, teller| {
            tell_pins(&session, session.pins(change)?, teller);
            Ok(())
        });
    }

    fn change_note(
        &self,
        capture: PathBuf,
        change: impl FnOnce(&mut CaptureNote) + Send + 'static,
    ) {
        let session = Arc::clone(&self.session);
        self.quietly("capture-note", move |_, teller| {
            capture_note::change(&capture, change)?;
            let folder = session.captures_folder()?;
            teller.tell(Event::Captures(lists::captures(&folder)));
            Ok(())
        });
    }

    fn save_settings(&self, before: Settings, after: Settings) {
        let has_moved = before.captures_folder != after.captures_folder;
        self.settings.change(before, after);
        let session = Arc::clone(&self.session);
        self.with_settings(move |kept, teller| {
            kept.write(teller);
            if has_moved {
                let folder = session.captures_folder()?;
                teller.tell(Event::Captures(lists::captures(&folder)));
            }
            Ok(())
        });
    }

    fn with_settings(
        &self,
        work: impl FnOnce(&KeptSettings, &Teller) -> anyhow::Result<()> + Send + 'static,
    ) {
        let settings = Arc::clone(&self.settings);
        self.quietly("settings", move |_, teller| work(&settings, teller));
    }

    /// Removes captures that the settings do not keep; where a person asked, says so of none too.
    fn prune(&self, asked: bool) {
        let (session, settings) = (Arc::clone(&self.session), Arc::clone(&self.settings));
        self.quietly("prune", move |_, teller| {
            let said = session.prune(settings.policy())?;
            if said.is_some() {
                teller.tell(Event::Captures(lists::captures(
                    &session.captures_folder()?,
                )));
            }
            let nothing = || asked.then(|| "Nothing to prune: all captures stay".to_owned());
            if let Some(message) = said.or_else(nothing) {
                teller.tell(Event::Said { message });
            }
            Ok(())
        });
    }

    fn toggle_own_profile(&self) {
        let running = Arc::clone(&self.own_profile);
        let session = Arc::clone(&self.session);
        self.job("Profiling the workbench", move |_, teller| {
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(path) =
                crate::own_profile::toggle(&mut running, &session.captures_folder()?)?
            {
                teller.tell(Event::Saved { path });
            }
            Ok(())
        });
    }
}

/// Tells the pins, and the judgement that shows them.
fn tell_pins(session: &Session, pins: Vec<Arc<PinnedView>>, teller: &Teller) {
    if let Some(document) = session.with_pins(&pins) {
        teller.tell(Event::Review(document));
    }
    teller.tell(Event::Pins(pins));
}

/// Loads a capture and shows it.
fn show(
    session: &Session,
    path: &Path,
    progress: &dyn Progress,
    teller: &Teller,
) -> anyhow::Result<()> {
    teller.tell(Event::Loaded(session.open(path, None, progress)?));
    Ok(())
}

#[cfg(test)]
mod tests;

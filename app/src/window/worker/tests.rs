//! The worker without a window: requests in, events out.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use crossbeam_channel::Receiver;
use scrutineer_ui::settings::Settings;
use tempfile::TempDir;

use super::*;
use crate::review::StoredMilestone;
use scrutineer_ui::command::Entry;

/// Answers every dialog with one path, like a person who knows what they want.
struct Answer(Option<PathBuf>);

impl Dialogs for Answer {
    fn open_capture(&self) -> Option<PathBuf> {
        self.0.clone()
    }

    fn save_review(&self, _suggestion: &str) -> Option<PathBuf> {
        self.0.clone()
    }
}

/// A worker in a workspace of its own.
struct Bench {
    worker: Worker,
    events: Receiver<Event>,
    folder: TempDir,
}

/// What no event is waited for longer than.
const PATIENCE: Duration = Duration::from_mins(1);

impl Bench {
    fn new(answer: impl FnOnce(&Path) -> Option<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("scrutineer.ron"),
            "(version: 1, window: (seconds: 1.0, requests: 1))",
        )
        .unwrap();
        let (sender, events) = crossbeam_channel::bounded(1_024);
        let dialogs = Arc::new(Answer(answer(folder.path())));
        let settings = KeptSettings::new(Some(folder.path().join("config/settings.ron")));
        let kept = (settings, Some(folder.path().join("state/tabs")));
        let root = folder.path().to_owned();
        let worker = Worker::with(root, sender, || (), dialogs, kept);
        Self {
            worker,
            events,
            folder,
        }
    }

    /// The first event that `choose` takes.
    fn wait_for<T>(&self, choose: impl Fn(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(PATIENCE).expect("the event comes");
            if let Some(chosen) = choose(event) {
                return chosen;
            }
        }
    }

    fn failure(&self) -> String {
        self.wait_for(|event| match event {
            Event::Failed { message } | Event::OpenFailed { message, .. } => Some(message),
            _ => None,
        })
    }

    fn review(&self) -> Arc<scrutineer_checklists::document::ReviewDocument> {
        self.wait_for(|event| match event {
            Event::Review(document) => Some(document),
            Event::Failed { message } => panic!("{message}"),
            _ => None,
        })
    }
}

/// A process that is always busy, and ends with the test.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", "while :; do :; done"])
            .stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_capture_that_is_not_there_is_told_in_one_sentence() {
    let mut bench = Bench::new(|folder| Some(folder.join("missing.scrutineer")));
    bench.worker.execute(Request::OpenDialog);
    let message = bench.failure();
    assert!(message.contains("missing.scrutineer"), "{message}");
    assert!(!message.contains("Error {"), "{message}");
}

#[test]
fn a_dialog_that_was_cancelled_changes_nothing() {
    let mut bench = Bench::new(|_| None);
    bench.worker.execute(Request::OpenDialog);
    bench.wait_for(|event| match event {
        Event::JobEnded { .. } => Some(()),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
}

#[test]
fn nothing_can_be_exported_before_something_was_judged() {
    let mut bench = Bench::new(|_| None);
    let page = bench.folder.path().join("review.html");
    bench.worker.execute(Request::Export(page.clone()));
    assert!(bench.failure().contains("gather evidence first"));
    assert!(!page.exists());
}

#[test]
fn a_process_is_recorded_live_and_the_finished_capture_is_opened_and_listed() {
    let busy = Busy::start();
    let mut bench = Bench::new(|_| None);
    bench.worker.execute(Request::Attach {
        pid: busy.0.id(),
        choice: RecordChoice {
            frequency_hz: 499,
            seconds: None,
            ..RecordChoice::default()
        },
    });
    let live = bench.wait_for(|event| match event {
        Event::Live(live) => Some(live),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    assert!(!live.tree.is_empty());
    bench.worker.execute(Request::StopRecording);
    let loaded = bench.wait_for(|event| match event {
        Event::Loaded(loaded) => Some(loaded),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    assert!(loaded.damage.is_none(), "{:?}", loaded.damage);
    assert!(loaded.profile.samples.stack.len() > 10);
    bench.worker.execute(Request::ListCaptures);
    let listed = bench.wait_for(|event| match event {
        Event::Captures(captures) => Some(captures),
        _ => None,
    });
    assert_eq!(listed[0].path, loaded.path);
}

#[test]
fn evidence_is_gathered_a_decision_is_kept_and_the_review_is_exported() {
    let busy = Busy::start();
    let mut bench = Bench::new(|folder| Some(folder.join("review.html")));
    bench.worker.execute(Request::Gather {
        pid: Some(busy.0.id()),
    });
    let document = bench.review();
    assert_eq!(document.items().count(), 56);
    bench.worker.execute(Request::Decide {
        item: "db.sharding".into(),
        choice: scrutineer_checklists::review::Choice::NotApplicable,
        why: "there is no database".into(),
    });
    let decided = bench.review();
    let item = decided
        .items()
        .find(|item| item.id == "db.sharding")
        .unwrap();
    assert_eq!(
        item.effective,
        scrutineer_checklists::verdict::Outcome::NotApplicable
    );
    bench.worker.execute(Request::WriteDown {
        item: Some("db.sharding".into()),
        entry: Entry::Action {
            what: "Say so in the README".into(),
            owner: "Ada".into(),
            due: "2030-01-01".parse().unwrap(),
        },
    });
    let id = bench.review().people.actions[0].id.clone();
    bench.worker.execute(Request::FinishAction { id });
    assert!(bench.review().people.actions[0].action.done.is_some());
    bench.worker.execute(Request::Freeze {
        name: "first".into(),
    });
    let frozen = bench.wait_for(|event| match event {
        Event::Saved { path } => Some(path),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    let frozen = StoredMilestone::read(&frozen).unwrap().milestone;
    assert_eq!(frozen.doubts(), []);
    assert_eq!(frozen.review.actions.len(), 1);
    bench.worker.execute(Request::ExportDialog);
    let page = bench.wait_for(|event| match event {
        Event::Saved { path } => Some(path),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("there is no database"));
    let later = Session::new(bench.folder.path().to_owned());
    let kept = later.load_last().unwrap().expect("the evidence was kept");
    assert_eq!(kept.evidence_digest, document.evidence_digest);
}

#[test]
fn a_command_without_a_word_is_refused() {
    let mut bench = Bench::new(|_| None);
    bench.worker.execute(Request::Launch {
        command: "  ".into(),
        folder: String::new(),
        choice: RecordChoice::default(),
    });
    assert!(bench.failure().contains("no command"));
}

#[test]
fn the_workbench_profiles_itself_between_two_calls() {
    let mut bench = Bench::new(|_| None);
    bench.worker.execute(Request::ToggleOwnProfile);
    bench.wait_for(|event| matches!(event, Event::JobEnded { .. }).then_some(()));
    let mut sum = 0_u64;
    let until = std::time::Instant::now() + Duration::from_millis(300);
    while std::time::Instant::now() < until {
        sum = sum.wrapping_mul(31).wrapping_add(7);
    }
    std::hint::black_box(sum);
    bench.worker.execute(Request::ToggleOwnProfile);
    let path = bench.wait_for(|event| match event {
        Event::Saved { path } => Some(path),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    assert!(path.to_string_lossy().ends_with(".pb.gz"));
    assert!(std::fs::metadata(path).unwrap().len() > 0);
}

/// The settings that are told next, or why they are not kept.
fn settings(bench: &Bench) -> Result<Option<Settings>, String> {
    bench.wait_for(|event| match event {
        Event::Settings {
            problem: Some(problem),
            ..
        } => Some(Err(problem)),
        Event::Settings { settings, .. } => Some(Ok(settings.map(|settings| *settings))),
        _ => None,
    })
}

#[test]
fn settings_are_kept_and_a_broken_file_is_told_and_set_aside_only_when_asked() {
    let mut bench = Bench::new(|_| None);
    let path = bench.folder.path().join("config/settings.ron");
    let before = Box::new(Settings::default());
    let after = Box::new(Settings {
        scale_percent: 150,
        ..Settings::default()
    });
    let save = Request::SaveSettings {
        before,
        after: after.clone(),
    };
    bench.worker.execute(save.clone());
    assert_eq!(settings(&bench), Ok(None));
    bench.worker.execute(Request::ReadSettings);
    assert_eq!(settings(&bench), Ok(Some(*after.clone())));
    std::fs::write(&path, "(version: 1,\n colour: 3)").unwrap();
    bench.worker.execute(save);
    let problem = settings(&bench).unwrap_err();
    assert!(problem.contains("settings.ron:2:"), "{problem}");
    assert!(std::fs::read_to_string(&path).unwrap().contains("colour"));
    bench
        .worker
        .execute(Request::ReplaceSettings(after.clone()));
    assert_eq!(settings(&bench), Ok(Some(*after)));
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        2
    );
}

#[test]
fn captures_are_listed_again_where_their_folder_was_set() {
    let mut bench = Bench::new(|_| None);
    let after = Settings {
        captures_folder: Some("/nowhere/captures".into()),
        ..Settings::default()
    };
    bench.worker.execute(Request::SaveSettings {
        before: Box::new(Settings::default()),
        after: Box::new(after),
    });
    assert_eq!(settings(&bench), Ok(None));
    bench.wait_for(|event| matches!(event, Event::Captures(_)).then_some(()));
}

#[test]
fn pruning_that_was_asked_for_says_so_even_where_nothing_goes() {
    let mut bench = Bench::new(|_| None);
    bench.worker.execute(Request::PruneCaptures);
    let said = bench.wait_for(|event| match event {
        Event::Said { message } => Some(message),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    assert!(said.contains("Nothing to prune"), "{said}");
}

#[test]
fn a_pin_of_a_capture_is_kept_listed_found_again_and_removed() {
    let mut bench = Bench::new(|_| None);
    let capture = bench
        .folder
        .path()
        .join(".scrutineer/captures/a.scrutineer");
    std::fs::create_dir_all(capture.parent().unwrap()).unwrap();
    std::fs::write(&capture, "its bytes").unwrap();
    let pins = |bench: &Bench| {
        bench.wait_for(|event| match event {
            Event::Pins(pins) => Some(pins),
            Event::Failed { message } => panic!("{message}"),
            _ => None,
        })
    };
    bench.worker.execute(Request::ListPins);
    assert_eq!(pins(&bench).len(), 0);
    bench.worker.execute(Request::KeepPin {
        path: capture.clone(),
        pin: Box::new(crate::pins::example()),
    });
    let kept = pins(&bench);
    let id = kept[0].id.clone();
    bench.worker.execute(Request::OpenPin(id.clone()));
    let (path, view) = bench.wait_for(|event| match event {
        Event::PinFound { path, view, .. } => Some((path, *view)),
        Event::Failed { message } => panic!("{message}"),
        _ => None,
    });
    assert_eq!((path, view), (capture, crate::pins::example().view));
    bench.worker.execute(Request::RemovePin(id));
    assert_eq!(pins(&bench).len(), 0);
}

/// Tabs of these files, seen alike, the second in front.
fn tabs_of(paths: &[PathBuf]) -> OpenTabs {
    let tab = |path: &PathBuf| scrutineer_ui::open_tabs::OpenTab {
        path: path.clone(),
        view: pins::example().view,
        bases: Vec::new(),
        candidates: Vec::new(),
    };
    OpenTabs {
        shown: 1,
        tabs: paths.iter().map(tab).collect(),
        ..OpenTabs::default()
    }
}

#[test]
fn tabs_of_last_time_come_back_and_what_is_gone_or_broken_is_told_once() {
    let bench = Bench::new(|_| None);
    let name = |name: &str| bench.folder.path().join(name);
    std::fs::write(name("a.folded"), "main;a 3\n").unwrap();
    std::fs::write(name("b.folded"), "main;b 5\n").unwrap();
    std::fs::write(name("broken"), "\0").unwrap();
    let paths = ["a.folded", "b.folded", "broken", "gone"].map(name);
    bench.worker.keep_tabs(&tabs_of(&paths));
    bench.worker.begin(None);
    let (tabs, front, missing) = bench.wait_for(|event| match event {
        Event::TabsFound {
            tabs,
            front,
            missing,
        } => Some((tabs, front, missing)),
        _ => None,
    });
    assert_eq!((tabs.len(), front), (3, Some(1)));
    assert_eq!(missing, [name("gone")]);
    let restored = || {
        bench.wait_for(|event| match event {
            Event::Restored { loaded, view, .. } => {
                assert_eq!(*view, pins::example().view);
                Some(loaded.path)
            }
            _ => None,
        })
    };
    assert_eq!(restored(), name("b.folded"), "the one in front comes first");
    assert_eq!(restored(), name("a.folded"));
    let failed = bench.wait_for(|event| match event {
        Event::OpenFailed { path, .. } => Some(path),
        _ => None,
    });
    assert_eq!(failed, name("broken"));
}

#[test]
fn tabs_are_forgotten_where_that_is_set() {
    let mut bench = Bench::new(|_| None);
    let path = bench.folder.path().join("a.folded");
    std::fs::write(&path, "main;a 3\n").unwrap();
    bench
        .worker
        .keep_tabs(&tabs_of(std::slice::from_ref(&path)));
    let state = bench.folder.path().join("state/tabs");
    assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
    let (before, after) = (
        Settings::default(),
        Settings {
            restore_tabs: false,
            ..Settings::default()
        },
    );
    bench.worker.execute(Request::SaveSettings {
        before: Box::new(before),
        after: Box::new(after),
    });
    bench
        .worker
        .keep_tabs(&tabs_of(std::slice::from_ref(&path)));
    assert_eq!(std::fs::read_dir(&state).unwrap().count(), 0);
}

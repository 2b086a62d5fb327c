//! Capture files from beginning to end: named, recorded, given symbols, loaded.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use scrutineer_evidence::capture::CaptureFacts;
use scrutineer_profiler::{
    capture::{
        CaptureError,
        file::{self, CAPTURE_EXTENSION, CaptureTail, CaptureWriter, Damage},
        model::{Chunk, FrameSymbols, Module},
        recorder::{RecordOptions, Recording, RecordingSummary},
        target::Target,
    },
    formats::read::{self, ReadOptions},
    profile::{self, Profile, ProfileBuilder},
    progress::Progress,
    symbols::{self, Debuginfod, SymbolSources, Symbolizer},
    workspace::Workspace,
};
use sha2::{Digest, Sha256};

/// Sampling frequency where nothing else is asked for: prime-like, so that it does not march in
/// step with timers of 10 or 100 Hz.
pub(crate) const DEFAULT_FREQUENCY_HZ: u32 = 999;

/// Frames that are looked up between two looks at progress and cancel.
const SYMBOL_BATCH: usize = 512;

/// Time between two looks at the files that names will come from.
const HOLD_EVERY: Duration = Duration::from_secs(1);

/// Time between two looks at a recording that somebody watches.
const POLL: Duration = Duration::from_millis(100);
/// The same where nobody does: signals and the recording's end interrupt the wait anyway.
const UNWATCHED_POLL: Duration = Duration::from_millis(250);

/// Time between two words about its progress.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// A file in `folder` that does not exist yet: `<target>-<UTC time>.scrutineer`, numbered where
/// two recordings of one target begin in one second.
fn fresh_path(folder: &Path, target: &str, now: jiff::Timestamp) -> PathBuf {
    let name: String = target
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let stem = format!("{name}-{}", now.strftime("%Y%m%dT%H%M%SZ"));
    (1_u32..=u32::MAX)
        .map(|number| match number {
            1 => folder.join(format!("{stem}.{CAPTURE_EXTENSION}")),
            _ => folder.join(format!("{stem}-{number}.{CAPTURE_EXTENSION}")),
        })
        .find(|path| !path.exists())
        .expect("some number is free")
}

/// The name that a target's capture bears: of the process, else of the command's file.
fn target_name(target: &Target) -> String {
    match target {
        Target::Name(name) | Target::AllNamed(name) => name.clone(),
        Target::Cgroup(path) => file_name(Some(path.as_os_str())),
        Target::System => "machine".to_owned(),
        Target::Pids(pids) => pids
            .first()
            .map_or_else(|| "none".to_owned(), |pid| target_name(&Target::Pid(*pid))),
        Target::Pid(pid) | Target::Tree(pid) => {
            std::fs::read_to_string(format!("/proc/{pid}/comm"))
                .map_or_else(|_| pid.to_string(), |comm| comm.trim().to_owned())
        }
        Target::Launch { command, .. } => file_name(command.first().map(OsString::as_os_str)),
    }
}

fn file_name(path: Option<&OsStr>) -> String {
    let name = path.and_then(|path| Path::new(path).file_name());
    name.map_or_else(
        || "command".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Where a capture goes.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// This file, which must not exist.
    File(PathBuf),
    /// A fresh file in this folder.
    Folder(PathBuf),
}

/// Where captures of a workspace go.
pub(crate) fn workspace_place(workspace: &Workspace) -> Result<Place> {
    let folder = workspace.prepare_captures_folder().with_context(|| {
        let folder = workspace.captures_folder();
        format!(
            "cannot make {}; change its permissions, or free space",
            folder.display()
        )
    })?;
    Ok(Place::Folder(folder))
}

/// Records until the time is over, the target ends or `progress` is cancelled, and looks the
/// names up. What was recorded is kept whatever goes wrong later.
pub(crate) fn record(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<RecordingSummary> {
    record_polling(target, settings, progress, (UNWATCHED_POLL, |_, _| ()))
}

/// Like [`record`]; `watch` is called some ten times a second with the recording and its file.
pub(crate) fn record_watched(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
    watch: impl FnMut(&Recording, &Path),
) -> Result<RecordingSummary> {
    record_polling(target, settings, progress, (POLL, watch))
}

fn record_polling(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
    (every, mut watch): (Duration, impl FnMut(&Recording, &Path)),
) -> Result<RecordingSummary> {
    let (recording, path) = start(target, settings)?;
    let mut keeper = Keeper::of(&path, recording.pid(), settings.debuginfod.as_ref());
    let mut next_told = Instant::now();
    while !recording.is_finished() {
        if progress.is_cancelled() {
            recording.stop();
        }
        if Instant::now() >= next_told {
            next_told += TELL_EVERY;
            tell(&recording, settings.options.duration, progress);
        }
        keeper.poll();
        watch(&recording, &path);
        recording.wait(every);
    }
    let summary = recording.join()?;
    append_symbols(
        &summary.path,
        keeper.symbolizer,
        settings.debuginfod.as_ref(),
        progress,
    )
    .with_context(|| {
        format!(
            "the capture is whole, but names could not be added to it; \
             `scrutineer report {}` looks them up again",
            summary.path.display()
        )
    })?;
    Ok(summary)
}

/// How to record, and where the capture goes.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How to record; the file is chosen by `place`.
    pub(crate) options: RecordOptions,
    /// Where the capture goes.
    pub(crate) place: Place,
    /// Servers that are asked for debug files of modules without symbols; `None` asks nobody.
    pub(crate) debuginfod: Option<Debuginfod>,
}

impl Settings {
    /// CPU time with children, at the usual frequency.
    pub(crate) fn new(place: Place) -> Self {
        Self {
            options: RecordOptions {
                frequency_hz: DEFAULT_FREQUENCY_HZ,
                ..RecordOptions::new(PathBuf::new())
            },
            place,
            debuginfod: None,
        }
    }
}

/// Starts a recording. One that begins in the same second may take a fresh name before us: then
/// another is chosen.
fn start(target: &Target, settings: &Settings) -> Result<(Recording, PathBuf)> {
    loop {
        let (output, is_fresh) = match &settings.place {
            Place::File(path) => (path.clone(), false),
            Place::Folder(folder) => (
                fresh_path(folder, &target_name(target), jiff::Timestamp::now()),
                true,
            ),
        };
        let options = RecordOptions {
            output: output.clone(),
            ..settings.options.clone()
        };
        match Recording::start(target, options) {
            Err(CaptureError::Write { source, .. })
                if is_fresh && source.kind() == io::ErrorKind::AlreadyExists => {}
            started => return Ok((started?, output)),
        }
    }
}

fn tell(recording: &Recording, duration: Option<Duration>, progress: &dyn Progress) {
    let status = recording.status();
    let elapsed = status.elapsed.as_secs_f32();
    let samples = status.quality.samples;
    let what = match recording.pid() {
        0 => "the whole machine".to_owned(),
        pid => format!("pid {pid}"),
    };
    let text = format!("Recording {what}: {elapsed:.1} s, {samples} samples");
    progress.step(
        &text,
        duration.map(|all| (elapsed / all.as_secs_f32()).min(1.0)),
    );
}

/// Looks up what has no name yet, and appends it to the file.
fn append_symbols(
    path: &Path,
    mut symbolizer: Symbolizer,
    debuginfod: Option<&Debuginfod>,
    progress: &dyn Progress,
) -> Result<()> {
    let (profile, _) = load_without_lookup(path)?;
    symbolizer.finish_with(&profile);
    let mut writer = CaptureWriter::append(path)?;
    // Each batch goes to the file at once: the names of a long capture are many.
    look_up(&profile, &mut symbolizer, debuginfod, progress, |chunk| {
        Ok(writer.write(&chunk)?)
    })?;
    Ok(writer.flush()?)
}

/// Hands over the names of all frames that were not looked up yet, a chunk at a time.
fn look_up(
    profile: &Profile,
    symbolizer: &mut Symbolizer,
    debuginfod: Option<&Debuginfod>,
    progress: &dyn Progress,
    mut take: impl FnMut(Chunk) -> Result<()>,
) -> Result<()> {
    let mut frames: Vec<_> = profile
        .frames_without_lookup()
        .into_iter()
        .map(|id| (id, profile.frames[id as usize]))
        .collect();
    // A module at a time: what was parsed of one that is done need not be kept.
    frames.sort_unstable_by_key(|(id, frame)| (frame.module, frame.address, *id));
    if frames.is_empty() {
        return Ok(());
    }
    if let Some(servers) = debuginfod {
        let urls = servers.urls().join(", ");
        let text = format!("Asking for the debug files of modules without symbols: {urls}");
        progress.step(&text, None);
    }
    let mut open_modules = BTreeSet::new();
    for (number, batch) in frames.chunks(SYMBOL_BATCH).enumerate() {
        let current = batch[0].1.module;
        let later = open_modules.split_off(&current);
        for done in std::mem::replace(&mut open_modules, later) {
            symbolizer.release(done);
        }
        open_modules.extend(batch.iter().map(|(_, frame)| frame.module));
        // The first batch is where nearly all files are opened; most captures have no second one.
        if number > 0 {
            let done = number * SYMBOL_BATCH;
            let share = done as f32 / frames.len() as f32;
            let text = format!("Looking up names: {done} of {} frames", frames.len());
            progress.step(&text, Some(share));
        }
        let found: Vec<FrameSymbols> = symbolizer.lookup(&profile.modules, batch);
        take(Chunk::Symbols(found))?;
    }
    if debuginfod.is_some() {
        let answers = symbolizer.debuginfod_answers();
        let text = format!(
            "debuginfod had the debug files of {} of {} modules; {} were not asked for, as the time \
             was over",
            answers.found, answers.asked, answers.left_out
        );
        progress.step(&text, None);
    }
    Ok(())
}

/// Names kept by earlier captures, and files of the processes.
pub(crate) fn symbol_sources(pids: Vec<u32>, debuginfod: Option<&Debuginfod>) -> SymbolSources {
    SymbolSources {
        pids,
        cache_folder: symbols::default_cache_folder(),
        debuginfod: debuginfod.cloned(),
    }
}

/// Holds the files that names will come from while a recording lasts: the target may end, delete
/// its program, or take what its runtime wrote with it.
struct Keeper {
    path: PathBuf,
    tail: Option<CaptureTail>,
    modules: Vec<Module>,
    symbolizer: Symbolizer,
    next: Instant,
}

impl Keeper {
    fn of(path: &Path, pid: u32, debuginfod: Option<&Debuginfod>) -> Self {
        Self {
            path: path.to_owned(),
            tail: None,
            modules: Vec::new(),
            symbolizer: Symbolizer::new(symbol_sources(vec![pid], debuginfod)),
            next: Instant::now(),
        }
    }

    /// Looks at what the recording has come upon, where it is time for it.
    fn poll(&mut self) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + HOLD_EVERY;
        if self.tail.is_none() {
            self.tail = CaptureTail::open(&self.path).ok();
        }
        // A file that cannot be followed is told of when it is finished.
        let chunks = self.tail.as_mut().map(CaptureTail::poll);
        for chunk in chunks.into_iter().flatten().flatten() {
            match chunk {
                Chunk::Modules(modules) => self.modules.extend(modules),
                Chunk::Threads(threads) => {
                    let pids = threads.iter().map(|thread| thread.pid);
                    self.symbolizer.add_processes(pids);
                }
                _ => {}
            }
        }
        self.symbolizer.hold(&self.modules);
    }
}

/// A capture or another tool's profile, loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The profile, with names.
    pub(crate) profile: Profile,
    /// What is damaged in the file, as a sentence.
    pub(crate) damage: Option<String>,
}

/// Loads a capture. Names that are missing (its recording was cut short) are looked up, where the
/// files are still there; the capture file stays as it is.
pub(crate) fn load(path: &Path, progress: &dyn Progress) -> Result<Loaded> {
    load_with(path, &LoadOptions::default(), progress)
}

/// How a file is loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadOptions {
    /// Servers that are asked for debug files of modules without symbols; `None` asks nobody.
    pub(crate) debuginfod: Option<Debuginfod>,
    /// What is read of another tool's file that measures several things.
    pub(crate) measure: Option<String>,
}

/// Like [`load`], in a way of one's own: a capture, or a profile of another tool.
pub(crate) fn load_with(
    path: &Path,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<Loaded> {
    let debuginfod = options.debuginfod.as_ref();
    let (mut builder, damage) = read_any(path, options, progress)?;
    let missing = builder.profile().map(|profile| {
        let sources = symbol_sources(Vec::new(), debuginfod);
        let mut symbolizer = Symbolizer::for_capture(profile, sources);
        let mut chunks = Vec::new();
        look_up(profile, &mut symbolizer, debuginfod, progress, |chunk| {
            chunks.push(chunk);
            Ok(())
        })?;
        Ok::<_, anyhow::Error>(chunks)
    });
    for chunk in missing.transpose()?.into_iter().flatten() {
        builder.push(chunk);
    }
    let mut profile = builder
        .finish()
        .expect("the readers refuse files without a header");
    // Once, as the window judges it again and again.
    profile.quality = profile.weighed_quality();
    Ok(Loaded { profile, damage })
}

/// Like [`load`], by what is measured elsewhere too: a file that does not measure it, and a
/// capture, is loaded by its usual measure.
pub(crate) fn load_alike(
    path: &Path,
    measure: Option<&str>,
    progress: &dyn Progress,
) -> Result<Loaded> {
    let measure = measure.filter(|_| path.is_file() && !file::is_capture(path));
    let Some(measure) = measure else {
        return load(path, progress);
    };
    let loaded = load_measured(path, Some(measure), progress);
    let lacks_it = |error: &anyhow::Error| {
        let error = error.downcast_ref::<read::ReadError>();
        matches!(error, Some(read::ReadError::NoMeasure { .. }))
    };
    match loaded {
        Err(error) if lacks_it(&error) => load(path, progress),
        loaded => loaded,
    }
}

/// Like [`load`], by one of the things that another tool's file measures.
pub(crate) fn load_measured(
    path: &Path,
    measure: Option<&str>,
    progress: &dyn Progress,
) -> Result<Loaded> {
    let options = LoadOptions {
        measure: measure.map(str::to_owned),
        ..LoadOptions::default()
    };
    load_with(path, &options, progress)
}

/// The profile in a file of ours or of another tool, names not looked up yet, and what is damaged.
fn read_any(
    path: &Path,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<(ProfileBuilder, Option<String>)> {
    // What cannot be read at all is told of by the reader of captures.
    if file::is_capture(path) || !path.is_file() {
        if options.measure.is_some() {
            bail!("--measure is for files of other tools; choose with --weight in a capture");
        }
        let (builder, damage) = ProfileBuilder::of_file(path)?;
        let has_end = builder
            .profile()
            .is_some_and(|profile| profile.end.is_some());
        return Ok((builder, sentence_of(&damage, has_end)));
    }
    progress.step(&format!("Reading {}", path.display()), None);
    let measure = options.measure.clone();
    let builder = read::read(path, &ReadOptions { measure })
        .with_context(|| format!("cannot open {}", path.display()))?;
    Ok((builder, None))
}

fn load_without_lookup(path: &Path) -> Result<(Profile, Damage)> {
    let (builder, damage) = ProfileBuilder::of_file(path)?;
    Ok((
        builder
            .finish()
            .expect("the reader refuses files without a header"),
        damage,
    ))
}

fn sentence_of(damage: &Damage, has_end: bool) -> Option<String> {
    match &damage.what {
        Some(what) => Some(what.clone()),
        None if !has_end => Some(
            "the capture was cut short: its recording was killed, or still runs; \
             everything up to its last flush is here"
                .into(),
        ),
        None => None,
    }
}

/// Summarises a loaded capture for rules and baselines.
pub(crate) fn facts(path: &Path, profile: &Profile) -> Result<CaptureFacts> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(profile::facts(
        profile,
        &name.unwrap_or_default(),
        &digest(path)?,
    ))
}

/// SHA-256 of a file, hexadecimal.
pub(crate) fn digest(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut digits = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_recordings_of_one_target_in_one_second_get_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let now: jiff::Timestamp = "2026-03-11T09:15:00Z".parse().unwrap();
        let first = fresh_path(folder.path(), "my app/x", now);
        assert!(
            first.ends_with("my_app_x-20260311T091500Z.scrutineer"),
            "{first:?}"
        );
        std::fs::write(&first, "").unwrap();
        let second = fresh_path(folder.path(), "my app/x", now);
        assert!(
            second.ends_with("my_app_x-20260311T091500Z-2.scrutineer"),
            "{second:?}"
        );
    }

    #[test]
    fn a_launched_commands_capture_bears_its_file_name() {
        let target = Target::Launch {
            command: vec!["/usr/bin/python3".into()],
            folder: None,
        };
        assert_eq!(target_name(&target), "python3");
    }
}

//! Times the frames of the profile screen over a capture, without a window: `frames FILE [FRAMES]`.
//!
//! A frame is everything that the screens do for it: input, layout, shapes; the triangles that the
//! shapes become are timed apart, and painting them is the renderer's. Work of other threads runs
//! beside it as it does in the window.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use egui::{
    Context, Event as Input, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2,
    RawInput, Rect, TouchPhase, pos2, vec2,
};
use egui_kittest::{Harness, kittest::Queryable};
use scrutineer_profiler::profile::ProfileBuilder;
use scrutineer_ui::{
    Workbench,
    event::{Event, LoadedProfile},
};

const SIZE: egui::Vec2 = vec2(1440.0, 900.0);
const FRAMES: usize = 600;
const USAGE: &str = "usage: frames FILE [FRAMES]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let frames = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => FRAMES,
    };
    let loaded = load(&path)?;
    let places = Places::find(&loaded);
    let mut window = Window::open(loaded);
    println!("| what is done | frames | median | p99 | longest | triangles, p99 |");
    println!("|---|---|---|---|---|---|");
    window.time("nothing, pointer moving", frames, |frame| {
        vec![Input::PointerMoved(places.on_the_way(frame))]
    });
    window.time("zooming with the wheel", frames, |frame| {
        let inwards = if frame / 40 % 2 == 0 { 1.0 } else { -1.0 };
        let wheel = Input::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, inwards),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        };
        vec![
            Input::PointerMoved(places.on_the_way(frame / 80 * 80)),
            wheel,
        ]
    });
    window.time("panning", frames, |frame| places.pan(frame));
    window.time("searching", frames, type_letter);
    window.press(Key::Escape, Modifiers::NONE);
    window.time("changing the range", frames, |frame| places.range(frame));
    Ok(())
}

fn load(path: &Path) -> Result<LoadedProfile, Box<dyn std::error::Error>> {
    let (builder, _) = ProfileBuilder::of_file(path)?;
    let profile = builder.finish().ok_or("the file holds no header")?;
    println!(
        "{} samples, {} stack nodes, {} threads",
        profile.samples.time_ns.len(),
        profile.stacks.frame.len(),
        profile.threads.len()
    );
    let loaded = LoadedProfile::of(path.to_owned(), profile, None);
    println!("{} nodes drawn\n", loaded.tree.len());
    Ok(loaded)
}

/// A letter of a pattern each fifth frame; the pattern begins anew when it is complete.
fn type_letter(frame: usize) -> Vec<Input> {
    const PATTERN: &str = "function_1|module_3";
    let turn = PATTERN.len() + 1;
    if !frame.is_multiple_of(5) {
        return Vec::new();
    }
    match frame / 5 % turn {
        0 => [
            key(Key::Escape, Modifiers::NONE),
            key(Key::F, Modifiers::COMMAND),
        ]
        .concat(),
        at => vec![Input::Text(PATTERN[at - 1..at].to_owned())],
    }
}

fn key(key: Key, modifiers: Modifiers) -> Vec<Input> {
    let event = |pressed| Input::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers,
    };
    vec![event(true), event(false)]
}

/// Where the pointer works.
struct Places {
    graph: Rect,
    timeline: Rect,
}

impl Places {
    /// As a screen reader finds them.
    fn find(loaded: &LoadedProfile) -> Self {
        let show = |ui: &mut egui::Ui, workbench: &mut Option<Workbench>| {
            workbench
                .get_or_insert_with(|| Workbench::new(ui.ctx()))
                .show(ui);
        };
        let mut harness = Harness::builder()
            .with_size(SIZE)
            .build_ui_state(show, None);
        harness.step();
        if let Some(workbench) = harness.state_mut() {
            workbench.handle(Event::Loaded(loaded.clone()));
        }
        harness.run_steps(5);
        let largest = |label: &str| {
            let nodes = harness.query_all_by_label_contains(label);
            let rects = nodes.map(|node| node.rect());
            rects.max_by(|a, b| a.area().total_cmp(&b.area()))
        };
        Self {
            graph: largest("flame graph").expect("the profile screen has a flame graph"),
            timeline: largest("timeline,").expect("the profile screen has a timeline"),
        }
    }

    /// A place on the graph, another one each frame.
    fn on_the_way(&self, frame: usize) -> Pos2 {
        let share = |step: usize, of: usize| (frame * step % of) as f32 / of as f32;
        self.graph.min + self.graph.size() * vec2(share(7, 997), share(3, 331))
    }

    /// Zoomed in, the graph is dragged to and fro.
    fn pan(&self, frame: usize) -> Vec<Input> {
        let center = self.graph.center();
        let at = center + vec2((frame % 60) as f32 * 5.0 - 150.0, 0.0);
        let button = |pressed| Input::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let zoom = Input::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, 10.0),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        };
        match frame % 60 {
            0 if frame == 0 => vec![Input::PointerMoved(at), zoom],
            1 => vec![Input::PointerMoved(at), button(true)],
            59 => vec![Input::PointerMoved(at), button(false)],
            _ => vec![Input::PointerMoved(at)],
        }
    }

    /// A range is dragged over the timeline, again and again elsewhere.
    fn range(&self, frame: usize) -> Vec<Input> {
        let start = (frame / 30 * 37 % 60) as f32 / 100.0;
        let share = start + (frame % 30) as f32 / 100.0;
        let x = self.timeline.left() + self.timeline.width() * share;
        let at = pos2(x, self.timeline.center().y);
        let button = |pressed| Input::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        match frame % 30 {
            0 => vec![Input::PointerMoved(at), button(true)],
            29 => vec![Input::PointerMoved(at), button(false)],
            _ => vec![Input::PointerMoved(at)],
        }
    }
}

/// The screens without a window.
struct Window {
    context: Context,
    workbench: Workbench,
    begun: Instant,
}

impl Window {
    fn open(loaded: LoadedProfile) -> Self {
        let context = Context::default();
        let mut workbench = Workbench::new(&context);
        workbench.handle(Event::Loaded(loaded));
        let mut window = Self {
            context,
            workbench,
            begun: Instant::now(),
        };
        // Fonts are drawn once, and the other threads' first answers come.
        for _ in 0..100 {
            window.frame(Vec::new());
            std::thread::sleep(Duration::from_millis(20));
        }
        window
    }

    fn press(&mut self, pressed: Key, modifiers: Modifiers) {
        self.frame(key(pressed, modifiers));
    }

    /// Times of a frame and of its triangles.
    fn frame(&mut self, events: Vec<Input>) -> (Duration, Duration) {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.begun.elapsed().as_secs_f64()),
            events,
            focused: true,
            ..RawInput::default()
        };
        let begun = Instant::now();
        let workbench = &mut self.workbench;
        let output = self.context.run_ui(input, |ui| workbench.show(ui));
        let built = begun.elapsed();
        let triangles = self
            .context
            .tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(triangles);
        self.workbench.take_requests();
        (built, begun.elapsed().saturating_sub(built))
    }

    /// Frames as a screen of 60 Hz asks for them.
    fn time(&mut self, what: &str, frames: usize, mut input: impl FnMut(usize) -> Vec<Input>) {
        const PERIOD: Duration = Duration::from_micros(16_667);
        let (mut built, mut triangles) = (Vec::new(), Vec::new());
        for frame in 0..frames {
            let begun = Instant::now();
            let times = self.frame(input(frame));
            built.push(times.0);
            triangles.push(times.1);
            std::thread::sleep(PERIOD.saturating_sub(begun.elapsed()));
        }
        built.sort_unstable();
        triangles.sort_unstable();
        let at = |times: &[Duration], share: f64| {
            let last = times.len().saturating_sub(1);
            let place = (last as f64 * share).round() as usize;
            times
                .get(place)
                .map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        println!(
            "| {what} | {frames} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms |",
            at(&built, 0.5),
            at(&built, 0.99),
            at(&built, 1.0),
            at(&triangles, 0.99)
        );
    }
}

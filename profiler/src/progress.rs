//! How long work reports its progress and is asked to end.

/// How long work reports its progress and is asked to end.
pub trait Progress: Sync {
    /// Tells the step that begins now, and the share done (0..1) where it is known.
    fn step(&self, text: &str, done: Option<f32>);

    /// Whether somebody asked for the end; polled at least ten times a second.
    fn is_cancelled(&self) -> bool;
}

/// Progress that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn step(&self, _text: &str, _done: Option<f32>) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

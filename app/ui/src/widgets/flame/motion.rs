//! The motion of zooming: 140 ms, eased out, and interruptible.

use egui::{Context, Id};

use super::{Part, Window};

const LENGTH_S: f64 = 0.14;

#[derive(Clone, Copy, Debug)]
struct Motion {
    from: Window,
    to: Window,
    since_s: f64,
}

/// The window to paint now, on the way to `goal`.
pub(super) fn shown(context: &Context, part: Part, goal: Window, moves: bool) -> Window {
    let id = Id::unique(("flame motion", part));
    let now = context.time();
    let standing = Motion {
        from: goal,
        to: goal,
        since_s: f64::NEG_INFINITY,
    };
    let mut motion = context
        .data(|data| data.get_temp::<Motion>(id))
        .unwrap_or(standing);
    if motion.to != goal {
        let from = if moves { at(motion, now) } else { goal };
        motion = Motion {
            from,
            to: goal,
            since_s: now,
        };
        context.data_mut(|data| data.insert_temp(id, motion));
    }
    let shown = at(motion, now);
    if shown != goal {
        context.request_repaint();
    }
    shown
}

fn at(motion: Motion, now: f64) -> Window {
    let share = (now - motion.since_s) / LENGTH_S;
    if share >= 1.0 {
        return motion.to;
    }
    let eased = 1.0 - (1.0 - share.max(0.0)).powi(3);
    motion.from.towards(motion.to, eased)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_motion_starts_fast_and_ends_at_its_goal() {
        let to = Window {
            left: 0.0,
            right: 0.5,
        };
        let motion = Motion {
            from: Window::ALL,
            to,
            since_s: 10.0,
        };
        assert_eq!(at(motion, 10.0), Window::ALL);
        assert!(at(motion, 10.07).right < 0.6);
        assert_eq!(at(motion, 10.14), to);
    }
}

//! What the wheel means over a graph, as it was set.

use egui::{Context, Id, Ui, Vec2, vec2};

use crate::settings::WheelAction;

/// What was done with the wheel, a touchpad or two fingers in this frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wheel {
    /// Points by which the content moves.
    pub(crate) scroll: Vec2,
    /// Above 1 shows less.
    pub(crate) zoom: f32,
}

fn id() -> Id {
    Id::unique("wheel action")
}

/// Sets what the wheel does from now on.
pub(crate) fn set(context: &Context, action: WheelAction) {
    context.data_mut(|data| data.insert_temp(id(), action));
}

/// What was done.
pub(crate) fn of(ui: &Ui) -> Wheel {
    let action: WheelAction = ui.data(|data| data.get_temp(id())).unwrap_or_default();
    let speed = ui.options(|options| options.input_options.scroll_zoom_speed);
    ui.input(|input| {
        let done = Wheel {
            scroll: input.smooth_scroll_delta(),
            zoom: input.zoom_delta(),
        };
        match action {
            WheelAction::Scroll => done,
            WheelAction::Zoom => swapped(done, input.modifiers.command, speed),
        }
    })
}

/// The plain wheel zooms, and with Ctrl it scrolls; two fingers still zoom, sideways still pans.
fn swapped(done: Wheel, ctrl: bool, speed: f32) -> Wheel {
    if ctrl {
        return Wheel {
            scroll: vec2(0.0, done.zoom.ln() / speed),
            zoom: 1.0,
        };
    }
    Wheel {
        scroll: vec2(done.scroll.x, 0.0),
        zoom: done.zoom * (done.scroll.y * speed).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_keeps_what_was_turned() {
        let turned = Wheel {
            scroll: vec2(3.0, 40.0),
            zoom: 1.0,
        };
        let zooms = swapped(turned, false, 0.005);
        assert!((zooms.zoom - 0.2_f32.exp()).abs() < 1e-6);
        assert_eq!(zooms.scroll, vec2(3.0, 0.0));
        let with_ctrl = Wheel {
            scroll: Vec2::ZERO,
            zoom: 0.2_f32.exp(),
        };
        let scrolls = swapped(with_ctrl, true, 0.005);
        assert!((scrolls.scroll.y - 40.0).abs() < 1e-3);
        assert!((scrolls.zoom - 1.0).abs() < 1e-6);
    }
}

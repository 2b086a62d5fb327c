//! The painted shapes of the seven outcomes, told apart without colour.

use std::f32::consts::{FRAC_PI_2, TAU};

use egui::{Color32, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use super::text;
use crate::theme::{Theme, mono_bold, semibold};

/// Paints the shape of an outcome, `size` high, around `center`.
pub(crate) fn paint(ui: &Ui, center: Pos2, size: f32, outcome: Outcome) {
    let theme = Theme::of(ui);
    let ink = theme.outcome(outcome).mark;
    let hole = theme.panel;
    let radius = size / 2.0;
    match outcome {
        Outcome::Pass => {
            ui.painter().circle_filled(center, radius, ink);
            tick(ui, center, radius, hole);
        }
        Outcome::Attention => triangle(ui, center, radius, ink, hole),
        Outcome::Fail => {
            ui.painter().add(Shape::convex_polygon(
                octagon(center, radius),
                ink,
                Stroke::NONE,
            ));
            cross(ui, center, radius * 0.32, Stroke::new(radius * 0.28, hole));
        }
        Outcome::Inconclusive => half_disc(ui, center, radius, ink),
        Outcome::Unknown => {
            dashed_ring(ui, center, radius, ink);
            letter(ui, center, size, "?", ink);
        }
        Outcome::NeedsPerson => person(ui, center, radius, ink),
        Outcome::NotApplicable => {
            let rect = Rect::from_center_size(center, vec2(size, size) * 0.88);
            let stroke = Stroke::new(line(size), ink);
            ui.painter()
                .rect_stroke(rect, size * 0.18, stroke, StrokeKind::Inside);
            let half = vec2(radius * 0.42, 0.0);
            ui.painter()
                .line_segment([center - half, center + half], stroke);
        }
    }
}

fn line(size: f32) -> f32 {
    (size * 0.1).max(1.0)
}

fn tick(ui: &Ui, center: Pos2, radius: f32, color: Color32) {
    let points = vec![
        center + vec2(-0.42, 0.03) * radius,
        center + vec2(-0.11, 0.33) * radius,
        center + vec2(0.43, -0.29) * radius,
    ];
    ui.painter().line(points, Stroke::new(radius * 0.28, color));
}

fn cross(ui: &Ui, center: Pos2, reach: f32, stroke: Stroke) {
    for sign in [-1.0, 1.0] {
        let arm = vec2(reach, reach * sign);
        ui.painter()
            .line_segment([center - arm, center + arm], stroke);
    }
}

fn octagon(center: Pos2, radius: f32) -> Vec<Pos2> {
    let on = |corner: u8| {
        let angle = (f32::from(corner) + 0.5) * TAU / 8.0;
        center + vec2(angle.cos(), angle.sin()) * radius * 1.04
    };
    (0..8).map(on).collect()
}

fn triangle(ui: &Ui, center: Pos2, radius: f32, ink: Color32, hole: Color32) {
    let points = vec![
        center + vec2(0.0, -0.92) * radius,
        center + vec2(1.02, 0.84) * radius,
        center + vec2(-1.02, 0.84) * radius,
    ];
    ui.painter().add(Shape::convex_polygon(
        points,
        ink,
        Stroke::new(radius * 0.12, ink),
    ));
    let stroke = Stroke::new(radius * 0.26, hole);
    let (top, bottom) = (
        center + vec2(0.0, -0.28) * radius,
        center + vec2(0.0, 0.28) * radius,
    );
    ui.painter().line_segment([top, bottom], stroke);
    ui.painter()
        .circle_filled(center + vec2(0.0, 0.58) * radius, radius * 0.15, hole);
}

fn half_disc(ui: &Ui, center: Pos2, radius: f32, ink: Color32) {
    let stroke = Stroke::new(line(radius * 2.0), ink);
    ui.painter()
        .circle_stroke(center, radius - stroke.width / 2.0, stroke);
    let arc = (0..=16_u8).map(|step| {
        let angle = FRAC_PI_2 + f32::from(step) / 16.0 * TAU / 2.0;
        center + vec2(angle.cos(), angle.sin()) * (radius - 0.3)
    });
    ui.painter()
        .add(Shape::convex_polygon(arc.collect(), ink, Stroke::NONE));
}

fn dashed_ring(ui: &Ui, center: Pos2, radius: f32, ink: Color32) {
    let stroke = Stroke::new(line(radius * 2.0), ink);
    for dash in 0..8_u8 {
        let points = (0..=4_u8).map(|step| {
            let angle = (f32::from(dash) + f32::from(step) / 4.0 * 0.55) * TAU / 8.0;
            center + vec2(angle.cos(), angle.sin()) * (radius - stroke.width / 2.0)
        });
        ui.painter().line(points.collect(), stroke);
    }
}

fn letter(ui: &Ui, center: Pos2, size: f32, letter: &str, ink: Color32) {
    let font = if size < 14.0 {
        mono_bold(size * 0.66)
    } else {
        semibold(size * 0.6)
    };
    let rect = Rect::from_center_size(center, vec2(size, size));
    text::paint(ui, rect, text::CENTER, letter, &text::look(font, ink));
}

fn person(ui: &Ui, center: Pos2, radius: f32, ink: Color32) {
    let reach = radius * 1.08;
    let corners = [
        vec2(0.0, -reach),
        vec2(reach, 0.0),
        vec2(0.0, reach),
        vec2(-reach, 0.0),
    ];
    let points: Vec<Pos2> = corners.iter().map(|corner| center + *corner).collect();
    ui.painter().add(Shape::closed_line(
        points,
        Stroke::new(line(radius * 2.0), ink),
    ));
    ui.painter()
        .circle_filled(center + vec2(0.0, -0.26) * radius, radius * 0.22, ink);
    let shoulders = (0..=8_u8).map(|step| {
        let angle = TAU / 2.0 + f32::from(step) / 8.0 * TAU / 2.0;
        pos2(center.x, center.y + radius * 0.44)
            + vec2(angle.cos() * radius * 0.42, angle.sin() * radius * 0.36)
    });
    ui.painter().add(Shape::convex_polygon(
        shoulders.collect(),
        ink,
        Stroke::NONE,
    ));
}

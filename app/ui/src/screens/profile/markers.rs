//! The markers of the timeline: what happened, at its moment in the ruler.

use egui::{Id, Mesh, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2};
use scrutineer_checklists::verdict::Outcome;

use crate::{
    theme::Theme,
    views::Marker,
    widgets::{chart::Axes, tooltip},
};

/// Half the width of a mark, points.
const HALF: f32 = 4.0;
/// Marks that stand closer than this are one.
const NEAR: f32 = 2.0 * HALF;
/// What one mark tells of at most.
const TOLD: usize = 6;

/// Shows the markers within the time of the axes; those that lie side by side share a mark.
pub(super) fn show(ui: &Ui, axes: Axes, ruler: Rect, markers: &[Marker]) {
    let theme = Theme::of(ui);
    let mut place = markers.partition_point(|marker| marker.time_s < axes.time.0);
    let mut mesh = Mesh::default();
    while let Some(first) = markers.get(place).filter(|m| m.time_s <= axes.time.1) {
        let x = axes.x(first.time_s);
        let later = &markers[place..];
        let count = later
            .partition_point(|marker| axes.x(marker.time_s) < x + NEAR)
            .max(1);
        let told = &later[..count];
        let is_trouble = told.iter().any(|marker| marker.is_trouble);
        let color = if is_trouble {
            theme.outcome(Outcome::Attention).mark
        } else {
            theme.text_3
        };
        let at = pos2(x, ruler.bottom());
        if is_trouble {
            triangle(&mut mesh, at, color);
        } else {
            mesh.add_colored_rect(
                Rect::from_center_size(at - egui::vec2(0.0, 4.0), egui::vec2(2.0, 8.0)),
                color,
            );
        }
        let target = Rect::from_min_max(
            pos2(x - HALF, ruler.bottom() - 10.0),
            pos2(x + HALF, ruler.bottom()),
        );
        let response = ui.interact(target, Id::unique(("marker", place)), Sense::hover());
        let words = words(told);
        response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, &words));
        tooltip::text(ui, &response, &words);
        place += count;
    }
    ui.painter().add(mesh);
}

/// `marker at 40.00 s: memory ran out, importer 41900 was killed`.
fn words(told: &[Marker]) -> String {
    let mut lines: Vec<String> = told
        .iter()
        .take(TOLD)
        .map(|marker| format!("marker at {:.2} s: {}", marker.time_s, marker.words))
        .collect();
    if told.len() > TOLD {
        lines.push(format!("and {} more", told.len() - TOLD));
    }
    lines.join("\n")
}

/// A triangle that stands on its point.
fn triangle(mesh: &mut Mesh, tip: Pos2, color: egui::Color32) {
    let first = mesh.vertices.len() as u32;
    for (x, y) in [(0.0, 0.0), (-HALF, -7.0), (HALF, -7.0)] {
        mesh.colored_vertex(tip + egui::vec2(x, y), color);
    }
    mesh.add_triangle(first, first + 1, first + 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_of_a_few_and_counts_the_others() {
        let marker = |at: u32| Marker {
            time_s: f64::from(at),
            words: "a child was born".to_owned(),
            is_trouble: false,
        };
        let all: Vec<Marker> = (0..9).map(marker).collect();
        let told = words(&all);
        assert_eq!(told.lines().count(), TOLD + 1);
        assert!(told.ends_with("and 3 more"), "{told}");
    }
}

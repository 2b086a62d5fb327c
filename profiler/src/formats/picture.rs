//! The flame graph as a still picture within a page: root on top, no script, a title a frame.

use std::io;

use super::{html::escape, percent, svg};
use crate::profile::{
    CallTree, CallTreeOptions, Category, FlameLayout, FlameOrder, Profile, Selection, Unit,
};

const WIDTH: f64 = 1200.0;
const ROW: usize = 18;
/// Width of a character of the label's font at 11 px.
const CHARACTER: f64 = 6.7;
/// Boxes below this share of all samples are left out.
const LEAST_SHARE: f64 = 0.001;

/// Writes the picture and a sentence on what was left out.
pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    let tree = CallTree::build(profile, selection, CallTreeOptions::default());
    let layout = FlameLayout::build(&tree, FlameOrder::Alphabetical);
    let is_drawn = |b: usize| layout.width[b] as f64 >= LEAST_SHARE * layout.total as f64;
    let rows: Vec<Vec<usize>> = layout
        .rows
        .iter()
        .map(|row| {
            (row.start as usize..row.end as usize)
                .filter(|b| is_drawn(*b))
                .collect()
        })
        .take_while(|row: &Vec<usize>| !row.is_empty())
        .collect();
    let height = rows.len() * ROW;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Flame graph of {}\" font-family=\"monospace\" font-size=\"11\">",
        unit.words(layout.total)
    )?;
    for (depth, row) in rows.iter().enumerate() {
        for b in row {
            write_box((profile, unit), &tree, &layout, (*b, depth), out)?;
        }
    }
    writeln!(out, "</svg>")?;
    match layout.node.len() - rows.iter().map(Vec::len).sum::<usize>() {
        0 => Ok(()),
        hidden => writeln!(
            out,
            "<p class=\"sub\">{hidden} frames below 0.1 % are not drawn.</p>"
        ),
    }
}

fn write_box(
    (profile, unit): (&Profile, Unit),
    tree: &CallTree,
    layout: &FlameLayout,
    (b, depth): (usize, usize),
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let scale = WIDTH / layout.total as f64;
    let (x, width) = (layout.x[b] as f64 * scale, layout.width[b] as f64 * scale);
    let node = layout.node[b];
    let name = tree.name(profile, node);
    let function = profile.functions.get(tree.function[node as usize] as usize);
    let colour = svg::colour(function.map_or(Category::Root, |function| function.category));
    let y = depth * ROW;
    writeln!(
        out,
        "<g><title>{} ({}, {})</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{:.2}\" \
         height=\"{}\" rx=\"1.5\" fill=\"rgb({},{},{})\"/>{}</g>",
        escape(name),
        unit.words(layout.width[b]),
        percent(layout.width[b], layout.total),
        (width - 0.5).max(0.3),
        ROW - 1,
        colour.r,
        colour.g,
        colour.b,
        label(name, x, y, width),
    )
}

/// The name's start as far as it fits; nothing below three characters.
fn label(name: &str, x: f64, y: usize, width: f64) -> String {
    let room = ((width - 6.0) / CHARACTER).max(0.0) as usize;
    if room < 3 {
        return String::new();
    }
    let text = if name.chars().count() <= room {
        escape(name)
    } else {
        escape(&name.chars().take(room - 1).chain(['…']).collect::<String>())
    };
    format!("<text x=\"{:.2}\" y=\"{}\">{text}</text>", x + 3.0, y + 13)
}

//! inferno's flame graph, coloured by where code comes from.

use std::io;

use inferno::flamegraph::{
    self, Options,
    color::{Color, PaletteMap},
};

use super::{collapsed, one_line};
use crate::profile::{Category, Profile, Selection, Unit, Weight};

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    // Sorted by frames, not by text: equal frames must lie side by side.
    let lines: Vec<String> = collapsed::stacks(profile, selection)
        .into_iter()
        .map(|(stack, weight)| {
            let shown = if unit == Unit::Nanoseconds {
                weight.div_ceil(1_000)
            } else {
                weight
            };
            format!("{} {shown}", unambiguous(&stack.join(";")))
        })
        .collect();
    let mut palette = palette(profile);
    let mut options = Options::default();
    options.title = title(profile, selection);
    match unit {
        Unit::Nanoseconds => "µs",
        _ => unit.noun(),
    }
    .clone_into(&mut options.count_name);
    options.subtitle = Some(subtitle(profile));
    options.deterministic = true;
    // Otherwise inferno insists on the order of text, which tears `f` apart where `f::g` comes
    // between it and `f;h`. In this mode it takes the lines as they come, last first.
    options.flame_chart = true;
    options.palette_map = Some(&mut palette);
    options.image_width = Some(1200);
    flamegraph::from_lines(&mut options, lines.iter().rev().map(String::as_str), out)
}

fn title(profile: &Profile, selection: &Selection) -> String {
    let total = profile
        .unit(selection.weight)
        .words(profile.total(selection));
    let waited = if selection.weight == Weight::Wait {
        " waited"
    } else {
        ""
    };
    format!("{}: {total}{waited}", one_line(&profile.header.name))
}

fn subtitle(profile: &Profile) -> String {
    let header = &profile.header;
    if let Some(foreign) = &profile.foreign {
        return format!("{}, from {}", one_line(&foreign.label), foreign.format);
    }
    let seconds = profile.duration_ns() as f64 / 1e9;
    format!(
        "{} at {} Hz for {seconds:.1} s",
        header.sampler.label(),
        header.frequency_hz
    )
}

/// inferno would take a number at the end of a name for a first count of two: a no-break space
/// before it keeps it in the name.
fn unambiguous(stack: &str) -> String {
    match stack.rsplit_once(' ') {
        Some((name, word)) if word.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{name}\u{a0}{word}")
        }
        _ => stack.to_owned(),
    }
}

fn palette(profile: &Profile) -> PaletteMap {
    let mut palette = PaletteMap::default();
    for function in &profile.functions {
        let name = one_line(&function.name).replace(';', ":");
        palette.insert(unambiguous(&name), colour(function.category));
    }
    for thread in &profile.threads {
        palette.insert(
            one_line(&thread.name).replace(';', ":"),
            colour(Category::Root),
        );
    }
    palette.insert("all", colour(Category::Root));
    palette
}

/// The light theme's colours: reports are printed.
pub(super) fn colour(category: Category) -> Color {
    let (r, g, b) = match category {
        Category::Own => (0xf0, 0xb2, 0x7c),
        Category::Dependency => (0x93, 0xbe, 0xdd),
        Category::Std => (0xb2, 0xc6, 0xb2),
        Category::Kernel => (0xcb, 0xb4, 0xdf),
        Category::Jit => (0x8f, 0xd0, 0xbf),
        Category::Root => (0xd3, 0xd8, 0xe0),
    };
    Color { r, g, b }
}

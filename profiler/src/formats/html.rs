//! The flame graph in a page of its own, with quality and top functions; no script in it.

use std::io;

use super::{one_line, percent, picture, summary, svg, waits};
use crate::profile::{Category, Profile, Selection, Weight};

/// Functions that the table shows.
const ROWS: usize = 30;

const STYLE: &str = "\
body{font:15px/22px Inter,'DejaVu Sans',sans-serif;color:#171a20;background:#fff;\
max-width:1240px;margin:24px auto;padding:0 16px}\
h1{font-size:22px;line-height:28px;margin:0}h2{font-size:17px;margin:24px 0 8px}\
.sub{color:#4a5361;margin:4px 0 12px}\
ul.quality{background:#f8f9fb;border:1px solid #e3e6eb;border-radius:8px;margin:0;\
padding:8px 12px 8px 28px}\
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600}\
td,th{border-bottom:1px solid #e3e6eb;padding:3px 8px;vertical-align:top}\
td.n,th.n{text-align:right;white-space:nowrap;font-family:'JetBrains Mono',monospace;\
font-size:12px}td.f{font-family:'JetBrains Mono',monospace;font-size:12px;\
overflow-wrap:anywhere}\
.key{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 4px 0 12px}\
svg{width:100%;height:auto}@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let kind = match selection.weight {
        Weight::Cpu => "CPU profile",
        Weight::Wait => "waits",
        Weight::PageFaults => "page faults",
    };
    let name = escape(&profile.header.name);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}: {kind}\
         </title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}: {kind}</h1>\n\
         <p class=\"sub\">{}<br><code>{}</code></p>\n",
        escape(&summary::headline(profile, selection)),
        escape(&profile.header.command_line),
    )?;
    writeln!(
        out,
        "<ul class=\"quality\" aria-label=\"How far to trust this capture\">"
    )?;
    for note in summary::notes(profile, selection) {
        writeln!(out, "<li>{}</li>", escape(&note))?;
    }
    writeln!(out, "</ul>\n<h2>Flame graph</h2>")?;
    write_key(out)?;
    picture::write(profile, selection, out)?;
    write_classes(profile, selection, out)?;
    write_table(profile, selection, out)?;
    writeln!(out, "</body>\n</html>")
}

fn write_key(out: &mut dyn io::Write) -> io::Result<()> {
    let categories = [
        (Category::Own, "own code"),
        (Category::Dependency, "dependency"),
        (Category::Std, "standard library"),
        (Category::Kernel, "kernel"),
        (Category::Jit, "made at run time"),
    ];
    write!(out, "<p>")?;
    for (category, words) in categories {
        let colour = svg::colour(category);
        let (r, g, b) = (colour.r, colour.g, colour.b);
        write!(
            out,
            "<span class=\"key\" style=\"background:rgb({r},{g},{b})\"></span>{words}"
        )?;
    }
    writeln!(out, "</p>")
}

fn write_classes(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    let classes = waits::classes(profile, selection);
    if classes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Waited for</h2>\n<table>\n<thead><tr><th class=\"n\">time</th>\
         <th class=\"n\">share</th><th class=\"n\">waits</th><th>what</th></tr></thead>\n<tbody>"
    )?;
    let total = profile.total(selection);
    for row in classes {
        writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td>{}</td></tr>",
            unit.quantity(row.time_ns),
            percent(row.time_ns, total),
            row.waits,
            row.class,
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn write_table(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let unit = profile.unit(selection.weight);
    let total = profile.total(selection);
    let rows = summary::rows(profile, selection);
    writeln!(
        out,
        "<h2>Top functions</h2>\n<table>\n<thead><tr><th class=\"n\">self</th>\
         <th class=\"n\">self %</th><th class=\"n\">total</th><th class=\"n\">total %</th>\
         <th>function</th><th>code</th></tr></thead>\n<tbody>"
    )?;
    for row in rows.iter().take(ROWS) {
        writeln!(
            out,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"f\">{}</td><td>{}</td></tr>",
            unit.quantity(row.self_samples),
            percent(row.self_samples, total),
            unit.quantity(row.total_samples),
            percent(row.total_samples, total),
            escape(&row.name),
            row.category,
        )?;
    }
    writeln!(out, "</tbody>\n</table>")?;
    match rows.len().saturating_sub(ROWS) {
        0 => Ok(()),
        hidden => writeln!(
            out,
            "<p class=\"sub\">{hidden} more functions are not shown.</p>"
        ),
    }
}

/// Text as it may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

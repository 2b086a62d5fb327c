//! The first page: title, verdict strip, coverage, sections and summary.

use scrutineer_checklists::{document::ReviewDocument, review::Standing, verdict::Outcome, words};
use scrutineer_evidence::capture::CaptureFacts;

use super::{page::Page, symbols, tables};

/// The product's mark.
const MARK: &str = r##"<svg class="mark" viewBox="0 0 20 20" aria-hidden="true"><path d="M2 3.4h16" stroke="#4B50C8"/><path d="M2 8h7" stroke="#C27C00"/><path d="M2 12.6h6" stroke="#12775A"/><circle cx="12.8" cy="11.4" r="3.5" stroke="currentColor"/><path d="M15.4 14l2.6 2.8" stroke="currentColor"/></svg>"##;

/// Draws everything before the findings.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    header(page, document);
    strip(page, document);
    coverage(page, document);
    sections(page, document);
    summary(page, document);
}

fn header(page: &mut Page, document: &ReviewDocument) {
    page.raw("<header><div class=\"brand\">")
        .raw(MARK)
        .raw("<span>Scrutineer</span><span>");
    page.text(moment(document.judged_at));
    let mut people: Vec<_> = document
        .items()
        .filter_map(|item| item.decision.as_ref())
        .filter(|(_, standing)| *standing == Standing::Holds)
        .map(|(decision, _)| decision.by.as_str())
        .collect();
    people.sort_unstable();
    people.dedup();
    if !people.is_empty() {
        page.raw(" · decided by ").text(words::list(people, 3));
    }
    page.raw("</span></div>\n<h1>")
        .text(&document.title)
        .raw("</h1>\n<p class=\"sub\">");
    if let Some(commit) = &document.commit {
        page.raw("commit ").text(short(commit, 7)).raw(" · ");
    }
    if let Some(comparison) = &document.comparison {
        page.raw("compared with baseline ")
            .text(&comparison.baseline)
            .raw(" · ");
    }
    page.raw("evidence ")
        .text(digest(&document.evidence_digest))
        .raw("</p></header>\n");
}

fn strip(page: &mut Page, document: &ReviewDocument) {
    let counts = document.counts();
    page.raw("<div class=\"strip\" aria-hidden=\"true\">");
    for (outcome, count) in &counts {
        if *count > 0 {
            page.raw("<i class=\"")
                .raw(symbols::class(*outcome))
                .raw("\" style=\"flex-grow:");
            page.text(count.to_string()).raw("\"></i>");
        }
    }
    page.raw("</div>\n<ul class=\"counts\">");
    for (outcome, count) in &counts {
        page.raw("<li>");
        symbols::outcome(page, *outcome);
        page.raw(" <b>").text(count.to_string()).raw("</b> ");
        page.text(outcome.label().to_lowercase()).raw("</li>");
    }
    page.raw("</ul>\n");
}

fn coverage(page: &mut Page, document: &ReviewDocument) {
    let coverage = document.coverage();
    let lacking = [
        (coverage.lack_data, "data"),
        (coverage.lack_access, "access or a probe"),
        (coverage.need_person, "a person"),
    ];
    let lacking: Vec<_> = lacking
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} lack {what}"))
        .collect();
    let lacking = if lacking.is_empty() {
        "nothing is lacking".to_owned()
    } else {
        lacking.join(", ")
    };
    let decided = document.decided();
    let kinds = [
        (decided.overruled, "overruled"),
        (decided.waived, "waived"),
        (decided.not_applicable, "n/a"),
        (decided.lapsed, "lapsed"),
    ];
    let kinds: Vec<_> = kinds
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    let kinds = if kinds.is_empty() {
        "none overruled or waived".to_owned()
    } else {
        kinds.join(", ")
    };
    page.raw("<div class=\"boxes\">");
    let judged = format!("{} of {}", coverage.judged, coverage.applicable);
    tile(page, "Judged from evidence", &judged, &lacking);
    tile(
        page,
        "Decided by people",
        &format!("{} of {}", decided.holding, decided.items),
        &kinds,
    );
    let (capture, quality) = document.capture.as_ref().map_or_else(
        || ("none".to_owned(), "no CPU profile was taken".to_owned()),
        |capture| (trust_word(capture), trust_line(capture)),
    );
    tile(page, "Capture", &capture, &quality);
    let (had, all) = document.facts;
    let gathered = if had == all {
        "all gathered"
    } else {
        "gathered; the others say why not"
    };
    tile(page, "Kinds of facts", &format!("{had} of {all}"), gathered);
    page.raw("</div>\n");
}

fn tile(page: &mut Page, title: &'static str, number: &str, line: &str) {
    page.raw("<div><span>")
        .raw(title)
        .raw("</span><b>")
        .text(number)
        .raw("</b><small>");
    page.text(line).raw("</small></div>");
}

fn trust_word(capture: &CaptureFacts) -> String {
    let word = tables::judged(capture).level.label().to_lowercase();
    format!("{}, {word}", words::seconds(capture.duration_s))
}

fn trust_line(capture: &CaptureFacts) -> String {
    let trust = tables::judged(capture);
    let told = trust
        .measures
        .iter()
        .filter(|measure| ["lost", "truncated"].contains(&measure.id));
    let told: Vec<_> = told
        .map(|measure| format!("{} {}", measure.label, measure.value))
        .collect();
    told.join(", ")
}

fn sections(page: &mut Page, document: &ReviewDocument) {
    page.raw("<div class=\"sections\">");
    for section in &document.sections {
        page.raw("<div><span>")
            .text(&section.title)
            .raw("</span><span class=\"glyphs\">");
        let mut items: Vec<_> = section.items.iter().collect();
        items.sort_by_key(|item| item.effective);
        for item in items {
            page.raw("<a href=\"#")
                .text(&item.id)
                .raw("\" title=\"")
                .text(&item.title)
                .raw("\">");
            symbols::outcome(page, item.effective);
            page.raw("</a>");
        }
        page.raw("</span></div>");
    }
    page.raw("</div>\n");
}

fn summary(page: &mut Page, document: &ReviewDocument) {
    page.raw("<section><h2>Summary</h2>");
    let findings = document.findings();
    let fails: Vec<_> = findings
        .iter()
        .filter(|item| item.effective == Outcome::Fail)
        .take(3)
        .collect();
    page.raw("<p class=\"lead\">");
    if fails.is_empty() {
        page.raw(if document.is_judged() {
            "No item fails on the evidence that was had. "
        } else {
            "Nothing could be judged: the ledger says, item by item, what is lacking. "
        });
        for item in findings.iter().take(2) {
            page.text(&item.verdict.summary).raw(" ");
        }
    }
    for item in fails {
        page.text(&item.verdict.summary).raw(" ");
    }
    page.raw("</p><dl class=\"facts\">");
    for (name, value) in facts(document) {
        page.raw("<dt>")
            .raw(name)
            .raw("</dt><dd>")
            .text(value)
            .raw("</dd>");
    }
    page.raw("</dl></section>\n");
}

/// What was looked at, on which machine, under which load.
fn facts(document: &ReviewDocument) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(process) = &document.process {
        let runtime = process.runtime.label();
        facts.push((
            "Process",
            format!(
                "{}, pid {}, {runtime}, as {}",
                process.name, process.pid, process.user
            ),
        ));
        facts.push(("Command", process.command_line.clone()));
    }
    if let Some(system) = &document.system {
        let machine = &system.machine;
        let governor = machine.governor.as_deref().unwrap_or("no governor shown");
        let cores = words::counted(machine.cores.into(), "core", "cores");
        facts.push((
            "Machine",
            format!(
                "{}, {cores}, Linux {}, {governor}",
                machine.cpu_model, machine.kernel
            ),
        ));
        let memory = words::bytes(system.memory_total_bytes as f64);
        let load = words::number(system.load_1min);
        facts.push((
            "Environment",
            format!(
                "{}, {}, {memory}, load {load}",
                system.host, system.distribution
            ),
        ));
    }
    if let Some(traffic) = &document.traffic {
        let tail = traffic
            .p99_us
            .map(|us| ("p99", us))
            .or(traffic.p95_us.map(|us| ("p95", us)));
        let tail = tail.map_or(String::new(), |(name, us)| {
            format!(", {name} {}", words::microseconds(us))
        });
        facts.push((
            "Load",
            format!(
                "{} in {}, {} errors, p50 {}{tail}",
                words::counted(traffic.requests, "request", "requests"),
                words::seconds(traffic.window_s),
                words::count(traffic.errors),
                words::microseconds(traffic.p50_us),
            ),
        ));
    }
    facts
}

/// `5 March 2026, 14:09 UTC`.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%-d %B %Y, %H:%M UTC")
        .to_string()
}

fn short(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// `b5e2…91c`.
fn digest(digest: &str) -> String {
    let letters: Vec<_> = digest.chars().collect();
    if letters.len() <= 12 {
        return digest.to_owned();
    }
    let (head, tail) = (&letters[..4], &letters[letters.len() - 4..]);
    format!(
        "{}…{}",
        head.iter().collect::<String>(),
        tail.iter().collect::<String>()
    )
}

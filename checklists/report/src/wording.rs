//! The sentences and cells that documents share, whatever their format.

use scrutineer_checklists::{
    document::{FlamePicture, ReviewDocument},
    review::Standing,
    verdict::Outcome,
    words,
};
use scrutineer_evidence::{
    capture::CaptureFacts,
    residency::ResidencyFacts,
    trust::{self, Conditions, Trust},
};

/// Rows of a flame graph that are drawn; a page of A4 holds no more. Services on an asynchronous
/// runtime reach their own code below some forty.
pub const MOST_ROWS: u16 = 66;

/// Names in the first line of a document.
const NAMES: usize = 3;
/// Findings of the first page; the others follow in detail.
pub const FIRST_FINDINGS: usize = 4;

/// A number of the first page with what it is and what it leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What is counted.
    pub title: &'static str,
    /// `40 of 51`.
    pub number: String,
    /// What is lacking, in a line.
    pub line: String,
}

/// How much was judged, decided, captured and gathered.
pub fn tiles(document: &ReviewDocument) -> [Tile; 4] {
    let (coverage, decided) = (document.coverage(), document.decided());
    let (capture, quality) = document.capture.as_ref().map_or_else(
        || ("none".to_owned(), "no CPU profile was taken".to_owned()),
        |capture| (trust_word(capture), trust_line(capture)),
    );
    let (had, all) = document.facts;
    let gathered = if had == all {
        "all gathered"
    } else {
        "gathered; the others say why not"
    };
    let tile = |title, number, line| Tile {
        title,
        number,
        line,
    };
    [
        tile(
            "Judged from evidence",
            format!("{} of {}", coverage.judged, coverage.applicable),
            lacking(document),
        ),
        tile(
            "Decided by people",
            format!("{} of {}", decided.holding, decided.items),
            kinds_of_decisions(document),
        ),
        tile("Capture", capture, quality),
        tile("Kinds of facts", format!("{had} of {all}"), gathered.into()),
    ]
}

fn lacking(document: &ReviewDocument) -> String {
    let coverage = document.coverage();
    let parts = [
        (coverage.lack_data, "data"),
        (coverage.lack_access, "access or a probe"),
        (coverage.need_person, "a person"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<_> = parts.map(|(n, what)| format!("{n} lack {what}")).collect();
    if parts.is_empty() {
        "nothing is lacking".into()
    } else {
        parts.join(", ")
    }
}

fn kinds_of_decisions(document: &ReviewDocument) -> String {
    let decided = document.decided();
    let parts = [
        (decided.overruled, "overruled"),
        (decided.waived, "waived"),
        (decided.not_applicable, "n/a"),
        (decided.lapsed, "lapsed"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<_> = parts.map(|(n, what)| format!("{n} {what}")).collect();
    if parts.is_empty() {
        "none overruled or waived".into()
    } else {
        parts.join(", ")
    }
}

fn trust_word(capture: &CaptureFacts) -> String {
    let word = judged(capture).level.label().to_lowercase();
    format!("{}, {word}", words::seconds(capture.duration_s))
}

fn trust_line(capture: &CaptureFacts) -> String {
    let trust = judged(capture);
    let told = trust
        .measures
        .iter()
        .filter(|measure| ["lost", "truncated"].contains(&measure.id));
    let told: Vec<_> = told
        .map(|measure| format!("{} {}", measure.label, measure.value))
        .collect();
    told.join(", ")
}

/// The one judgement of a capture.
pub fn judged(capture: &CaptureFacts) -> Trust {
    trust::judge(&capture.quality, &Conditions::of(capture))
}

/// When and how a capture was taken, and each measure of its quality.
pub fn capture_parts(capture: &CaptureFacts) -> Vec<String> {
    let mut parts = vec![
        moment(capture.started_at),
        format!(
            "{} at {} Hz, {}",
            words::seconds(capture.duration_s),
            words::count(capture.frequency_hz.into()),
            capture.sampler.label()
        ),
    ];
    let measures = judged(capture).measures;
    let measures = measures.iter();
    parts.extend(measures.map(|measure| format!("{} {}", measure.label, measure.value)));
    parts
}

/// Who made decisions that hold, in the order of their names.
pub fn deciders(document: &ReviewDocument) -> Vec<&str> {
    let mut people: Vec<_> = document
        .items()
        .filter_map(|item| item.decision.as_ref())
        .filter(|(_, standing)| *standing == Standing::Holds)
        .map(|(decision, _)| decision.by.as_str())
        .collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// The summary: what fails, else how far nothing does.
pub fn lead(document: &ReviewDocument) -> String {
    let findings = document.findings();
    let fails = findings
        .iter()
        .filter(|item| item.effective == Outcome::Fail);
    let fails: Vec<_> = fails.map(|item| item.verdict.summary.as_str()).collect();
    if !fails.is_empty() {
        return fails[..fails.len().min(3)].join(" ");
    }
    let said = if document.is_judged() {
        "No item fails on the evidence that was had."
    } else {
        "Nothing could be judged: the ledger says, item by item, what is lacking."
    };
    let attention = findings.iter().take(2);
    let attention = attention.map(|item| item.verdict.summary.as_str());
    [said]
        .into_iter()
        .chain(attention)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What was looked at, on which machine, under which load.
pub fn facts(document: &ReviewDocument) -> Vec<(&'static str, String)> {
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

/// What it would take to pass; the ledger has the whole threshold.
pub fn to_pass(threshold: &str) -> &str {
    let first = threshold.split(';').next().unwrap_or(threshold);
    first.strip_prefix("pass: ").unwrap_or(first)
}

/// What the line of resident memory comes to.
pub fn residency(residency: &ResidencyFacts) -> String {
    let peak = words::bytes(residency.peak_rss_bytes as f64);
    let readings = words::counted(residency.samples.len() as u64, "reading", "readings");
    let growth = residency.growth.map_or_else(
        || "too few readings for a slope".to_owned(),
        |growth| {
            let minute = |bytes_per_s: f64| words::bytes(bytes_per_s * 60.0);
            format!(
                "slope {} a minute [{}, {}] at 99 %, Mann–Kendall {}",
                minute(growth.slope_bytes_per_s),
                minute(growth.low_bytes_per_s),
                minute(growth.high_bytes_per_s),
                words::p_value(growth.mann_kendall_p)
            )
        },
    );
    format!("Peak {peak}; {growth}; {readings}. The axis does not begin at 0.")
}

/// `5 March 2026, 14:09 UTC`.
pub fn moment(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%-d %B %Y, %H:%M UTC")
        .to_string()
}

/// `2026-03-05`.
pub fn day(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The first letters.
pub fn short(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// `b5e2…91c`.
pub fn digest(digest: &str) -> String {
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

/// What stands below a flame graph: what all of it is, and what is not drawn.
pub fn flame(flame: &FlamePicture, total: &str) -> String {
    let mut sentences = vec![format!("{total}; width is a frame’s share of the whole.")];
    if flame.hidden > 0 {
        let hidden = words::counted(flame.hidden, "frame", "frames");
        sentences.push(format!("{hidden} below 0.1 % hidden."));
    }
    let boxes = flame.boxes.iter();
    let deeper = boxes.filter(|frame| frame.depth >= MOST_ROWS).count();
    if deeper > 0 {
        let deeper = words::counted(deeper as u64, "frame", "frames");
        sentences.push(format!("{deeper} in deeper rows not drawn."));
    }
    sentences.join(" ")
}

/// The categories of frames that occur, each with its words.
pub fn categories(flame: &FlamePicture) -> Vec<(&'static str, &'static str)> {
    const NAMES: [(&str, &str); 6] = [
        ("own", "own code"),
        ("dependency", "dependency"),
        ("std", "standard library"),
        ("kernel", "kernel"),
        ("jit", "JIT"),
        ("root", "root"),
    ];
    let occurs = |category: &str| flame.boxes.iter().any(|frame| frame.category == category);
    let names = NAMES.into_iter();
    names.filter(|(category, _)| occurs(category)).collect()
}

/// What style sheets and templates call an outcome.
pub const fn outcome_key(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Attention => "attention",
        Outcome::Pass => "pass",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Unknown => "unknown",
        Outcome::NeedsPerson => "person",
        Outcome::NotApplicable => "na",
    }
}

/// `5 March 2026, 14:09 UTC · approved by Ada Lovelace`.
pub fn when_and_by_whom(document: &ReviewDocument) -> String {
    let approvals = document.people.sign_offs.iter();
    let approvals = approvals.filter(|line| line.standing.stands());
    let approvers: Vec<_> = approvals.map(|line| line.sign_off.name.as_str()).collect();
    let deciders = deciders(document);
    let moment = moment(document.judged_at);
    if !approvers.is_empty() {
        return format!("{moment} · approved by {}", words::list(approvers, NAMES));
    }
    if deciders.is_empty() {
        return moment;
    }
    format!("{moment} · decided by {}", words::list(deciders, NAMES))
}

/// What stands below the title: `First quarter 2026 · commit 8f3c1ad · evidence b5e2…91c`.
pub fn subtitle(document: &ReviewDocument) -> String {
    let people = &document.people;
    let commit = document.commit.as_ref();
    let comparison = document.comparison.as_ref();
    let parts = [
        Some(people.title.clone()).filter(|title| !title.is_empty()),
        people
            .milestone
            .as_ref()
            .map(|milestone| format!("milestone {}", milestone.name)),
        commit.map(|commit| format!("commit {}", short(commit, 7))),
        comparison.map(|comparison| format!("compared with baseline {}", comparison.baseline)),
        Some(format!("evidence {}", digest(&document.evidence_digest))),
    ];
    let parts = parts.into_iter().flatten();
    parts.collect::<Vec<_>>().join(" · ")
}

/// The shape beside what a comparison says of a metric; none where it is the same.
pub fn judgement_shape(judgement: &str) -> Option<Outcome> {
    const SHAPES: [(&str, Outcome); 4] = [
        ("regressed", Outcome::Fail),
        ("changed", Outcome::Attention),
        ("improved", Outcome::Pass),
        ("indicative", Outcome::Inconclusive),
    ];
    let mut shapes = SHAPES.iter();
    let shape = shapes.find(|(word, _)| judgement.starts_with(word));
    shape.map(|(_, outcome)| *outcome)
}

/// `2 more fails and 13 items for attention follow.`
pub fn more_findings(document: &ReviewDocument) -> Option<String> {
    let findings = document.findings();
    let rest = findings.get(FIRST_FINDINGS..)?;
    let fails = rest.iter().filter(|item| item.effective == Outcome::Fail);
    let fails = fails.count() as u64;
    let attention = rest.len() as u64 - fails;
    let parts: Vec<_> = [
        (fails, "more fail", "more fails"),
        (attention, "item for attention", "items for attention"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| words::counted(count, one, many))
    .collect();
    (!parts.is_empty()).then(|| {
        let verb = if rest.len() == 1 { "follows" } else { "follow" };
        format!("{} {verb} below.", parts.join(" and "))
    })
}

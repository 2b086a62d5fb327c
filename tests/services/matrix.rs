//! What each case must make of each item, and the confusion matrix of what it made.

use std::{collections::BTreeMap, fmt::Write};

use crate::scene::Outcomes;

/// What a performance engineer would call the case for this item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Good,
    /// Bad enough to fail.
    Bad,
    /// Bad, where attention is the worst that the item, or this signal of it, can say.
    Poor,
    TooLittle,
}

use Known::{Bad, Good, Poor, TooLittle};

impl Known {
    const fn words(self) -> &'static str {
        match self {
            Good => "good",
            Bad => "bad",
            Poor => "bad, attention at worst",
            TooLittle => "too little",
        }
    }
}

/// Item, what the case is known to be, the case.
pub(crate) const ANSWERS: &[(&str, Known, &str)] = &[
    ("api.caching", Good, "http good"),
    ("api.caching", Poor, "http bad"),
    ("api.caching", TooLittle, "http2 good"),
    ("api.pagination", Good, "http good"),
    ("api.pagination", Bad, "http bad"),
    ("api.pagination", TooLittle, "http small"),
    ("api.query-optimization", Good, "postgres good"),
    ("api.query-optimization", Poor, "postgres bad"),
    ("api.query-optimization", TooLittle, "postgres bare"),
    ("api.compression", Good, "http good"),
    ("api.compression", Bad, "http bad"),
    ("api.compression", TooLittle, "http small"),
    ("api.timeouts", Good, "http good"),
    ("api.timeouts", Bad, "http bad"),
    ("api.timeouts", TooLittle, "http small"),
    ("api.response-times", Good, "http good"),
    ("api.response-times", Poor, "http bad"),
    ("api.response-times", TooLittle, "http small"),
    ("db.indexes", Good, "postgres good"),
    ("db.indexes", Poor, "postgres bad"),
    ("db.indexes", TooLittle, "postgres bare"),
    ("db.query-optimization", Good, "postgres good"),
    ("db.query-optimization", Poor, "postgres bad"),
    ("db.query-optimization", TooLittle, "postgres bare"),
    ("db.connection-pooling", Good, "postgres good"),
    ("db.connection-pooling", Bad, "postgres bad"),
    ("db.connection-pooling", TooLittle, "postgres bare"),
    ("db.batching", Good, "postgres good"),
    ("db.batching", Poor, "postgres bad"),
    ("db.batching", TooLittle, "postgres bare"),
    ("db.query-monitoring", Good, "postgres good"),
    ("db.query-monitoring", Bad, "postgres bare"),
    ("db.query-monitoring", TooLittle, "postgres absent"),
    ("memory.usage-monitoring", Good, "http good"),
    ("memory.usage-monitoring", Poor, "http bad"),
    ("memory.usage-monitoring", TooLittle, "http small"),
    ("memory.leaks", Good, "compute"),
    ("memory.leaks", Poor, "leak"),
    ("memory.leaks", TooLittle, "short"),
    ("memory.gc", Good, "compute"),
    ("memory.gc", Bad, "collect"),
    ("memory.gc", TooLittle, "idle"),
    ("memory.container-limits", Good, "container good"),
    ("memory.container-limits", Bad, "container bad"),
    ("memory.container-limits", TooLittle, "no workspace"),
    ("concurrency.external-pooling", Good, "proxy good"),
    ("concurrency.external-pooling", Bad, "proxy bad"),
    ("concurrency.external-pooling", TooLittle, "proxy little"),
    ("concurrency.async", Good, "loop good"),
    ("concurrency.async", Poor, "loop bad"),
    ("concurrency.async", TooLittle, "short"),
    ("concurrency.locking", Good, "locks good"),
    ("concurrency.locking", Bad, "locks bad"),
    ("concurrency.locking", TooLittle, "idle"),
    ("concurrency.thread-monitoring", Good, "compute"),
    ("concurrency.thread-monitoring", Poor, "threads"),
    ("concurrency.thread-monitoring", TooLittle, "idle"),
    ("caching.redis", Good, "redis good"),
    ("caching.redis", Poor, "memcached"),
    ("caching.redis", TooLittle, "redis little"),
    ("caching.expiration", Good, "redis good"),
    ("caching.expiration", Bad, "redis bad"),
    ("caching.expiration", TooLittle, "redis little"),
    ("caching.hit-rate", Good, "redis good"),
    ("caching.hit-rate", Poor, "redis bad"),
    ("caching.hit-rate", TooLittle, "redis little"),
    ("network.latency", Good, "segments good"),
    ("network.latency", TooLittle, "segments little"),
    ("network.http2", Good, "http2 good"),
    ("network.http2", Poor, "http2 bad"),
    ("network.http2", TooLittle, "http2 little"),
    ("monitoring.performance", Good, "http good"),
    ("monitoring.performance", Bad, "http bad"),
    ("monitoring.performance", TooLittle, "http small"),
    ("monitoring.profiling", Good, "workspace good"),
    ("monitoring.profiling", Bad, "workspace bad"),
    ("monitoring.profiling", Poor, "workspace checked twice"),
    ("monitoring.profiling", TooLittle, "no workspace"),
    ("monitoring.alerts", Good, "workspace good"),
    ("monitoring.alerts", Poor, "workspace bad"),
    ("monitoring.alerts", TooLittle, "no workspace"),
    ("monitoring.metrics", Good, "http good"),
    ("monitoring.metrics", Poor, "http bad"),
    ("monitoring.metrics", TooLittle, "http small"),
    ("monitoring.resources", Good, "http good"),
    ("monitoring.resources", Poor, "http bad"),
    ("monitoring.resources", TooLittle, "http small"),
    ("monitoring.reviews", Good, "workspace good"),
    ("monitoring.reviews", Bad, "workspace bad"),
    ("monitoring.reviews", TooLittle, "no workspace"),
    ("load.baselines", Good, "workspace good"),
    ("load.baselines", Bad, "workspace bad"),
    ("load.baselines", TooLittle, "no workspace"),
    ("load.regression", Good, "workspace good"),
    ("load.regression", Poor, "workspace bad"),
    ("load.regression", TooLittle, "no workspace"),
];

/// What was not tried, and why.
const NOT_TRIED: &[(&str, &str)] = &[
    (
        "api.db-pooling",
        "judged per request; `check` drives no load and so knows of no requests",
    ),
    (
        "network.external-pooling",
        "judged per request; `check` drives no load and so knows of no requests",
    ),
    (
        "network.latency, bad",
        "a network that loses segments (netem) is not set up by the test",
    ),
    (
        "memory.leaks, fail",
        "a fail wants a soak of hours and a second window",
    ),
    (
        "concurrency.thread-monitoring, fail",
        "growth fails only under a load that this product drives",
    ),
    (
        "api.query-optimization, fail",
        "queries per request need a load that this product drives; a slow frequent statement stands in",
    ),
    (
        "monitoring.metrics, fail",
        "an endpoint without any sample is unknown: nothing says that it is the one",
    ),
    (
        "monitoring.reviews and monitoring.profiling, stale",
        "the program dates what it writes by the clock; unit tests hold the ages",
    ),
];

/// How an outcome stands to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Right,
    Undecided,
    Wrong,
}

fn standing(known: Known, outcome: &str) -> Standing {
    let is_open = matches!(outcome, "inconclusive" | "unknown");
    match (known, outcome) {
        (Good, "pass") | (Bad, "fail") | (Poor, "attention") => Standing::Right,
        (TooLittle, _) if is_open => Standing::Right,
        _ if is_open => Standing::Undecided,
        _ => Standing::Wrong,
    }
}

/// The matrix, and what is wrong in it.
pub(crate) struct Matrix {
    pub(crate) text: String,
    pub(crate) wrong: Vec<String>,
    /// Share of good and bad cases that were decided, 0..1.
    pub(crate) decided: f64,
    /// Whether every case could run.
    pub(crate) complete: bool,
}

/// Draws the matrix from the outcomes of the cases that ran.
pub(crate) fn draw(ran: &BTreeMap<&str, Outcomes>) -> Matrix {
    let mut rows = String::new();
    let mut wrong = Vec::new();
    let (mut clear, mut decided, mut little, mut complete) = (0, 0, 0, true);
    for (item, known, case) in ANSWERS {
        let Some(outcomes) = ran.get(case) else {
            complete = false;
            continue;
        };
        let outcome = outcomes.get(*item).map_or("missing", String::as_str);
        let standing = standing(*known, outcome);
        if *known == TooLittle {
            little += 1;
        } else {
            clear += 1;
            decided += u32::from(standing == Standing::Right);
        }
        let words = match standing {
            Standing::Right => "",
            Standing::Undecided => "undecided",
            Standing::Wrong => "**wrong**",
        };
        if standing == Standing::Wrong {
            wrong.push(format!(
                "{item}: {case} is {known:?} and was judged {outcome}"
            ));
        }
        let known = known.words();
        writeln!(rows, "| {item} | {known} | {case} | {outcome} | {words} |").unwrap();
    }
    let share = f64::from(decided) / f64::from(clear.max(1));
    let mut text = format!(
        "# Known answers\n\nEach service or workspace is known to be good, bad or too little to \
         judge; `scrutineer check` judged it by its real probes. `tests/services` makes this table \
         (`SCRUTINEER_BLESS=1 cargo test -p scrutineer --test services` writes it anew) and fails \
         where it differs.\n\nWrong: {}. Good and bad cases decided: {decided} of {clear} ({:.0} %). \
         Too little data: {little}.\n\n| item | known to be | case | judged | |\n|---|---|---|---|---|\n\
         {rows}\nNot tried:\n\n",
        wrong.len(),
        share * 100.0,
    );
    for (what, why) in NOT_TRIED {
        writeln!(text, "- {what}: {why}.").unwrap();
    }
    Matrix {
        text,
        wrong,
        decided: share,
        complete,
    }
}

#[test]
fn an_opposite_is_wrong_and_an_open_answer_is_undecided() {
    assert_eq!(standing(Good, "fail"), Standing::Wrong);
    assert_eq!(standing(Good, "attention"), Standing::Wrong);
    assert_eq!(standing(Bad, "pass"), Standing::Wrong);
    assert_eq!(standing(TooLittle, "pass"), Standing::Wrong);
    assert_eq!(standing(Bad, "inconclusive"), Standing::Undecided);
    assert_eq!(standing(Good, "not_applicable"), Standing::Wrong);
    assert_eq!(standing(TooLittle, "unknown"), Standing::Right);
}

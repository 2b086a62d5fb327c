//! The checklist: sections and items as RON states them.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    ron_text::{self, RonError},
    rules::AnyRule,
};

/// Newest version of the checklist's format that is understood.
pub const CHECKLIST_FORMAT_VERSION: u32 = 1;

/// The guideline that ships with the product.
const PERFORMANCE: &str = include_str!("../data/performance.ron");

/// A checklist: a guideline with the rules that judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerChecklist", deny_unknown_fields)]
pub struct Checklist {
    /// Version of the format; a newer one is refused.
    pub format_version: u32,
    /// Name: `performance`.
    pub name: String,
    /// Version of the content.
    pub version: String,
    /// Sections in the guideline's order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The guideline's words.
    pub title: String,
    /// Items in the guideline's order.
    pub items: Vec<Item>,
}

/// An item with the rule that judges it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Stable id: `memory.leaks`.
    pub id: String,
    /// The guideline's words.
    pub title: String,
    /// Probes that the item is judged from, now or once they exist.
    pub probes: Vec<Probe>,
    /// Rule with its limits.
    pub rule: AnyRule,
    /// Where the limits come from: `house rule`, `PgHero`, `Lighthouse` …
    pub source: String,
    /// Weight for the order in which a review walks the items, 1..=3.
    pub weight: u8,
    /// Why it matters.
    pub risk: String,
    /// What to do next.
    pub remedy: String,
    /// Links that explain more.
    #[serde(default)]
    pub links: Vec<String>,
    /// What must be there for the item to be judged, in words; a rule that awaits says it itself.
    #[serde(default)]
    pub needs: String,
}

/// The guideline's probe letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Probe {
    /// Active HTTP prober.
    H,
    /// Sockets: `sock_diag` and the descriptors in `/proc`.
    N,
    /// Tracepoints.
    T,
    /// On-CPU stacks.
    C,
    /// Off-CPU stacks.
    O,
    /// `/proc` task sampler.
    K,
    /// Control groups.
    G,
    /// Postgres statistics.
    P,
    /// Redis and memcached statistics.
    R,
    /// Fault-injecting TCP proxy.
    X,
    /// Load run.
    L,
    /// Local OTLP receiver.
    O11,
    /// Source and configuration scan.
    S,
    /// The workspace's own history.
    W,
}

/// What is wrong with a checklist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecklistError {
    /// The text is not valid.
    #[error(transparent)]
    Text(#[from] RonError),
    /// A newer product wrote it.
    #[error(
        "the checklist has format version {found}, newer than {CHECKLIST_FORMAT_VERSION}, which is \
         the newest that this version reads; update Scrutineer"
    )]
    Newer {
        /// Version of the text.
        found: u32,
    },
    /// Two items bear one id.
    #[error("two items have the id \"{id}\"; ids name decisions and must be unique")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A weight is out of range.
    #[error("item \"{id}\" has the weight {weight}; weights are 1, 2 or 3")]
    Weight {
        /// The item.
        id: String,
        /// Its weight.
        weight: u8,
    },
}

/// The part of a checklist that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerChecklist")]
struct Header {
    format_version: u32,
}

impl Checklist {
    /// The guideline that ships with the product: 8 sections, 56 items.
    pub fn performance() -> Self {
        Self::parse(PERFORMANCE).expect("the shipped checklist is parsed by a test")
    }

    /// Parses a checklist; unknown fields and variants are refused with line, column and the
    /// nearest known name.
    pub fn parse(text: &str) -> Result<Self, ChecklistError> {
        if let Ok(Header {
            format_version: found,
        }) = ron_text::parse_rules(text)
            && found > CHECKLIST_FORMAT_VERSION
        {
            return Err(ChecklistError::Newer { found });
        }
        let checklist: Self = ron_text::parse_rules(text)?;
        checklist.check()?;
        Ok(checklist)
    }

    /// Refuses what types alone cannot: two items of one id, weights that there are not.
    pub(crate) fn check(&self) -> Result<(), ChecklistError> {
        let mut ids = BTreeSet::new();
        for item in self.items() {
            if !ids.insert(&item.id) {
                return Err(ChecklistError::DuplicateId {
                    id: item.id.clone(),
                });
            }
            if !(1..=3).contains(&item.weight) {
                return Err(ChecklistError::Weight {
                    id: item.id.clone(),
                    weight: item.weight,
                });
            }
        }
        Ok(())
    }

    /// The item of an id, else what to say of an id that there is not, with the nearest.
    pub fn find(&self, id: &str) -> Result<&Item, String> {
        self.item(id).ok_or_else(|| {
            let ids: Vec<&str> = self.items().map(|item| item.id.as_str()).collect();
            ron_text::unknown("item", id, &ids)
        })
    }

    /// The same, to be changed.
    pub(crate) fn item_mut(&mut self, id: &str) -> Result<&mut Item, String> {
        self.find(id)?;
        let mut items = self
            .sections
            .iter_mut()
            .flat_map(|section| &mut section.items);
        Ok(items
            .find(|item| item.id == id)
            .expect("it was found just now"))
    }

    /// The checklist's text, limits and all, as [`Checklist::parse`] reads it.
    pub fn print(&self) -> String {
        ron_text::print_rules(self)
    }

    /// All items in the guideline's order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|section| &section.items)
    }

    /// The item of an id.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items().find(|item| item.id == id)
    }
}

impl Item {
    /// What must be there for the item to be judged.
    pub fn needs(&self) -> &str {
        match &self.rule {
            AnyRule::Awaits(rule) => &rule.needs,
            _ => &self.needs,
        }
    }
}

impl fmt::Display for Checklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guideline's words, as its page has them.
    const TITLES: &[(&str, &[(&str, &str)])] = &[
        (
            "API Performance",
            &[
                (
                    "api.caching",
                    "Implement caching for frequently accessed resources",
                ),
                ("api.pagination", "Use pagination for large collections"),
                ("api.query-optimization", "Optimize database queries"),
                ("api.compression", "Use compression for responses"),
                ("api.timeouts", "Implement request timeout policies"),
                ("api.response-times", "Monitor and optimize response times"),
                (
                    "api.db-pooling",
                    "Use connection pooling for database connections",
                ),
            ],
        ),
        (
            "Database Performance",
            &[
                (
                    "db.indexes",
                    "Add appropriate indexes for frequently queried columns",
                ),
                ("db.query-optimization", "Use query optimization techniques"),
                (
                    "db.connection-pooling",
                    "Implement database connection pooling",
                ),
                ("db.batching", "Use batch operations for bulk updates"),
                ("db.query-monitoring", "Monitor query performance"),
                (
                    "db.sharding",
                    "Implement database sharding for large datasets",
                ),
                (
                    "db.read-replicas",
                    "Use read replicas for read-heavy workloads",
                ),
            ],
        ),
        (
            "Memory Management",
            &[
                (
                    "memory.usage-monitoring",
                    "Implement proper memory usage monitoring",
                ),
                ("memory.leaks", "Avoid memory leaks"),
                (
                    "memory.streaming",
                    "Use streaming for large data processing",
                ),
                ("memory.gc", "Implement garbage collection optimization"),
                ("memory.heap-monitoring", "Monitor heap usage"),
                (
                    "memory.container-limits",
                    "Implement memory limits for containers",
                ),
                (
                    "memory.data-structures",
                    "Use appropriate data structures for memory efficiency",
                ),
            ],
        ),
        (
            "Concurrency",
            &[
                (
                    "concurrency.worker-threads",
                    "Use worker threads for CPU-intensive tasks",
                ),
                (
                    "concurrency.control",
                    "Implement proper concurrency control",
                ),
                (
                    "concurrency.external-pooling",
                    "Use connection pooling for external services",
                ),
                (
                    "concurrency.error-handling",
                    "Implement proper error handling for concurrent operations",
                ),
                (
                    "concurrency.async",
                    "Use async/await for asynchronous operations",
                ),
                ("concurrency.locking", "Implement proper locking mechanisms"),
                ("concurrency.thread-monitoring", "Monitor thread usage"),
            ],
        ),
        (
            "Caching",
            &[
                ("caching.redis", "Implement Redis for caching"),
                (
                    "caching.expiration",
                    "Use appropriate cache expiration policies",
                ),
                (
                    "caching.invalidation",
                    "Implement cache invalidation strategies",
                ),
                ("caching.hot-data", "Cache frequently accessed data"),
                ("caching.warming", "Use cache warming for critical data"),
                ("caching.hit-rate", "Monitor cache hit/miss rates"),
                (
                    "caching.distributed",
                    "Implement distributed caching for scalability",
                ),
            ],
        ),
        (
            "Network Optimization",
            &[
                (
                    "network.minimize-calls",
                    "Minimize API calls to external services",
                ),
                ("network.batching", "Batch API calls when possible"),
                (
                    "network.retry-backoff",
                    "Implement retry logic with exponential backoff",
                ),
                (
                    "network.external-pooling",
                    "Use connection pooling for external services",
                ),
                ("network.latency", "Monitor network latency"),
                (
                    "network.circuit-breakers",
                    "Implement circuit breakers for external services",
                ),
                ("network.http2", "Use HTTP/2 for improved performance"),
            ],
        ),
        (
            "Monitoring and Profiling",
            &[
                ("monitoring.performance", "Implement performance monitoring"),
                (
                    "monitoring.profiling",
                    "Use profiling tools to identify bottlenecks",
                ),
                (
                    "monitoring.alerts",
                    "Set up alerts for performance degradation",
                ),
                ("monitoring.metrics", "Collect performance metrics"),
                ("monitoring.tracing", "Implement distributed tracing"),
                ("monitoring.resources", "Monitor resource usage"),
                ("monitoring.reviews", "Conduct regular performance reviews"),
            ],
        ),
        (
            "Load Testing",
            &[
                (
                    "load.critical-paths",
                    "Implement load testing for critical paths",
                ),
                ("load.realistic", "Simulate real-world usage patterns"),
                (
                    "load.conditions",
                    "Test performance under various load conditions",
                ),
                ("load.bottlenecks", "Identify performance bottlenecks"),
                ("load.scalability", "Test scalability"),
                ("load.baselines", "Document performance baselines"),
                (
                    "load.regression",
                    "Implement performance regression testing",
                ),
            ],
        ),
    ];

    #[test]
    fn the_shipped_checklist_has_the_guidelines_words_in_its_order() {
        let checklist = Checklist::parse(PERFORMANCE).unwrap_or_else(|error| panic!("{error}"));
        let words: Vec<_> = checklist
            .sections
            .iter()
            .map(|section| {
                let items = section.items.iter();
                let items = items.map(|item| (item.id.as_str(), item.title.as_str()));
                (section.title.as_str(), items.collect::<Vec<_>>())
            })
            .collect();
        let expected: Vec<_> = TITLES
            .iter()
            .map(|(section, items)| (*section, items.to_vec()))
            .collect();
        assert_eq!(words, expected);
        assert_eq!((words.len(), checklist.items().count()), (8, 56));
    }

    #[test]
    fn every_item_says_what_it_needs_why_it_matters_and_what_to_do() {
        for item in Checklist::performance().items() {
            let id = &item.id;
            assert!(!item.needs().is_empty() && !item.source.is_empty(), "{id}");
            assert!(
                item.risk.ends_with('.') && item.remedy.ends_with('.'),
                "{id}"
            );
            assert!(!item.probes.is_empty() && !item.links.is_empty(), "{id}");
            assert!(
                item.links.iter().all(|link| link.starts_with("https://")),
                "{id}"
            );
            assert!(
                item.needs.is_empty() || !matches!(item.rule, AnyRule::Awaits(_)),
                "{id}"
            );
        }
    }

    #[test]
    fn every_rule_is_used() {
        let checklist = Checklist::performance();
        let mut used: BTreeSet<_> = checklist.items().map(|item| item.rule.name()).collect();
        // What teams alone use.
        used.insert("SwitchedOff");
        assert_eq!(used, AnyRule::NAMES.iter().copied().collect());
    }

    fn error(from: &str, to: &str) -> RonError {
        match Checklist::parse(&PERFORMANCE.replacen(from, to, 1)).unwrap_err() {
            ChecklistError::Text(error) => error,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_unknown_limit_is_refused_at_its_place_with_the_nearest_name() {
        let error = error("most_items: 1000", "most_itms: 1000");
        assert_eq!(
            error.what,
            "unknown field \"most_itms\"; did you mean \"most_items\"?"
        );
        let lines = PERFORMANCE
            .lines()
            .take_while(|line| !line.contains("most_items"));
        assert_eq!(error.line, lines.count() + 1);
        assert!(
            error
                .to_string()
                .starts_with(&format!("line {}, column ", error.line))
        );
    }

    #[test]
    fn an_unknown_rule_is_refused_with_the_nearest_name() {
        let error = error("rule: Pagination(", "rule: Paginaton(");
        assert_eq!(
            error.what,
            "unknown variant \"Paginaton\"; did you mean \"Pagination\"?"
        );
    }

    #[test]
    fn a_missing_limit_an_unknown_key_and_bad_syntax_are_refused() {
        assert!(
            error("default_items: 100, ", "")
                .what
                .contains("default_items")
        );
        assert!(
            error("weight: 2", "wieght: 2")
                .what
                .contains("did you mean \"weight\"?")
        );
        assert!(error("sections: [", "sections: (").line > 1);
    }

    #[test]
    fn equal_ids_a_wrong_weight_and_a_newer_format_are_refused() {
        let parse = |from: &str, to: &str| {
            Checklist::parse(&PERFORMANCE.replacen(from, to, 1)).unwrap_err()
        };
        let id = "api.pagination".to_owned();
        let twice = parse("\"api.caching\"", "\"api.pagination\"");
        assert_eq!(twice, ChecklistError::DuplicateId { id });
        assert!(matches!(
            parse("weight: 2", "weight: 4"),
            ChecklistError::Weight { weight: 4, .. }
        ));
        let newer = parse("format_version: 1", "format_version: 2, novelty: true");
        assert_eq!(newer, ChecklistError::Newer { found: 2 });
    }
}

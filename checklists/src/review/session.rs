//! What people write down in a review: findings, actions and notes, one block each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    ron_text::{self, RonError},
    verdict::Outcome,
};

/// Newest version of the file's format that is understood.
pub const REVIEW_FORMAT_VERSION: u32 = 1;

/// Letters of the digest that an id is made of.
const ID_LETTERS: usize = 8;

/// A review: the content of `.scrutineer/reviews/<name>/review.ron`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerReview", deny_unknown_fields)]
pub struct Review {
    /// Version of the file's format.
    pub version: u32,
    /// What is reviewed, in words; empty where the target's name says enough.
    pub title: String,
    /// When it was opened.
    pub opened_at: jiff::Timestamp,
    /// By whom.
    pub opened_by: String,
    /// Who is in the room.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub room: BTreeSet<String>,
    /// Who leads, and whose decisions they are; empty for whoever's machine it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lead: String,
    /// What people found, by id.
    #[serde(default)]
    pub findings: BTreeMap<String, Finding>,
    /// What is to be done, by id.
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
    /// Free notes, by id.
    #[serde(default)]
    pub notes: BTreeMap<String, Note>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Users are harmed now.
    Critical,
    /// Users will be harmed under load that is expected.
    High,
    /// It costs, and harms nobody yet.
    Medium,
    /// Worth knowing.
    Low,
}

/// What people found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is so: one sentence.
    pub claim: String,
    /// Why it is so, as far as is known; may be empty.
    pub cause: String,
    /// Item of the guideline whose evidence it rests on.
    pub item: Option<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What: one sentence.
    pub what: String,
    /// Who does it.
    pub owner: String,
    /// Last day on which it is not overdue.
    pub due: jiff::civil::Date,
    /// Item whose probe verifies it.
    pub item: Option<String>,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
    /// Whether it was done, as its owner says.
    pub done: Option<Done>,
}

/// That an action was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Who says so.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
}

/// A free note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Its words.
    pub text: String,
    /// Item that it is about.
    pub item: Option<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
}

/// How an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStanding {
    /// Its day has passed.
    Overdue,
    /// Its owner says that it is done, and its item does not pass.
    Contradicted,
    /// Not done yet.
    Open,
    /// Done, as its owner says; nothing has verified it.
    Done,
    /// Done, and its item passes on evidence that was judged later.
    Verified,
}

/// What is wrong with a review's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewFileError {
    /// The text is not valid.
    #[error(transparent)]
    Text(#[from] RonError),
    /// A newer product wrote it.
    #[error(
        "the file has format version {found}, newer than {newest}, which is the newest that this \
         version reads; update Scrutineer"
    )]
    Newer {
        /// Version of the text.
        found: u32,
        /// Newest that is understood.
        newest: u32,
    },
}

/// The part of a file that every version of its format has.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// Parses the text of a review's file of which versions up to `newest` are understood.
pub(super) fn parse<T: serde::de::DeserializeOwned>(
    text: &str,
    newest: u32,
) -> Result<T, ReviewFileError> {
    if let Some(found) = version_of(text)
        && found > newest
    {
        return Err(ReviewFileError::Newer { found, newest });
    }
    Ok(ron_text::parse(text)?)
}

/// The version that a text bears, whatever else it holds.
fn version_of(text: &str) -> Option<u32> {
    // The name before the bracket differs from file to file.
    let start = text.find('(')?;
    ron_text::parse::<Header>(&text[start..])
        .ok()
        .map(|header| header.version)
}

impl Review {
    /// A review in which nothing is written yet.
    pub fn new(
        title: impl Into<String>,
        opened_by: impl Into<String>,
        opened_at: jiff::Timestamp,
    ) -> Self {
        Self {
            version: REVIEW_FORMAT_VERSION,
            title: title.into(),
            opened_at,
            opened_by: opened_by.into(),
            room: BTreeSet::new(),
            lead: String::new(),
            findings: BTreeMap::new(),
            actions: BTreeMap::new(),
            notes: BTreeMap::new(),
        }
    }

    /// Parses the text of a review's file.
    pub fn parse(text: &str) -> Result<Self, ReviewFileError> {
        parse(text, REVIEW_FORMAT_VERSION)
    }

    /// The text of the file: the same review gives the same bytes.
    pub fn print(&self) -> String {
        ron_text::print(self)
    }

    /// Adds a finding; gives its id.
    pub fn add_finding(&mut self, finding: Finding) -> String {
        add(&mut self.findings, 'f', finding)
    }

    /// Adds an action; gives its id.
    pub fn add_action(&mut self, action: Action) -> String {
        add(&mut self.actions, 'a', action)
    }

    /// Adds a note; gives its id.
    pub fn add_note(&mut self, note: Note) -> String {
        add(&mut self.notes, 'n', note)
    }

    /// Actions whose day had passed at a time (UTC), and which nobody says to be done.
    pub fn overdue(&self, at: jiff::Timestamp) -> impl Iterator<Item = (&String, &Action)> {
        self.actions
            .iter()
            .filter(move |(_, action)| action.is_overdue(at))
    }
}

impl Action {
    /// Whether its day had passed at a time (UTC) and nobody says that it is done.
    pub fn is_overdue(&self, at: jiff::Timestamp) -> bool {
        self.done.is_none() && self.days_over(at) > 0
    }

    /// Days since its last day at a time (UTC); none or less where that has not passed.
    pub fn days_over(&self, at: jiff::Timestamp) -> i32 {
        let today = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        (today - self.due).get_days()
    }

    /// How it stands at a time, given what its item came to then.
    pub fn standing(&self, item: Option<Outcome>, judged_at: jiff::Timestamp) -> ActionStanding {
        let Some(done) = &self.done else {
            return if self.is_overdue(judged_at) {
                ActionStanding::Overdue
            } else {
                ActionStanding::Open
            };
        };
        match item {
            // Evidence from before it was done says nothing of it.
            _ if judged_at <= done.at => ActionStanding::Done,
            Some(Outcome::Pass) => ActionStanding::Verified,
            Some(Outcome::Fail | Outcome::Attention) => ActionStanding::Contradicted,
            _ => ActionStanding::Done,
        }
    }
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word that is shown and that the command line takes.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl ActionStanding {
    /// The words that are shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Contradicted => "said to be done, but its item does not pass",
            Self::Open => "open",
            Self::Done => "done, not verified",
            Self::Verified => "done and verified",
        }
    }
}

/// Ids are made from the content, so that two people who add something never choose the same id
/// for different things, and blocks of two branches merge.
fn add<T: Serialize>(blocks: &mut BTreeMap<String, T>, letter: char, block: T) -> String {
    let digest = ron_text::digest(&block);
    let id = format!("{letter}-{}", &digest[..ID_LETTERS]);
    blocks.insert(id.clone(), block);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn action(due: &str) -> Action {
        Action {
            what: "page the orders".into(),
            owner: "ada".into(),
            due: due.parse().unwrap(),
            item: Some("api.pagination".into()),
            by: "grace".into(),
            at: testing::judged_at(),
            done: None,
        }
    }

    fn review() -> Review {
        let mut review = Review::new("Ledger, spring", "grace", testing::judged_at());
        review.add_action(action("2026-04-01"));
        review.add_note(Note {
            text: "the pool is \"shared\"\nwith billing".into(),
            item: None,
            by: "ada".into(),
            at: testing::judged_at(),
        });
        review.add_finding(Finding {
            severity: Severity::High,
            claim: "orders are never paged".into(),
            cause: String::new(),
            item: Some("api.pagination".into()),
            by: "ada".into(),
            at: testing::judged_at(),
        });
        review
    }

    #[test]
    fn what_is_printed_is_parsed_again_and_printed_the_same() {
        let text = review().print();
        assert_eq!(Review::parse(&text).unwrap(), review());
        assert_eq!(Review::parse(&text).unwrap().print(), text);
        assert!(text.starts_with("ScrutineerReview("));
    }

    #[test]
    fn a_room_is_kept_and_a_file_without_one_is_read() {
        let before = review();
        assert!(!before.print().contains("room"));
        let mut with_room = before;
        with_room.room = BTreeSet::from(["ada".to_owned(), "grace".to_owned()]);
        with_room.lead = "grace".into();
        assert_eq!(Review::parse(&with_room.print()).unwrap(), with_room);
    }

    #[test]
    fn days_are_counted_across_months_from_the_last_day() {
        let late = action("2026-01-31");
        let at = "2026-03-05T12:00:00Z".parse().unwrap();
        assert_eq!(late.days_over(at), 33);
        assert_eq!(action("2026-03-05").days_over(at), 0);
    }

    #[test]
    fn a_newer_file_is_refused_in_one_sentence_and_a_typo_with_its_place() {
        let newer = review().print().replacen("version: 1", "version: 2", 1);
        assert_eq!(
            Review::parse(&newer),
            Err(ReviewFileError::Newer {
                found: 2,
                newest: 1
            })
        );
        let typo = review().print().replacen("owner:", "ownre:", 1);
        let error = Review::parse(&typo).unwrap_err().to_string();
        assert!(error.contains("did you mean \"owner\"?"), "{error}");
        assert!(error.starts_with("line "), "{error}");
    }

    #[test]
    fn ids_differ_where_the_words_do_and_are_the_same_for_the_same_words() {
        let mut review = review();
        let first = review.add_action(action("2026-04-01"));
        let second = review.add_action(action("2026-04-02"));
        assert_eq!(review.actions.len(), 2);
        assert!(first != second && first.starts_with("a-"));
    }

    #[test]
    fn an_action_is_overdue_after_its_day_until_somebody_says_it_is_done() {
        let mut late = action("2026-03-04");
        let judged_at = testing::judged_at();
        assert_eq!(late.standing(None, judged_at), ActionStanding::Overdue);
        assert_eq!(
            action("2026-03-05").standing(None, judged_at),
            ActionStanding::Open
        );
        late.done = Some(Done {
            by: "ada".into(),
            at: judged_at - jiff::SignedDuration::from_hours(1),
        });
        assert!(!late.is_overdue(judged_at));
        for (outcome, standing) in [
            (Outcome::Pass, ActionStanding::Verified),
            (Outcome::Fail, ActionStanding::Contradicted),
            (Outcome::Unknown, ActionStanding::Done),
        ] {
            assert_eq!(late.standing(Some(outcome), judged_at), standing);
        }
    }

    #[test]
    fn evidence_from_before_an_action_was_done_does_not_verify_it() {
        let mut action = action("2026-04-01");
        let at = testing::judged_at();
        action.done = Some(Done {
            by: "ada".into(),
            at,
        });
        assert_eq!(
            action.standing(Some(Outcome::Pass), at),
            ActionStanding::Done
        );
    }
}

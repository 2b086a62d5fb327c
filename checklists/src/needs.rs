//! What a rule needs, by type: the planner reads it, and a rule cannot touch anything else.

use scrutineer_evidence::{Absent, Evidence, Gathered, Kind, KindOf, declared::DeclaredFacts};

/// Facts that a rule asks for.
///
/// Holds for
/// - `&Facts`: the rule cannot judge without them,
/// - `Result<&Facts, &Absent>`: the rule reads them where they are there,
/// - [`Declared`], [`JudgedAt`], and
/// - tuples of up to five of these.
pub trait Needs<'e>: Sized {
    /// Kinds that a planner must gather, in the order in which the type names them.
    fn kinds() -> Vec<Kind>;

    /// Takes the facts out of the evidence, or says why the first missing one is missing.
    fn take(evidence: &'e Evidence) -> Result<Self, Absent>;
}

impl<'e, T> Needs<'e> for &'e T
where
    T: KindOf,
    Evidence: AsRef<Gathered<T>>,
{
    fn kinds() -> Vec<Kind> {
        vec![T::KIND]
    }

    fn take(evidence: &'e Evidence) -> Result<Self, Absent> {
        evidence.as_ref().as_ref().map_err(Absent::clone)
    }
}

impl<'e, T> Needs<'e> for Result<&'e T, &'e Absent>
where
    T: KindOf,
    Evidence: AsRef<Gathered<T>>,
{
    fn kinds() -> Vec<Kind> {
        vec![T::KIND]
    }

    fn take(evidence: &'e Evidence) -> Result<Self, Absent> {
        Ok(evidence.as_ref().as_ref())
    }
}

/// What the workspace declares, or the house rules where no workspace was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared(pub DeclaredFacts);

impl Needs<'_> for Declared {
    fn kinds() -> Vec<Kind> {
        vec![DeclaredFacts::KIND]
    }

    fn take(evidence: &Evidence) -> Result<Self, Absent> {
        Ok(Self(evidence.declared.clone().unwrap_or_default()))
    }
}

/// When the evidence was judged first; ages are counted up to it, so that they replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedAt(pub jiff::Timestamp);

impl JudgedAt {
    /// Days from `then` to the judgement; negative where `then` lies after it.
    pub fn days_since(self, then: jiff::Timestamp) -> f64 {
        self.0.duration_since(then).as_secs_f64() / 86_400.0
    }
}

impl Needs<'_> for JudgedAt {
    fn kinds() -> Vec<Kind> {
        Vec::new()
    }

    fn take(evidence: &Evidence) -> Result<Self, Absent> {
        Ok(Self(evidence.judged_at))
    }
}

impl Needs<'_> for () {
    fn kinds() -> Vec<Kind> {
        Vec::new()
    }

    fn take(_: &Evidence) -> Result<Self, Absent> {
        Ok(())
    }
}

macro_rules! needs_of_tuples {
    ($(($($part:ident),+))*) => {$(
        impl<'e, $($part: Needs<'e>),+> Needs<'e> for ($($part,)+) {
            fn kinds() -> Vec<Kind> {
                [$($part::kinds()),+].concat()
            }

            fn take(evidence: &'e Evidence) -> Result<Self, Absent> {
                Ok(($($part::take(evidence)?,)+))
            }
        }
    )*};
}

needs_of_tuples! {
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::{process::ProcessFacts, tasks::TaskFacts};

    use super::*;
    use crate::testing;

    #[test]
    fn a_tuple_names_the_kinds_of_its_parts() {
        type Both<'e> = (
            &'e ProcessFacts,
            Result<&'e TaskFacts, &'e Absent>,
            Declared,
            JudgedAt,
        );
        assert_eq!(
            <Both<'_> as Needs>::kinds(),
            [Kind::Process, Kind::Tasks, Kind::Declared]
        );
    }

    #[test]
    fn a_missing_part_is_an_error_and_a_missing_optional_part_is_data() {
        let mut evidence = testing::evidence();
        evidence.process = Ok(testing::process());
        let denied = Absent::Denied {
            what: "reading".into(),
            would_need: "root".into(),
        };
        evidence.tasks = Err(denied.clone());

        assert_eq!(
            <(&ProcessFacts, &TaskFacts)>::take(&evidence),
            Err(denied.clone())
        );
        let (process, tasks) =
            <(&ProcessFacts, Result<&TaskFacts, &Absent>)>::take(&evidence).unwrap();
        assert_eq!(process.pid, testing::process().pid);
        assert_eq!(tasks, Err(&denied));
    }
}

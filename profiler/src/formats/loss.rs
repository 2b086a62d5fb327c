//! What a profile holds and a format does not: said whenever one is written.

use super::Format;
use crate::profile::{Profile, Weight};

/// Something that a profile may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    Times,
    Gaps,
    Threads,
    Lines,
    Inlining,
    Addresses,
    Categories,
    Readings,
}

impl Aspect {
    const fn words(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Gaps => "the time between samples",
            Self::Threads => "ids of threads",
            Self::Lines => "source lines",
            Self::Inlining => "which functions were inlined",
            Self::Addresses => "addresses and build ids",
            Self::Categories => "categories",
            Self::Readings => "readings of memory, threads and sockets",
        }
    }

    fn is_in(self, profile: &Profile) -> bool {
        match self {
            Self::Times | Self::Gaps => profile.has_times(),
            Self::Threads => profile.threads.len() > 1,
            Self::Lines => profile.logical.iter().any(|frame| frame.line > 0),
            Self::Inlining => profile.logical.iter().any(|frame| frame.inlined),
            Self::Addresses => profile
                .modules
                .iter()
                .any(|module| !module.build_id.is_empty()),
            Self::Categories => true,
            Self::Readings => !profile.series.is_empty() || !profile.residency.is_empty(),
        }
    }
}

impl Format {
    const fn cannot_hold(self) -> &'static [Aspect] {
        use Aspect::{Addresses, Categories, Gaps, Inlining, Lines, Readings, Threads, Times};
        match self {
            Self::Firefox => &[Lines, Inlining, Addresses, Readings],
            Self::Speedscope => &[Gaps, Inlining, Addresses, Categories, Readings],
            Self::Pprof => &[Times, Categories, Readings],
            Self::Collapsed => &[
                Times, Threads, Lines, Inlining, Addresses, Categories, Readings,
            ],
            // Made for people, not to be read again.
            Self::Text | Self::Svg | Self::Html | Self::Json => &[],
        }
    }

    /// What of a profile the format cannot hold when it is weighed so, a sentence each.
    pub fn what_is_lost(self, profile: &Profile, weight: Weight) -> Vec<String> {
        let aspects = self.cannot_hold().iter();
        let lost: Vec<&str> = aspects
            .filter(|aspect| aspect.is_in(profile))
            .map(|aspect| aspect.words())
            .collect();
        let mut sentences = Vec::new();
        if !lost.is_empty() {
            sentences.push(format!(
                "{} cannot hold {}: left out",
                self.name(),
                listed(&lost)
            ));
        }
        if self == Self::Firefox && !profile.has_times() {
            sentences.push("the profile has no times: all its samples stand at 0".to_owned());
        }
        let is_data = !self.cannot_hold().is_empty();
        let others = Weight::ALL.into_iter().filter(|other| *other != weight);
        for other in others.filter(|other| is_data && profile.has(*other)) {
            sentences.push(format!(
                "the capture also holds {}: left out; --weight {} writes them",
                profile.label(other),
                other.id()
            ));
        }
        sentences
    }
}

/// `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    #[test]
    fn only_what_the_profile_holds_is_said_to_be_lost() {
        let mut profile = testing::two_threads();
        let lost = Format::Collapsed.what_is_lost(&profile, Weight::Cpu);
        assert_eq!(
            lost,
            [
                "collapsed cannot hold times, ids of threads, addresses and build ids and categories: \
              left out"
            ]
        );
        profile.foreign = Some(crate::profile::Foreign {
            format: "pprof",
            unit: crate::profile::Unit::Samples,
            label: "samples".into(),
            measures: Vec::new(),
            measure: 0,
            has_times: false,
            notes: Vec::new(),
        });
        let lost = Format::Pprof.what_is_lost(&profile, Weight::Cpu);
        assert_eq!(lost, ["pprof cannot hold categories: left out"]);
        let lost = Format::Firefox.what_is_lost(&profile, Weight::Cpu);
        assert!(lost[1].contains("no times"), "{lost:?}");
        assert!(Format::Text.what_is_lost(&profile, Weight::Cpu).is_empty());
    }
}

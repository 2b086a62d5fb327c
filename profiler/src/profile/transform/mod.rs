//! Transforms of stacks: merge, focus, collapse, drop and "my code only", one after the other.
//!
//! A transform rewrites the trie of stacks, a node once, and leaves samples, waits and faults where
//! they are in time: all views of the result (trees, tables, tracks, formats) are those of any
//! other profile. Functions keep their ids, so that what is selected stays selected.

mod stacks;

#[cfg(test)]
mod tests;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::profile::{Function, Profile, builder::file_name};
use stacks::Stacks;

/// What a transform is applied to: by name, so that it means the same in another capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// A function.
    Function {
        /// Full name.
        name: String,
        /// File name of its module; empty where it has none.
        module: String,
    },
    /// Every function of a module.
    Module {
        /// File name.
        module: String,
    },
    /// Every function whose name a regular expression matches, see [`pattern`].
    Matching {
        /// The expression.
        pattern: String,
    },
}

/// A change of all stacks. Frames are told from the outermost inwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transform {
    /// Takes the frames out; what they call becomes their caller's callee, and their own time its.
    Merge(Pick),
    /// Keeps stacks that hold it, from its outermost frame inwards.
    Focus(Pick),
    /// Keeps stacks that hold it, whole.
    Keep(Pick),
    /// A function swallows all that it calls; neighbouring frames of a module become one frame
    /// that bears the module's name.
    Collapse(Pick),
    /// A function that is on the stack already goes on in its outermost frame, and what lay
    /// between is left out; every function where `None`.
    CollapseRecursion(Option<Pick>),
    /// Takes samples out that have it anywhere on their stack.
    Drop(Pick),
    /// Takes the frames out that are not of the target's own code; what is reached through none
    /// of it becomes one frame.
    MyCode,
}

impl Pick {
    /// A function of a profile, by its id.
    pub fn function(profile: &Profile, function: u32) -> Option<Self> {
        let function = profile.functions.get(function as usize)?;
        Some(Self::Function {
            name: function.name.clone(),
            module: module_of(profile, function).to_owned(),
        })
    }

    /// The module of a function, by the function's id; `None` where it has none.
    pub fn module_of(profile: &Profile, function: u32) -> Option<Self> {
        let function = profile.functions.get(function as usize)?;
        let module = module_of(profile, function);
        (!module.is_empty()).then(|| Self::Module {
            module: module.to_owned(),
        })
    }

    /// The name of what was picked.
    pub fn name(&self) -> &str {
        match self {
            Self::Function { name, .. } => name,
            Self::Module { module } => module,
            Self::Matching { pattern } => pattern,
        }
    }

    /// Which functions of a profile it means, by id.
    fn mask(&self, profile: &Profile) -> Vec<bool> {
        // One that is none matches nothing: whoever asks has compiled it before.
        let matching = match self {
            Self::Matching { pattern } => self::pattern(pattern).ok(),
            _ => None,
        };
        let is_meant = |function: &Function| {
            let its_module = module_of(profile, function);
            match self {
                Self::Function { name, module } => {
                    function.name == *name && its_module == module.as_str()
                }
                Self::Module { module } => its_module == module.as_str(),
                Self::Matching { .. } => matching
                    .as_ref()
                    .is_some_and(|m| m.is_match(&function.name)),
            }
        };
        profile.functions.iter().map(is_meant).collect()
    }
}

impl Transform {
    /// What it does, in a few words, without the name of what it is applied to.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Merge(_) => "merge",
            Self::Focus(_) => "focus",
            Self::Keep(_) => "keep",
            Self::Collapse(_) => "collapse",
            Self::CollapseRecursion(_) => "collapse recursion",
            Self::Drop(_) => "drop",
            Self::MyCode => "my code only",
        }
    }

    /// What it is applied to, where it is to something.
    pub const fn pick(&self) -> Option<&Pick> {
        match self {
            Self::Merge(pick)
            | Self::Focus(pick)
            | Self::Keep(pick)
            | Self::Collapse(pick)
            | Self::Drop(pick) => Some(pick),
            Self::CollapseRecursion(pick) => pick.as_ref(),
            Self::MyCode => None,
        }
    }
}

/// A regular expression over names of functions. Smart case: capitals make it sensitive.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    let is_sensitive = text.chars().any(char::is_uppercase);
    RegexBuilder::new(text)
        .case_insensitive(!is_sensitive)
        .build()
}

fn module_of<'a>(profile: &'a Profile, function: &Function) -> &'a str {
    let module = profile.modules.get(function.module as usize);
    module.map_or("", |module| file_name(&module.path))
}

/// A profile with transformed stacks; the same where there is nothing to do. Linear in stack
/// nodes for each transform, and in samples once.
///
/// Inlined functions become frames of their own. Samples, waits and faults of stacks that are
/// dropped are left out; quality, readings and events stay those of the capture.
pub fn apply(profile: &Profile, transforms: &[Transform]) -> Profile {
    if transforms.is_empty() {
        return profile.clone();
    }
    let mut functions = profile.functions.clone();
    let mut stacks = Stacks::of(profile);
    for transform in transforms {
        stacks = stacks.transformed(transform, profile, &mut functions);
    }
    stacks.into_profile(profile, functions)
}

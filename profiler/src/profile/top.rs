//! Top functions: self and total samples per function over a selection.

use crate::profile::{Profile, Selection};

/// A function with its samples; recursion counts once in the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopFunction {
    /// Function id in the profile.
    pub function: u32,
    /// Samples in which it was innermost.
    pub self_samples: u64,
    /// Samples in which it was anywhere on the stack.
    pub total_samples: u64,
}

/// Functions by self samples, most first, then by name. With `hide_inlined` the self samples of
/// inlined functions belong to the function that holds their code.
pub fn top_functions(
    profile: &Profile,
    selection: &Selection,
    hide_inlined: bool,
) -> Vec<TopFunction> {
    let _ = (profile, selection, hide_inlined);
    todo!("profile room")
}

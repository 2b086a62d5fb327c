//! Measures the machine's own noise, and what a sample costs here: what a measurement on this
//! machine can and cannot tell.

mod cost;
mod spin;
mod statistics;

use serde::{Deserialize, Serialize};

pub use cost::{SampleCost, measure_sample_cost, store_sample_cost, stored_sample_cost};
pub use statistics::{Distribution, LOOK_LONGER_S, Noise};

/// Measures for about two seconds on a thread that stays on one CPU.
pub fn measure() -> Report {
    let measured = spin::measure();
    let noise = Noise::of(&measured);
    Report {
        words: noise.words(),
        noise,
    }
}

/// What the machine's noise was, in numbers and in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The numbers.
    pub noise: Noise,
    /// Sentences for people: what can be concluded here, and what cannot.
    pub words: Vec<String>,
}

//! The profile in memory: columnar tables, selections, call trees and flame layouts.

pub mod addresses;
mod blocking;
mod builder;
mod call_tree;
mod category;
mod counts;
pub mod diff;
pub mod diff_tree;
mod facts;
mod flame;
pub mod flame_chart;
mod foreign;
mod garbage_collectors;
mod gather;
pub mod heat_map;
mod index;
pub mod lines;
mod load;
pub mod own;
pub mod series;
mod spare;
mod stack_order;
mod table;
mod top;
pub mod tracks;
pub mod transform;
mod trust;
mod wait_classes;
mod weight;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use blocking::wait_facts;
pub use builder::ProfileBuilder;
pub use call_tree::{CallTree, CallTreeOptions, Detail};
pub use facts::facts;
pub use flame::{FlameLayout, FlameOrder, FlameRow, Hidden, LayoutOptions};
pub use foreign::Foreign;
pub use table::{Category, Function, LogicalFrame, Profile, Selection};
pub use top::{TopFunction, samples_with_any, top_functions, weight_of};
pub use weight::{Unit, WaitTime, Weighed, Weight};

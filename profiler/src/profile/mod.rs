//! The profile in memory: columnar tables, selections, call trees and flame layouts.

mod call_tree;
mod flame;
mod table;
mod top;

pub use call_tree::{CallTree, CallTreeOptions};
pub use flame::{FlameLayout, FlameOrder, FlameRow};
pub use table::{Category, Function, LogicalFrame, Profile, ProfileBuilder, Selection};
pub use top::{TopFunction, top_functions};

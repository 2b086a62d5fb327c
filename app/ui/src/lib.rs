//! Screens and widgets on egui alone: state, commands and painting, without a window.

pub mod command;
pub mod event;
pub mod state;

pub use workbench::Workbench;

mod workbench;

//! Screens and widgets on egui alone: state, commands and painting, without a window.

pub mod command;
pub mod event;

pub use workbench::Workbench;

mod apply;
mod export;
mod format;
mod icons;
mod palette;
mod screens;
mod sheet;
mod shell;
mod shortcuts;
mod state;
mod theme;
mod views;
mod widgets;
mod workbench;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

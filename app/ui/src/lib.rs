//! Screens and widgets on egui alone: state, commands and painting, without a window.

pub mod command;
pub mod event;
pub mod open_tabs;
pub mod pin;
pub mod record_choice;
pub mod review;
pub mod settings;

pub use workbench::Workbench;

mod apply;
mod export;
mod format;
mod freeze;
mod icons;
mod line_box;
mod note;
mod palette;
mod screens;
mod sheet;
mod shell;
mod shortcuts;
mod sign_off;
mod state;
mod theme;
mod views;
mod widgets;
mod workbench;

#[cfg(test)]
#[expect(
    clippy::too_many_lines,
    reason = "they are tables of what an application would send"
)]
mod fixtures;
#[cfg(test)]
mod tests;

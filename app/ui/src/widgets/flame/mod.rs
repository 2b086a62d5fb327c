//! The flame graph: paints a layout as one mesh, and turns pointer and keys into commands.

mod geometry;
mod interact;
mod label;
mod motion;
mod paint;

use egui::{EventFilter, Id, Rect, Role, Sense, Ui, WidgetInfo};
use scrutineer_profiler::{
    capture::model::NONE,
    profile::{CallTree, Category, FlameLayout, Profile, Unit, diff_tree::DiffTree},
};

use crate::{format, views::FunctionSet};

pub(crate) use geometry::{Window, box_of, window_of};
pub(crate) use label::{short_name, shortened};
#[cfg(test)]
pub(crate) use paint::SHADES;

/// Height of a row.
const ROW_HEIGHT: f32 = 18.0;
/// Height of a row that is read across a room.
const LARGE_ROW_HEIGHT: f32 = 24.0;

/// The graphs that a screen can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// The stacks of the selection.
    Stacks,
    /// The stacks of a thread over time.
    Chart,
    /// Those who call the function of a sandwich: it lies at the bottom, they grow upwards.
    Callers,
    /// Those whom it calls.
    Callees,
    /// The evidence of a review.
    Review,
}

impl Part {
    /// Whether the root lies at the bottom.
    const fn is_flipped(self) -> bool {
        matches!(self, Self::Callers)
    }

    /// What AccessKit calls the graph.
    const fn name(self) -> &'static str {
        match self {
            Self::Stacks => "flame graph",
            Self::Chart => "stacks over time",
            Self::Callers => "callers",
            Self::Callees => "callees",
            Self::Review => "evidence",
        }
    }
}

/// What is painted.
#[derive(Clone, Copy)]
pub(crate) struct Flame<'a> {
    /// Which of the graphs on the screen it is.
    pub(crate) part: Part,
    /// Profile that the tree was built from.
    pub(crate) profile: &'a Profile,
    /// Call tree.
    pub(crate) tree: &'a CallTree,
    /// Layout in the order that is shown.
    pub(crate) layout: &'a FlameLayout,
    /// Part of the width that is shown.
    pub(crate) window: Window,
    /// Whether the way to the window is shown as a motion.
    pub(crate) moves: bool,
    /// Points that the rows are scrolled down by.
    pub(crate) scroll: f32,
    /// Selected node of the tree.
    pub(crate) selected: Option<u32>,
    /// Functions that match the search, by id.
    pub(crate) matches: Option<&'a FunctionSet>,
    /// What the layout counts.
    pub(crate) unit: Unit,
    /// What shares are of: the weight of the whole tree.
    pub(crate) whole: u64,
    /// Words of the root's box.
    pub(crate) title: &'a str,
    /// The comparison that the tree is of: frames are coloured by their change.
    pub(crate) compared: Option<&'a DiffTree>,
    /// `file:line` of a function, where known.
    pub(crate) place_of: &'a dyn Fn(u32) -> Option<&'a str>,
    /// Whether it is read across a room.
    pub(crate) is_large: bool,
}

/// What a person did to the graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FlameAction {
    /// Select a node, or nothing.
    Select(Option<u32>),
    /// Show a part of the width; with motion or at once.
    Show {
        /// The part.
        window: Window,
        /// Whether the way there is shown.
        moves: bool,
    },
    /// Scroll the rows.
    Scroll(f32),
    /// Open the menu of the frame that was selected just before.
    Menu(egui::Pos2),
}

impl Flame<'_> {
    /// Paints the graph and gathers what was done to it.
    pub(crate) fn show(&self, ui: &mut Ui, rect: Rect) -> Vec<FlameAction> {
        let id = canvas_id_of(self.part);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| {
            let words = format::quantity_words(self.unit, self.whole);
            let name = format!("{}, {}", self.part.name(), words.replace('\u{a0}', " "));
            WidgetInfo::labeled(Role::Canvas, true, name)
        });
        if response.clicked() {
            response.request_focus();
        }
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        let shown = motion::shown(ui.ctx(), self.part, self.window, self.moves);
        let place = geometry::Place {
            rect,
            shown,
            // A tree that is lower than the one that was scrolled is seen all the same.
            scroll: self.scroll.min(self.most_scroll(rect.height())),
            total: self.layout.total,
            is_flipped: self.part.is_flipped(),
            row_height: self.row_height(),
        };
        paint::graph(ui, self, &place);
        interact::all(ui, self, &place, &response)
    }

    fn row_height(&self) -> f32 {
        if self.is_large {
            LARGE_ROW_HEIGHT
        } else {
            ROW_HEIGHT
        }
    }

    /// How far the rows can be scrolled in a place of this height, points.
    pub(crate) fn most_scroll(&self, height: f32) -> f32 {
        let rows = self.layout.rows.len() as f32 * self.row_height();
        (rows - height + self.row_height()).max(0.0)
    }

    /// Scrolls to the row of the selected node, where it is not seen: a search and the arrow keys
    /// reach rows far below. It comes to rest in the lower part, under its callers.
    pub(crate) fn reveal_selected(&self, rect: Rect) -> Option<FlameAction> {
        let depth = *self.tree.depth.get(self.selected? as usize)?;
        let top = f32::from(depth) * self.row_height();
        let is_seen = top >= self.scroll && top + self.row_height() <= self.scroll + rect.height();
        let wanted = (top - rect.height() * 0.7).max(0.0);
        (!is_seen).then_some(FlameAction::Scroll(wanted))
    }

    /// Function of a node, where it has one.
    pub(crate) fn function(&self, node: u32) -> Option<u32> {
        function_of(self.tree, node)
    }

    /// Name of a node.
    pub(crate) fn name(&self, node: u32) -> &str {
        if node == 0 {
            self.title
        } else {
            node_name(self.profile, self.tree, node)
        }
    }

    /// Category of a node.
    pub(crate) fn category(&self, node: u32) -> Category {
        self.function(node)
            .and_then(|function| self.profile.functions.get(function as usize))
            .map_or(Category::Root, |function| function.category)
    }

    /// Whether a node's function was inlined into its caller.
    fn inlined(&self, node: u32) -> bool {
        self.tree
            .inlined
            .get(node as usize)
            .copied()
            .unwrap_or_default()
    }

    fn is_match(&self, node: u32) -> bool {
        self.matches.is_some_and(|matches| {
            self.function(node)
                .is_some_and(|function| matches.contains(function))
        })
    }
}

/// Id of the canvas: what has the keyboard when arrows walk the graph.
pub(crate) fn canvas_id() -> Id {
    canvas_id_of(Part::Stacks)
}

fn canvas_id_of(part: Part) -> Id {
    Id::unique(("flame canvas", part))
}

/// Function of a node, where it has one.
pub(crate) fn function_of(tree: &CallTree, node: u32) -> Option<u32> {
    tree.function
        .get(node as usize)
        .copied()
        .filter(|function| *function != NONE)
}

/// Name of a node: its function's, else its label.
pub(crate) fn node_name<'a>(profile: &'a Profile, tree: &'a CallTree, node: u32) -> &'a str {
    tree.name(profile, node)
}

/// The words for a category.
pub(crate) fn category_name(category: Category) -> &'static str {
    match category {
        Category::Own => "own code",
        Category::Dependency => "dependency",
        Category::Std => "standard library",
        Category::Kernel => "kernel",
        Category::Jit => "made at run time",
        Category::Root => "threads",
    }
}

//! The flame graph of a profile as the document's picture.

use scrutineer_checklists::document::{FlameBox, FlamePicture};
use scrutineer_profiler::{
    capture::model::NONE,
    profile::{CallTree, CallTreeOptions, Category, FlameLayout, FlameOrder, Profile, Selection},
};

/// Narrower boxes are left out and counted: they could not be seen on paper.
const LEAST_SHARE: f64 = 0.001;

/// Draws the whole capture; `None` without samples.
pub(crate) fn draw(profile: &Profile) -> Option<FlamePicture> {
    let tree = CallTree::build(profile, &Selection::default(), CallTreeOptions::default());
    if tree.is_empty() {
        return None;
    }
    let layout = FlameLayout::build(&tree, FlameOrder::Alphabetical);
    let total = layout.total as f64;
    let mut boxes = Vec::new();
    let mut hidden = 0;
    for (index, &node) in layout.node.iter().enumerate() {
        let width = layout.width[index] as f64 / total;
        if width < LEAST_SHARE {
            hidden += 1;
            continue;
        }
        boxes.push(FlameBox {
            depth: tree.depth[node as usize],
            x: layout.x[index] as f64 / total,
            width,
            name: tree.name(profile, node).to_owned(),
            category: category(profile, &tree, node).to_owned(),
            change: None,
        });
    }
    Some(FlamePicture {
        boxes,
        samples: layout.total,
        hidden,
    })
}

fn category(profile: &Profile, tree: &CallTree, node: u32) -> &'static str {
    let function = tree.function[node as usize];
    if function == NONE {
        return Category::Root.id();
    }
    profile.functions[function as usize].category.id()
}

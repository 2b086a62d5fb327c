//! Which functions touched the memory that grew.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_profiler::{memory::growth_sources::GrowthSources, profile::Weight};

use crate::{
    format,
    state::profile::Open,
    theme::{Theme, mono, regular, semibold},
    views::readings::Pictures,
    widgets::{
        bar::cut_top,
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Functions that are listed.
const MOST: usize = 8;

/// Shows where the growth came from, from the top of `room` down.
pub(super) fn show(ui: &Ui, rect: Rect, room: &mut Rect, open: &Open, pictures: &Pictures) {
    let theme = Theme::of(ui);
    let line = Rect::from_min_max(pos2(rect.left(), room.top()), rect.max);
    hline(ui, line, room.top(), theme.hairline());
    room.min.y += 12.0;
    let head = cut_top(room, 16.0);
    let title = "Explained growth of the resident set";
    text::label(ui, head, LEFT, title, &look(regular(12.0), theme.text_3));
    let sources = pictures
        .growth
        .as_ref()
        .filter(|_| open.profile().has(Weight::PageFaults));
    let Some(sources) = sources else {
        room.min.y += 4.0;
        let words = "Page faults were not recorded, so no function can be named. Switch them on where \
                     the recording is started, or use record --page-faults.";
        let place = text::wrapped(ui, *room, words, &look(regular(12.5), theme.text_2), 18.0);
        room.min.y = place.bottom() + 12.0;
        return;
    };
    share(ui, room, sources);
    for function in sources
        .functions
        .iter()
        .filter(|f| f.self_bytes > 0)
        .take(MOST)
    {
        let line = cut_top(room, 22.0);
        let value = format::bytes(function.self_bytes as f64);
        let value = text::label(ui, line, RIGHT, &value, &look(mono(12.0), theme.text));
        let free = line.with_max_x(value.left() - 8.0);
        text::label(
            ui,
            free,
            LEFT,
            &function.name,
            &look(mono(12.0), theme.text),
        );
    }
    for remark in sources.remarks.iter().take(2) {
        room.min.y += 6.0;
        let place = text::wrapped(ui, *room, remark, &look(regular(12.0), theme.text_3), 17.0);
        room.min.y = place.bottom();
    }
    room.min.y += 12.0;
}

fn share(ui: &Ui, room: &mut Rect, sources: &GrowthSources) {
    let theme = Theme::of(ui);
    let line = cut_top(room, 30.0);
    let grown = format::signed_short(sources.growth_bytes as f64 / format::MEBIBYTE);
    let (words, beside) = match sources.explained_share {
        Some(share) => (format::percent(share), format!("of {grown} MiB")),
        None => (format!("{grown} MiB"), "nothing grew".to_owned()),
    };
    let place = text::label(ui, line, LEFT, &words, &look(semibold(22.0), theme.text));
    let free = line
        .with_min_x(place.right() + 8.0)
        .translate(vec2(0.0, 2.0));
    text::label(ui, free, LEFT, &beside, &look(regular(12.5), theme.text_2));
    room.min.y += 4.0;
}

//! Colours, type and measures: the tokens that every widget paints with.

use std::sync::{Arc, LazyLock};

use egui::{Color32, FontData, FontDefinitions, FontFamily, FontId, Stroke};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::{capture::model::WaitClass, profile::Category};

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Ink and chip fill of an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutcomeInk {
    /// Text on any surface.
    pub(crate) ink: Color32,
    /// Painted marks; the same as the ink but where a brighter mark reads better.
    pub(crate) mark: Color32,
    /// Fill behind a chip.
    pub(crate) fill: Color32,
}

const fn ink(ink: u32, fill: u32) -> OutcomeInk {
    OutcomeInk {
        ink: rgb(ink),
        mark: rgb(ink),
        fill: rgb(fill),
    }
}

/// The tokens of one appearance.
#[derive(Debug)]
pub(crate) struct Theme {
    pub(crate) canvas: Color32,
    pub(crate) panel: Color32,
    pub(crate) raised: Color32,
    pub(crate) hover: Color32,
    pub(crate) track: Color32,
    pub(crate) selected: Color32,
    pub(crate) text: Color32,
    pub(crate) text_2: Color32,
    pub(crate) text_3: Color32,
    pub(crate) hairline: Color32,
    pub(crate) border: Color32,
    pub(crate) grid: Color32,
    pub(crate) accent: Color32,
    pub(crate) accent_fill: Color32,
    pub(crate) accent_border: Color32,
    pub(crate) on_accent: Color32,
    /// Share of the wash that covers what lies outside a time range.
    pub(crate) wash: f32,
    pub(crate) running: Color32,
    pub(crate) rss: Color32,
    pub(crate) pss: Color32,
    pub(crate) heap: Color32,
    pub(crate) on_frame: Color32,
    waits: [Color32; 9],
    outcomes: [OutcomeInk; 7],
    categories: [Color32; 6],
    inlined: Color32,
    /// More, the same, less: the ramp of a comparison.
    ramp: [Color32; 7],
    /// Numbers that are more, and less.
    pub(crate) more: Color32,
    pub(crate) less: Color32,
}

/// The step of the ramp that says "the same"; those before it say more, those behind it less.
pub(crate) const SAME: usize = 3;

/// Dark.
pub(crate) static DARK: Theme = Theme {
    canvas: rgb(0x0D_0F13),
    panel: rgb(0x13_161B),
    raised: rgb(0x19_1D24),
    hover: rgb(0x21_2731),
    track: rgb(0x2B_333F),
    selected: rgb(0x24_2845),
    text: rgb(0xE8_EBF0),
    text_2: rgb(0xAE_B6C2),
    text_3: rgb(0x8D_97A6),
    hairline: rgb(0x23_2933),
    border: rgb(0x38_414E),
    grid: rgb(0x1C_2129),
    accent: rgb(0x8E_96FF),
    accent_fill: rgb(0x23_264A),
    accent_border: rgb(0x4A_4F9E),
    on_accent: rgb(0x0D_0F13),
    wash: 0.62,
    running: rgb(0x54_AE8F),
    rss: rgb(0x7F_A9E8),
    pss: rgb(0x9F_8BE0),
    heap: rgb(0xE2_A85E),
    on_frame: rgb(0x0D_0F13),
    waits: [
        rgb(0x8D_97A6),
        rgb(0xD4_718A),
        rgb(0x6C_90D8),
        rgb(0x9F_8BE0),
        rgb(0x3A_4350),
        rgb(0xE2_A85E),
        rgb(0xD6_B44E),
        rgb(0x62_B3A0),
        rgb(0xF0_705A),
    ],
    outcomes: [
        ink(0xF0_705A, 0x3A_1F1C),
        ink(0xE3_A83B, 0x35_2A14),
        ink(0x45_B892, 0x14_302A),
        ink(0x67_B3E6, 0x16_2C3C),
        ink(0xAE_95E0, 0x2A_2440),
        ink(0xDE_8FC0, 0x3A_2234),
        ink(0x8A_93A1, 0x23_2933),
    ],
    categories: [
        rgb(0xDD_9A5E),
        rgb(0x66_99BF),
        rgb(0x87_A08A),
        rgb(0xA7_8BC0),
        rgb(0x62_B3A0),
        rgb(0x3A_4350),
    ],
    inlined: rgb(0xB9_9774),
    ramp: [
        rgb(0xEE_7360),
        rgb(0xA8_4B40),
        rgb(0x74_504D),
        rgb(0x4A_525E),
        rgb(0x43_5A7B),
        rgb(0x3B_67A6),
        rgb(0x6F_A4F0),
    ],
    more: rgb(0xEE_7360),
    less: rgb(0x6F_A4F0),
};

/// Light.
pub(crate) static LIGHT: Theme = Theme {
    canvas: rgb(0xF4_F5F7),
    panel: rgb(0xFF_FFFF),
    raised: rgb(0xF8_F9FB),
    hover: rgb(0xEE_F0F4),
    track: rgb(0xE2_E6EC),
    selected: rgb(0xE9_EAFD),
    text: rgb(0x17_1A20),
    text_2: rgb(0x4A_5361),
    text_3: rgb(0x5E_6775),
    hairline: rgb(0xE3_E6EB),
    border: rgb(0xC5_CBD5),
    grid: rgb(0xED_EFF3),
    accent: rgb(0x4B_50C8),
    accent_fill: rgb(0xE9_EAFD),
    accent_border: rgb(0xB5_B9F2),
    on_accent: rgb(0xFF_FFFF),
    wash: 0.66,
    running: rgb(0x3E_9E7E),
    rss: rgb(0x2B_61B5),
    pss: rgb(0x6A_4FBE),
    heap: rgb(0x8F_5609),
    on_frame: rgb(0x17_1A20),
    waits: [
        rgb(0x8D_97A6),
        rgb(0xCF_5C7A),
        rgb(0x5B_80D0),
        rgb(0x6A_4FBE),
        rgb(0xC5_CBD5),
        rgb(0x8F_5609),
        rgb(0xD9_AE2F),
        rgb(0x3E_9E7E),
        rgb(0xB9_3721),
    ],
    outcomes: [
        ink(0xB9_3721, 0xFC_E7E2),
        OutcomeInk {
            ink: rgb(0x8F_5F00),
            mark: rgb(0xC2_7C00),
            fill: rgb(0xFB_F0D9),
        },
        ink(0x12_775A, 0xE1_F4ED),
        ink(0x1B_6CA8, 0xE1_F0FA),
        ink(0x6B_4FB3, 0xEE_E9FA),
        ink(0xA1_3A7F, 0xFA_E6F2),
        ink(0x5F_6875, 0xEC_EEF2),
    ],
    categories: [
        rgb(0xF0_B27C),
        rgb(0x93_BEDD),
        rgb(0xB2_C6B2),
        rgb(0xCB_B4DF),
        rgb(0x8F_D0BF),
        rgb(0xD3_D8E0),
    ],
    inlined: rgb(0xDE_C3A5),
    ramp: [
        rgb(0xE9_806F),
        rgb(0xF0_A99D),
        rgb(0xF3_CFC8),
        rgb(0xDD_E1E7),
        rgb(0xC9_DAF0),
        rgb(0xA5_C4EC),
        rgb(0x78_A8E6),
    ],
    more: rgb(0xB9_3721),
    less: rgb(0x1F_5DB4),
};

impl Theme {
    /// The tokens of the appearance that a [`egui::Ui`] is painted in.
    pub(crate) fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode {
            &DARK
        } else {
            &LIGHT
        }
    }

    /// Ink and fill of an outcome.
    pub(crate) fn outcome(&self, outcome: Outcome) -> OutcomeInk {
        self.outcomes[outcome as usize]
    }

    /// Fill of a frame.
    pub(crate) fn frame(&self, category: Category, inlined: bool) -> Color32 {
        if inlined && category == Category::Own {
            self.inlined
        } else {
            self.category(category)
        }
    }

    /// The colour of a class of waits: the thread states' own, sleep a shade above "asleep" so that
    /// its bars are seen.
    pub(crate) fn wait(&self, class: WaitClass) -> Color32 {
        self.waits[class as usize]
    }

    /// Fill of a category.
    pub(crate) fn category(&self, category: Category) -> Color32 {
        self.categories[category as usize]
    }

    /// Ink on a frame of a category.
    pub(crate) fn frame_text(&self, category: Category) -> Color32 {
        if category == Category::Root {
            self.text
        } else {
            self.on_frame
        }
    }

    /// Fill and ink of a frame at a step of the ramp, 0 (much more) to 6 (much less).
    pub(crate) fn compared(&self, step: usize) -> (Color32, Color32) {
        let step = step.min(self.ramp.len() - 1);
        let is_end = step == 0 || step + 1 == self.ramp.len();
        let ink = if is_end { self.on_frame } else { self.text };
        (self.ramp[step], ink)
    }

    /// The line between rows and panes.
    pub(crate) fn hairline(&self) -> Stroke {
        Stroke::new(1.0, self.hairline)
    }

    /// The line around controls.
    pub(crate) fn border(&self) -> Stroke {
        Stroke::new(1.0, self.border)
    }
}

/// Lays `top` over `below` with an opacity.
pub(crate) fn blend(below: Color32, top: Color32, opacity: f32) -> Color32 {
    below.lerp_to_gamma(top, opacity)
}

/// Radius of tags.
pub(crate) const RADIUS_TAG: f32 = 4.0;
/// Radius of controls.
pub(crate) const RADIUS_CONTROL: f32 = 6.0;
/// Radius of panels.
pub(crate) const RADIUS_PANEL: f32 = 8.0;
/// Height of controls.
pub(crate) const CONTROL: f32 = 28.0;
/// Height of small controls.
pub(crate) const CONTROL_SMALL: f32 = 24.0;
/// Height of table rows.
pub(crate) const ROW: f32 = 28.0;

static MEDIUM: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("medium".into()));
static SEMIBOLD: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("semibold".into()));
static MONO_BOLD: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("mono-bold".into()));
static ICONS: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("icons".into()));
static ICONS_FILL: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("icons-fill".into()));

/// Inter 400.
pub(crate) fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Inter 500.
pub(crate) fn medium(size: f32) -> FontId {
    FontId::new(size, MEDIUM.clone())
}

/// Inter 600.
pub(crate) fn semibold(size: f32) -> FontId {
    FontId::new(size, SEMIBOLD.clone())
}

/// JetBrains Mono 400.
pub(crate) fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// JetBrains Mono 600.
pub(crate) fn mono_bold(size: f32) -> FontId {
    FontId::new(size, MONO_BOLD.clone())
}

/// Phosphor regular.
pub(crate) fn icons(size: f32) -> FontId {
    FontId::new(size, ICONS.clone())
}

/// Phosphor fill.
pub(crate) fn icons_fill(size: f32) -> FontId {
    FontId::new(size, ICONS_FILL.clone())
}

macro_rules! font {
    ($file:literal) => {
        Arc::new(FontData::from_static(include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../assets/fonts/",
            $file
        ))))
    };
}

/// A font without its table of substitutions: code shows `::` and `!=` as they are written, and
/// all characters keep one width.
fn without_ligatures(font: &Arc<FontData>) -> Arc<FontData> {
    let mut bytes = font.font.as_ref().as_ref().to_vec();
    let tables = bytes.get(4..6).map_or(0, |count| {
        usize::from(u16::from_be_bytes([count[0], count[1]]))
    });
    for table in bytes
        .get_mut(12..)
        .into_iter()
        .flat_map(|free| free.chunks_exact_mut(16))
        .take(tables)
    {
        if table.starts_with(b"GSUB") {
            // No reader knows this name; it keeps the directory in its order.
            table[3] = b'A';
        }
    }
    Arc::new(FontData::from_owned(bytes))
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let fallback = fonts.families[&FontFamily::Proportional].clone();
    let own = [
        ("inter", font!("Inter-Regular.otf")),
        ("inter-medium", font!("Inter-Medium.otf")),
        ("inter-semibold", font!("Inter-SemiBold.otf")),
        (
            "mono",
            without_ligatures(&font!("JetBrainsMono-Regular.ttf")),
        ),
        (
            "mono-bold",
            without_ligatures(&font!("JetBrainsMono-SemiBold.ttf")),
        ),
        ("phosphor", font!("Phosphor.ttf")),
        ("phosphor-fill", font!("Phosphor-Fill.ttf")),
    ];
    for (name, data) in own {
        fonts.font_data.insert(name.to_owned(), data);
    }
    let mut family = |family: FontFamily, first: &[&str]| {
        let names = first.iter().map(|name| (*name).to_owned());
        fonts
            .families
            .insert(family, names.chain(fallback.iter().cloned()).collect());
    };
    family(FontFamily::Proportional, &["inter"]);
    family(MEDIUM.clone(), &["inter-medium"]);
    family(SEMIBOLD.clone(), &["inter-semibold"]);
    family(FontFamily::Monospace, &["mono", "inter"]);
    family(MONO_BOLD.clone(), &["mono-bold", "inter-semibold"]);
    family(ICONS.clone(), &["phosphor"]);
    family(ICONS_FILL.clone(), &["phosphor-fill"]);
    fonts
}

/// Installs fonts, styles of both appearances and the waits of tooltips.
pub(crate) fn install(context: &egui::Context) {
    context.set_fonts(fonts());
    for (theme, tokens) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        context.style_mut_of(theme, |style| dress(style, tokens));
    }
    context.options_mut(|options| options.zoom_with_keyboard = false);
}

fn dress(style: &mut egui::Style, tokens: &Theme) {
    style.interaction.tooltip_delay = 0.08;
    style.interaction.show_tooltips_only_when_still = false;
    style.interaction.selectable_labels = false;
    style.spacing.scroll.floating = true;
    style.spacing.item_spacing = egui::vec2(8.0, 4.0);
    for (text_style, font) in [
        (egui::TextStyle::Body, regular(13.0)),
        (egui::TextStyle::Button, medium(13.0)),
        (egui::TextStyle::Heading, semibold(17.0)),
        (egui::TextStyle::Small, regular(11.0)),
        (egui::TextStyle::Monospace, mono(12.0)),
    ] {
        style.text_styles.insert(text_style, font);
    }
    let visuals = &mut style.visuals;
    visuals.panel_fill = tokens.canvas;
    visuals.window_fill = tokens.raised;
    visuals.window_stroke = tokens.border();
    visuals.window_corner_radius = egui::CornerRadius::same(RADIUS_PANEL as u8);
    visuals.extreme_bg_color = tokens.canvas;
    visuals.override_text_color = Some(tokens.text);
    visuals.weak_text_color = Some(tokens.text_3);
    visuals.selection.bg_fill = tokens.accent_border;
    visuals.selection.stroke = Stroke::new(1.5, tokens.accent);
    visuals.hyperlink_color = tokens.accent;
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(1.5, tokens.accent);
    if visuals.dark_mode {
        // Egui's own curve makes light text bolder than its weight, and dark text on frames more so.
        visuals.text_options.color_transfer_function =
            egui::epaint::FontColorTransferFunction::Gamma(0.7);
    }
    visuals.menu_corner_radius = egui::CornerRadius::same(RADIUS_CONTROL as u8);
    style.spacing.menu_margin = egui::Margin::same(8);
    let visuals = &mut style.visuals;
    visuals.popup_shadow = egui::Shadow::NONE;
    visuals.window_shadow = egui::Shadow::NONE;
    // Rows keep their identity when a list is sorted anew; their places change hands on purpose.
    #[cfg(debug_assertions)]
    {
        style.debug.warn_if_rect_changes_id = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color32) -> f64 {
        let linear = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn assert_readable(what: &str, ink: Color32, on: Color32) {
        let ratio = contrast(ink, on);
        assert!(ratio >= 4.5, "{what}: {ratio:.2} to 1, {ink:?} on {on:?}");
    }

    #[test]
    fn every_ink_can_be_read_on_every_surface() {
        for theme in [&DARK, &LIGHT] {
            let surfaces = [
                theme.canvas,
                theme.panel,
                theme.raised,
                theme.hover,
                theme.selected,
            ];
            for on in surfaces {
                for ink in [theme.text, theme.text_2, theme.text_3, theme.accent] {
                    assert_readable("text", ink, on);
                }
                for outcome in Outcome::ALL {
                    assert_readable(outcome.label(), theme.outcome(outcome).ink, on);
                }
            }
            assert_readable("primary button", theme.on_accent, theme.accent);
            for outcome in Outcome::ALL {
                let ink = theme.outcome(outcome);
                assert_readable(outcome.label(), ink.ink, ink.fill);
            }
        }
    }

    #[test]
    fn code_has_no_ligatures() {
        let font = font!("JetBrainsMono-Regular.ttf");
        let directory = |font: &FontData| font.font.as_ref().as_ref()[12..12 + 16 * 30].to_vec();
        let has = |bytes: Vec<u8>| bytes.chunks(16).any(|table| table.starts_with(b"GSUB"));
        assert!(has(directory(&font)));
        assert!(!has(directory(&without_ligatures(&font))));
    }

    #[test]
    fn labels_and_changes_of_a_comparison_can_be_read() {
        for theme in [&DARK, &LIGHT] {
            for step in 0..7 {
                let (fill, ink) = theme.compared(step);
                assert_readable("compared frame", ink, fill);
            }
            for on in [theme.canvas, theme.panel, theme.hover, theme.selected] {
                assert_readable("more", theme.more, on);
                assert_readable("less", theme.less, on);
            }
        }
    }

    #[test]
    fn labels_can_be_read_on_every_frame_and_shade() {
        use Category::{Dependency, Jit, Kernel, Own, Root, Std};
        for theme in [&DARK, &LIGHT] {
            for category in [Own, Dependency, Std, Kernel, Jit, Root] {
                for inlined in [false, true] {
                    for shade in crate::widgets::flame::SHADES {
                        let fill = blend(theme.canvas, theme.frame(category, inlined), shade);
                        assert_readable("frame", theme.frame_text(category), fill);
                    }
                }
            }
        }
    }
}

//! Colours, each with its form on a dark background.

/// Colours of methods in the order of their use.
///
/// Okabe and Ito's blue, vermilion and green come first; the others differ from them in lightness too, for colour-blind readers. Each
/// has a contrast of at least 3 to both backgrounds.
pub const PALETTE: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#b5508f", "#2a97d4", "#332288", "#7a4a1e", "#222222",
];

/// Colours of controls, which recede behind the methods they are compared with.
pub(crate) const CONTROL_PALETTE: [&str; 2] = ["#6b7280", "#4b5563"];

/// The background.
pub const PAPER: &str = "#ffffff";
/// Text and strong lines.
pub const INK: &str = "#1f2328";
/// Labels of ticks and captions.
pub const FAINT: &str = "#59636e";
/// Lines of a grid.
pub const GRID: &str = "#e3e6ea";
/// Outlines of boxes.
pub const OUTLINE: &str = "#b6bec8";
/// A thing that is pointed out, such as an edge that is a formula.
pub const ACCENT: &str = "#cf222e";

/// Colours of a scale from low over middle to high.
const RAMP: [&str; 9] = [
    "#0072b2", "#3085b4", "#5f98b7", "#8fabba", "#bebebe", "#c4a68f", "#ca8e5f", "#cf7630", "#d55e00",
];

/// Light and dark forms. Every colour of a drawing is one of the light ones.
const FORMS: [[&str; 2]; 23] = [
    ["#0072b2", "#4ea8de"],
    ["#d55e00", "#ff8a3d"],
    ["#009e73", "#2fc79a"],
    ["#b5508f", "#e08cc4"],
    ["#2a97d4", "#9ad4ff"],
    ["#332288", "#8b7bea"],
    ["#7a4a1e", "#c9a27a"],
    ["#222222", "#eceff3"],
    ["#6b7280", "#8d96a3"],
    ["#4b5563", "#b4bcc8"],
    [PAPER, "#161b22"],
    [INK, "#e6edf3"],
    [FAINT, "#9aa4af"],
    [GRID, "#2b323b"],
    [OUTLINE, "#4a535e"],
    [ACCENT, "#ff6b6b"],
    ["#3085b4", "#569ac3"],
    ["#5f98b7", "#5e8ca8"],
    ["#8fabba", "#667f8f"],
    ["#bebebe", "#6e7681"],
    ["#c4a68f", "#927b70"],
    ["#ca8e5f", "#b6805f"],
    ["#cf7630", "#db854e"],
];

/// The colour of a number; colours repeat after the last.
pub fn colour(number: usize) -> &'static str {
    PALETTE[number % PALETTE.len()]
}

/// The colour of a share from 0 to 1 on a scale from blue over grey to vermilion, for heat maps and coloured curves.
///
/// ```
/// assert_eq!([0.0, 0.5, 1.0].map(secateurs_chart::ramp), ["#0072b2", "#bebebe", "#d55e00"]);
/// ```
pub fn ramp(share: f64) -> &'static str {
    let last = RAMP.len() - 1;
    RAMP[(share.clamp(0.0, 1.0) * last as f64).round() as usize]
}

/// The style sheet that turns light forms into dark ones for readers who prefer dark pages.
///
/// Drawings carry their light colours as attributes, which every reader of SVG understands; a rule for each colour that `drawing`
/// holds selects by that attribute. Rules apply inside drawings only, because a page may hold several.
pub(crate) fn dark_style(drawing: &str) -> String {
    let used = FORMS.iter().filter(|[light, _]| drawing.contains(light));
    let rules = used.map(|[light, dark]| {
        format!(".chart [fill=\"{light}\"]{{fill:{dark}}}.chart [stroke=\"{light}\"]{{stroke:{dark}}}")
    });
    let rules: String = rules.collect();
    let [_, paper] = FORMS[10];
    format!("@media screen and (prefers-color-scheme:dark){{:root.chart{{background:{paper}}}{rules}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let share = f64::from(value) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn dark(light: &str) -> &'static str {
        FORMS.iter().find(|form| form[0] == light).expect("it has a dark form")[1]
    }

    #[test]
    fn lines_and_text_stand_out_from_both_backgrounds() {
        let lines = PALETTE.iter().chain(&CONTROL_PALETTE).chain(&[ACCENT]);
        let lines = lines.map(|colour| (*colour, 3.0));
        for (colour, least) in lines.chain([(INK, 4.5), (FAINT, 4.5)]) {
            assert!(contrast(colour, PAPER) >= least, "{colour} on light");
            assert!(contrast(dark(colour), dark(PAPER)) >= least, "{colour} on dark");
        }
    }

    #[test]
    fn every_colour_has_one_dark_form() {
        let all = PALETTE.iter().chain(&CONTROL_PALETTE).chain(&RAMP);
        for colour in all.chain(&[PAPER, INK, FAINT, GRID, OUTLINE, ACCENT]) {
            assert_eq!(FORMS.iter().filter(|form| form[0] == *colour).count(), 1, "{colour}");
        }
        assert_eq!(FORMS[10][0], PAPER);
    }

    #[test]
    fn only_used_colours_have_rules() {
        let style = dark_style("<path stroke=\"#0072b2\"/>");
        assert!(style.contains(".chart [stroke=\"#0072b2\"]{stroke:#4ea8de}") && !style.contains("#d55e00"));
    }
}

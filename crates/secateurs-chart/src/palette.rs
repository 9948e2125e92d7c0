//! Colours.

/// Okabe and Ito's colours, which stay distinct for colour-blind readers, without the yellow that fades on white.
pub const PALETTE: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222",
];

/// Colours of controls, which recede behind the methods they are compared with.
pub(crate) const CONTROL_PALETTE: [&str; 3] = ["#6b7280", "#8b929c", "#4b5563"];

/// The background.
pub const PAPER: &str = "#ffffff";
/// Text and strong lines.
pub const INK: &str = "#1f2328";
/// Labels of ticks and captions.
pub const FAINT: &str = "#59636e";
/// Lines of a grid.
pub const GRID: &str = "#e3e6ea";

/// The colour of a number; colours repeat after the last.
pub fn colour(number: usize) -> &'static str {
    PALETTE[number % PALETTE.len()]
}

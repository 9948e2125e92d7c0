//! Points of a drawing.

/// A point of a drawing, in its own units: `x` grows to the right, `y` downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place {
    /// Distance from the left edge.
    pub x: f64,
    /// Distance from the upper edge.
    pub y: f64,
}

impl Place {
    /// A point at these distances from the left and the upper edge.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

/// The data of an SVG path of straight lines through points.
///
/// ```
/// use secateurs_chart::{Place, draw_polyline};
///
/// assert_eq!(draw_polyline([Place::new(1.0, 2.0), Place::new(3.0, 4.5)]), "M1.0 2.0L3.0 4.5");
/// ```
pub fn draw_polyline(points: impl IntoIterator<Item = Place>) -> String {
    let corners: Vec<String> = points
        .into_iter()
        .map(|place| format!("{:.1} {:.1}", place.x, place.y))
        .collect();
    format!("M{}", corners.join("L"))
}

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

    fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// The edges of a part of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Upper edge.
    pub top: f64,
    /// Lower edge, which is the larger number.
    pub bottom: f64,
}

/// The data of an SVG path of straight lines through points, with gaps where a point is not finite.
///
/// ```
/// use secateurs_chart::{Place, draw_polyline};
///
/// assert_eq!(draw_polyline([Place::new(1.0, 2.0), Place::new(3.0, 4.5)]), "M1.0 2.0L3.0 4.5");
/// ```
pub fn draw_polyline(points: impl IntoIterator<Item = Place>) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    for place in points {
        if place.is_finite() {
            path.push_str(&format!("{pen}{:.1} {:.1}", place.x, place.y));
            pen = 'L';
        } else {
            pen = 'M';
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_are_not_finite_are_gaps() {
        let xs = [0.0, 1.0, f64::NAN, 3.0, 4.0];
        assert_eq!(
            draw_polyline(xs.map(|x| Place::new(x, x))),
            "M0.0 0.0L1.0 1.0M3.0 3.0L4.0 4.0"
        );
        assert_eq!(draw_polyline([]), "");
    }
}

//! Axes, which turn numbers into positions.

use crate::ticks::{linear_ticks, log_ticks};

/// The spacing of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart; numbers that are not positive cannot be shown.
    Log,
}

/// Differences of greater numbers may be infinite.
const MOST_VALUE: f64 = 1e150;

impl Scale {
    /// Whether the axis can show the number.
    pub fn shows(self, value: f64) -> bool {
        value.abs() < MOST_VALUE && (self == Self::Linear || value > 0.0)
    }

    /// The number on which positions are linear.
    pub(crate) fn warp(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}

/// Shares of the data's extent that an axis leaves free at its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// Share below the least number.
    pub low: f64,
    /// Share above the greatest number.
    pub high: f64,
}

impl Room {
    /// Equal shares at both ends.
    pub fn even(share: f64) -> Self {
        Self {
            low: share,
            high: share,
        }
    }
}

/// An axis that covers its data with some room at both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

/// Share of the methods' extent by which controls may stretch an axis.
const STRETCH: f64 = 0.25;

/// Extents below this share of the numbers are rounding errors.
const LEAST_SHARE: f64 = 1e-12;

/// Least and greatest number, once warped.
#[derive(Clone, Copy)]
struct Extent {
    low: f64,
    high: f64,
}

impl Extent {
    /// Extent of the values that the scale shows; `None` if there are none.
    fn of(scale: Scale, values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let shown = values.into_iter().filter(|value| scale.shows(*value));
        shown
            .map(|value| scale.warp(value))
            .fold(None, |extent, value| match extent {
                None => Some(Self {
                    low: value,
                    high: value,
                }),
                Some(Self { low, high }) => Some(Self {
                    low: low.min(value),
                    high: high.max(value),
                }),
            })
    }

    /// Widens the extent by what `other` reaches beyond it, up to a quarter.
    fn stretch_to(self, other: Self) -> Self {
        let reach = (self.high - self.low) * STRETCH;
        Self {
            low: self.low.min(other.low.max(self.low - reach)),
            high: self.high.max(other.high.min(self.high + reach)),
        }
    }

    fn with_room(self, scale: Scale, room: Room) -> Self {
        let Self { low, high } = self;
        let least = match scale {
            Scale::Linear => LEAST_SHARE * low.abs().max(high.abs()),
            // Differences of logarithms are shares already.
            Scale::Log => LEAST_SHARE,
        };
        if high - low > least {
            let extent = high - low;
            return Self {
                low: low - extent * room.low,
                high: high + extent * room.high,
            };
        }
        // A single value needs an extent of its own.
        let room = 0.5 * high.abs().max(0.2);
        Self {
            low: low - room,
            high: high + room,
        }
    }
}

impl Axis {
    /// Covers `values`; numbers that the scale cannot show are ignored, and without any the axis goes from 0 to 1.
    pub fn covering(scale: Scale, values: impl IntoIterator<Item = f64>, room: Room) -> Self {
        Self::over(scale, Extent::of(scale, values), room)
    }

    /// Reaches on to `others` as far as they lie within a quarter of the extent of `values` beyond those.
    ///
    /// A control that is worse by orders of magnitude must not press the methods into one line.
    pub fn stretch(scale: Scale, values: impl IntoIterator<Item = f64>, others: impl IntoIterator<Item = f64>) -> Self {
        let (own, other) = (Extent::of(scale, values), Extent::of(scale, others));
        let extent = match (own, other) {
            (Some(own), Some(other)) => Some(own.stretch_to(other)),
            (own, other) => own.or(other),
        };
        Self::over(scale, extent, Room::even(0.06))
    }

    fn over(scale: Scale, extent: Option<Extent>, room: Room) -> Self {
        let extent = extent.unwrap_or(Extent { low: 0.0, high: 1.0 });
        let Extent { low, high } = extent.with_room(scale, room);
        Self {
            scale,
            low,
            high,
            start: 0.0,
            end: 1.0,
        }
    }

    /// Places the least number at `start` of the drawing and the greatest at `end`; a vertical axis starts at the bottom, where `y`
    /// is larger. An axis that was not placed goes from 0 to 1.
    pub fn between(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// The spacing of the axis.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Whether the axis can show the number and reaches it.
    pub fn contains(&self, value: f64) -> bool {
        self.scale.shows(value) && (self.low..=self.high).contains(&self.scale.warp(value))
    }

    /// Position of a number; beyond the ends if it is outside the axis.
    pub fn position(&self, value: f64) -> f64 {
        let share = (self.scale.warp(value) - self.low) / (self.high - self.low);
        self.start + share * (self.end - self.start)
    }

    /// Whether the number lies before the least one of the axis.
    pub(crate) fn is_below(&self, value: f64) -> bool {
        self.scale.shows(value) && self.scale.warp(value) < self.low
    }

    /// The end that is nearer to a position.
    pub(crate) fn nearest_end(&self, position: f64) -> f64 {
        let is_nearer_start = (position - self.start).abs() < (position - self.end).abs();
        if is_nearer_start { self.start } else { self.end }
    }

    /// Round numbers inside the axis, between two and eleven of them, ascending.
    pub fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high),
            Scale::Log => log_ticks(self.low, self.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { low: 0.06, high: 0.06 };

    #[test]
    fn log_axis_spaces_equal_ratios_equally() {
        let axis = Axis::covering(Scale::Log, [1.0, 100.0], ROOM).between(0.0, 112.0);
        let gap = axis.position(10.0) - axis.position(1.0);
        assert!((axis.position(100.0) - axis.position(10.0) - gap).abs() < 1e-9);
        assert!((axis.position(1.0) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn others_stretch_the_axis_by_a_quarter_at_most() {
        let axis = Axis::stretch(Scale::Log, [1.0, 1e4], [1e9]);
        assert!(axis.contains(9e4) && !axis.contains(1e6));
        let axis = Axis::stretch(Scale::Log, [1.0, 1e4], [2e4]);
        assert!(axis.contains(2e4) && !axis.contains(1e5));
        let axis = Axis::stretch(Scale::Log, [], [1.0, 1e9]);
        assert!(axis.contains(1e9));
    }

    #[test]
    fn rooms_are_shares_of_the_extent() {
        let axis = Axis::covering(Scale::Linear, [0.0, 10.0], Room { low: 0.5, high: 0.1 });
        assert!(axis.contains(-5.0) && !axis.contains(-5.1) && axis.contains(11.0) && !axis.contains(11.1));
    }

    #[test]
    fn tiny_numbers_have_an_axis_of_their_size() {
        let axis = Axis::covering(Scale::Linear, [1e-20, 3e-20], ROOM);
        assert!((axis.position(2e-20) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn no_data_and_one_value_still_make_an_axis() {
        for values in [vec![], vec![3.0], vec![0.0], vec![f64::NAN], vec![1e-300; 2]] {
            let axis = Axis::covering(Scale::Linear, values, ROOM);
            assert!(axis.position(3.0).is_finite() && !axis.ticks().is_empty());
        }
    }
}

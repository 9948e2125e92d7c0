//! Places in a row that do not touch.

/// Left end and width of a row.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Left end.
    pub left: f64,
    /// Width.
    pub width: f64,
}

/// Places in the given order, at least `step` away from each other and inside the span, with the least squared distance from
/// those wanted: a monotone regression of `wanted[k] - k * step`.
///
/// ```
/// use secateurs_chart::{Span, spread_apart};
///
/// assert_eq!(spread_apart(&[100.0, 110.0, 300.0], 60.0, Span { left: 23.0, width: 454.0 }), [75.0, 135.0, 300.0]);
/// ```
pub fn spread_apart(wanted: &[f64], step: f64, span: Span) -> Vec<f64> {
    let mut groups: Vec<(f64, usize)> = Vec::new(); // (sum, count)
    for (at, wanted) in wanted.iter().enumerate() {
        let mut last = (wanted - at as f64 * step, 1);
        while let Some(&before) = groups.last() {
            if before.0 / (before.1 as f64) <= last.0 / last.1 as f64 {
                break;
            }
            groups.pop();
            last = (before.0 + last.0, before.1 + last.1);
        }
        groups.push(last);
    }
    let room = wanted.len().saturating_sub(1) as f64 * step;
    let (first, last) = (span.left, span.left + span.width - room);
    let means = groups
        .iter()
        .flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    means
        .enumerate()
        .map(|(at, mean)| mean.min(last).max(first) + at as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Middles of boxes of 46 in 500.
    const SPAN: Span = Span {
        left: 23.0,
        width: 454.0,
    };

    #[test]
    fn boxes_stand_where_they_are_wanted_unless_they_would_touch() {
        let places = spread_apart(&[100.0, 110.0, 300.0], 60.0, SPAN);
        assert_eq!(places, [75.0, 135.0, 300.0]);
        let places = spread_apart(&[10.0, 10.0, 490.0], 60.0, SPAN);
        assert_eq!(places, [23.0, 83.0, 477.0]);
    }
}

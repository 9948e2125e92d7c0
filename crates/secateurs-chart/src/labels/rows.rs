//! Labels above places along an axis, in as many rows as they need.

/// A label that is wanted around a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RowItem {
    /// Middle.
    pub(crate) x: f64,
    pub(crate) width: f64,
    /// Number of its row; the lowest is 0.
    pub(crate) row: usize,
}

const GAP: f64 = 8.0;

/// Moves items of those middles and widths inside the edges, and each to the lowest row where it touches no other.
pub(crate) fn place_in_rows(wanted: &[RowItem], left: f64, right: f64) -> Vec<RowItem> {
    let mut placed: Vec<RowItem> = Vec::new();
    for item in wanted {
        let half = item.width / 2.0;
        let x = item.x.min(right - half).max(left + half);
        let is_free = |row: &usize| {
            let mut beside = placed.iter().filter(|other| other.row == *row);
            beside.all(|other| (other.x - x).abs() >= half + other.width / 2.0 + GAP)
        };
        let row = (0..placed.len()).find(is_free).unwrap_or(placed.len());
        placed.push(RowItem { x, row, ..*item });
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_touch_and_none_leaves(items in prop::collection::vec((-50.0..600.0f64, 5.0..300.0f64), 0..20)) {
            let items: Vec<RowItem> = items.iter().map(|(x, width)| RowItem { x: *x, width: *width, row: 0 }).collect();
            let placed = place_in_rows(&items, 100.0, 500.0);
            for (at, item) in placed.iter().enumerate() {
                prop_assert!(item.x - item.width / 2.0 >= 100.0 - 1e-9 && item.x + item.width / 2.0 <= 500.0 + 1e-9);
                for other in placed[..at].iter().filter(|other| other.row == item.row) {
                    prop_assert!((other.x - item.x).abs() >= (other.width + item.width) / 2.0);
                }
            }
        }
    }
}

//! The range of most values of a column, without outliers.

/// Distance of an outlier from the other values, as a multiple of their range. No ratio of small whole numbers, so that
/// columns of whole numbers are not decided by rounding.
const GAP: f64 = 2.236_067_977_499_79;

/// Share of the values that a range may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// A quarter at most at either end, such as a code for missing values.
    Half,
    /// One in twenty at most at either end.
    Nearly,
}

impl Coverage {
    /// Shares of the middle values to start from; the first one with more than one distinct value is taken.
    fn shares(self) -> &'static [f64] {
        match self {
            Self::Half => &[0.5, 0.8, 0.9, 0.98, 0.998],
            Self::Nearly => &[0.9, 0.98, 0.998],
        }
    }
}

/// Least and greatest of the sorted values without outliers; there must be a value.
///
/// From the range of the middle values on, the next value on either side belongs to it as long as it is not further away than
/// [`GAP`] times the range so far. Moves and stretches with the values.
pub(crate) fn bulk(sorted: &[f64], coverage: Coverage) -> [f64; 2] {
    let last = sorted.len() - 1;
    let middle = |share: &f64| {
        let low = ((1.0 - share) / 2.0 * last as f64) as usize;
        (low, last - low)
    };
    let mut starts = coverage.shares().iter().map(middle);
    let start = starts.find(|(low, high)| sorted[*low] < sorted[*high]);
    let (mut low, mut high) = start.unwrap_or((0, last));
    loop {
        let width = GAP * (sorted[high] - sorted[low]);
        if low > 0 && sorted[low] - sorted[low - 1] <= width {
            low -= 1;
        } else if high < last && sorted[high + 1] - sorted[high] <= width {
            high += 1;
        } else {
            return [sorted[low], sorted[high]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_out_what_is_far_and_rare() {
        let even: Vec<f64> = (0..100).map(|i| f64::from(i) / 99.0).collect();
        let with = |more: &[f64]| {
            let mut all = [&even[..], more].concat();
            all.sort_by(f64::total_cmp);
            [Coverage::Half, Coverage::Nearly].map(|coverage| bulk(&all, coverage))
        };
        assert_eq!(with(&[]), [[0.0, 1.0]; 2]);
        assert_eq!(with(&[1e6]), [[0.0, 1.0]; 2]);
        assert_eq!(with(&[-1e6, 1e6]), [[0.0, 1.0]; 2]);
        assert_eq!(with(&[3.0, 7.0]), [[0.0, 7.0]; 2], "a tail is no outlier");
        // One in ten is -999: knots reach it, but it does not decide the scale.
        assert_eq!(with(&[-999.0; 11]), [[0.0, 1.0], [-999.0, 1.0]]);
        let rare = [[0.0; 99].to_vec(), vec![1.0]].concat();
        assert_eq!(bulk(&rare, Coverage::Half), [0.0, 1.0]);
        assert_eq!(bulk(&[2.0; 7], Coverage::Half), [2.0, 2.0]);
    }
}

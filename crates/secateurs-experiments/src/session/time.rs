//! Durations in words, and the time that a run still takes.

/// Seconds in words of two units at most: `0.4 s`, `41 s`, `5 min 12 s`, `2 h 05 min`.
pub(super) fn describe_seconds(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0 => format!("{:.1} s", seconds.max(0.0)),
        1..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The stated cost of the claims of a run, and what those before the present one took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimePlan {
    /// Seconds that the claims before took.
    pub spent_before: f64,
    /// Seconds that were stated for the claims before.
    pub stated_before: f64,
    /// Seconds that are stated for the present claim.
    pub stated: Option<f64>,
    /// Seconds that are stated for the claims after.
    pub stated_after: Option<f64>,
}

/// The progress of the present claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Seconds since it began.
    pub elapsed: f64,
    /// Cells that it measured itself.
    pub n_measured: usize,
    /// Cells that it has still to measure; unknown before they are counted.
    pub n_left: Option<usize>,
}

impl TimePlan {
    /// A plan for the claim at `present`; `stated` are the costs of all claims, and a claim without one counts as the mean.
    pub(super) fn new(stated: &[Option<f64>], present: usize, spent_before: f64) -> Self {
        let known: Vec<f64> = stated.iter().copied().flatten().collect();
        let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        let total = |costs: &[Option<f64>]| costs.iter().map(|cost| cost.or(mean)).sum::<Option<f64>>();
        Self {
            spent_before,
            stated_before: total(&stated[..present]).unwrap_or(0.0),
            stated: stated[present].or(mean),
            stated_after: total(&stated[present + 1..]),
        }
    }

    /// Seconds that the present claim still takes; `None` where neither its cells nor its stated cost tell.
    ///
    /// Cells that were measured say how long one takes, the more surely the more there are; the stated cost, times the pace of the
    /// claims before, says the rest. So one cell that takes long, or many side by side of which none has ended, do not count for all.
    pub(super) fn rest_of_claim(&self, pace: Pace) -> Option<f64> {
        match (pace.n_measured, pace.n_left) {
            (measured @ 1.., Some(left)) => {
                let share_left = left as f64 / (measured + left) as f64;
                let by_cells = pace.elapsed / measured as f64 * left as f64;
                let by_cost = self
                    .stated
                    .map_or(by_cells, |stated| stated * self.scale() * share_left);
                Some(by_cells + share_left * (by_cost - by_cells))
            }
            _ => {
                let rest = self.stated? * self.scale() - pace.elapsed;
                (rest > 0.0).then_some(rest)
            }
        }
    }

    /// Seconds that the whole run still takes: the rest of the present claim, and the stated cost of the others times the pace
    /// that was seen so far.
    pub(super) fn rest_of_run(&self, pace: Pace) -> Option<f64> {
        let after = self.stated_after?;
        let rest = self.rest_of_claim(pace)?;
        let stated = self.stated_before + self.stated.unwrap_or(0.0);
        let seen = self.spent_before + pace.elapsed + rest;
        let scale = if stated > 0.0 { seen / stated } else { 1.0 };
        Some(rest + scale * after)
    }

    /// The share of the whole run that is done.
    pub(super) fn share_done(&self, pace: Pace) -> Option<f64> {
        let spent = self.spent_before + pace.elapsed;
        let rest = self.rest_of_run(pace)?;
        (spent + rest > 0.0).then(|| spent / (spent + rest))
    }

    /// Seconds taken by stated seconds, over the claims before.
    fn scale(&self) -> f64 {
        if self.stated_before > 0.0 {
            self.spent_before / self.stated_before
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, expected) in [
            (0.44, "0.4 s"),
            (41.2, "41 s"),
            (312.0, "5 min 12 s"),
            (7500.0, "2 h 05 min"),
            (-1.0, "0.0 s"),
        ] {
            assert_eq!(describe_seconds(seconds), expected);
        }
    }

    #[test]
    fn the_rest_follows_the_pace_that_was_seen() {
        // The first claim took twice its stated 10 s; the second is stated at 30 s, the third at 60 s.
        let plan = TimePlan::new(&[Some(10.0), Some(30.0), Some(60.0)], 1, 20.0);
        let begun = Pace {
            elapsed: 0.0,
            n_measured: 0,
            n_left: None,
        };
        assert_eq!(plan.rest_of_claim(begun), Some(60.0));
        assert_eq!(plan.rest_of_run(begun), Some(180.0));
        // Two of six cells in 10 s: 20 s are left by that, 40 s by the stated cost, which weighs two thirds. The two claims take
        // 20 + 10 + 33.3 s where 40 s were stated.
        let pace = Pace {
            elapsed: 10.0,
            n_measured: 2,
            n_left: Some(4),
        };
        let is_about = |seconds: Option<f64>, expected: f64| (seconds.expect("it is known") - expected).abs() < 1e-9;
        let rest = 100.0 / 3.0;
        assert!(is_about(plan.rest_of_claim(pace), rest));
        let run = rest + 60.0 * (30.0 + rest) / 40.0;
        assert!(is_about(plan.rest_of_run(pace), run));
        assert!(is_about(plan.share_done(pace), 30.0 / (30.0 + run)));
    }

    #[test]
    fn unknown_costs_count_as_the_mean_and_without_any_nothing_is_told() {
        let pace = Pace {
            elapsed: 5.0,
            n_measured: 0,
            n_left: Some(3),
        };
        let plan = TimePlan::new(&[Some(10.0), None, Some(20.0)], 0, 0.0);
        assert_eq!(plan.rest_of_run(pace), Some(5.0 + 35.0));
        let plan = TimePlan::new(&[None, None], 0, 0.0);
        assert_eq!((plan.rest_of_claim(pace), plan.rest_of_run(pace)), (None, None));
        // A claim that takes longer than stated tells nothing before its first cell.
        let late = TimePlan::new(&[Some(4.0)], 0, 0.0);
        assert_eq!(late.rest_of_claim(pace), None);
    }
}

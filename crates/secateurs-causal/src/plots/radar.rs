//! All variables at once: how an individual differs from the average.

use maud::{Markup, html};
use secateurs_chart::{Axis, FAINT, Legend, LegendEntry, MARGIN, Page, Room, Scale, Stroke, colour};

use super::web::{RADIUS, Web};
use super::{check_count, check_finite, check_rows};
use crate::{CausalError, Result};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 600.0;

/// The terms of one quantity, such as the effect or the outcome without treatment.
#[derive(Debug, Clone, Copy)]
pub struct RadarGroup<'a> {
    /// Name of the quantity.
    pub name: &'a str,
    /// The part that belongs to no variable.
    pub constant: f64,
    /// `D`: `[n_rows, n_variables]`
    pub terms: &'a [f64],
}

/// Quantities that are sums of terms, and an individual.
#[derive(Debug, Clone, Copy)]
pub struct Radar<'a> {
    /// Title above the drawing.
    pub title: &'a str,
    /// Names of the variables.
    pub variables: &'a [String],
    /// One for the effect; two for the outcomes without and with treatment.
    pub groups: &'a [RadarGroup<'a>],
    /// The row of the individual.
    pub individual: usize,
    /// Variables in which the individual differs less than in this many others are left out, and the drawing says so.
    pub max_axes: usize,
}

/// Draws a polygon with one corner for each variable, for the average and for one individual, as SVG.
///
/// The average has radius `m = constant + sum_k mean_i D[i][k]` on every axis. The individual has, on axis `j`, what
/// would be predicted if only its variable `j` were its own: `m - mean_i D[i][j] + D[individual][j]`. Corners outside
/// the average raise the prediction, those inside lower it.
///
/// # Errors
///
/// If there is no variable, group or row, a value is NaN or infinite, the terms of a group are no whole rows or not as
/// many as those of the first, or the individual does not exist.
///
/// # References
///
/// The radar plots of KAAM, arXiv:2509.16750, and causalKANs, arXiv:2509.22467. **Deviates:** the centre of the drawing
/// is not zero but lies below the least value, so that negative values can be shown.
pub fn radar_plot(plot: &Radar<'_>) -> Result<String> {
    check(plot)?;
    let corners: Vec<Vec<f64>> = plot.groups.iter().map(|group| individual(plot, group)).collect();
    let averages: Vec<f64> = plot.groups.iter().map(|group| average(plot, group)).collect();
    let shown = most_different(&corners, &averages, plot.max_axes);
    let values = corners.iter().flat_map(|values| shown.iter().map(|&axis| values[axis]));
    let room = Room { low: 0.5, high: 0.1 };
    let values = values.chain(averages.iter().copied());
    let web = Web {
        names: shown.iter().map(|&axis| plot.variables[axis].as_str()).collect(),
        axis: Axis::covering(Scale::Linear, values, room).between(0.0, RADIUS),
    };
    let page = Page::new(plot.title, WIDTH);
    let inside = html! {
        (Legend::new(legend_entries(plot), page.top(), WIDTH).draw())
        (web.draw())
        @for (number, average) in averages.iter().enumerate() { (web.draw_average(*average, colour(number))) }
        @for (number, values) in corners.iter().enumerate() {
            @let own: Vec<f64> = shown.iter().map(|&axis| values[axis]).collect();
            (web.draw_individual(&own, colour(number)))
        }
        @if shown.len() < plot.variables.len() { (draw_caption(plot, shown.len())) }
    };
    Ok(page.draw(HEIGHT, inside))
}

fn legend_entries(plot: &Radar<'_>) -> Vec<LegendEntry> {
    let of_group = |(number, group): (usize, &RadarGroup<'_>)| {
        let row = format!("{}, row {}", group.name, plot.individual);
        let average = format!("{}, average", group.name);
        [
            LegendEntry::new(row, Stroke::solid(colour(number))),
            LegendEntry::new(average, Stroke::dashed(colour(number))),
        ]
    };
    plot.groups.iter().enumerate().flat_map(of_group).collect()
}

fn draw_caption(plot: &Radar<'_>, n_shown: usize) -> Markup {
    html! {
        text class="caption" x=(MARGIN) y=(HEIGHT - 14.0) font-size="12" fill=(FAINT) {
            (n_shown) " of " (plot.variables.len()) " variables, those in which row " (plot.individual)
            " differs most from the average"
        }
    }
}

fn check(plot: &Radar<'_>) -> Result<()> {
    let n_variables = plot.variables.len();
    check_rows("variables", n_variables.min(plot.max_axes))?;
    check_rows("groups of terms", plot.groups.len())?;
    let rows = plot.groups[0].terms.len() / n_variables;
    check_rows("rows of terms", rows)?;
    for group in plot.groups {
        check_count("terms of a group", rows * n_variables, group.terms.len())?;
        check_finite(group.terms)?;
        check_finite(&[group.constant])?;
    }
    let row = plot.individual;
    if row < rows {
        Ok(())
    } else {
        Err(CausalError::NoSuchRow { row, rows })
    }
}

fn mean_terms(plot: &Radar<'_>, group: &RadarGroup<'_>) -> Vec<f64> {
    let n_variables = plot.variables.len();
    let rows = (group.terms.len() / n_variables) as f64;
    let of_variable = |at| group.terms.iter().skip(at).step_by(n_variables).sum::<f64>() / rows;
    (0..n_variables).map(of_variable).collect()
}

fn average(plot: &Radar<'_>, group: &RadarGroup<'_>) -> f64 {
    group.constant + mean_terms(plot, group).iter().sum::<f64>()
}

/// The corners of the individual.
fn individual(plot: &Radar<'_>, group: &RadarGroup<'_>) -> Vec<f64> {
    let own = &group.terms[plot.individual * plot.variables.len()..][..plot.variables.len()];
    let (means, average) = (mean_terms(plot, group), average(plot, group));
    own.iter().zip(means).map(|(own, mean)| average - mean + own).collect()
}

/// Axes on which some group differs most from its average, in their order.
fn most_different(corners: &[Vec<f64>], averages: &[f64], max_axes: usize) -> Vec<usize> {
    let difference = |axis: usize| {
        let differences = corners.iter().zip(averages);
        differences.fold(0.0, |most: f64, (values, average)| {
            most.max((values[axis] - average).abs())
        })
    };
    let mut axes: Vec<usize> = (0..corners[0].len()).collect();
    axes.sort_by(|a, b| difference(*b).total_cmp(&difference(*a)));
    axes.truncate(max_axes);
    axes.sort_unstable();
    axes
}

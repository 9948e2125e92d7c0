//! All variables at once: how an individual differs from the average.

use maud::{Markup, html};

use super::axis::{Axis, label, labels};
use super::chart::{FAINT, GRID, INK, PALETTE, legend, line, number, page};
use super::text::printable;
use super::{check_count, check_finite, check_rows};
use crate::{CausalError, Result};

const SIZE: (f64, f64) = (720.0, 600.0);
const CENTRE: (f64, f64) = (360.0, 328.0);
const RADIUS: f64 = 208.0;
/// From the ends of the axes to their names.
const NAME_GAP: f64 = 16.0;
/// Letters of a name that fit beside an axis; all of them are in its tooltip.
const MOST_LETTERS: usize = 18;

/// The terms of one quantity, such as the effect or the outcome without treatment.
#[derive(Debug, Clone, Copy)]
pub struct RadarGroup<'a> {
    /// Its name.
    pub name: &'a str,
    /// What belongs to no variable.
    pub constant: f64,
    /// `D`: `[n_rows, n_variables]`
    pub terms: &'a [f64],
}

/// Quantities that are sums of terms, and an individual.
#[derive(Debug, Clone, Copy)]
pub struct Radar<'a> {
    /// Above the drawing.
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
    let axis = Axis::covering(values.chain(averages.iter().copied()), (0.5, 0.1), (0.0, RADIUS));
    let inside = html! {
        (legends(plot))
        (web(plot, &shown, &axis))
        @for (number, average) in averages.iter().enumerate() { (average_polygon((number, *average), shown.len(), &axis)) }
        @for number in 0..corners.len() { (individual_polygon(plot, (number, &corners[number]), (&shown, &axis))) }
        @if shown.len() < plot.variables.len() {
            text class="caption" x="74" y=(SIZE.1 - 14.0) font-size="12" fill=(FAINT) {
                (shown.len()) " of " (plot.variables.len()) " variables, those in which row " (plot.individual)
                " differs most from the average"
            }
        }
    };
    Ok(page(SIZE, plot.title, inside))
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

/// A place on axis `at` of `count`, the first upwards and the others clockwise.
fn place((at, count): (usize, usize), radius: f64) -> (f64, f64) {
    let angle = std::f64::consts::TAU * at as f64 / count as f64;
    (CENTRE.0 + radius * angle.sin(), CENTRE.1 - radius * angle.cos())
}

fn polygon(radii: impl ExactSizeIterator<Item = f64>) -> String {
    let count = radii.len();
    line(radii.enumerate().map(|(at, radius)| place((at, count), radius))) + "Z"
}

fn web(plot: &Radar<'_>, shown: &[usize], axis: &Axis) -> Markup {
    let count = shown.len();
    let ticks = axis.ticks();
    html! {
        @for tick in &ticks {
            @let radius = axis.position(*tick);
            path class="ring" d=(polygon(vec![radius; count].into_iter())) fill="none"
                stroke=(if *tick == 0.0 { FAINT } else { GRID }) {}
        }
        @for (at, variable) in shown.iter().enumerate() {
            @let (x, y) = place((at, count), RADIUS);
            path class="axis" d={ "M" (CENTRE.0) " " (CENTRE.1) "L" (number(x)) " " (number(y)) } stroke=(GRID) {}
            (name(&plot.variables[*variable], (at, count)))
        }
        @for (tick, label) in ticks.iter().zip(labels(&ticks)) {
            text x=(number(CENTRE.0 + 5.0)) y=(number(CENTRE.1 - axis.position(*tick) - 3.0)) font-size="11" fill=(FAINT) {
                (label)
            }
        }
    }
}

fn name(variable: &str, at: (usize, usize)) -> Markup {
    let (x, y) = place(at, RADIUS + NAME_GAP);
    let anchor = match x - CENTRE.0 {
        right if right > 20.0 => "start",
        left if left < -20.0 => "end",
        _ => "middle",
    };
    html! {
        text class="name" x=(number(x)) y=(number(y + 4.5)) text-anchor=(anchor) fill=(INK) {
            title { (printable(variable)) }
            (shortened(&printable(variable)))
        }
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= MOST_LETTERS {
        return name.to_owned();
    }
    let kept = name.chars().take(MOST_LETTERS - 1);
    kept.chain(std::iter::once('\u{2026}')).collect()
}

fn average_polygon((number, average): (usize, f64), count: usize, axis: &Axis) -> Markup {
    let colour = PALETTE[number % PALETTE.len()];
    html! {
        path class="average" d=(polygon(vec![axis.position(average); count].into_iter())) fill=(colour)
            fill-opacity="0.07" stroke=(colour) stroke-width="1.8" stroke-dasharray="7 4" {
            title { "average " (label(average)) }
        }
    }
}

fn individual_polygon(plot: &Radar<'_>, (group, values): (usize, &[f64]), (shown, axis): (&[usize], &Axis)) -> Markup {
    let colour = PALETTE[group % PALETTE.len()];
    let radii: Vec<f64> = shown.iter().map(|&variable| axis.position(values[variable])).collect();
    html! {
        path class="individual" d=(polygon(radii.iter().copied())) fill="none" stroke=(colour) stroke-width="2.2"
            stroke-linejoin="round" {}
        @for (at, radius) in radii.iter().enumerate() {
            @let (x, y) = place((at, radii.len()), *radius);
            circle class="corner" cx=(number(x)) cy=(number(y)) r="3.6" fill=(colour) {
                title { (printable(&plot.variables[shown[at]])) ": " (label(values[shown[at]])) }
            }
        }
    }
}

fn legends(plot: &Radar<'_>) -> Markup {
    let names: Vec<(String, usize, &str)> = plot
        .groups
        .iter()
        .enumerate()
        .flat_map(|(number, group)| {
            let row = format!("{}, row {}", group.name, plot.individual);
            [
                (row, number, "none"),
                (format!("{}, average", group.name), number, "7 4"),
            ]
        })
        .collect();
    let entry = |(name, number, dashes): &'_ (String, usize, &'static str)| -> (String, &'static str, &'static str) {
        (name.clone(), PALETTE[number % PALETTE.len()], dashes)
    };
    let entries: Vec<_> = names.iter().map(entry).collect();
    legend(
        entries
            .iter()
            .map(|(name, colour, dashes)| (name.as_str(), *colour, *dashes)),
    )
}

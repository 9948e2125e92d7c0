//! What one variable contributes, against its value.

use maud::{Markup, html};

use super::axis::{Axis, label};
use super::chart::{FAINT, Heading, INK, PALETTE, RIGHT, axes, chart, legend, line, number, rug};
use super::{check_count, check_finite, check_rows};
use crate::{CausalError, Result};

/// Up to this many distinct values are dots besides the line.
const FEW_VALUES: usize = 12;

/// One term of an additive model: a column of its term matrix.
#[derive(Debug, Clone, Copy)]
pub struct Dependence<'a> {
    /// Above the drawing.
    pub title: &'a str,
    /// Name of the variable, with its unit.
    pub variable: &'a str,
    /// Name of what is contributed to, with its unit.
    pub contribution: &'a str,
    /// The variable, `[n_rows]`.
    pub x: &'a [f64],
    /// What it contributes, `[n_rows]`.
    pub term: &'a [f64],
    /// Rows of individuals to point out.
    pub marked: &'a [usize],
}

/// Draws a term `D[i][j]` against the variable `x[i][j]`, as SVG.
///
/// A line through the rows in order of the variable, the mean of the term as a dashed line, a rug of the rows, and some
/// individuals as coloured dots. Rows with the same value are one point, at their mean. For an additive model this is
/// the partial dependence up to a constant.
///
/// # Errors
///
/// If there are no rows, a value is NaN or infinite, the columns differ in length, or a marked row does not exist.
///
/// # Examples
///
/// ```
/// use secateurs_causal::plots::{Dependence, dependence_plot};
///
/// let svg = dependence_plot(&Dependence {
///     title: "effect of the dose",
///     variable: "dose in mg",
///     contribution: "outcome",
///     x: &[1.0, 3.0, 2.0],
///     term: &[0.1, 0.9, 0.4],
///     marked: &[1],
/// })?;
/// assert!(svg.contains("dose in mg"));
/// # Ok::<(), secateurs_causal::CausalError>(())
/// ```
pub fn dependence_plot(plot: &Dependence<'_>) -> Result<String> {
    let rows = plot.x.len();
    check_rows("rows of a term", rows)?;
    check_count("values of the term", rows, plot.term.len())?;
    check_finite(plot.x)?;
    check_finite(plot.term)?;
    if let Some(&row) = plot.marked.iter().find(|&&row| row >= rows) {
        return Err(CausalError::NoSuchRow { row, rows });
    }
    let axes = axes(plot.x.iter().copied(), plot.term.iter().copied());
    let heading = Heading {
        title: plot.title,
        x: plot.variable,
        y: plot.contribution,
    };
    let entries = [("contribution", PALETTE[0], "none"), ("mean", FAINT, "7 4")];
    let body = html! {
        (rug(plot.x, &axes.0))
        (mean_line(plot.term, &axes.1))
        (curve(plot, &axes))
        @for (number, row) in plot.marked.iter().enumerate() { (individual(plot, (number, *row), &axes)) }
    };
    Ok(chart(&heading, &axes, (legend(entries), body)))
}

fn mean_line(term: &[f64], axis: &Axis) -> Markup {
    let mean = term.iter().sum::<f64>() / term.len() as f64;
    let y = axis.position(mean);
    html! {
        path class="mean" d={ "M74 " (number(y)) "H" (RIGHT) } stroke=(FAINT) stroke-width="1.6" stroke-dasharray="7 4" {
            title { "mean " (label(mean)) }
        }
    }
}

fn curve(plot: &Dependence<'_>, (x_axis, y_axis): &(Axis, Axis)) -> Markup {
    let points = means_by_value(plot.x, plot.term);
    let places = || points.iter().map(|(x, y)| (x_axis.position(*x), y_axis.position(*y)));
    html! {
        path class="term" d=(line(places())) fill="none" stroke=(PALETTE[0]) stroke-width="2.2" stroke-linejoin="round"
            stroke-linecap="round" {}
        @if points.len() <= FEW_VALUES {
            @for ((value, term), (x, y)) in points.iter().zip(places()) {
                circle cx=(number(x)) cy=(number(y)) r="4.2" fill=(PALETTE[0]) {
                    title { (label(*value)) ": " (label(*term)) }
                }
            }
        }
    }
}

/// Values in ascending order, each once, with the mean of the term.
fn means_by_value(x: &[f64], term: &[f64]) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, f64)> = x.iter().copied().zip(term.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let same = rows.chunk_by(|a, b| a.0 == b.0);
    same.map(|rows| (rows[0].0, rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64))
        .collect()
}

fn individual(plot: &Dependence<'_>, (number_of, row): (usize, usize), (x_axis, y_axis): &(Axis, Axis)) -> Markup {
    let (x, y) = (x_axis.position(plot.x[row]), y_axis.position(plot.term[row]));
    let colour = PALETTE[1 + number_of % (PALETTE.len() - 1)];
    let (anchor, beside) = if x > RIGHT - 70.0 {
        ("end", -9.0)
    } else {
        ("start", 9.0)
    };
    html! {
        g class="individual" {
            title { "row " (row) ": " (label(plot.x[row])) " contributes " (label(plot.term[row])) }
            circle cx=(number(x)) cy=(number(y)) r="5.2" fill=(colour) stroke="#ffffff" stroke-width="1.6" {}
            text x=(number(x + beside)) y=(number(y - 8.0)) text-anchor=(anchor) font-size="12" fill=(INK)
                stroke="#ffffff" stroke-width="3" paint-order="stroke" { "row " (row) }
        }
    }
}

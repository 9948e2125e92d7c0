//! Contribution of one variable, against its value.

use maud::{Markup, html};
use secateurs_chart::{
    FAINT, Frame, INK, LegendEntry, PALETTE, PAPER, Stroke, colour, coordinate, draw_polyline, format_number,
};

use super::panel::{Captions, Panel};
use super::{check_count, check_finite, check_rows};
use crate::{CausalError, Result};

/// Number of distinct values up to which they are dots besides the line.
const FEW_VALUES: usize = 12;

/// One term of an additive model: a column of its term matrix.
#[derive(Debug, Clone, Copy)]
pub struct Dependence<'a> {
    /// Title above the drawing.
    pub title: &'a str,
    /// Name of the variable, with its unit.
    pub variable: &'a str,
    /// Name of the quantity that the term contributes to, with its unit.
    pub contribution: &'a str,
    /// The variable, `[n_rows]`.
    pub x: &'a [f64],
    /// Contributions, `[n_rows]`.
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
    let legend = vec![
        LegendEntry::new("contribution", Stroke::solid(PALETTE[0])),
        LegendEntry::new("mean", Stroke::dashed(FAINT)),
    ];
    let captions = Captions {
        title: plot.title,
        x: plot.variable,
        y: plot.contribution,
    };
    let places = plot.x.iter().zip(plot.term).map(|(x, term)| [*x, *term]);
    let panel = Panel::new(&captions, legend, places);
    let frame = &panel.frame;
    let body = html! {
        (panel.draw_rug(plot.x))
        (draw_mean(plot.term, frame))
        (draw_curve(plot, frame))
        @for (number, row) in plot.marked.iter().enumerate() { (draw_individual(plot, number, *row, frame)) }
    };
    Ok(panel.draw(body))
}

fn draw_mean(term: &[f64], frame: &Frame) -> Markup {
    let mean = term.iter().sum::<f64>() / term.len() as f64;
    let y = coordinate(frame.y.position(mean));
    html! {
        path class="mean" d={ "M" (coordinate(frame.area.left)) " " (y) "H" (coordinate(frame.area.right)) } stroke=(FAINT) stroke-width="1.6"
            stroke-dasharray="7 4" { title { "mean " (format_number(mean)) } }
    }
}

fn draw_curve(plot: &Dependence<'_>, frame: &Frame) -> Markup {
    let points = means_by_value(plot.x, plot.term);
    let places = || points.iter().map(|[x, y]| frame.place(*x, *y));
    html! {
        path class="term" d=(draw_polyline(places())) fill="none" stroke=(PALETTE[0]) stroke-width="2.2"
            stroke-linejoin="round" stroke-linecap="round" {}
        @if points.len() <= FEW_VALUES {
            @for ([value, term], place) in points.iter().zip(places()) {
                circle cx=(coordinate(place.x)) cy=(coordinate(place.y)) r="4.2" fill=(PALETTE[0]) {
                    title { (format_number(*value)) ": " (format_number(*term)) }
                }
            }
        }
    }
}

/// Values in ascending order, each once, with the mean of the term.
fn means_by_value(x: &[f64], term: &[f64]) -> Vec<[f64; 2]> {
    let mut rows: Vec<[f64; 2]> = x.iter().zip(term).map(|(x, term)| [*x, *term]).collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let same = rows.chunk_by(|a, b| a[0] == b[0]);
    same.map(|rows| {
        [
            rows[0][0],
            rows.iter().map(|row| row[1]).sum::<f64>() / rows.len() as f64,
        ]
    })
    .collect()
}

/// One of the marked rows, the `number`-th of them.
fn draw_individual(plot: &Dependence<'_>, number: usize, row: usize, frame: &Frame) -> Markup {
    let place = frame.place(plot.x[row], plot.term[row]);
    let colour = colour(1 + number % (PALETTE.len() - 1));
    let (anchor, beside) = if place.x > frame.area.right - 70.0 {
        ("end", -9.0)
    } else {
        ("start", 9.0)
    };
    html! {
        g class="individual" {
            title { "row " (row) ": " (format_number(plot.x[row])) " contributes " (format_number(plot.term[row])) }
            circle cx=(coordinate(place.x)) cy=(coordinate(place.y)) r="5.2" fill=(colour) stroke=(PAPER) stroke-width="1.6" {}
            text x=(coordinate(place.x + beside)) y=(coordinate(place.y - 8.0)) text-anchor=(anchor) font-size="12" fill=(INK)
                stroke=(PAPER) stroke-width="3" paint-order="stroke" { "row " (row) }
        }
    }
}

//! Tables of an outcome: paper beside ours beside controls, and methods against an axis.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table as TerminalTable, TableStyle};

use crate::outcome::{Group, Outcome, Row, format_row_value};

/// Content of a cell where nothing was measured.
const NOTHING: &str = "–";

/// The column of rows that do not have the axis, as the dense model has no sparsity.
const EVERYWHERE: &str = "(all)";

/// Lines above and below the header and at the end, none between the rows.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// A titled table of text; the first column is a name, the others hold numbers.
///
/// `Display` aligns it for a terminal; the HTML report renders the same table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Title above the table.
    pub title: String,
    /// Column names.
    pub header: Vec<String>,
    /// Cells, as many per line as the header has.
    pub lines: Vec<Vec<String>>,
}

impl Table {
    /// One line per method and case: the paper's number, ours, and the numbers of the controls in the same case.
    pub fn comparison(outcome: &Outcome) -> Self {
        let methods = outcome.rows.iter().filter(|row| !row.is_control());
        let mut lines: Vec<_> = methods.map(|row| comparison_line(outcome, row)).collect();
        let measured = |paper: &Row| outcome.rows.iter().any(|row| is_same_number(row, paper));
        for paper in outcome.paper.iter().filter(|paper| !measured(paper)) {
            lines.push(comparison_cells(
                paper,
                format_row_value(paper),
                NOTHING.to_owned(),
                outcome,
            ));
        }
        let header = ["method", "case", "paper", "ours", "controls"]
            .map(str::to_owned)
            .to_vec();
        Self {
            title: format!("{} ({})", outcome.claim, outcome.tier),
            header,
            lines,
        }
    }

    /// Methods against the values of `axis`; the paper's numbers have their own lines.
    ///
    /// A row that does not have the axis, such as the dense model, stands in the first column.
    pub fn pivot(group: &Group<'_>, axis: &str) -> Self {
        let columns = axis_values(group, axis);
        let mut header = vec![format!("method \\ {axis}")];
        header.extend(
            columns
                .iter()
                .map(|column| column.clone().unwrap_or_else(|| EVERYWHERE.to_owned())),
        );
        let mut lines: Vec<Vec<String>> = Vec::new();
        for (rows, is_paper) in [(&group.ours, false), (&group.paper, true)] {
            for line in pivot_lines(rows, is_paper) {
                let shown = columns.iter().map(|column| line.show(axis, column.as_deref()));
                lines.push(std::iter::once(line.name.clone()).chain(shown).collect());
            }
        }
        lines.sort_by_key(|line| group_order(&line[0], group));
        Self {
            title: group.label(),
            header,
            lines,
        }
    }
}

/// A pivot for every group of `outcome` along `axis`.
pub fn pivots(outcome: &Outcome, axis: &str) -> Vec<Table> {
    outcome
        .groups_along(axis)
        .iter()
        .map(|group| Table::pivot(group, axis))
        .collect()
}

/// The pivots along several axes: each group along the axes that its rows have, and along the first if they have none.
pub fn pivots_along(outcome: &Outcome, axes: &[&str]) -> Vec<Table> {
    let has = |group: &Group<'_>, axis: &str| {
        let mut rows = group.ours.iter().chain(&group.paper);
        rows.any(|row| row.text(axis).is_some())
    };
    let along: Vec<Vec<Group<'_>>> = axes.iter().map(|axis| outcome.groups_along(axis)).collect();
    // A control without any axis stands beside methods that have one of them.
    let is_shown = |group: &Group<'_>| {
        axes.iter().zip(&along).any(|(axis, groups)| {
            let mut groups = groups.iter().filter(|other| has(other, axis));
            groups.any(|other| (other.metric, &other.setting) == (group.metric, &group.setting))
        })
    };
    let mut tables = Vec::new();
    for (number, (axis, groups)) in axes.iter().zip(&along).enumerate() {
        let chosen = groups.iter().filter(|group| {
            let is_of_none = || !axes.iter().any(|other| has(group, other)) && !is_shown(group);
            has(group, axis) || (number == 0 && is_of_none())
        });
        tables.extend(chosen.map(|group| Table::pivot(group, axis)));
    }
    tables
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TerminalTable::new();
        table.load_style(STYLE);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.header);
        table.add_rows(&self.lines);
        for (index, column) in table.column_iter_mut().enumerate() {
            let is_text = index == 0 || ["case", "controls"].contains(&self.header[index].as_str());
            column.set_cell_alignment(if is_text {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            });
        }
        writeln!(formatter, "{}\n{table}", self.title)
    }
}

fn is_same_number(row: &Row, other: &Row) -> bool {
    row.method() == other.method() && row.same_case(other)
}

fn comparison_line(outcome: &Outcome, row: &Row) -> Vec<String> {
    let paper = outcome.paper.iter().find(|paper| is_same_number(paper, row));
    let paper = paper.map_or_else(|| NOTHING.to_owned(), format_row_value);
    comparison_cells(row, paper, format_row_value(row), outcome)
}

fn comparison_cells(row: &Row, paper: String, ours: String, outcome: &Outcome) -> Vec<String> {
    let controls = outcome
        .rows
        .iter()
        .filter(|control| control.is_control() && applies_to(control, row));
    let controls: Vec<String> = controls
        .map(|control| format!("{} {}", control.method(), format_row_value(control)))
        .collect();
    let controls = if controls.is_empty() {
        NOTHING.to_owned()
    } else {
        controls.join("; ")
    };
    vec![row.method().to_owned(), row.case_label(), paper, ours, controls]
}

/// A control holds for a row if the row has everything that identifies the control: the dense model's perplexity on
/// a data set is a control for every sparsity on it.
pub(super) fn applies_to(control: &Row, row: &Row) -> bool {
    control.metric() == row.metric() && control.case_keys().all(|key| control.text(key) == row.text(key))
}

/// The values of the axis, numbers ascending before texts; `None` stands for rows that do not have it.
fn axis_values(group: &Group<'_>, axis: &str) -> Vec<Option<String>> {
    let mut values: Vec<(Option<f64>, Option<String>)> = Vec::new();
    for row in group.ours.iter().chain(&group.paper) {
        let value = (row.number(axis), row.text(axis));
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let rank = |value: &(Option<f64>, Option<String>)| match value {
        (_, None) => (0, 0.0),
        (Some(number), _) => (1, *number),
        (None, Some(_)) => (2, 0.0),
    };
    values.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).expect("JSON numbers are finite"));
    values.into_iter().map(|(_, text)| text).collect()
}

/// The rows of one method and kind, which a pivot shows in one line.
struct PivotLine<'a> {
    name: String,
    rows: Vec<&'a Row>,
}

/// The lines in the order in which their methods come.
fn pivot_lines<'a>(rows: &[&'a Row], is_paper: bool) -> Vec<PivotLine<'a>> {
    let mut lines: Vec<PivotLine<'a>> = Vec::new();
    for &row in rows {
        let name = line_name(row, is_paper);
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.rows.push(row),
            None => lines.push(PivotLine { name, rows: vec![row] }),
        }
    }
    lines
}

impl PivotLine<'_> {
    /// The number at a value of the axis; `None` stands for rows that do not have it.
    fn show(&self, axis: &str, value: Option<&str>) -> String {
        let row = self.rows.iter().find(|row| row.text(axis).as_deref() == value);
        row.map_or_else(|| NOTHING.to_owned(), |row| format_row_value(row))
    }
}

fn line_name(row: &Row, is_paper: bool) -> String {
    match (is_paper, row.is_control()) {
        (true, _) => format!("{} (paper)", row.method()),
        (false, true) => format!("{} (control)", row.method()),
        (false, false) => row.method().to_owned(),
    }
}

/// Controls first, then each method followed by its line from the paper.
fn group_order(name: &str, group: &Group<'_>) -> (bool, usize) {
    let is_control = name.ends_with(" (control)");
    let method = name.trim_end_matches(" (control)").trim_end_matches(" (paper)");
    let rows = group.ours.iter().chain(&group.paper);
    (
        !is_control,
        rows.map(|row| row.method())
            .position(|known| known == method)
            .unwrap_or(usize::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    fn outcome() -> Outcome {
        let mut outcome = Outcome::new("layerwise", Tier::Quick, "flex");
        let row = |method: &str, sparsity: f64, value: f64| {
            Row::new(method, "perplexity", value)
                .case("dataset", "wikitext2")
                .case("sparsity", sparsity)
        };
        outcome.rows = vec![
            Row::new("dense", "perplexity", 18.0)
                .control()
                .case("dataset", "wikitext2"),
            row("wanda", 0.7, 45.5).deviation(0.25),
            row("wanda", 0.5, 21.25),
            row("random", 0.5, f64::INFINITY).control(),
        ];
        outcome.paper = vec![row("wanda", 0.5, 7.26), row("alps", 0.7, 9.0)];
        outcome
    }

    #[test]
    fn comparison_puts_the_paper_and_the_controls_beside_ours() {
        let table = Table::comparison(&outcome());
        let line = |index: usize| table.lines[index][2..].join(" | ");
        assert_eq!(table.lines.len(), 3);
        assert_eq!(line(0), "– | 45.50 ± 0.25 sd | dense 18");
        assert_eq!(line(1), "7.26 | 21.25 | dense 18; random not finite");
        assert_eq!(line(2), "9 | – | dense 18");
    }

    #[test]
    fn pivot_sorts_the_axis_and_keeps_paper_and_controls_apart() {
        let outcome = outcome();
        let table = &pivots(&outcome, "sparsity")[0];
        assert_eq!(table.header, ["method \\ sparsity", "(all)", "0.5", "0.7"]);
        let lines: Vec<String> = table.lines.iter().map(|line| line.join(" | ")).collect();
        assert_eq!(
            lines,
            [
                "dense (control) | 18 | – | –",
                "random (control) | – | not finite | –",
                "wanda | – | 21.25 | 45.50 ± 0.25 sd",
                "wanda (paper) | – | 7.26 | –",
                "alps (paper) | – | – | 9",
            ]
        );
    }

    #[test]
    fn each_group_is_shown_along_its_own_axis() {
        let mut outcome = outcome();
        outcome.rows.push(Row::new("pykan", "tau", 0.5).case("shift", 2.0));
        outcome.rows.push(Row::new("random", "tau", 0.0).control());
        outcome.rows.push(Row::new("pykan", "seconds", 3.0));
        let tables = pivots_along(&outcome, &["sparsity", "shift"]);
        let heads: Vec<(&str, &str)> = tables
            .iter()
            .map(|table| (table.title.as_str(), table.header[0].as_str()))
            .collect();
        assert_eq!(
            heads,
            [
                ("perplexity, dataset=wikitext2", "method \\ sparsity"),
                ("seconds", "method \\ sparsity"),
                ("tau", "method \\ shift"),
            ]
        );
    }

    #[test]
    fn terminal_lines_are_equally_wide() {
        let text = Table::comparison(&outcome()).to_string();
        let widths: Vec<usize> = text.lines().skip(1).map(|line| line.chars().count()).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert!(text.contains("wanda"));
    }
}

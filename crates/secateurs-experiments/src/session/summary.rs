//! The table of claims at the end of a run, and its answer in one line.

use console::measure_text_width;
use secateurs_chart::format_number;
use textwrap::{Options, WordSplitter};

use super::standing::{Entry, Standing};
use super::time::describe_seconds;
use crate::outcome::{Answer, Conclusion, Row};

/// Content of a cell where there is nothing to show.
const NOTHING: &str = "–";

/// Columns of the paper's result below which it has lines of its own.
const NARROW: usize = 18;

/// Spaces between columns.
const GAP: usize = 2;

const HEADINGS: [&str; 5] = ["claim", "verdict", "ours", "best control", "paper"];

/// The table of claims: a line with the question, and below it verdict, ours, best control and paper.
///
/// It fits a width in columns. Where the paper's result would be too narrow it has lines of its own.
pub(super) fn draw_table(entries: &[Entry], width: usize) -> String {
    let blocks: Vec<Block> = entries.iter().flat_map(Block::of_claim).collect();
    let layout = Layout::new(&blocks, width);
    let rule = "─".repeat(layout.width);
    let mut lines = vec![rule.clone(), layout.header(), rule.clone()];
    lines.extend(blocks.iter().flat_map(|block| layout.draw(block)));
    lines.push(rule);
    lines.join("\n") + "\n"
}

/// The whole run in one line: `7 claims: 6 hold (2 measured once), 1 undecided; 5 min 12 s`.
pub(super) fn count_verdicts(entries: &[Entry], seconds: f64) -> String {
    let count = |is: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| is(entry)).count();
    let concluded = |wanted: Conclusion| count(&|entry| entry.conclusion() == Some(wanted));
    let (firm, once) = (concluded(Conclusion::Holds), concluded(Conclusion::HoldsOnce));
    let mut parts = Vec::new();
    if firm + once > 0 {
        let measured_once = if once > 0 {
            format!(" ({once} measured once)")
        } else {
            String::new()
        };
        parts.push(format!(
            "{} {}{measured_once}",
            firm + once,
            agree(firm + once, "holds", "hold")
        ));
    }
    let is_done = |entry: &Entry| matches!(entry.standing, Standing::Done(_));
    let fails = concluded(Conclusion::Fails);
    for (n, words) in [
        (fails, agree(fails, "does not hold", "do not hold")),
        (concluded(Conclusion::Undecided), "undecided"),
        (concluded(Conclusion::NotMeasured), "not measured"),
        (
            count(&|entry| is_done(entry) && entry.conclusion().is_none()),
            "without a verdict",
        ),
        (
            count(&|entry| matches!(entry.standing, Standing::Failed(_))),
            "failed to run",
        ),
        (
            count(&|entry| matches!(entry.standing, Standing::Waiting | Standing::Skipped(_))),
            "not run",
        ),
    ] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    let claims = agree(entries.len(), "claim", "claims");
    format!(
        "{} {claims}: {}; {}",
        entries.len(),
        parts.join(", "),
        describe_seconds(seconds)
    )
}

fn agree(n: usize, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

/// The lines of one question, or of a claim without an answer.
struct Block {
    /// The claim's name, for the first of its blocks.
    name: &'static str,
    /// The question, or why there is none.
    text: String,
    /// Verdict, ours, best control and paper.
    cells: Option<[String; 4]>,
}

impl Block {
    fn of_claim(entry: &Entry) -> Vec<Self> {
        let name = |number: usize| if number == 0 { entry.claim.about.name } else { "" };
        if let Standing::Done(outcome) = &entry.standing
            && !outcome.answers.is_empty()
        {
            let answers = outcome.answers.iter().enumerate();
            return answers
                .map(|(number, answer)| Self {
                    name: name(number),
                    text: answer.question.clone(),
                    cells: Some(cells_of(answer)),
                })
                .collect();
        }
        let lines = entry.result_lines().into_iter().enumerate();
        lines
            .map(|(number, text)| Self {
                name: name(number),
                text,
                cells: None,
            })
            .collect()
    }
}

fn cells_of(answer: &Answer) -> [String; 4] {
    let value = |row: &Row| row.value().map_or_else(|| "not finite".to_owned(), format_number);
    let control = match (&answer.control, answer.band) {
        (Some(control), _) => format!("{} {}", value(control), control.method()),
        (None, Some(band)) => format!("({band})"),
        (None, None) => NOTHING.to_owned(),
    };
    [
        answer.conclusion.word().to_owned(),
        answer.ours.as_ref().map_or_else(|| NOTHING.to_owned(), value),
        control,
        answer.paper.clone().unwrap_or_else(|| NOTHING.to_owned()),
    ]
}

/// Widths of the columns.
struct Layout {
    width: usize,
    name: usize,
    /// Verdict, ours and best control.
    cells: [usize; 3],
    /// The paper's column; `None` if it has lines of its own.
    paper: Option<usize>,
}

impl Layout {
    fn new(blocks: &[Block], width: usize) -> Self {
        let name = blocks.iter().map(|block| block.name).chain([HEADINGS[0]]);
        let name = name.map(measure_text_width).max().unwrap_or(0) + GAP;
        let cells = [0, 1, 2].map(|column| {
            let cells = blocks.iter().filter_map(|block| block.cells.as_ref());
            let widths = cells.map(|cells| measure_text_width(&cells[column]));
            widths.max().unwrap_or(0).max(HEADINGS[column + 1].len()) + GAP
        });
        let rest = width.saturating_sub(name + cells.iter().sum::<usize>());
        Self {
            width,
            name,
            cells,
            paper: (rest >= NARROW).then_some(rest),
        }
    }

    fn header(&self) -> String {
        let cells = HEADINGS[1..4].iter().zip(self.cells);
        let cells: String = cells.map(|(heading, width)| pad(heading, width)).collect();
        let paper = self.paper.map_or("", |_| HEADINGS[4]);
        let line = format!("{}{cells}{paper}", pad(HEADINGS[0], self.name));
        line.trim_end().to_owned()
    }

    fn draw(&self, block: &Block) -> Vec<String> {
        let indent = " ".repeat(self.name);
        let mut lines = wrap(&block.text, self.width, &pad(block.name, self.name), &indent);
        let Some([verdict, ours, control, paper]) = &block.cells else {
            return lines;
        };
        let cells = [verdict, ours, control].into_iter().zip(self.cells);
        let cells: String = cells.map(|(cell, width)| pad(cell, width)).collect();
        let first = format!("{indent}{cells}");
        match self.paper {
            Some(_) => lines.extend(wrap(paper, self.width, &first, &" ".repeat(measure_text_width(&first)))),
            None => {
                // A control with a long name may not fit beside the others.
                lines.extend(wrap(first.trim(), self.width, &indent, &indent));
                let paper_indent = format!("{indent}{}", " ".repeat(HEADINGS[4].len() + 2));
                lines.extend(wrap(
                    paper,
                    self.width,
                    &format!("{indent}{}: ", HEADINGS[4]),
                    &paper_indent,
                ));
            }
        }
        lines
    }
}

/// A text in lines of a width, broken between words only.
pub(super) fn wrap(text: &str, width: usize, first: &str, others: &str) -> Vec<String> {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(others)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(|line| line.trim_end().to_owned()).collect()
}

/// A text with spaces up to a width.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure_text_width(text))))
}

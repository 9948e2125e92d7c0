//! The table of claims at the end of a run, and its answer in one line.

use console::measure_text_width;
use secateurs_chart::format_number;
use textwrap::{Options, WordSplitter};

use super::count::{agree, count_conclusions};
use super::standing::{Entry, Standing};
use super::time::describe_seconds;
use crate::outcome::{Answer, Conclusion, FailureKind, Row};

/// Content of a cell where there is nothing to show.
const NOTHING: &str = "–";

/// Spaces between columns.
const GAP: usize = 2;

const HEADINGS: [&str; 5] = ["claim", "verdict", "ours", "best control", "paper"];

/// The table of claims: the first question of each and below it verdict, ours, best control and paper; then the verdicts on its
/// further questions, whose numbers are in the page.
///
/// It fits a width in columns. Where a paper's result would need several lines, all have lines of their own.
pub(super) fn draw_table(entries: &[Entry], width: usize) -> String {
    let blocks: Vec<Block> = entries.iter().map(Block::of_claim).collect();
    let layout = Layout::new(&blocks, width);
    let rule = "─".repeat(layout.width);
    let mut lines = vec![rule.clone(), layout.header(), rule.clone()];
    lines.extend(blocks.iter().flat_map(|block| layout.draw(block)));
    lines.push(rule);
    lines.join("\n") + "\n"
}

/// The whole run in one line: `7 claims: 6 hold (2 measured once), 1 undecided; 8 further questions: 8 hold; 5 min 12 s`.
///
/// A claim counts by its first question, which is its point.
pub(super) fn count_verdicts(entries: &[Entry], seconds: f64) -> String {
    let count = |is: &dyn Fn(&Standing) -> bool| entries.iter().filter(|entry| is(&entry.standing)).count();
    let firsts: Vec<Conclusion> = entries.iter().filter_map(Entry::conclusion).collect();
    let mut parts = count_conclusions(&firsts);
    let n_done = count(&|standing| matches!(standing, Standing::Done(_)));
    let failed = |kinds: &[FailureKind]| {
        count(&|standing| matches!(standing, Standing::Failed(failed) if kinds.contains(&failed.failure.kind)))
    };
    let waiting = count(&|standing| matches!(standing, Standing::Waiting | Standing::Skipped(_)));
    for (n, words) in [
        (n_done - firsts.len(), "without a verdict"),
        (failed(&[FailureKind::Failed, FailureKind::Panicked]), "failed to run"),
        (failed(&[FailureKind::Interrupted]), "interrupted"),
        (waiting + failed(&[FailureKind::MissingData]), "not run"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    let claims = agree(entries.len(), "claim", "claims");
    let mut line = format!("{} {claims}: {}", entries.len(), parts.join(", "));
    let further: Vec<Conclusion> = entries.iter().flat_map(Entry::further_conclusions).collect();
    if !further.is_empty() {
        let questions = agree(further.len(), "question", "questions");
        let counts = count_conclusions(&further).join(", ");
        line += &format!("; {} further {questions}: {counts}", further.len());
    }
    format!("{line}; {}", describe_seconds(seconds))
}

/// The lines of one claim.
struct Block {
    name: &'static str,
    /// The first question, or why there is none.
    text: String,
    /// Verdict, ours, best control and paper of the first question.
    cells: Option<[String; 4]>,
    /// The verdicts on the further questions, with the questions.
    further: Vec<String>,
}

impl Block {
    fn of_claim(entry: &Entry) -> Self {
        let name = entry.claim.about.name;
        let answers = entry.answers();
        let Some(first) = answers.first() else {
            return Self {
                name,
                text: entry.reason(),
                cells: None,
                further: Vec::new(),
            };
        };
        let further = answers[1..].iter();
        Self {
            name,
            text: first.question.clone(),
            cells: Some(cells_of(first)),
            further: further
                .map(|answer| format!("{}: {}", answer.conclusion.word(), answer.question))
                .collect(),
        }
    }
}

fn cells_of(answer: &Answer) -> [String; 4] {
    let value = |row: &Row| row.value().map_or_else(|| "not finite".to_owned(), format_number);
    let control = match (&answer.control, answer.band) {
        // A control plays no part where the number is held against a band.
        (_, Some(band)) => format!("({band})"),
        (Some(control), None) => format!("{} {}", value(control), control.method()),
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
        let papers = blocks.iter().filter_map(|block| block.cells.as_ref());
        let longest = papers.map(|cells| measure_text_width(&cells[3])).max().unwrap_or(0);
        Self {
            width,
            name,
            cells,
            paper: (rest >= longest).then_some(rest),
        }
    }

    fn header(&self) -> String {
        let cells = HEADINGS[1..4].iter().zip(self.cells);
        let cells: String = cells.map(|(heading, width)| pad(heading, width)).collect();
        let paper = self.paper.map_or("", |_| HEADINGS[4]);
        let line = format!("{}{cells}{paper}", pad(HEADINGS[0], self.name));
        wrap(line.trim_end(), self.width, "", "").join("\n")
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
                if paper != NOTHING {
                    let head = format!("{indent}{}: ", HEADINGS[4]);
                    lines.extend(wrap(paper, self.width, &head, &" ".repeat(measure_text_width(&head))));
                }
            }
        }
        let further = block.further.iter();
        let hanging = format!("{indent}  ");
        lines.extend(further.flat_map(|line| wrap(line, self.width, &indent, &hanging)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{CLAIMS, choose};
    use crate::outcome::{Better, Outcome, Question, Tier};

    const QUESTION: &str = "Does training with ELSA keep a 90 % sparse model better than fine-tuning under the mask of Wanda or of chance?";
    const PAPER: &str = "27.0, Wanda fine-tuned 42.4 (Llama-2-7B)";

    fn done(name: &str) -> Entry {
        let claim = choose(&[name.to_owned()]).expect("it is known")[0];
        let mut outcome = Outcome::new(name, Tier::Quick, "flex");
        outcome.rows = vec![
            Row::new("elsa", "m", 61.25),
            Row::new("wanda+finetune", "m", 88.0).control(),
        ];
        let ask = |text, controls: [&'static str; 1]| {
            let question = Question::new(text, "elsa", "m", Better::Lower)
                .beside(controls)
                .paper(PAPER);
            question.answer(&outcome).expect("it is measured")
        };
        outcome.answers = vec![
            ask(QUESTION, ["wanda+finetune"]),
            ask("Is there another control?", ["alps"]),
        ];
        Entry {
            standing: Standing::Done(Box::new(outcome)),
            seconds: 41.0,
            ..Entry::new(claim)
        }
    }

    fn entries() -> Vec<Entry> {
        vec![done("elsa"), Entry::new(CLAIMS[0])]
    }

    #[test]
    fn the_paper_has_a_column_where_it_fits_and_lines_elsewhere() {
        let table = draw_table(&entries(), 80);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[1..],
            [
                "claim      verdict       ours   best control",
                lines[0],
                "elsa       Does training with ELSA keep a 90 % sparse model better than",
                "           fine-tuning under the mask of Wanda or of chance?",
                "           holds (once)  61.25  88 wanda+finetune",
                "           paper: 27.0, Wanda fine-tuned 42.4 (Llama-2-7B)",
                "           not measured: Is there another control?",
                "layerwise  not run",
                lines[0],
            ]
        );
        let table = draw_table(&entries(), 100);
        let row = format!("           holds (once)  61.25  88 wanda+finetune  {PAPER}");
        assert!(table.lines().any(|line| line == row), "{table}");
    }

    #[test]
    fn no_line_is_too_long_and_no_word_is_cut() {
        let whole = format!("{QUESTION} {PAPER} elsa layerwise holds (once) 61.25 88 wanda+finetune not measured: run");
        let whole = format!("{whole} Is there another control? claim verdict ours best control paper paper:");
        let known: Vec<&str> = whole.split_whitespace().collect();
        for width in [40, 60, 80, 100, 140] {
            let table = draw_table(&entries(), width);
            for line in table.lines().filter(|line| !line.starts_with('─')) {
                assert!(measure_text_width(line) <= width, "{width}: {line}");
                for word in line.split_whitespace() {
                    assert!(known.contains(&word), "{width}: {word} is cut in\n{table}");
                }
            }
        }
    }

    #[test]
    fn a_claim_counts_by_its_first_question() {
        let line = count_verdicts(&entries(), 312.0);
        let expected = "2 claims: 1 holds (measured once), 1 not run; 1 further question: 1 not measured; 5 min 12 s";
        assert_eq!(line, expected);
    }
}

//! The terminal of a run: a bar for the present claim and the whole run, and lines as claims end.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use console::{Style, Term};
use indicatif::{ProgressState, ProgressStyle};

use super::standing::Entry;
use super::summary::wrap;
use super::time::{Pace, TimePlan, describe_seconds};
use crate::claims::ClaimProgress;

/// Columns of files, and of a terminal that does not tell them.
const USUAL_WIDTH: usize = 120;

/// Columns below which lines are as long as they must be.
const LEAST_WIDTH: usize = 40;

/// Characters of the bar of the whole run.
const BAR: usize = 12;

/// The bar of the whole run, and the bar of the present claim below it; both fit into 60 columns, the message into the
/// remaining ones.
const TEMPLATE: &str = "{run}\n  {bar:12} {cells} {wide_msg}";

/// The numbers that a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// A line of result for each claim and a table at the end.
    #[default]
    Verdicts,
    /// All numbers of each claim in tables, and the paths of its charts.
    AllNumbers,
}

/// The place where a run shows itself: lines on one stream, bars on standard error.
#[derive(Clone)]
pub struct Screen {
    out: Arc<Mutex<dyn Write + Send>>,
    width: usize,
    pub(super) detail: Detail,
    has_bars: bool,
    has_colours: bool,
}

impl Screen {
    /// Standard output, with bars if standard error is a terminal, and with colours if standard output is one that wants them.
    pub fn of_process(detail: Detail) -> Self {
        Self {
            out: Arc::new(Mutex::new(std::io::stdout())),
            width: terminal_width(),
            detail,
            has_bars: std::io::stderr().is_terminal(),
            has_colours: console::colors_enabled() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Lines of a width on any stream, without bars and colours.
    pub fn plain(out: impl Write + Send + 'static, width: usize) -> Self {
        Self {
            out: Arc::new(Mutex::new(out)),
            width,
            detail: Detail::Verdicts,
            has_bars: false,
            has_colours: false,
        }
    }

    /// Columns of its lines.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes a text. A stream that nobody reads any more is not worth an error.
    pub(super) fn write(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes a text in lines of its width.
    pub(super) fn write_wrapped(&self, text: &str, indent: &str) {
        let lines = wrap(text, self.width, "", indent);
        self.write(&(lines.join("\n") + "\n"));
    }

    /// Shows that a claim begins: a bar, or a line where there are no bars.
    pub(super) fn begin_claim(&self, name: &str, plan: TimePlan) -> ClaimProgress {
        if !self.has_bars {
            let cost = plan
                .stated
                .map(|stated| format!(", about {}", describe_seconds(stated)));
            self.write_wrapped(&format!("{name} begins{}", cost.unwrap_or_default()), "      ");
            return ClaimProgress::hidden();
        }
        ClaimProgress::shown(|n_taken| claim_style(name.to_owned(), plan, n_taken))
    }

    /// Shows the end of a claim in one line: its name, its seconds and its result.
    pub(super) fn end_claim(&self, name: &str, entry: &Entry) {
        let result = self.colour(&entry.result());
        let line = format!("{name}  {}  {result}", describe_seconds(entry.seconds));
        self.write_wrapped(&line, "      ");
    }

    /// The first words of a result, up to its colon, in the colour of their meaning.
    fn colour(&self, line: &str) -> String {
        let (word, rest) = line.split_at(line.find(':').unwrap_or(line.len()));
        let style = match word {
            "holds" => Style::new().green(),
            "undecided" | "measured" | "not run" => Style::new().yellow(),
            _ => Style::new().red(),
        };
        format!("{}{rest}", style.force_styling(self.has_colours).apply_to(word))
    }
}

/// `$COLUMNS` if it is set, as shells do on request; then the terminal's width; then the usual one.
fn terminal_width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let term = Term::stdout();
    let told = || term.size_checked().map(|(_, columns)| usize::from(columns));
    set.or_else(told)
        .filter(|width| *width > 0)
        .unwrap_or(USUAL_WIDTH)
        .max(LEAST_WIDTH)
}

fn claim_style(name: String, plan: TimePlan, n_taken: Arc<AtomicUsize>) -> ProgressStyle {
    let counter = Arc::clone(&n_taken);
    let style = ProgressStyle::with_template(TEMPLATE).expect("the template is valid");
    style
        .with_key("run", move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            // A line that cannot be drawn is not worth an error.
            let _ = write!(w, "{name} {}", describe_run(&plan, pace_of(state, &n_taken)));
        })
        .with_key("cells", move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
            let _ = w.write_str(&describe_cells(&plan, pace_of(state, &counter), state));
        })
}

fn pace_of(state: &ProgressState, n_taken: &AtomicUsize) -> Pace {
    let done = state.pos() as usize;
    Pace {
        elapsed: state.elapsed().as_secs_f64(),
        n_measured: done.saturating_sub(n_taken.load(Ordering::Relaxed)),
        n_left: state.len().map(|length| (length as usize).saturating_sub(done)),
    }
}

/// `████░░░░░░░░ 5 min 12 s left in all`.
fn describe_run(plan: &TimePlan, pace: Pace) -> String {
    let full = plan
        .share_done(pace)
        .map_or(0, |share| (share * BAR as f64).round() as usize);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR.saturating_sub(full)));
    match plan.rest_of_run(pace) {
        Some(rest) => format!("{bar} {} left in all", describe_seconds(rest)),
        None => format!("{bar} {} spent", describe_seconds(plan.spent_before + pace.elapsed)),
    }
}

/// `3/12 cells, 20 s left,`.
fn describe_cells(plan: &TimePlan, pace: Pace, state: &ProgressState) -> String {
    let cells = state.len().map(|length| format!("{}/{length} cells", state.pos()));
    let rest = plan
        .rest_of_claim(pace)
        .map(|rest| format!("{} left", describe_seconds(rest)));
    let parts: Vec<String> = [cells, rest].into_iter().flatten().collect();
    parts.join(", ")
}

//! Progress on standard error: how far, and how long it still takes.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::terminal::screen::Screen;
use crate::terminal::units::seconds;

const TEMPLATE: &str = "{prefix} [{bar:24}] {pos}/{len}  {spent} spent, {left} left  {wide_msg}";

/// A progress bar with the time left; not shown where standard error is no terminal, and removed when dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar of `length` steps.
    pub(crate) fn new(screen: &Screen, what: &'static str, length: usize) -> Self {
        let hidden = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::hidden());
        let bar = screen.add(hidden);
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well-formed");
        let style = style
            .with_key("spent", |state: &ProgressState, w: &mut dyn Write| {
                // A line that cannot be drawn is not worth an error.
                let _ = w.write_str(&seconds(state.elapsed().as_secs_f64()));
            })
            .with_key("left", |state: &ProgressState, w: &mut dyn Write| {
                let _ = w.write_str(&time_left(state));
            });
        bar.set_style(style.progress_chars("=> "));
        bar.set_prefix(what);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self(bar)
    }

    /// A bar that nobody sees.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Shows the present step.
    pub(crate) fn say(&self, message: String) {
        self.0.set_message(message);
    }

    /// Removes steps that an earlier run did, so that the time left counts the others only.
    pub(crate) fn skip(&self, steps: usize) {
        self.0
            .set_length(self.0.length().unwrap_or(0).saturating_sub(steps as u64));
        self.restart();
    }

    /// Counts time from now on.
    pub(crate) fn restart(&self) {
        self.0.reset_elapsed();
    }

    /// Sets the number of all steps.
    pub(crate) fn resize(&self, length: usize) {
        self.0.set_length(length as u64);
    }

    /// Sets the number of steps done.
    pub(crate) fn set(&self, position: usize) {
        self.0.set_position(position as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Estimates the time left from the steps done, as all steps take about equally long.
fn time_left(state: &ProgressState) -> String {
    match (state.pos(), state.len()) {
        (done @ 1.., Some(all)) => {
            seconds(state.elapsed().as_secs_f64() * all.saturating_sub(done) as f64 / done as f64)
        }
        _ => "?".to_owned(),
    }
}

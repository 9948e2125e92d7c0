//! The progress of a claim.

use std::fmt;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// A bar of the cells that are done, with the time that the rest may take.
pub(super) fn start_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} models, {elapsed} spent, {left} left, {msg}");
    let style = style.expect("the template is valid");
    let style = style.with_key("left", |state: &ProgressState, w: &mut dyn fmt::Write| {
        // A line that cannot be drawn is not worth an error.
        let _ = w.write_str(&estimate_rest(state));
    });
    ProgressBar::new(0).with_style(style)
}

/// Models take about equally long, and what is seen so far says how long.
fn estimate_rest(state: &ProgressState) -> String {
    match (state.pos(), state.len()) {
        (done @ 1.., Some(all)) => {
            let rest = all.saturating_sub(done) as f64 / done as f64;
            format!("{:#}", HumanDuration(state.elapsed().mul_f64(rest)))
        }
        _ => "?".to_owned(),
    }
}

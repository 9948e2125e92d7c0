//! Signals that would end a job without a word.

use secateurs::data::{AbandonedWork, abandon_work};
use secateurs_terminal::{EndSignal, on_end_signal};

use crate::terminal::screen::Screen;

/// Lets Ctrl-C and SIGTERM end every command with one line, exit code 130 or 143, and no unfinished work except what
/// `--resume` continues.
pub(crate) fn end_in_order(screen: &Screen) {
    let screen = screen.clone();
    on_end_signal(move |signal| {
        let last_word = screen.last_word();
        last_word.say(&line(signal, &abandon_work()));
        signal.exit()
    });
}

fn line(signal: EndSignal, work: &AbandonedWork) -> String {
    let end = signal.word();
    if let Some(place) = work.kept.first() {
        let place = place.display();
        return format!("{end}; finished work is in {place}: repeat the command with --resume to continue");
    }
    match work.removed.first() {
        Some(_) => format!("{end}; nothing was finished, and nothing is left behind"),
        None => match work.published.last() {
            Some(out) => format!("{end}; {} is finished", out.display()),
            None => end.to_owned(),
        },
    }
}

//! Panics as values, so that a defect shows as one line.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The message of the panic that ends a scope whose thread panicked; the thread's own message says more.
const SCOPED_THREAD: &str = "a scoped thread panicked";

/// Panics are reported to the process as a whole, so their notes belong to the process as a whole.
static NOTES: Mutex<Notes> = Mutex::new(Notes {
    n_catchers: 0,
    panics: Vec::new(),
});

static HOOK: Once = Once::new();

/// The message and the place of a panic, which `Display` shows on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtPanic {
    /// The message, on one line.
    pub message: String,
    /// File and line, if they are known.
    pub place: Option<String>,
}

impl fmt::Display for CaughtPanic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(formatter, "{} at {place}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for CaughtPanic {}

struct Notes {
    n_catchers: usize,
    panics: Vec<CaughtPanic>,
}

/// Runs `job` and turns a panic, also one of a thread of its own, into its message and place. Nothing is printed.
///
/// # Errors
///
/// If the job panics.
pub fn catch_panic<T>(job: impl FnOnce() -> T) -> Result<T, CaughtPanic> {
    HOOK.call_once(|| {
        let former = take_hook();
        set_hook(Box::new(move |panic| {
            if !take_note(panic) {
                former(panic);
            }
        }));
    });
    notes().n_catchers += 1;
    // What the job leaves half done is on disk, where a later run looks at it with suspicion; no memory is shared.
    let ended = catch_unwind(AssertUnwindSafe(job));
    let mut notes = notes();
    notes.n_catchers -= 1;
    let result = ended.map_err(|payload| notes.find(message_of(payload.as_ref())));
    if notes.n_catchers == 0 {
        notes.panics.clear();
    }
    result
}

fn notes() -> MutexGuard<'static, Notes> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a panic; `false` if nobody catches it.
fn take_note(panic: &PanicHookInfo<'_>) -> bool {
    let mut notes = notes();
    if notes.n_catchers == 0 {
        return false;
    }
    notes.panics.push(CaughtPanic {
        message: message_of(panic.payload()),
        place: panic.location().map(|at| format!("{}:{}", at.file(), at.line())),
    });
    true
}

impl Notes {
    /// The panic with this message; the first of all where a scope of threads gives a message of its own.
    fn find(&self, message: String) -> CaughtPanic {
        let is_same = |panic: &&CaughtPanic| message == SCOPED_THREAD || panic.message == message;
        let found = self.panics.iter().find(is_same).cloned();
        found.unwrap_or(CaughtPanic { message, place: None })
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_one_line_with_its_place() {
        let caught = catch_panic(|| -> () { panic!("first\n  second {}", 3) }).expect_err("it panics");
        let line = caught.to_string();
        assert!(line.starts_with("first second 3 at "), "{line}");
        assert!(line.contains("panics.rs:"), "{line}");
        assert_eq!(catch_panic(|| 5), Ok(5));
    }

    #[test]
    fn a_panic_of_a_thread_keeps_its_own_message() {
        let caught = catch_panic(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| panic!("in a thread"));
            });
        });
        let line = caught.expect_err("it panics").to_string();
        assert!(
            line.starts_with("in a thread at ") || line.starts_with("first second 3 at "),
            "{line}"
        );
    }
}

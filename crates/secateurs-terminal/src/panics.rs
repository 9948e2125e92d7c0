//! Panics as values, so that a defect shows as one line.

use std::any::Any;
use std::cell::Cell;
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

thread_local! {
    /// Whether a panic of this thread is caught, and therefore not to be printed.
    static IS_CATCHING: Cell<bool> = const { Cell::new(false) };
}

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

/// Runs `job` and turns a panic into its message and place, also one of a thread that the job waits for.
///
/// A panic of the job's own thread is not printed. The payload of [`std::panic::resume_unwind`] may be a [`CaughtPanic`], by which
/// a job hands on what it caught in a thread of its own.
///
/// # Errors
///
/// If the job panics.
pub fn catch_panic<T>(job: impl FnOnce() -> T) -> Result<T, CaughtPanic> {
    HOOK.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |panic| {
            take_note(panic);
            if !IS_CATCHING.get() {
                print(panic);
            }
        }));
    });
    notes().n_catchers += 1;
    let was_catching = IS_CATCHING.replace(true);
    // What the job leaves half done is on disk, where a later run looks at it with suspicion; no memory is shared.
    let ended = catch_unwind(AssertUnwindSafe(job));
    IS_CATCHING.set(was_catching);
    let mut notes = notes();
    notes.n_catchers -= 1;
    let result = ended.map_err(|payload| notes.find(payload));
    if notes.n_catchers == 0 {
        notes.panics.clear();
    }
    result
}

fn notes() -> MutexGuard<'static, Notes> {
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a panic, if anybody may look for it.
fn take_note(panic: &PanicHookInfo<'_>) {
    let mut notes = notes();
    if notes.n_catchers > 0 {
        notes.panics.push(CaughtPanic {
            message: message_of(panic.payload()),
            place: panic.location().map(|at| format!("{}:{}", at.file(), at.line())),
        });
    }
}

impl Notes {
    /// The panic of that payload: the noted one with its message, or the first of all where a scope of threads gives a message of its own.
    fn find(&self, payload: Box<dyn Any + Send>) -> CaughtPanic {
        let payload = match payload.downcast::<CaughtPanic>() {
            Ok(caught) => return *caught,
            Err(payload) => payload,
        };
        let message = message_of(payload.as_ref());
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
    fn a_panic_of_a_thread_is_handed_on_whole() {
        let caught = catch_panic(|| {
            let inner = std::thread::scope(|scope| {
                let inner = scope.spawn(|| catch_panic(|| -> () { panic!("in a thread") }));
                inner.join().expect("its panic is caught")
            });
            if let Err(panic) = inner {
                std::panic::resume_unwind(Box::new(panic));
            }
        });
        let line = caught.expect_err("it panics").to_string();
        assert!(
            line.starts_with("in a thread at ") && line.contains("panics.rs:"),
            "{line}"
        );
    }
}

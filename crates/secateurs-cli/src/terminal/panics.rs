//! Panics as values, so that a defect shows as one line and an exit code.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `job` and turns a panic into its message and place, on one line.
pub(crate) fn caught<T>(job: impl FnOnce() -> T) -> Result<T, String> {
    let place = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&place);
    set_hook(Box::new(move |panic| {
        let mut first = noted.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            *first = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        }
    }));
    // What the job leaves half done is on disk, where a later run looks at it with suspicion; no memory is shared.
    catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
        let place = place
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or_default();
        format!("{}{place}", message(payload.as_ref()))
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
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
        let line = caught(|| -> () { panic!("first\n  second {}", 3) }).expect_err("it panics");
        assert!(line.starts_with("first second 3 at "), "{line}");
        assert!(line.contains("panics.rs:"), "{line}");
    }
}

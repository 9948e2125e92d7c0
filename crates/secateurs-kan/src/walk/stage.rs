//! One stage of a walk from a model to formulas: tries settings until the result of one is accepted.

/// Result of one setting of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried<T> {
    /// The result.
    pub result: T,
    /// Whether it is within the budget.
    pub is_accepted: bool,
}

/// Results of the settings of a stage, in the order in which they were tried.
#[derive(Debug, Clone, PartialEq)]
pub struct StageResults<T> {
    /// All results; the last one is accepted, if any is.
    pub all: Vec<T>,
    /// Whether the last one was accepted.
    pub is_accepted: bool,
}

impl<T> StageResults<T> {
    /// The result that was accepted.
    pub fn accepted(self) -> Option<T> {
        if self.is_accepted { self.last() } else { None }
    }

    /// The result that was accepted, or else the result of the last setting; none without settings.
    pub fn last(mut self) -> Option<T> {
        self.all.pop()
    }
}

/// Tries settings, from the boldest on, until the result of one is accepted or an attempt returns `None`, as there is
/// nothing left to try.
///
/// # Errors
///
/// The error of the first attempt that fails.
///
/// # Examples
///
/// ```
/// use secateurs_kan::{Tried, try_settings};
///
/// // Digits of a number, as few as are near enough.
/// let near = try_settings(&[0, 1, 2, 3], |digits| {
///     let scale = 10f64.powi(digits);
///     let result = (3.14159 * scale).round() / scale;
///     Ok::<_, ()>(Some(Tried { result, is_accepted: (result - 3.14159f64).abs() < 0.01 }))
/// })?;
/// assert_eq!(near.all, [3.0, 3.1, 3.14]);
/// assert_eq!(near.accepted(), Some(3.14));
/// # Ok::<(), ()>(())
/// ```
pub fn try_settings<S: Copy, T, E>(
    settings: &[S],
    mut attempt: impl FnMut(S) -> Result<Option<Tried<T>>, E>,
) -> Result<StageResults<T>, E> {
    let mut results = StageResults {
        all: Vec::new(),
        is_accepted: false,
    };
    for &setting in settings {
        let Some(Tried { result, is_accepted }) = attempt(setting)? else {
            break;
        };
        results.all.push(result);
        results.is_accepted = is_accepted;
        if is_accepted {
            break;
        }
    }
    Ok(results)
}

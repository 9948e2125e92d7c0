//! Numeric answers: the number that a solution ends in.

use serde::{Deserialize, Serialize};

use crate::measure::error::MeasureError;
use crate::text::error::LineProblem;
use crate::trace::format::Trace;
use crate::trace::prompts::{PromptFile, PromptRecord};

/// Counts of solutions with the right number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Number of solutions that end in the right number.
    pub correct: usize,
    /// Number of solutions that end in a number.
    pub answered: usize,
    /// Number of all solutions.
    pub total: usize,
}

impl Accuracy {
    /// The share of right solutions.
    pub fn share(&self) -> f64 {
        self.correct as f64 / self.total.max(1) as f64
    }
}

/// The right number of every prompt, from a field beside it: `answer` in GSM8K, where it is a solution that ends in
/// `#### 18`, and in SVAMP, where it is the number.
///
/// # Errors
///
/// If a line has no such field, or the field has no number.
pub fn reference_numbers(prompts: &PromptFile, field: &str) -> Result<Vec<f64>, MeasureError> {
    let number_of = |(index, record): (usize, &PromptRecord)| {
        extract_number(&prompts.other_field(index, field)?).ok_or_else(|| {
            let field = field.to_owned();
            let error = LineProblem::NoNumber { field }.at(prompts.path(), record.line);
            MeasureError::from(error)
        })
    };
    prompts.records().iter().enumerate().map(number_of).collect()
}

/// Compares the final number of every trace with the right number of its prompt.
///
/// # Panics
///
/// If a trace is of a prompt beyond `reference`.
pub fn accuracy(traces: &[Trace], reference: &[f64]) -> Accuracy {
    let mut accuracy = Accuracy {
        correct: 0,
        answered: 0,
        total: traces.len(),
    };
    for trace in traces {
        if let Some(number) = extract_number(&trace.text) {
            accuracy.answered += 1;
            accuracy.correct += usize::from(is_same(number, reference[trace.prompt]));
        }
    }
    accuracy
}

/// The number that a solution ends in: the text after the last `####`; or the content of the last `\boxed{..}`, if that
/// is one number; or else the last number of the text.
///
/// `$`, `%`, thousands separators and a sign are understood; `-` after a digit or a letter separates.
///
/// # Examples
///
/// ```
/// use secateurs_lm::extract_number;
///
/// assert_eq!(extract_number("3 * 600 = 1800 dollars.\n#### 1,800"), Some(1800.0));
/// assert_eq!(extract_number(r"so 5 of them, \boxed{-\$2.50}, remain"), Some(-2.5));
/// assert_eq!(extract_number("Half of 84% is 42%."), Some(42.0));
/// assert_eq!(extract_number("I do not know."), None);
/// ```
pub fn extract_number(text: &str) -> Option<f64> {
    if let Some((_, after)) = text.rsplit_once("####")
        && let Some(number) = numbers(after).first()
    {
        return Some(*number);
    }
    if let Some((_, after)) = text.rsplit_once("\\boxed{") {
        // A fraction, a tuple or an expression is no number that could be compared.
        return match numbers(take_braced(after)).as_slice() {
            [number] => Some(*number),
            _ => None,
        };
    }
    numbers(text).last().copied()
}

/// The text up to the brace that closes the one opened before it.
fn take_braced(text: &str) -> &str {
    let mut depth = 1;
    let end = text.char_indices().find(|(_, character)| {
        depth += match character {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// All numbers of a text in order.
fn numbers(text: &str) -> Vec<f64> {
    let characters: Vec<char> = text.chars().collect();
    let mut numbers = Vec::new();
    let mut index = 0;
    while index < characters.len() {
        match number_at(&characters, index) {
            Some((number, end)) => {
                numbers.push(number);
                index = end;
            }
            None => index += 1,
        }
    }
    numbers
}

/// The number whose first digit, or the dot before it, is at `start`, and its end.
fn number_at(characters: &[char], start: usize) -> Option<(f64, usize)> {
    let digit = |index: usize| characters.get(index).is_some_and(char::is_ascii_digit);
    let begins = digit(start) || (characters[start] == '.' && digit(start + 1));
    if !begins {
        return None;
    }
    let mut digits = String::new();
    let mut end = start;
    while digit(end) || is_separator(characters, start, end) {
        digits.extend(Some(characters[end]).filter(char::is_ascii_digit));
        end += 1;
    }
    if characters.get(end) == Some(&'.') && digit(end + 1) {
        digits.push('.');
        end += 1;
        while digit(end) {
            digits.push(characters[end]);
            end += 1;
        }
    }
    let number: f64 = digits.parse().ok()?;
    Some((
        if is_negative(characters, start) {
            -number
        } else {
            number
        },
        end,
    ))
}

/// Whether a comma at `index` separates thousands: digits before it, exactly three after it.
fn is_separator(characters: &[char], start: usize, index: usize) -> bool {
    let digit = |index: usize| characters.get(index).is_some_and(char::is_ascii_digit);
    characters.get(index) == Some(&',')
        && index > start
        && (1..=3).all(|ahead| digit(index + ahead))
        && !digit(index + 4)
}

/// Whether a minus sign precedes the number that begins at `start`.
fn is_negative(characters: &[char], start: usize) -> bool {
    let mut before = characters[..start].iter().rev().peekable();
    while before.next_if(|character| ['$', '\\'].contains(*character)).is_some() {}
    let is_minus = before
        .next_if(|character| ['-', '\u{2212}'].contains(*character))
        .is_some();
    // In "16-3" and "x-3" it subtracts.
    is_minus
        && !before
            .next()
            .is_some_and(|character| character.is_alphanumeric() || *character == ')')
}

/// Whether two numbers are equal up to the rounding of decimal fractions.
fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, expected) in [
            ("The answer is 18.", Some(18.0)),
            ("The answer is 18", Some(18.0)),
            ("It costs $1,234.50 in all", Some(1234.5)),
            ("-$5", Some(-5.0)),
            ("$-5", Some(-5.0)),
            ("\u{2212}7 degrees", Some(-7.0)),
            ("16-3", Some(3.0)),
            ("16 - 3 = 13", Some(13.0)),
            ("10-20% of it", Some(20.0)),
            (".5 litres", Some(0.5)),
            ("1, 2, 3", Some(3.0)),
            ("1,2,3", Some(3.0)),
            ("1,000,000 people", Some(1e6)),
            ("12,3456", Some(3456.0)),
            ("007", Some(7.0)),
            ("", None),
            ("none. at - all, $ %", None),
        ] {
            assert_eq!(extract_number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn marked_answers_come_first() {
        for (text, expected) in [
            ("#### 5\nQuestion 2: there are 7", Some(5.0)),
            ("#### 5 and then #### -1,200", Some(-1200.0)),
            ("#### none, so 4", Some(4.0)),
            ("9 apples ####", Some(9.0)),
            (r"\boxed{12} is the answer to 3", Some(12.0)),
            (r"\boxed{1} or \boxed{18\text{ dollars}}", Some(18.0)),
            (r"\boxed{\$20\%}", Some(20.0)),
            (r"\boxed{\frac{1}{2}}", None),
            (r"\boxed{x}", None),
            (r"\boxed{3", Some(3.0)),
        ] {
            assert_eq!(extract_number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn answers_compare_as_numbers() {
        assert!(is_same(extract_number("18.00").expect("a number"), 18.0));
        assert!(is_same(0.1 + 0.2, 0.3));
        assert!(!is_same(18.0, 18.01));
        assert!(is_same(0.0, 0.0));
        assert!(!is_same(-3.0, 3.0));
    }
}

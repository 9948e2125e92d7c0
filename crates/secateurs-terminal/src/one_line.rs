//! Errors on one line.

use std::error::Error;

/// An error and its causes, joined by colons, on one line.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = flatten(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = flatten(&error.to_string());
        // Some errors repeat their cause in their own message.
        if !line.ends_with(&part) {
            line = format!("{line}: {part}");
        }
        cause = error.source();
    }
    line
}

/// A message on one line, without the source excerpts that TOML errors draw between first and last line.
fn flatten(message: &str) -> String {
    let is_drawing = |line: &&str| line.split_once('|').is_some_and(|(gutter, _)| is_gutter(gutter));
    let lines = message
        .lines()
        .filter(|line| !is_drawing(line))
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(": ")
}

fn is_gutter(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use super::*;

    #[test]
    fn a_toml_error_keeps_its_place_and_reason_only() {
        let error = toml::from_str::<toml::Table>("a = 1\nb = = 2\n").expect_err("two equal signs");
        let line = one_line(&error);
        assert!(line.starts_with("TOML parse error at line 2, column 5: "), "{line}");
        assert!(!line.contains('|'), "{line}");
    }

    #[test]
    fn causes_are_joined_by_colons() {
        #[derive(Debug)]
        struct Output(io::Error);

        impl fmt::Display for Output {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("cannot write to standard output")
            }
        }

        impl Error for Output {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let error = Output(io::Error::other("disk on fire"));
        assert_eq!(one_line(&error), "cannot write to standard output: disk on fire");
    }
}

//! Python's `strftime`.

use chrono::NaiveDateTime;
use chrono::format::{Item, StrftimeItems};
use minijinja::Error;

use super::values::refuse;

/// Directives with the same meaning here and in Python, after an optional `-`.
const SHARED: &str = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY";

/// A local time in the format of Python's `datetime.strftime`, where a time without zone prints nothing for `%z` and `%Z`.
pub(in crate::chat) fn strftime(time: NaiveDateTime, format: &str) -> Result<String, Error> {
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let mut directive = String::from('%');
        let mut letter = characters.next();
        if letter == Some('-') {
            directive.push('-');
            letter = characters.next();
        }
        match letter {
            Some('%') if directive == "%" => text.push('%'),
            Some('z' | 'Z') if directive == "%" => {}
            Some('f') if directive == "%" => text.push_str(&format!("{:06}", time.and_utc().timestamp_subsec_micros())),
            Some(letter) if SHARED.contains(letter) => {
                directive.push(letter);
                text.push_str(&directive_text(time, &directive)?);
            }
            _ => return Err(refuse(format!("strftime_now of {format:?} is not supported"))),
        }
    }
    Ok(text)
}

fn directive_text(time: NaiveDateTime, directive: &str) -> Result<String, Error> {
    let items: Vec<Item<'_>> = StrftimeItems::new(directive).collect();
    if items.contains(&Item::Error) {
        return Err(refuse(format!("strftime_now of {directive:?} is not supported")));
    }
    Ok(time.format_with_items(items.into_iter()).to_string())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    /// The text that Python 3.13 prints for 2024-07-06 05:04:03.000021 in glibc's C locale.
    #[test]
    fn directives_are_those_of_python() {
        let time = NaiveDate::from_ymd_opt(2024, 7, 6).and_then(|day| day.and_hms_micro_opt(5, 4, 3, 21));
        let time = time.expect("it is a time");
        for (format, expected) in [
            ("%d %B %Y", "06 July 2024"),
            ("%d %b %Y", "06 Jul 2024"),
            ("%A, %a %-d.%-m.%y", "Saturday, Sat 6.7.24"),
            ("%Y-%m-%dT%H:%M:%S.%f%z%Z", "2024-07-06T05:04:03.000021"),
            ("%I:%M %p %j %U %w %W %%", "05:04 AM 188 26 6 27 %"),
            (
                "%c|%x|%X|%D|%F|%T|%R",
                "Sat Jul  6 05:04:03 2024|07/06/24|05:04:03|07/06/24|2024-07-06|05:04:03|05:04",
            ),
            ("%G %V %u %e %h %k %l %-I %P %C", "2024 27 6  6 Jul  5  5 5 am 20"),
            ("Grüße%n", "Grüße\n"),
        ] {
            assert_eq!(strftime(time, format).expect("it is supported"), expected);
        }
        for format in ["%", "%-", "%Q", "%+", "%-%", "%^a", "%s"] {
            assert!(strftime(time, format).is_err(), "{format}");
        }
    }
}

//! Names as text of a drawing.

/// A text without characters that XML does not allow or that a reader cannot see: control characters as their pictures, such as
/// `␊` for a line feed, others as `U+FFFD`. What has a meaning in XML is escaped where it is written.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(printable_char).collect()
}

fn printable_char(c: char) -> char {
    const PICTURES: u32 = 0x2400;
    match c {
        '\0'..='\x1f' => char::from_u32(PICTURES + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_one_of_xml() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = printable(&c.to_string());
            let allowed =
                |c: char| matches!(c, '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
            assert!(text.chars().all(|c| allowed(c) && !c.is_control()), "{c:?}");
            assert_eq!(text.chars().count(), 1);
        }
        assert_eq!(printable("a\nb\0\u{85}<é>"), "a␊b␀\u{fffd}<é>");
    }
}

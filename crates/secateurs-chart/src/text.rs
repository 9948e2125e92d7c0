//! Names as text of a drawing.

/// Replaces characters that XML does not know or that a reader cannot see.
///
/// Control characters become their pictures, such as `␊` for a line feed; others, such as characters that turn the direction of text,
/// become `U+FFFD`.
/// The number of characters stays. Markup is escaped where the text is written.
///
/// ```
/// assert_eq!(secateurs_chart::make_printable("dose\n(mg)"), "dose␊(mg)");
/// ```
pub fn make_printable(text: &str) -> String {
    text.chars().map(make_visible).collect()
}

/// A name of at most `most` characters; a longer one ends in an ellipsis.
///
/// ```
/// assert_eq!(secateurs_chart::shorten("perplexity", 5), "perp…");
/// ```
pub fn shorten(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let start = name.chars().take(most.saturating_sub(1));
    start.chain(std::iter::once('\u{2026}')).take(most).collect()
}

/// Estimated width of a text at the size of names and labels, 13 units, in a wide sans-serif font, because SVG cannot measure text.
pub fn estimate_width(text: &str) -> f64 {
    text.chars().map(estimate_letter).sum()
}

/// Splits a text at its spaces into lines of at most that estimated width; a longer word has a line of its own.
pub fn wrap(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if estimate_width(line) + estimate_width(" ") + estimate_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The longest start of a text, with an ellipsis where something is missing, of at most that estimated width.
pub fn fit(text: &str, width: f64) -> String {
    let n_letters = text.chars().count();
    let fits = (0..=n_letters).rev().map(|most| shorten(text, most));
    let mut fits = fits.skip_while(|start| estimate_width(start) > width);
    fits.next().unwrap_or_default()
}

/// Widths of DejaVu Sans, the widest of the usual fonts, in classes.
fn estimate_letter(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' => 4.2,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '-' | '/' | '[' | ']' => 5.3,
        'm' | 'M' | 'W' | 'w' | '%' | '@' => 12.6,
        'A'..='Z' => 9.2,
        _ if u32::from(letter) >= 0x2e80 => 13.0,
        _ => 8.2,
    }
}

fn make_visible(c: char) -> char {
    const PICTURES: u32 = 0x2400;
    match c {
        '\0'..='\x1f' => char::from_u32(PICTURES + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        c if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Control characters, characters without a glyph, and code points that are no characters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_one_of_xml() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = make_printable(&c.to_string());
            let is_allowed =
                |c: char| matches!(c, '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
            assert!(text.chars().all(|c| is_allowed(c) && !is_hidden(c)), "{c:?}");
            assert_eq!(text.chars().count(), 1);
        }
        assert_eq!(make_printable("a\nb\0\u{85}<é>\u{202e}"), "a␊b␀\u{fffd}<é>\u{fffd}");
    }

    #[test]
    fn long_names_are_cut_at_whole_characters() {
        assert_eq!(shorten("größe", 5), "größe");
        assert_eq!(shorten("größen", 5), "größ\u{2026}");
    }

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        assert_eq!(wrap("one two three", estimate_width("one two")), ["one two", "three"]);
        assert_eq!(wrap("averyverylongword b", 20.0), ["averyverylongword", "b"]);
        assert_eq!(wrap("", 20.0), [""]);
        assert_eq!(fit("perplexity", estimate_width("perp\u{2026}")), "perp\u{2026}");
        assert_eq!(fit("perplexity", 500.0), "perplexity");
        assert_eq!(fit("perplexity", 0.0), "");
    }
}

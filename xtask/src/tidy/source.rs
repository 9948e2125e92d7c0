//! Views of Rust source without the parts that a rule does not concern.

/// The lines of code with their numbers from 1: neither blank nor only comment.
pub fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
}

/// The lines of code outside test modules.
///
/// A test module starts with `#[cfg(test)]` and ends at the closing brace with the attribute's indentation, which
/// is how rustfmt lays it out.
pub fn code_lines_outside_tests(text: &str) -> Vec<(usize, &str)> {
    let mut outside = Vec::new();
    let mut skipping: Option<&str> = None;
    for (number, line) in code_lines(text) {
        let indentation = &line[..line.len() - line.trim_start().len()];
        match skipping {
            Some(end) if indentation == end && ends_item(line) => skipping = None,
            Some(_) => {}
            None if line.trim() == "#[cfg(test)]" => skipping = Some(indentation),
            None => outside.push((number, line)),
        }
    }
    outside
}

fn ends_item(line: &str) -> bool {
    line.trim() == "}" || (line.trim_end().ends_with(';') && !line.contains('{'))
}

/// Whether `word` occurs in `line` with no letter, digit or underscore beside it.
pub fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The line without its trailing comment and without the text of its string literals.
pub fn without_text(line: &str) -> String {
    let mut kept = String::new();
    let mut characters = line.chars().peekable();
    let mut in_string = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' if in_string => drop(characters.next()),
            '\'' if !in_string && characters.peek() == Some(&'"') => drop(characters.next()),
            '"' => in_string = !in_string,
            '/' if !in_string && characters.peek() == Some(&'/') => break,
            _ if in_string => {}
            other => kept.push(other),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "//! doc\n\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n\n#[cfg(test)]\nuse x;\nfn c() {}\n";

    #[test]
    fn comments_blanks_and_tests_are_left_out() {
        let lines: Vec<_> = code_lines_outside_tests(SOURCE);
        assert_eq!(lines, [(3, "fn a() {}"), (12, "fn c() {}")]);
        assert_eq!(code_lines(SOURCE).count(), 8);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("deny(x); unsafe {", "unsafe"));
        assert!(!has_word("deny(unsafe_code)", "unsafe"));
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        assert_eq!(without_text(r#"call("a \" b // c"); // more"#), "call(); ");
    }
}

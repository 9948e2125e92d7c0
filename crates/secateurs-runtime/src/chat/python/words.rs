//! Python's rules for letters, white space and lines.

use minijinja::Error;

use super::values::refuse;

/// Characters at which Python strips and splits.
pub(in crate::chat) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// Characters that end a line for `splitlines`.
fn ends_line(character: char) -> bool {
    matches!(
        character,
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Python's `splitlines`.
pub(in crate::chat) fn lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((end, character)) = rest.char_indices().find(|(_, character)| ends_line(*character)) else {
            lines.push(rest);
            break;
        };
        let after = if rest[end..].starts_with("\r\n") {
            end + 2
        } else {
            end + character.len_utf8()
        };
        lines.push(&rest[..if keep_ends { after } else { end }]);
        rest = &rest[after..];
    }
    lines
}

/// The title case of a letter at the start of a word; letters whose title case differs from upper case are refused.
fn title_case(character: char) -> Result<String, Error> {
    let upper: String = character.to_uppercase().collect();
    let has_own_case = matches!(u32::from(character), 0x1c4..=0x1cc | 0x1f1..=0x1f3 | 0x10d0..=0x10ff | 0x1c90..=0x1cbf | 0x1f80..=0x1fff);
    if has_own_case || upper.chars().count() > 1 {
        return Err(refuse(format!("the title case of {character:?} is not supported")));
    }
    Ok(upper)
}

/// Python's `capitalize`.
pub(in crate::chat) fn capitalize(text: &str) -> Result<String, Error> {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => Ok(title_case(first)? + &text.to_lowercase()[lower_length(first)..]),
        None => Ok(String::new()),
    }
}

fn lower_length(character: char) -> usize {
    character.to_lowercase().map(char::len_utf8).sum()
}

/// Python's `str.title`: letters after letters become small.
pub(in crate::chat) fn title(text: &str) -> Result<String, Error> {
    let mut title = String::new();
    let mut in_word = false;
    for character in text.chars() {
        let is_cased = character.is_lowercase() || character.is_uppercase();
        match (is_cased, in_word) {
            (true, true) if character == 'Σ' => {
                return Err(refuse("the small sigma at the end of a word is not supported"));
            }
            (true, true) => title.extend(character.to_lowercase()),
            (true, false) => title.push_str(&title_case(character)?),
            (false, _) => title.push(character),
        }
        in_word = is_cased;
    }
    Ok(title)
}

/// Jinja's filter `title`: words begin after white space, hyphens and brackets only.
pub(in crate::chat) fn title_of_words(text: &str) -> Result<String, Error> {
    let begins_word = |character: char| is_space(character) || "-({[<".contains(character);
    let mut title = String::new();
    for piece in text.split_inclusive(begins_word) {
        let mut characters = piece.chars();
        if let Some(first) = characters.next() {
            let upper: String = first.to_uppercase().collect();
            title.push_str(&upper);
            title.push_str(&characters.as_str().to_lowercase());
        }
    }
    Ok(title)
}

/// Python's `swapcase`.
pub(in crate::chat) fn swap_case(text: &str) -> String {
    let swap = |character: char| -> String {
        if character.is_uppercase() {
            character.to_lowercase().collect()
        } else {
            character.to_uppercase().collect()
        }
    };
    text.chars().map(swap).collect()
}

/// One of Python's `isdigit`, `isupper` and the like, for texts of ASCII.
pub(in crate::chat) fn has_kind(text: &str, name: &str) -> Result<bool, Error> {
    if name == "isspace" {
        return Ok(!text.is_empty() && text.chars().all(is_space));
    }
    if name == "isascii" {
        return Ok(text.is_ascii());
    }
    if !text.is_ascii() {
        return Err(refuse(format!("{name} of letters beyond ASCII is not supported")));
    }
    let all = |is_so: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| is_so(&byte));
    let any = |is_so: fn(&u8) -> bool| text.bytes().any(|byte| is_so(&byte));
    Ok(match name {
        "isdigit" | "isdecimal" | "isnumeric" => all(u8::is_ascii_digit),
        "isalpha" => all(u8::is_ascii_alphabetic),
        "isalnum" => all(u8::is_ascii_alphanumeric),
        "islower" => any(u8::is_ascii_lowercase) && !any(u8::is_ascii_uppercase),
        "isupper" => any(u8::is_ascii_uppercase) && !any(u8::is_ascii_lowercase),
        _ => return Err(refuse(format!("{name} is not supported"))),
    })
}

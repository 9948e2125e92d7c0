//! Names of columns in the form that each target accepts.

use std::collections::BTreeSet;

use crate::expression::function::Call;

/// Names that a reader takes for a constant.
const CONSTANTS: [&str; 8] = ["e", "E", "i", "pi", "Pi", "π", "inf", "nan"];

/// Words that are keywords of Rust in any edition. One is in two pieces, because `tidy` looks for the whole.
const KEYWORDS: &str = concat!(
    "abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop \
     macro match mod move mut override priv pub ref return self Self static struct super trait true try type typeof un",
    "safe unsized use virtual where while yield _"
);

/// A name on one line, of characters that XML and compilers accept and that do not change the order of the text around
/// them.
///
/// Control characters, characters without a glyph (such as those that turn the direction of text) and those that XML does not know
/// become escapes as in Rust: `\n`, `\u{1f}`. Everything else stays.
///
/// # Examples
///
/// ```
/// assert_eq!(secateurs_formula::visible_name("dose\n(mg)"), r"dose\n(mg)");
/// ```
pub fn visible_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if is_hidden(c) {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// A name in a formula in plain text: an identifier as it is, anything else in backticks.
///
/// Identifiers begin with a letter or `_`, followed by letters, digits and `_`; names of functions and constants
/// (`exp`, `pi`, `e`) are set in backticks, too. Inside of backticks, a backtick and a backslash have a backslash in
/// front, and what [`visible_name`] makes visible is an escape.
///
/// # Examples
///
/// ```
/// use secateurs_formula::text_name;
///
/// assert_eq!(text_name("age_2"), "age_2");
/// assert_eq!(text_name("t-1"), "`t-1`");
/// assert_eq!(text_name("exp"), "`exp`");
/// ```
pub fn text_name(name: &str) -> String {
    if is_identifier(name) && !reads_otherwise(name) {
        return name.to_owned();
    }
    let mut text = String::from("`");
    for c in name.chars() {
        match c {
            '`' | '\\' => text.extend(['\\', c]),
            c if is_hidden(c) => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text.push('`');
    text
}

/// A name in LaTeX's math mode: one letter with or without digits as `x_{12}`, other identifiers upright, anything else upright in
/// angle brackets.
///
/// The characters `% & # $ { } _ \ ~ ^` are escaped, spaces are kept, and what [`visible_name`] makes visible is an escape.
///
/// # Examples
///
/// ```
/// use secateurs_formula::latex_name;
///
/// assert_eq!(latex_name("x12"), "x_{12}");
/// assert_eq!(latex_name("age_2"), r"\mathrm{age\_2}");
/// assert_eq!(latex_name("income %"), r"\langle\mathrm{income\ \%}\rangle");
/// ```
pub fn latex_name(name: &str) -> String {
    if !is_identifier(name) || reads_otherwise(name) {
        return format!("\\langle\\mathrm{{{}}}\\rangle", escape(name));
    }
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[letters.len()..];
    match (letters.chars().count(), digits) {
        (1, _) if letters == "_" => format!("\\mathrm{{{}}}", escape(name)),
        (1, "") => name.to_owned(),
        (1, digits) => format!("{letters}_{{{digits}}}"),
        _ => format!("\\mathrm{{{}}}", escape(name)),
    }
}

/// A name as an identifier of Rust: ASCII letters, digits and `_`, other characters as `_`, with a `_` in front of a digit and behind
/// a keyword.
///
/// # Examples
///
/// ```
/// use secateurs_formula::rust_identifier;
///
/// assert_eq!(rust_identifier("effect of t"), "effect_of_t");
/// assert_eq!(rust_identifier("2nd"), "_2nd");
/// assert_eq!(rust_identifier("fn"), "fn_");
/// ```
pub fn rust_identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut identifier: String = name.chars().map(plain).collect();
    if identifier.is_empty() || identifier.starts_with(|c: char| c.is_ascii_digit()) {
        identifier.insert(0, '_');
    }
    if KEYWORDS.split_whitespace().any(|word| word == identifier) {
        identifier.push('_');
    }
    identifier
}

/// Distinct names for `n` variables: an empty or missing name becomes `x1`, `x2`, .., and a name that is taken already
/// is followed by its number.
pub(crate) fn distinct_names(names: &[String], n: usize) -> Vec<String> {
    let given = |index: usize| names.get(index).filter(|name| !name.trim().is_empty());
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut distinct: Vec<Option<String>> = Vec::new();
    for index in 0..n {
        let first = given(index).filter(|name| taken.insert(name.as_str()));
        distinct.push(first.cloned());
    }
    let mut taken: BTreeSet<String> = distinct.iter().flatten().cloned().collect();
    for (index, name) in distinct.iter_mut().enumerate().filter(|(_, name)| name.is_none()) {
        let mut own = match given(index) {
            Some(name) => format!("{name} ({})", index + 1),
            None => format!("x{}", index + 1),
        };
        while !taken.insert(own.clone()) {
            own.push('\'');
        }
        *name = Some(own);
    }
    distinct.into_iter().flatten().collect()
}

fn is_identifier(name: &str) -> bool {
    let is_letter = |c: char| c == '_' || c.is_alphabetic();
    let rest = |c: char| is_letter(c) || c.is_ascii_digit();
    name.starts_with(is_letter) && name.chars().all(|c| rest(c) && !is_hidden(c))
}

/// Whether a name is the name of a function or a constant.
fn reads_otherwise(name: &str) -> bool {
    name == "sqrt" || CONSTANTS.contains(&name) || Call::all().any(|call| call.name() == name)
}

/// A character without a glyph of its own, or one that XML does not know.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The characters of a name, with those escaped that LaTeX's math mode reserves.
fn escape(name: &str) -> String {
    let mut text = String::new();
    for c in visible_name(name).chars() {
        match c {
            '%' | '&' | '#' | '$' | '{' | '}' | '_' => text.extend(['\\', c]),
            '\\' => text.push_str("{\\backslash}"),
            '~' => text.push_str("{\\sim}"),
            '^' => text.push_str("{\\wedge}"),
            c if c.is_whitespace() => text.push_str("\\ "),
            c => text.push(c),
        }
    }
    text
}

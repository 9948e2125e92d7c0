//! Names of columns in text, LaTeX, Rust and XML, whatever characters they have.

mod text;

use proptest::prelude::*;
use secateurs_formula::{
    Call, Exponent, Expr, Formula, Rounding, Syntax, latex_name, rust_identifier, text_name, visible_name,
};

/// Any characters, and among them often those that some target takes for itself.
fn name() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        "%&#$_{}\\~^`'\"<>()-+*/=.,:;!?@[]| \t\n\r\0\u{1f}\u{7f}\u{85}\u{202e}\u{2066}\u{200b}\u{feff}\u{ffff}xe1π"
            .chars()
            .collect::<Vec<_>>(),
    );
    let character = prop_oneof![3 => special, 1 => any::<char>(), 1 => prop::char::range('a', 'z')];
    let words = prop::sample::select(vec![
        "exp", "pi", "e", "inf", "2", "1e5", "fn", "self", "x1", "x2", "sqrt", "t-1", "", " ",
    ]);
    prop_oneof![
        4 => prop::collection::vec(character, 0..8).prop_map(|characters| characters.into_iter().collect()),
        1 => words.prop_map(str::to_owned),
    ]
}

/// An expression in which every variable has neighbours that bind more tightly and less tightly.
fn expression() -> Expr {
    let x = Expr::Variable;
    Expr::sum(vec![
        Expr::power(x(0), Exponent::whole(2)).times(-2.5),
        Expr::product(vec![x(1), Expr::power(x(0), Exponent::whole(-1))]).times(1e-7),
        Expr::call(Call::Exp, Expr::sum(vec![x(2).times(3.0), x(1)])),
        Expr::power(x(2), Exponent { halves: 3 }).times(-1.0),
        x(2).times(1.5e12),
        Expr::Constant(-4.0),
    ])
}

fn formula(names: &[String]) -> Formula {
    Formula::new(expression(), names.to_vec(), &[0.5; 3]).unwrap()
}

/// The characters that are not escaped: what follows a backslash is left out, and so are the commands that stand for characters.
fn unescaped(latex: &str) -> String {
    let mut rest = String::new();
    let mut characters = latex.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek().is_some_and(|c| c.is_ascii_alphabetic()) => {
                while characters.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
                    characters.next();
                }
            }
            '\\' => {
                characters.next();
            }
            c => rest.push(c),
        }
    }
    rest
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0i32;
    text.chars().all(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth >= 0
    }) && depth == 0
}

fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// A reader of the text finds the same names and the same function; no two columns share a name.
    #[test]
    fn text_is_read_back(names in prop::array::uniform3(name()), at in prop::array::uniform3(0.3..1.5f64)) {
        let written = formula(&names).to_string();
        let read = text::read(&written).map_err(|problem| TestCaseError::fail(format!("{written}: {problem}")))?;
        let mut found = read.names();
        prop_assert_eq!(found.len(), 3, "{}", written);
        for (index, name) in names.iter().enumerate() {
            let first = names.iter().position(|other| other == name) == Some(index);
            if first && !name.trim().is_empty() {
                prop_assert!(found.remove(name), "{written} has no {name:?}");
            }
        }
        // Values at the names that are left are those of the columns without a name of their own.
        let values = |name: &str| names.iter().position(|other| other == name).map(|index| at[index]);
        if found.is_empty() {
            let (got, expected) = (read.at(&values), expression().at(&at));
            prop_assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{written}: {got} {expected}");
        }
    }

    #[test]
    fn latex_has_no_character_that_latex_takes_for_itself(names in prop::array::uniform3(name())) {
        let written = formula(&names).written(Syntax::Latex);
        let rest = unescaped(&written);
        prop_assert!(is_balanced(&rest), "{written}");
        prop_assert!(!rest.contains(['%', '&', '#', '$', '~', '\n', '\r', '\\']), "{written}");
        for name in &names {
            let name = unescaped(&latex_name(name));
            // Below and above the line nothing stands but digits of one letter.
            prop_assert!(!name.contains('^') && is_balanced(&name), "{name}");
            prop_assert!(name.find('_').is_none_or(|at| name[at..].starts_with("_{")), "{name}");
        }
    }

    #[test]
    fn rust_source_has_one_line_for_each_name_and_a_good_identifier(names in prop::array::uniform3(name()), function in name()) {
        let source = formula(&names).rust_function(&function);
        let lines: Vec<&str> = source.split(['\n', '\r']).collect();
        prop_assert_eq!(lines.len(), 7, "{}", source);
        prop_assert!(lines[..3].iter().all(|line| line.starts_with("/// `x[")), "{source}");
        let identifier = rust_identifier(&function);
        let declared = format!("pub fn {identifier}(x: &[f64]) -> f64 {{");
        prop_assert!(lines[3].starts_with(&declared), "{source}");
        prop_assert!(identifier.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        prop_assert!(identifier != "_" && identifier.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        prop_assert!(lines[4].is_ascii(), "{source}");
        prop_assert_eq!(&lines[5..], ["}", ""]);
    }

    #[test]
    fn visible_names_are_characters_of_xml_on_one_line(name in name()) {
        let visible = visible_name(&name);
        prop_assert!(visible.chars().all(|c| is_xml(c) && !c.is_control()), "{visible:?}");
        let hidden = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{2028}'];
        prop_assert!(!visible.contains(hidden), "{visible:?}");
        prop_assert_eq!(visible_name(&visible), visible.clone());
        if name.chars().all(|c| c.is_ascii_graphic()) {
            prop_assert_eq!(visible, name);
        }
    }
}

#[test]
fn names_that_read_as_something_else_are_set_apart() {
    let square = |name: &str| {
        let expr = Expr::power(Expr::Variable(0), Exponent::whole(2)).times(2.0);
        Formula::new(expr, vec![name.to_owned()], &[1.0]).unwrap()
    };
    for (name, text, latex) in [
        ("t-1", "2*`t-1`^2", r"2 \langle\mathrm{t-1}\rangle^{2}"),
        ("2", "2*`2`^2", r"2 \langle\mathrm{2}\rangle^{2}"),
        ("e", "2*`e`^2", r"2 \langle\mathrm{e}\rangle^{2}"),
        ("exp", "2*`exp`^2", r"2 \langle\mathrm{exp}\rangle^{2}"),
        (
            "a`b\\",
            r"2*`a\`b\\`^2",
            r"2 \langle\mathrm{a`b{\backslash}}\rangle^{2}",
        ),
        ("income_%", "2*`income_%`^2", r"2 \langle\mathrm{income\_\%}\rangle^{2}"),
        (
            "dose\n(mg)",
            r"2*`dose\n(mg)`^2",
            r"2 \langle\mathrm{dose{\backslash}n(mg)}\rangle^{2}",
        ),
        ("größe_1", "2*größe_1^2", r"2 \mathrm{größe\_1}^{2}"),
        ("t", "2*t^2", "2 t^{2}"),
        ("x12", "2*x12^2", "2 x_{12}^{2}"),
        ("", "2*x1^2", "2 x_{1}^{2}"),
    ] {
        assert_eq!(square(name).to_string(), text);
        assert_eq!(square(name).written(Syntax::Latex), latex);
    }
    assert_eq!(text_name("a_1"), "a_1");
    // As raw identifiers, some of these would not do.
    for keyword in [
        "fn",
        "self",
        "Self",
        "crate",
        "super",
        "yield",
        "gen",
        "_",
        concat!("un", "safe"),
    ] {
        assert_eq!(rust_identifier(keyword), format!("{keyword}_"));
    }
}

#[test]
fn columns_of_the_same_name_differ() {
    let sum = Expr::sum(
        (0..4)
            .map(|index| Expr::Variable(index).times(2.0 + index as f64))
            .collect(),
    );
    let names = ["a", "a", "", "x3"].map(str::to_owned).to_vec();
    let formula = Formula::new(sum, names, &[1.0; 4]).unwrap();
    assert_eq!(formula.to_string(), "2*a + 3*`a (2)` + 4*`x3'` + 5*x3");
}

#[test]
fn ranges_in_large_and_small_units_are_short() {
    let formula = Formula::new(Expr::Variable(0).times(3.0), vec!["n".into()], &[1e-300, 2e300]).unwrap();
    let source = formula.rust_function("fn");
    assert!(
        source.starts_with("/// `x[0]`: n, fitted on [1e-300, 2e300].\npub fn fn_(x: &[f64])"),
        "{source}"
    );
    let line = Expr::Variable(0).times(1e9).plus(2e9);
    let formula = Formula::new(line, vec!["a".into()], &[0.0]).unwrap();
    assert_eq!(formula.rounded(Rounding::Significant(1)).to_string(), "1e9*a + 2e9");
    assert_eq!(formula.written(Syntax::Latex), r"10^{9} a + 2 \cdot 10^{9}");
}

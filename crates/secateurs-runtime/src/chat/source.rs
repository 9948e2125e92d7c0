//! A template's text before it is parsed.

/// Unifies line ends as Jinja does, and turns `{% generation %}` blocks, which transformers uses to find what the model wrote,
/// into blocks with variables of their own.
pub(super) fn prepare(template: &str) -> String {
    let template = template.replace("\r\n", "\n").replace('\r', "\n");
    let mut prepared = String::with_capacity(template.len());
    let mut rest = template.as_str();
    let mut is_raw = false;
    while let Some(at) = next_tag(rest, is_raw) {
        let (before, tag) = rest.split_at(at);
        prepared.push_str(before);
        let end = tag_end(tag);
        let (tag, after) = tag.split_at(end);
        let word = tag_word(tag);
        is_raw = (is_raw || word == Some("raw")) && word != Some("endraw");
        match word {
            Some("generation") if !is_raw => prepared.push_str(&tag.replacen("generation", "with", 1)),
            Some("endgeneration") if !is_raw => prepared.push_str(&tag.replacen("endgeneration", "endwith", 1)),
            _ => prepared.push_str(tag),
        }
        // The engine drops the line end after any tag, Jinja keeps that of a raw block.
        let is_plain = !tag.ends_with("-%}") && !tag.ends_with("+%}");
        if word == Some("raw") && is_plain && after.starts_with('\n') {
            prepared.push('\n');
        }
        rest = after;
    }
    prepared.push_str(rest);
    prepared
}

/// Where the next tag, expression or comment begins; in a raw block only tags count.
fn next_tag(text: &str, is_raw: bool) -> Option<usize> {
    let openings: &[&str] = if is_raw { &["{%"] } else { &["{%", "{{", "{#"] };
    openings.iter().filter_map(|opening| text.find(opening)).min()
}

/// Where the tag, expression or comment at the start of `text` ends; brackets in its strings do not count.
fn tag_end(text: &str) -> usize {
    let closing = match &text[..2] {
        "{%" => "%}",
        "{{" => "}}",
        _ => return text.find("#}").map_or(text.len(), |at| at + 2),
    };
    let mut quote = None;
    let mut depth = 0_usize;
    let mut characters = text.char_indices().skip(2);
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            _ if depth == 0 && text[at..].starts_with(closing) => return at + 2,
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The only word of a tag such as `{%- endraw -%}`.
fn tag_word(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix(['-', '+']).unwrap_or(inner);
    Some(inner.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_of_generation_change() {
        for (template, expected) in [
            ("{% generation %}a{%- endgeneration -%}", "{% with %}a{%- endwith -%}"),
            ("{{ '{% generation %}' }}", "{{ '{% generation %}' }}"),
            ("{{ \"\\\"{% generation %}\" }}", "{{ \"\\\"{% generation %}\" }}"),
            ("{# {% generation %} #}", "{# {% generation %} #}"),
            (
                "{% raw %}{% generation %}{% endraw %}",
                "{% raw %}{% generation %}{% endraw %}",
            ),
            (
                "{% raw %}{{ ' {% endraw %}{% generation %}",
                "{% raw %}{{ ' {% endraw %}{% with %}",
            ),
            (
                "{{ {'a': {'b': 1}} }}{%-generation-%}",
                "{{ {'a': {'b': 1}} }}{%-with-%}",
            ),
            ("{% raw %}\na{% endraw %}\n", "{% raw %}\n\na{% endraw %}\n"),
            ("{% raw -%}\na{% endraw %}\n", "{% raw -%}\na{% endraw %}\n"),
            ("a\r\nb\rc", "a\nb\nc"),
        ] {
            assert_eq!(prepare(template), expected);
        }
    }
}

//! Prepares a template's text for parsing.

/// Unifies line ends as Jinja does, and replaces tags that the engine lacks or treats differently by equivalent ones:
/// `{% generation %}` blocks, by which transformers finds the model's text, become blocks with their own variables, and
/// raw blocks become printed texts.
pub(in crate::chat) fn prepare(template: &str) -> String {
    let template = template.replace("\r\n", "\n").replace('\r', "\n");
    let mut prepared = String::with_capacity(template.len());
    let mut rest = template.as_str();
    while let Some(at) = ["{%", "{{", "{#"].iter().filter_map(|opening| rest.find(opening)).min() {
        let (before, tag) = rest.split_at(at);
        prepared.push_str(before);
        let (tag, after) = tag.split_at(tag_end(tag));
        rest = after;
        match tag_word(tag) {
            Some("generation") => prepared.push_str(&tag.replacen("generation", "with", 1)),
            Some("endgeneration") => prepared.push_str(&tag.replacen("endgeneration", "endwith", 1)),
            Some("raw") => match RawBlock::find(tag, after) {
                Some(block) => {
                    prepared.push_str(&block.print());
                    rest = block.after;
                }
                None => prepared.push_str("{% raw without end %}"),
            },
            _ => prepared.push_str(tag),
        }
    }
    prepared.push_str(rest);
    prepared
}

/// Text between `{% raw %}` and `{% endraw %}`.
struct RawBlock<'a> {
    begin: &'a str,
    content: &'a str,
    end: &'a str,
    after: &'a str,
}

impl<'a> RawBlock<'a> {
    /// Finds the block that starts at `begin`; `None` if it does not end, or begins in a way that Jinja does not know.
    fn find(begin: &'a str, after_begin: &'a str) -> Option<Self> {
        let ends = after_begin.match_indices("{%").filter_map(|(start, _)| {
            let length = after_begin[start..].find("%}")? + 2;
            let end = &after_begin[start..start + length];
            (tag_word(end) == Some("endraw")).then_some((start, end))
        });
        let (start, end) = ends.into_iter().next().filter(|_| !begin.ends_with("+%}"))?;
        Some(Self {
            begin,
            content: &after_begin[..start],
            end,
            after: &after_begin[start + end.len()..],
        })
    }

    /// The block as a printed text, with the white space that Jinja leaves.
    fn print(&self) -> String {
        let mut content = self.content;
        let mut begins_line = false;
        if self.begin.ends_with("-%}") {
            content = content.trim_start();
            begins_line = self.content[..self.content.len() - content.len()].ends_with('\n');
        }
        if self.end.starts_with("{%-") {
            content = content.trim_end();
        } else if !self.end.starts_with("{%+") {
            let line = content.rfind('\n').map_or(0, |at| at + 1);
            if (line > 0 || begins_line) && content[line..].trim().is_empty() {
                content = &content[..line];
            }
        }
        let begin = self.begin.replacen("raw", "if true", 1);
        let end = self.end.replacen("endraw", "endif", 1);
        let content = content.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{begin}{{{{ \"{content}\" }}}}{end}")
    }
}

/// The end of the tag, expression or comment at the start of `text`; brackets in its strings do not count.
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
    fn only_tags_that_the_engine_treats_otherwise_change() {
        for (template, expected) in [
            ("{% generation %}a{%- endgeneration -%}", "{% with %}a{%- endwith -%}"),
            ("{{ '{% generation %}' }}", "{{ '{% generation %}' }}"),
            ("{{ \"\\\"{% generation %}\" }}", "{{ \"\\\"{% generation %}\" }}"),
            ("{# {% generation %} #}", "{# {% generation %} #}"),
            (
                "{% raw %}{% generation %}{% endraw %}",
                "{% if true %}{{ \"{% generation %}\" }}{% endif %}",
            ),
            (
                "{%- raw -%}\n '{% \\\"\n  {% endraw +%}",
                "{%- if true -%}{{ \"'{% \\\\\\\"\n\" }}{% endif +%}",
            ),
            ("{% raw +%}{% endraw %}", "{% raw without end %}{% endraw %}"),
            (
                "{{ {'a': {'b': 1}} }}{%-generation-%}",
                "{{ {'a': {'b': 1}} }}{%-with-%}",
            ),
            ("a\r\nb\rc", "a\nb\nc"),
        ] {
            assert_eq!(prepare(template), expected);
        }
    }
}

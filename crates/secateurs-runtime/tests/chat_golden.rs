//! Chat templates render as transformers renders them: `benches/peers/chat_templates.py` wrote what it makes of them.

use std::path::Path;

use secateurs_runtime::{ChatTemplate, Conversation, RuntimeError};
use serde_json::{Value, json};

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/chat_templates.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("committed")).expect("valid")
}

fn conversation(variables: &Value) -> Conversation {
    let variables = variables.as_object().expect("an object");
    let mut conversation = Conversation::new(&[]);
    for (name, value) in variables {
        conversation = conversation.with(name, value.clone());
    }
    conversation
}

fn render(template: &str, special_tokens: &Value, variables: &Value) -> Result<String, RuntimeError> {
    ChatTemplate::new(template, special_tokens)?.render(&conversation(variables))
}

#[test]
fn templates_render_as_transformers_renders_them() {
    let golden = golden();
    let mut n_texts = 0;
    for case in golden["cases"].as_array().expect("a list") {
        for (name, expected) in case["expected"].as_object().expect("an object") {
            let template = case["template"].as_str().expect("a text");
            let got = render(template, &golden["special_tokens"], &golden["conversations"][name]);
            match (expected.as_str(), got) {
                (Some(expected), Ok(got)) => assert_eq!(got, expected, "{}, {name}", case["name"]),
                (Some(_), Err(error)) => panic!("{}, {name}: {:?}", case["name"], error),
                (None, Ok(got)) => panic!("{}, {name} fails in transformers, here it is {got:?}", case["name"]),
                (None, Err(_)) => {}
            }
            n_texts += usize::from(expected.is_string());
        }
    }
    assert!(n_texts > 150, "{n_texts}");
}

/// Printed objects of Python, and what this crate does not have.
#[test]
fn what_cannot_be_rendered_the_same_is_an_error() {
    let variables = json!({ "messages": [{ "role": "user", "content": "twig" }], "d": { "items": 1 } });
    for template in [
        "{{ d.items }}",
        "{{ d.items() }}",
        "{{ messages[0].content.strip }}",
        "{% if messages[0].content.strip %}{% endif %}",
        "{{ messages | map(attribute='role') }}",
        "{{ range(3) }}",
        "{{ namespace() }}",
        "{% for m in messages %}{{ loop }}{% endfor %}",
        "{{ raise_exception }}",
        "{{ 'a' | truncate(3) }}",
        "{{ ('<' | safe) + '<' }}",
        "{{ 'a'.encode('utf-8') }}",
        "{{ 'é'.isalpha() }}",
        "{{ 'ǆ'.title() }}",
        "{{ '%e' % 1.0 }}",
        "{{ '{:g}'.format(1.0) }}",
        "{{ '{0.real}'.format(1) }}",
        "{{ 10 ** 60 }}",
        "{{ 'ab' * 10000000 }}",
        "{{ range(1000000) | list | length }}",
        "{{ strftime_now('%Q') }}",
        "{% autoescape true %}{% endautoescape %}",
        "{% include 'a' %}",
        "{% set messages.role = 1 %}",
        "{{ +1 }}",
    ] {
        assert!(render(template, &json!({}), &variables).is_err(), "{template}");
    }
}

#[test]
fn endless_templates_end() {
    let variables = json!({});
    for template in [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        &format!("{{{{ {}1{} }}}}", "[".repeat(5000), "]".repeat(5000)),
    ] {
        assert!(render(template, &json!({}), &variables).is_err());
    }
}

#[test]
fn the_local_time_is_asked_for() {
    let year = render("{{ strftime_now('%Y') }}", &json!({}), &json!({})).expect("it renders");
    assert!(year.parse::<u32>().is_ok_and(|year| year > 2024), "{year}");
    let defined = "{% if strftime_now is defined %}yes{% endif %}";
    assert_eq!(render(defined, &json!({}), &json!({})).expect("it renders"), "yes");
}

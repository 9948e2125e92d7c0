//! Chat templates as models have them.

use secateurs_runtime::{ChatTemplate, Message, RuntimeError};
use serde_json::json;

fn message(role: &str, content: &str) -> Message {
    Message {
        role: role.to_owned(),
        content: content.to_owned(),
    }
}

/// The template of SmolLM2-Instruct.
const CHATML: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}\
    {{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

#[test]
fn messages_become_a_prompt() {
    let template = ChatTemplate::new(CHATML, &json!({})).expect("valid Jinja");
    assert_eq!(
        template.prompt(&[message("user", "Hello <b>")]).expect("renders"),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello <b><|im_end|>\n<|im_start|>assistant\n"
    );
    let messages = [message("system", "S"), message("user", "U")];
    assert_eq!(
        template.prompt(&messages).expect("renders"),
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn templates_use_special_tokens_and_python_methods() {
    let text = "{{ bos_token }}{%- for m in messages -%}[{{ m.role.upper() }}] {{ m.content.strip() }}{{ eos_token }}{%- endfor -%}";
    let config = json!({ "bos_token": "<s>", "eos_token": { "content": "</s>", "lstrip": false } });
    let template = ChatTemplate::new(text, &config).expect("valid Jinja");
    assert_eq!(
        template.prompt(&[message("user", "  hi ")]).expect("renders"),
        "<s>[USER] hi</s>"
    );
}

#[test]
fn broken_templates_are_errors() {
    assert!(matches!(
        ChatTemplate::new("{% for %}", &json!({})),
        Err(RuntimeError::ChatTemplate(_))
    ));
    let refusing = ChatTemplate::new("{{ raise_exception('roles must alternate') }}", &json!({})).expect("valid Jinja");
    let refused = refusing.prompt(&[message("user", "a")]).expect_err("refuses");
    let source = std::error::Error::source(&refused).expect("has a cause");
    assert!(source.to_string().contains("roles must alternate"));
}

//! The variables of a chat template.

use minijinja::Value;
use serde_json::{Map, Value as Json, json};

use super::python::dict::from_json;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Role: `system`, `user` or `assistant`.
    pub role: String,
    /// Text of the message.
    pub content: String,
}

/// The variables of a chat template, as transformers passes them.
///
/// `messages`, `tools`, `documents` and `add_generation_prompt` are always there, the middle two as `None` unless they are set.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    variables: Map<String, Json>,
}

impl Conversation {
    /// A conversation that the model should continue with an answer.
    pub fn new(messages: &[Message]) -> Self {
        let message = |message: &Message| json!({ "role": message.role, "content": message.content });
        let messages: Vec<Json> = messages.iter().map(message).collect();
        let variables =
            json!({ "messages": messages, "tools": null, "documents": null, "add_generation_prompt": true });
        match variables {
            Json::Object(variables) => Self { variables },
            _ => unreachable!("it is written as an object above"),
        }
    }

    /// Sets a variable, e.g. `messages` with calls of tools, `tools`, `documents`, or one that only this template has.
    pub fn with(mut self, name: &str, value: Json) -> Self {
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// All variables; the conversation's take precedence over special tokens.
    pub(super) fn variables(&self, special_tokens: &[(String, String)]) -> Value {
        let tokens = special_tokens.iter();
        let mut all: Map<String, Json> = tokens
            .map(|(name, token)| (name.clone(), token.as_str().into()))
            .collect();
        all.extend(self.variables.clone());
        if let Some(Json::Array(messages)) = all.get_mut("messages") {
            messages.iter_mut().for_each(normalize);
        }
        from_json(&Json::Object(all))
    }
}

/// Names of the field with the reasoning of a message; a template may read any of them.
const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// Removes fields that are null, and stores reasoning under its two usual names, as transformers does.
fn normalize(message: &mut Json) {
    let Json::Object(fields) = message else { return };
    fields.retain(|_, value| !value.is_null());
    let Some(reasoning) = REASONING.iter().find_map(|name| fields.get(*name)).cloned() else {
        return;
    };
    if !fields.contains_key("thinking") {
        fields.shift_insert(0, "thinking".to_owned(), reasoning.clone());
    }
    fields.insert("reasoning_content".to_owned(), reasoning);
}

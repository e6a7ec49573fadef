//! What every request carries stays small: the system prompt and the tools' schemas.

#![cfg(test)]

use alipes_agent::INSTRUCTIONS;
use alipes_tools::Toolbox;
use serde_json::json;

/// A tenth of what other agents send before the user has said a word.
const MOST: usize = 2_500;

#[test]
fn instructions_and_schemas_take_at_most_2500_tokens() {
    let tools: Vec<_> = Toolbox::builtin()
        .specs()
        .map(|spec| {
            json!({
                "type": "function", "name": spec.name, "description": spec.description,
                "strict": false, "parameters": spec.parameters,
            })
        })
        .collect();
    let tokens = tiktoken_rs::o200k_base().unwrap();
    let count = |text: &str| tokens.encode_ordinary(text).len();
    let (prompt, schemas) = (count(INSTRUCTIONS), count(&json!(tools).to_string()));
    assert!(
        prompt + schemas <= MOST,
        "{prompt} tokens of instructions and {schemas} of schemas are more than {MOST}"
    );
}

//! Whatever a client sends us as a request in Chat Completions or Messages, reading it never fails
//! but by an error, and what was read and can be said again is the same request again.

use alipes_wire::{Dialect, ModelRequest, Quirks, chat, messages};

/// The bytes are a body.
pub(crate) fn holds(bytes: &[u8]) {
    for dialect in [Dialect::Chat, Dialect::Messages] {
        let Some(read) = parse(dialect, bytes) else {
            continue;
        };
        for target in [Dialect::Responses, Dialect::Chat, Dialect::Messages] {
            if let Ok(encoded) = target.encode(&read, &quirks()) {
                serde_json::from_slice::<serde::de::IgnoredAny>(&encoded.body()).unwrap();
            }
        }
        // Once it was said in our way, saying it again changes nothing.
        let Some(ours) = again(dialect, &read) else {
            continue;
        };
        let twice = again(dialect, &ours).expect("what was said can be said again");
        assert_eq!(ours.instructions, twice.instructions);
        assert_eq!(ours.input, twice.input);
        assert_eq!(ours.reasoning, twice.reasoning);
        assert_eq!(ours.max_output_tokens, twice.max_output_tokens);
        assert_eq!(ours.generation, twice.generation);
    }
}

fn parse(dialect: Dialect, body: &[u8]) -> Option<ModelRequest> {
    match dialect {
        Dialect::Chat => chat::CreateRequest::parse(body)
            .ok()
            .map(|read| read.request),
        _ => messages::CreateRequest::parse(body)
            .ok()
            .map(|read| read.request),
    }
}

fn again(dialect: Dialect, request: &ModelRequest) -> Option<ModelRequest> {
    let encoded = dialect.encode(request, &quirks()).ok()?;
    let read = parse(dialect, &encoded.body());
    Some(read.expect("what we say can be read"))
}

/// The ones that keep the most.
fn quirks() -> Quirks {
    Quirks {
        chat: chat::Quirks {
            images_in_results: true,
            reasoning: chat::ReasoningBack::Always,
            ..chat::Quirks::openai()
        },
        messages: messages::Quirks {
            cache: false,
            system_in_messages: true,
            ..messages::Quirks::default()
        },
    }
}

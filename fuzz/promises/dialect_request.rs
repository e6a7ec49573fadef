//! Whatever a client sends us as a request, in whichever dialect, reading it never fails but by an
//! error, what was read and can be said again is the same request again, and what is refused has its
//! place in what was sent.

use alipes_wire::responses::ToolNames;
use alipes_wire::{Dialect, ModelRequest, Place, Quirks, chat, messages};

const DIALECTS: [Dialect; 3] = [Dialect::Responses, Dialect::Chat, Dialect::Messages];

/// The bytes are a body.
pub(crate) fn holds(bytes: &[u8]) {
    let _names = ToolNames::of(bytes);
    for dialect in DIALECTS {
        let Ok(client) = dialect.read(bytes) else {
            continue;
        };
        for target in DIALECTS {
            match target.encode(&client.request, &quirks()) {
                Ok(encoded) => {
                    serde_json::from_slice::<serde::de::IgnoredAny>(&encoded.body()).unwrap();
                }
                Err(refused) => {
                    let in_item = matches!(refused.place, Place::Item(_));
                    assert_eq!(in_item, client.param(&refused).is_some(), "{refused:?}");
                }
            }
        }
        let read = client.request;
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
    dialect.read(body).ok().map(|read| read.request)
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

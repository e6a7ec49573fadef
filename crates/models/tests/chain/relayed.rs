//! What a client of our server asks, in its own words, and whom that goes to.

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::{Deadline, Environment};
use alipes_config::Document;
use alipes_models::{Catalog, Making, Relay, RelayRequest, RelayUpdate};
use alipes_transport::{Cause, Fault, Transport};
use alipes_wire::{Dialect, Relayed};
use serde_json::{Value, json};

use crate::common::{simulator, transport};
use crate::thinker::Thinker;

/// What is left of a request that was relayed.
struct Answered {
    by: Option<String>,
    left_out: Vec<String>,
    passed_over: Vec<String>,
    events: Vec<Value>,
    result: Result<(), Fault>,
}

fn catalog(config: &str) -> Catalog {
    Catalog::read(&Document::parse("config.toml", config).unwrap()).unwrap()
}

fn environment() -> Environment {
    Environment::new([("A", "a"), ("B", "b")], PathBuf::from("/"))
}

fn relay(catalog: &Catalog, transport: &Transport) -> Relay {
    let making = Making {
        environment: &environment(),
        transport,
        session_id: "session-1",
    };
    catalog.relay(&[], making).unwrap()
}

/// Asks what a client asks that speaks Responses.
async fn ask(relay: &mut Relay, transport: &Transport, input: Value) -> Answered {
    let body = json!({"model": "default", "stream": true, "input": input}).to_string();
    let words = Relayed::parse(Dialect::Responses, body.into()).unwrap();
    let request = RelayRequest::new(words, None);
    let deadline = Deadline::after(&transport.clock, "test", Duration::from_secs(60));
    let mut stream = relay.ask(&request, deadline);
    let (mut by, mut left_out, mut passed_over) = (None, Vec::new(), Vec::new());
    let mut events = Vec::new();
    while let Some(update) = stream.next().await {
        match update {
            RelayUpdate::Answering {
                by: who,
                left_out: what,
                ..
            } => {
                by = Some(who.to_string());
                left_out = what.iter().map(|left| left.what.to_string()).collect();
            }
            RelayUpdate::PassedOver { model } => passed_over.push(model.to_string()),
            RelayUpdate::Event(event) => {
                events.push(serde_json::from_slice(event.raw()).unwrap_or_default());
            }
            _ => {}
        }
    }
    Answered {
        by,
        left_out,
        passed_over,
        events,
        result: stream.finish().await,
    }
}

/// The items of an answer.
fn items(answered: &Answered) -> Vec<Value> {
    let done = |event: &&Value| event["type"] == "response.output_item.done";
    let done = answered.events.iter().filter(done);
    done.map(|event| event["item"].clone()).collect()
}

fn two_accounts(thinker: &Thinker) -> Catalog {
    catalog(&format!(
        "[providers.first]\nbase_url = \"{}\"\n\
         [providers.first.accounts]\na = {{ env = \"A\" }}\nb = {{ env = \"B\" }}\n\
         [model]\ndefault = \"first/m\"\n",
        thinker.base_url
    ))
}

#[tokio::test]
async fn another_accounts_reasoning_is_left_out_before_it_is_refused_and_that_is_told() {
    let (thinker, transport) = (Thinker::start().await, transport());
    let catalog = two_accounts(&thinker);
    let mut input = vec![json!({"role": "user", "content": "hello"})];
    let mut told = Vec::new();
    for turn in 0..3 {
        if turn == 1 {
            thinker.limit("a");
        }
        // Each time another connection of the client: nothing is known but what the catalogue knows.
        let answered = ask(&mut relay(&catalog, &transport), &transport, json!(input)).await;
        answered.result.as_ref().unwrap();
        input.extend(items(&answered));
        input.push(json!({"role": "user", "content": "go on"}));
        told.push(answered.left_out);
    }
    let seen = thinker.seen();
    let seen: Vec<(&str, String)> = seen
        .iter()
        .map(|(key, makers)| (key.as_str(), makers.join(" ")))
        .collect();
    // The second of `a` is refused for its limit; none of `b` for what it cannot read.
    let expected = [("a", ""), ("a", "a"), ("b", ""), ("b", "b")];
    assert_eq!(seen, expected.map(|(key, makers)| (key, makers.to_owned())));
    let left_out = vec!["another account's reasoning".to_owned()];
    assert_eq!(told, [vec![], left_out.clone(), left_out]);
}

#[tokio::test]
async fn what_is_left_of_a_plan_is_noted_on_the_way() {
    let (thinker, transport) = (Thinker::start().await, transport());
    let catalog = two_accounts(&thinker);
    let answered = ask(&mut relay(&catalog, &transport), &transport, json!("hello")).await;
    answered.result.unwrap();
    let making = Making {
        environment: &environment(),
        transport: &transport,
        session_id: "",
    };
    let provider = catalog.provider("first").unwrap();
    let standings = catalog.standings(&provider, making).unwrap();
    let left = standings
        .iter()
        .map(|account| account.quota.map(|quota| quota.percent));
    assert_eq!(left.collect::<Vec<_>>(), [Some(75), None]);
}

/// An image that only its own dialect can name by an id.
fn image_by_id() -> Value {
    let image = json!({"type": "input_image", "file_id": "file-1"});
    json!([{"role": "user", "content": [{"type": "input_text", "text": "hello"}, image]}])
}

/// `chat/m`, and behind it `own/m` of the client's dialect, or the other way round.
fn both(chat: &str, own: &str, order: [&str; 2]) -> Catalog {
    let [first, second] = order;
    catalog(&format!(
        "[providers.chat]\nbase_url = \"{chat}\"\ndialect = \"chat\"\n\
         [providers.own]\nbase_url = \"{own}\"\n\
         [model]\ndefault = \"{first}/m\"\nfallback = [\"{second}/m\"]\n"
    ))
}

#[tokio::test]
async fn a_provider_that_cannot_be_told_is_passed_over_for_the_next_that_can() {
    let (chat, own, transport) = (simulator(&[]).await, simulator(&[]).await, transport());
    let catalog = both(&chat.base_url(), &own.base_url(), ["chat", "own"]);
    let mut relay = relay(&catalog, &transport);
    let answered = ask(&mut relay, &transport, image_by_id()).await;
    answered.result.unwrap();
    assert_eq!(answered.by.as_deref(), Some("own/m"));
    assert_eq!(answered.passed_over, ["chat/m"]);
    assert!(chat.seen().is_empty());
    // What it can be told it is asked.
    let answered = ask(&mut relay, &transport, json!("hello")).await;
    assert_eq!(answered.by.as_deref(), Some("chat/m"));
    assert!(answered.passed_over.is_empty());
}

#[tokio::test]
async fn who_cannot_be_told_does_not_hide_why_the_one_before_could_not_answer() {
    let (chat, transport) = (simulator(&[]).await, transport());
    let own = simulator(&["sse-usage-limit"]).await;
    let catalog = both(&chat.base_url(), &own.base_url(), ["own", "chat"]);
    let answered = ask(&mut relay(&catalog, &transport), &transport, image_by_id()).await;
    assert_eq!(answered.result.unwrap_err().cause, Cause::UsageLimit);
    assert!(chat.seen().is_empty());
}

#[tokio::test]
async fn only_where_nobody_can_be_told_the_request_is_refused_and_says_why() {
    let (chat, transport) = (simulator(&[]).await, transport());
    let url = chat.base_url();
    let catalog = catalog(&format!(
        "[providers.chat]\nbase_url = \"{url}\"\ndialect = \"chat\"\n\
         [providers.other]\nbase_url = \"{url}\"\ndialect = \"chat\"\n\
         [model]\ndefault = \"chat/m\"\nfallback = [\"other/m\"]\n"
    ));
    let answered = ask(&mut relay(&catalog, &transport), &transport, image_by_id()).await;
    let fault = answered.result.unwrap_err();
    assert_eq!(fault.cause, Cause::InvalidRequest);
    assert!(fault.to_string().contains("file id"), "{fault}");
    assert_eq!(answered.passed_over, ["chat/m", "other/m"]);
    assert!(chat.seen().is_empty());
}

//! The official client as a link of a chain: a scripted `codex` in a `PATH` of its own.

#![cfg(test)]
#![cfg(unix)]

use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::{Catalog, Making, Model as _, Overrides, Prompt, Step, StepUpdate};
use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
use alipes_transport::{Fault, Identity, Route, Transport};
use alipes_wire::{Item, ItemView};

/// It answers every turn with one message.
const SCRIPT: &str = r#"
while read -r line; do
  id=${line#*\"id\":}
  id=${id%%,*}
  case $line in
    *'"method":"initialize"'*) echo "{\"id\":$id,\"result\":{\"userAgent\":\"alipes/0.169.0 (x)\"}}" ;;
    *'"method":"thread/start"'*) echo "{\"id\":$id,\"result\":{\"thread\":{\"id\":\"T\"}}}" ;;
    *'"method":"turn/start"'*)
      echo "{\"id\":$id,\"result\":{\"turn\":{\"id\":\"U\"}}}"
      echo '{"method":"item/completed","params":{"threadId":"T","item":{"type":"agentMessage","id":"m","text":"from the client","phase":"final_answer"}}}'
      echo '{"method":"turn/completed","params":{"threadId":"T","turn":{"id":"U","status":"completed"}}}' ;;
    *'"id":'*) echo "{\"id\":$id,\"result\":{}}" ;;
  esac
done
"#;

fn transport() -> Transport {
    let clock = Clock::system();
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    let (rng, redactor) = (Rng::seeded(2), Redactor::new());
    Transport::new(dialer, clock, rng, redactor, Identity::alipes("0.0.0"))
}

/// One step over the models of this configuration, and who was asked instead of the first.
async fn step(config: &str) -> (Result<Step, Fault>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    // The shell, which takes `app-server` for the script.
    std::os::unix::fs::symlink("/bin/sh", folder.path().join("codex")).unwrap();
    std::fs::write(folder.path().join("app-server"), SCRIPT).unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    let making = Making {
        environment: &Environment::new([("PATH", path)], folder.path().to_owned()),
        transport: &transport(),
        session_id: "session-1",
    };
    let catalog = Catalog::read(&Document::parse("config.toml", config).unwrap()).unwrap();
    let mut chain = catalog.chain(&Overrides::default(), making).unwrap();
    let input = [Item::user("hello")];
    let prompt = Prompt {
        instructions: "",
        tools: &[],
        input: &input,
        maker: None,
    };
    let deadline = Deadline::after(&Clock::system(), "test", Duration::from_secs(60));
    let mut step = chain.step(&prompt, true, deadline);
    let mut turned_to = Vec::new();
    while let Some(update) = step.next().await {
        if let StepUpdate::NextProvider { to, .. } = update {
            turned_to.push(to.to_string());
        }
    }
    (step.finish().await, turned_to)
}

fn is_from_the_client(step: &Step) -> bool {
    let view = step.items.last().map(Item::view);
    step.done.route == Route::AppServer
        && matches!(view, Some(ItemView::Message { text, .. }) if text == "from the client")
}

#[tokio::test]
async fn it_can_be_the_only_model() {
    let (step, turned_to) = step("[model]\ndefault = \"codex-app-server/default\"\n").await;
    assert!(is_from_the_client(&step.unwrap()) && turned_to.is_empty());
}

#[tokio::test]
async fn it_answers_where_the_first_provider_cannot() {
    // Nothing listens on port 1.
    let config = "[providers.first]\nbase_url = \"http://127.0.0.1:1/v1\"\n\
        [model]\ndefault = \"first/m\"\nfallback = [\"codex-app-server/default\"]\n";
    let (step, turned_to) = step(config).await;
    assert!(is_from_the_client(&step.unwrap()));
    assert_eq!(turned_to, ["codex-app-server/default"]);
}

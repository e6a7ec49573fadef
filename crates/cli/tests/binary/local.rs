//! Model servers on this machine are found by themselves, offered, and never used unasked.

use crate::listener::{Listener, MODELS};
use crate::machine::Machine;

/// A configuration in which the servers that are looked for are at these addresses, so that what runs
/// on the machine of the test does not matter.
fn at(ollama: &str, lmstudio: &str, llama: &str) -> String {
    let nowhere = "http://127.0.0.1:1/v1";
    let places = [
        ("ollama", ollama),
        ("lmstudio", lmstudio),
        ("\"llama.cpp\"", llama),
        ("vllm", nowhere),
    ];
    let section = |(name, url)| format!("[providers.{name}]\nbase_url = \"{url}\"\n");
    places.map(section).concat()
}

#[tokio::test]
async fn a_server_that_runs_here_is_offered_and_not_used() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let other = Listener::answering("200 OK", MODELS).await;
    let config = at(&server.base_url, &other.base_url, "http://127.0.0.1:1/v1");
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let message = machine.refused(2, &["exec", "hi"]).await;
    insta::assert_snapshot!(message, @r#"
    error: no model is chosen; name one with -m PROVIDER/NAME of ollama, lmstudio, llama.cpp, vllm; default under [model] in [TEMP]/config.toml chooses one
      ollama is running here: `alipes exec -m ollama/sim-model "…"`
      lmstudio is running here: `alipes exec -m lmstudio/one "…"`
    "#);
    let asked = other.seen();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("get /v1/models "), "{asked:?}");
    assert!(!asked[0].contains("authorization"), "{asked:?}");

    let ran = machine.run(&["exec", "-m", "ollama/sim-model", "hi"]).await;
    assert!(ran.answer().contains("Hello!"), "{}", ran.out);
}

#[tokio::test]
async fn what_is_no_model_server_is_not_offered_and_holds_nobody_up() {
    let machine = Machine::new();
    let page = Listener::answering("200 OK", "<html>a blog</html>").await;
    let closed = Listener::answering("401 Unauthorized", "{}").await;
    let silent = Listener::answering("", "").await;
    let config = at(&page.base_url, &closed.base_url, &silent.base_url);
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let message = machine.refused(2, &["exec", "hi"]).await;
    assert_eq!(message.lines().count(), 1, "{message}");
    for server in [page, closed, silent] {
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn nobody_is_looked_for_where_a_model_is_named() {
    let machine = Machine::new();
    let server = Listener::answering("200 OK", MODELS).await;
    let config = at(&server.base_url, &server.base_url, &server.base_url);
    std::fs::write(machine.home("config.toml"), config).unwrap();
    machine.refused(2, &["exec", "-m", "nobody/m", "hi"]).await;
    assert!(server.seen().is_empty());
}

//! `alipes models`: a provider's own list.

use crate::machine::{Machine, Ran};

/// The list of a provider behind this fault.
async fn list(fault: &[&str], path: &str) -> Ran {
    let serving = Machine::new();
    let server = serving.simulate(fault).await;
    let base_url = server.base_url.replace("/v1", path);
    let config = format!(
        "[providers.work]\nbase_url = \"{base_url}\"\n\
         [providers.work.endpoint]\nauxiliary_timeout = \"700ms\"\n"
    );
    Machine::configured(&config).run(&["models"]).await
}

#[tokio::test]
async fn the_models_are_listed_by_the_names_they_are_asked_by() {
    let mut lists = String::new();
    for path in ["/v1", "/backend-api/codex"] {
        lists.push_str(list(&[], path).await.answer());
    }
    insta::assert_snapshot!(lists, @r#"
    work/sim-model  sim-model (simulated)
    work/sim-model-mini  sim-model-mini (simulated)
    work/sim-model  sim-model (simulated)
    work/sim-model-mini  sim-model-mini (simulated)
    "#);
}

#[tokio::test]
async fn a_fault_is_named_and_does_not_speak_of_answers() {
    let mut messages = String::new();
    for fault in [
        "models-401",
        "models-500",
        "models-challenge",
        "models-stall",
    ] {
        messages.push_str(&list(&["--fault", fault], "/v1").await.refused(1));
    }
    messages.push_str(&list(&[], "/elsewhere").await.refused(1));
    insta::assert_snapshot!(messages, @r#"
    error: no list of models: work does not accept the key (headers over auxiliary, status 401, 127.0.0.1:[PORT]): Incorrect API key provided.
      this says nothing about answers: a model is asked all the same
      help: check the provider's api_key
    error: no list of models: work failed inside (headers over auxiliary, status 500, 127.0.0.1:[PORT]): The server had an error.
      this says nothing about answers: a model is asked all the same
      help: try again later, or configure another provider
    error: no list of models: work asked for a browser challenge instead of answering (headers over auxiliary, status 403, cf-ray 8f2d41c07a9be613-SJC, 127.0.0.1:[PORT], direct)
      this says nothing about answers: a model is asked all the same
      help: this network address is being challenged; use another network or another provider
    error: no list of models: work took the request and said nothing (headers over auxiliary, 127.0.0.1:[PORT], limit auxiliary_timeout of 700ms)
      this says nothing about answers: a model is asked all the same
      help: try again, or configure another provider
    error: no list of models: work has no such address (headers over auxiliary, status 404, 127.0.0.1:[PORT]): Not found.
      this says nothing about answers: a model is asked all the same
      help: check base_url and dialect: the server does not know this path
    "#);
}

#[tokio::test]
async fn it_is_known_whom_to_ask_or_said_how() {
    let two = "[providers.a]\nbase_url = \"http://h\"\n[providers.b]\nbase_url = \"http://h\"\n";
    let mut messages = Machine::new().refused(2, &["models"]).await;
    messages.push_str(&Machine::configured(two).refused(2, &["models"]).await);
    messages.push_str(&Machine::configured(two).refused(2, &["models", "aa"]).await);
    insta::assert_snapshot!(messages, @r#"
    error: name a provider; none is configured: add [providers.NAME] to config.toml
    error: name a provider; configured: a, b
    error: there is no provider "aa"; configured: a, b
    "#);
}

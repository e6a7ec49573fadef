//! `alipes models`: a provider's own list.

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Scenario, Simulator};
use serde_json::Value;

use crate::machine::{Machine, Ran};

/// The list of a provider behind this fault.
async fn list(fault: &[&str], path: &str) -> Ran {
    let serving = Machine::new();
    let server = serving.simulate(fault).await;
    let base_url = server.base_url.replace("/v1", path);
    machine(&base_url).run(&["models"]).await
}

#[tokio::test]
async fn the_models_are_listed_by_the_names_they_are_asked_by() {
    let mut lists = String::new();
    for path in ["/v1", "/backend-api/codex"] {
        lists.push_str(list(&[], path).await.answer());
    }
    insta::assert_snapshot!(lists, @r#"
    work/sim-model         200k  text  sim-model (simulated)
    work/sim-model-mini    200k  text  sim-model-mini (simulated)
    work/sim-model         200k  text  sim-model (simulated)
    work/sim-model-mini    200k  text  sim-model-mini (simulated)
    "#);
}

/// A machine whose provider `work` is this one.
fn machine(base_url: &str) -> Machine {
    Machine::configured(&format!(
        "[providers.work]\nbase_url = \"{base_url}\"\n\
         [providers.work.endpoint]\nauxiliary_timeout = \"700ms\"\n"
    ))
}

/// What is said beside the list.
async fn told(machine: &Machine, arguments: &[&str]) -> String {
    let ran = machine.run(&[&["models"], arguments].concat()).await;
    assert_eq!(ran.answer().lines().count(), 2, "{}", ran.out);
    ran.err
}

#[tokio::test]
async fn a_list_is_asked_for_once_in_a_while_and_sent_again_only_when_it_has_changed() {
    let simulator = Simulator::start(Options::local(Clock::system(), Rng::from_entropy()));
    let simulator = simulator.await.unwrap();
    let machine = machine(&simulator.base_url());
    assert_eq!(told(&machine, &[]).await, "2 models of work (live)\n");
    let cached = told(&machine, &[]).await;
    assert!(
        cached.starts_with("2 models of work (cached, told "),
        "{cached}"
    );
    assert!(cached.ends_with("; --refresh asks again)\n"), "{cached}");
    assert_eq!(simulator.seen().len(), 1, "the second was not asked for");

    // An hour later it is asked for again, and has not changed.
    let path = machine.home("models/work.json");
    let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    kept["told_at_ms"] = (kept["told_at_ms"].as_u64().unwrap() - 3_600_000).into();
    std::fs::write(&path, kept.to_string()).unwrap();
    assert_eq!(told(&machine, &[]).await, "2 models of work (live)\n");
    let seen = simulator.seen();
    assert_eq!(seen[1].header("if-none-match"), Some("\"simulated-1\""));
    assert!(told(&machine, &[]).await.contains("cached, told "));

    assert_eq!(
        told(&machine, &["--refresh"]).await,
        "2 models of work (live)\n"
    );
    assert_eq!(simulator.seen()[2].header("if-none-match"), None);
}

#[tokio::test]
async fn what_was_told_before_is_better_than_nothing() {
    let simulator = Simulator::start(Options::local(Clock::system(), Rng::from_entropy()));
    let simulator = simulator.await.unwrap();
    let machine = machine(&simulator.base_url());
    told(&machine, &[]).await;
    simulator.set_scenario(Scenario::from_flags(["models-500"]).unwrap());
    let stale = told(&machine, &["--refresh"]).await;
    assert!(
        stale.contains("); it cannot be asked now: work failed inside"),
        "{stale}"
    );
    let list = machine
        .run(&["models", "work", "--refresh", "--json"])
        .await;
    let list: Value = serde_json::from_str(list.answer()).unwrap();
    assert_eq!(list["source"], "cached");
    assert_eq!(list["models"][0]["name"], "work/sim-model");
    assert_eq!(list["models"][0]["window"], 200_000);
    assert_eq!(list["models"][0]["inputs"], serde_json::json!(["text"]));

    // A file that cannot be read is none, and is put right with the next list.
    std::fs::write(machine.home("models/work.json"), "{").unwrap();
    let refused = machine.refused(1, &["models"]).await;
    assert!(
        refused.contains("no list of models: work failed inside"),
        "{refused}"
    );
    simulator.set_scenario(Scenario::from_flags::<&str>([]).unwrap());
    assert_eq!(told(&machine, &[]).await, "2 models of work (live)\n");
    assert!(told(&machine, &[]).await.contains("cached, told "));
}

#[tokio::test]
async fn an_account_is_not_shown_the_list_of_another() {
    let simulator = Simulator::start(Options::local(Clock::system(), Rng::from_entropy()));
    let simulator = simulator.await.unwrap();
    let config = |key: &str| {
        let url = simulator.base_url();
        format!("[providers.work]\nbase_url = \"{url}\"\napi_key = {{ env = \"{key}\" }}\n")
    };
    let machine = Machine::configured(&config("ONE"))
        .with("ONE", "1")
        .with("TWO", "2");
    told(&machine, &[]).await;
    std::fs::write(machine.home("config.toml"), config("TWO")).unwrap();
    assert_eq!(told(&machine, &[]).await, "2 models of work (live)\n");
}

#[tokio::test]
async fn where_there_is_no_list_the_names_that_are_known_are_said_to_be_bundled() {
    // Nobody listens on port 9 of this machine.
    let closed = "[providers.anthropic]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    let ran = Machine::configured(closed)
        .run(&["models", "anthropic"])
        .await;
    assert!(ran.answer().contains("anthropic/claude-"), "{}", ran.out);
    let said = "that alipes knows by name (bundled, not all); it cannot be asked now: anthropic";
    assert!(ran.err.contains(said), "{}", ran.err);
    let ran = Machine::new()
        .with("ZAI_API_KEY", "k")
        .run(&["models", "zai"])
        .await;
    assert!(ran.answer().contains("zai/glm-"), "{}", ran.out);
    assert!(
        ran.err
            .ends_with("it has no list of its own that is known\n"),
        "{}",
        ran.err
    );
    let none = "[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodels_path = \"\"\n";
    let refused = Machine::configured(none).refused(1, &["models"]).await;
    assert_eq!(
        refused,
        "error: work has no list of models that is known; its own pages name them\n"
    );
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
    error: no list of models: work does not accept the key (headers over auxiliary, status 401, 127.0.0.1:[PORT]): Incorrect API key provided
      this says nothing about answers: a model is asked all the same
      help: put a good key where this one is kept, or save one with `alipes providers add NAME`
    error: no list of models: work failed inside (headers over auxiliary, status 500, 127.0.0.1:[PORT]): The server had an error
      this says nothing about answers: a model is asked all the same
      help: try again later, or configure another provider
    error: no list of models: work asked for a browser challenge instead of answering (headers over auxiliary, status 403, cf-ray 8f2d41c07a9be613-SJC, 127.0.0.1:[PORT], direct)
      this says nothing about answers: a model is asked all the same
      help: this network address is being challenged; use another network or another provider
    error: no list of models: work took the request and said nothing (headers over auxiliary, 127.0.0.1:[PORT], limit auxiliary_timeout of 700ms)
      this says nothing about answers: a model is asked all the same
      help: try again, or configure another provider
    error: no list of models: work has no such address (headers over auxiliary, status 404, 127.0.0.1:[PORT]): Not found
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
    error: name a provider; none is configured: add one with `alipes providers add NAME`, or see all that are known with `alipes providers --all`
    error: name a provider; configured: a, b
    error: there is no provider "aa"; configured: a, b; `alipes providers --all` lists those that are known
    "#);
}

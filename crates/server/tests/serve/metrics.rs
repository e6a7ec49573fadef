//! What is counted, as whoever scrapes it reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::{Stage, config, simulator};

async fn page(stage: &Stage) -> String {
    stage.get("/metrics").await.body
}

#[tokio::test]
async fn faults_are_counted_by_cause_endpoint_and_account_and_so_is_what_was_done() {
    let (broken, healthy) = (simulator(&["sse-500"]).await, simulator(&[]).await);
    let url = broken.base_url();
    let more = "[providers.first.accounts]\nada = { env = \"KEY_A\" }\nbob = { env = \"KEY_B\" }\n";
    let text = config(&[&broken, &healthy], more);
    let stage = Stage::with(&text).await;
    assert_eq!(stage.ask().await.status, 200, "{url}");
    let page = page(&stage).await;
    for line in [
        "alipes_serve_attempts_total{endpoint=\"second\",account=\"1\",route=\"sse\"} 1\n",
        "alipes_serve_attempt_faults_total{endpoint=\"first\",account=\"1\",cause=\"server-error\"} ",
        "alipes_serve_reactions_total{endpoint=\"first\",reaction=\"",
        "alipes_serve_first_event_seconds_count{endpoint=\"second\"} 1\n",
        "alipes_serve_answers_total{end=\"whole\"} 1\n",
        "alipes_serve_build_info{version=\"",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    for name in ["ada", "bob"] {
        assert!(
            !page.contains(name),
            "an account's name is nobody's: {page}"
        );
    }
}

#[tokio::test]
async fn a_series_cannot_be_made_by_a_clients_words() {
    let stage = Stage::before(&[&simulator(&[]).await]).await;
    let mut lengths = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            let word = format!("{round}-{number}\"}} 1\nforged_total 9");
            let ask = json!({"model": word, "input": "x", "user": word}).to_string();
            stage.post("/v1/responses", &ask).await;
            let ask = json!({"model": format!("first/{word}"), "input": "x"}).to_string();
            stage.post("/v1/responses", &ask).await;
            stage.get(&format!("/v1/{round}{number}")).await;
        }
        let page = page(&stage).await;
        assert!(!page.contains("forged"), "{page}");
        lengths.push(page.lines().count());
    }
    assert_eq!(lengths[1], lengths[2]);
}

#[tokio::test]
async fn every_query_of_the_dashboard_names_a_metric_that_exists() {
    let (broken, healthy) = (simulator(&["sse-500"]).await, simulator(&[]).await);
    let stage = Stage::before(&[&broken, &healthy]).await;
    stage.ask().await;
    let page = page(&stage).await;
    let series = |line: &str| line.split(['{', ' ']).next().map(ToOwned::to_owned);
    let known: BTreeSet<String> = page.lines().filter_map(series).collect();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../contrib/grafana/alipes.json"
    );
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut asked = BTreeSet::new();
    for target in targets {
        let query = target["expr"].as_str().unwrap();
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: Vec<&str> = words.filter(|word| word.starts_with("alipes_")).collect();
        assert!(!names.is_empty(), "{query}");
        for name in names {
            assert!(known.contains(name), "{name} is no series: {query}");
            asked.insert(name.to_owned());
        }
    }
    // And nothing that is told is forgotten there.
    let told = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in told.filter_map(|line| line.split(' ').next()) {
        let is_asked = asked.iter().any(|asked| asked.starts_with(name));
        assert!(is_asked, "no panel shows {name}");
    }
}

//! Fifty tasks and fifty processes find the same token ended at once.
//!
//! The processes are this test's own binary: it runs the one ignored test below, which waits for a
//! word on its standard input, so that all of them begin together.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use alipes_auth::{Issuer, Renewals};
use alipes_base::{Clock, Environment, Redactor};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::machine::{Machine, NAME, Setting, deadline, logins};

const MANY: usize = 50;

/// The child's instructions, in its working folder.
const PLAN: &str = "plan.json";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_that_find_a_token_ended_make_one_refresh() {
    let machine = Machine::signed_in(Duration::ZERO).await;
    machine
        .simulator
        .set_token_lifetime(Duration::from_secs(3_600));
    // Half of them share a credential, the others have one each, as processes would.
    let shared = machine.credential();
    let asks = (0..MANY).map(|index| {
        let credential = match index % 2 {
            0 => std::sync::Arc::clone(&shared),
            _ => machine.credential(),
        };
        async move { credential.current().await.unwrap().unwrap() }
    });
    let tokens = futures_util::future::join_all(asks).await;
    assert_eq!(machine.refreshes(), 1);
    assert!(tokens.iter().all(|token| token.generation == 2));
    assert!(tokens.iter().all(|token| token.secret == tokens[0].secret));
}

#[tokio::test]
async fn fifty_processes_that_find_a_token_ended_make_one_refresh() {
    let machine = Machine::signed_in(Duration::ZERO).await;
    machine
        .simulator
        .set_token_lifetime(Duration::from_secs(3_600));
    let plan = json!({
        "issuer": machine.simulator.issuer_url(), "home": machine.home.path(),
        "base_url": machine.base_url().as_str(),
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(PLAN), plan.to_string()).unwrap();
    let mut children: Vec<(Child, Lines<_>)> = (0..MANY).map(|_| child(&folder)).collect();
    for (_, lines) in &mut children {
        said(lines, "ready").await;
    }
    for (child, _) in &mut children {
        child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"go\n")
            .await
            .unwrap();
    }
    for (_, lines) in &mut children {
        assert_eq!(said(lines, "generation ").await, "2");
    }
    assert_eq!(machine.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_whose_issuer_is_down_ask_it_only_a_few_times() {
    let machine = Machine::signed_in(Duration::ZERO).await;
    machine.set_faults(&["token-500"]);
    let credential = machine.credential();
    let asks = (0..MANY).map(|_| credential.current());
    let failed = futures_util::future::join_all(asks).await;
    assert!(failed.iter().all(Result::is_err));
    assert!(machine.refreshes() <= 2, "{}", machine.refreshes());
}

fn child(folder: &tempfile::TempDir) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storm::one_of_many", "--ignored", "--nocapture"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// The rest of the next line that holds `word`; the test harness says things of its own.
async fn said(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) -> String {
    loop {
        let line = deadline().run(lines.next_line()).await.unwrap().unwrap();
        let line = line.expect("the child ended before it had said its word");
        if let Some((_, rest)) = line.split_once(word) {
            return rest.to_owned();
        }
    }
}

#[tokio::test]
#[ignore = "one of the fifty processes of the test above"]
async fn one_of_many() {
    let plan: Value = serde_json::from_slice(&std::fs::read(PLAN).unwrap()).unwrap();
    let text = |name: &str| plan[name].as_str().unwrap().to_owned();
    let none: [(&str, &str); 0] = [];
    let logins = logins(Setting {
        folder: PathBuf::from(text("home")),
        issuer: Issuer::at(&text("issuer")).unwrap(),
        clock: Clock::system(),
        redactor: Redactor::new(),
        environment: Environment::new(none, PathBuf::from("/")),
        renewals: Renewals::default(),
    });
    let credential = logins.credential(NAME, &text("base_url").parse().unwrap());
    say("ready");
    std::io::stdin()
        .lock()
        .read_line(&mut String::new())
        .unwrap();
    let token = credential.current().await.unwrap().unwrap();
    say(&format!("generation {}", token.generation));
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

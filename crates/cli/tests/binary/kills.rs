//! `kill -9` at random points of turns with tools, again and again: nothing that was told is lost, no
//! tool has its effect twice, and every turn comes to its end.
//!
//! `ALIPES_KILLS` says how often, `ALIPES_SEED` with which seed; both are printed.

use std::collections::HashMap;
use std::time::Duration;

use alipes_base::Rng;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use crate::machine::{LIMIT, Machine, Serving};

/// How many tools a turn runs.
const STEPS: usize = 20;

/// How often a turn is killed where nobody says otherwise.
const KILLS: u64 = 100;

/// What a turn's tools do: each leaves a line of its own, so that one that ran twice cannot hide behind
/// one that did not run.
fn prompt(turn: usize) -> String {
    format!("run {STEPS} steps: run the command echo {turn}-{{n}} >> effects")
}

/// A run of the binary that may have been killed.
struct Run {
    /// What it had told by then.
    events: Vec<Value>,
    /// Its exit code, unless it was killed.
    code: Option<i32>,
    /// What it said beside that.
    said: String,
}

struct Loop {
    machine: Machine,
    _server: Serving,
    rng: Rng,
    /// Kills are spread over so long a time. It follows what the machine can do at the moment: runs
    /// are mostly killed, and some come to their end.
    spread: Duration,
    /// What was told about each call: that it began, or what came of it.
    told: HashMap<String, Option<String>>,
    kills: u64,
}

#[tokio::test]
async fn whenever_a_turn_is_killed_nothing_is_lost_and_nothing_runs_twice() {
    let seed = number("ALIPES_SEED").unwrap_or_else(|| Rng::from_entropy().below(1_000_000));
    let kills = number("ALIPES_KILLS").unwrap_or(KILLS);
    say(&format!("{kills} kills with ALIPES_SEED={seed}"));
    let mut looped = Loop::start(seed).await;
    let mut turns = 0;
    while looped.kills < kills {
        looped.turn(turns, kills).await;
        turns += 1;
    }
    let calls = looped.judge(turns).await;
    say(&format!(
        "{turns} turns, {calls} calls, {kills} kills: all came to their end"
    ));
}

impl Loop {
    async fn start(seed: u64) -> Self {
        let machine = Machine::new();
        let server = machine.simulate(&[]).await;
        let config = format!(
            "[providers.s]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n[model]\ndefault = \"s/m\"\n",
            server.base_url
        );
        std::fs::write(machine.home("config.toml"), config).unwrap();
        Self {
            machine,
            _server: server,
            spread: Duration::from_millis(300),
            rng: Rng::seeded(seed),
            told: HashMap::new(),
            kills: 0,
        }
    }

    /// One turn from its prompt to its answer, killed at random points until there were `most`.
    async fn turn(&mut self, turn: usize, most: u64) {
        let prompt = prompt(turn);
        let fixed = ["exec", "--json", "--allow", "shell"];
        let mut name: Option<String> = None;
        loop {
            let spread = u64::try_from(self.spread.as_nanos()).unwrap();
            let kill_after = (self.kills < most).then(|| self.rng.below(spread));
            let kill_after = kill_after.map(Duration::from_nanos);
            let how = match &name {
                Some(id) => vec!["--resume", id],
                None => vec![prompt.as_str()],
            };
            let run = self.run(&[&fixed[..], &how].concat(), kill_after).await;
            let told_before = self.told.len();
            self.note(&run.events);
            match run.code {
                Some(0) => {
                    self.spread = self.spread.mul_f64(0.8);
                    return;
                }
                // It was killed before its prompt was accepted: so it had done nothing.
                Some(2) if told_before == self.told.len() => name = None,
                Some(code) => panic!("exit code {code}: {} {:?}", run.said, run.events),
                None => {
                    self.kills += 1;
                    self.spread = self.spread.mul_f64(1.1);
                    let started = run.events.first();
                    let id = started.and_then(|event| event["conversation"].as_str());
                    name = name.or(id.map(ToOwned::to_owned));
                }
            }
        }
    }

    async fn run(&self, arguments: &[&str], kill_after: Option<Duration>) -> Run {
        let mut command = self.machine.command(arguments);
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let (mut text, mut said) = (Vec::new(), String::new());
        let ended = async {
            if let Some(after) = kill_after {
                let killed = tokio::time::timeout(after, child.wait()).await;
                if killed.is_err() {
                    child.start_kill().unwrap();
                }
            }
            child.wait().await.unwrap()
        };
        let all = async {
            let read = (
                stdout.read_to_end(&mut text),
                stderr.read_to_string(&mut said),
            );
            tokio::join!(ended, read.0, read.1)
        };
        let (status, read, heard) = tokio::time::timeout(LIMIT, all).await.unwrap();
        read.and(heard).unwrap();
        let text = String::from_utf8(text).unwrap();
        // The last line may have been cut by the kill.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let events = whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        Run {
            events: events.collect(),
            code: status.code(),
            said,
        }
    }

    fn note(&mut self, events: &[Value]) {
        for event in events {
            let id = || event["call_id"].as_str().unwrap().to_owned();
            match event["type"].as_str() {
                Some("tool.started") => {
                    self.told.entry(id()).or_default();
                }
                Some("tool.completed") => {
                    let output = event["output"].as_str().unwrap().to_owned();
                    self.told.insert(id(), Some(output));
                }
                _ => {}
            }
        }
    }

    /// Holds what was told against what is kept, and what was kept against what was done.
    async fn judge(&self, turns: usize) -> usize {
        let list = self.machine.run(&["sessions", "list", "--all"]).await;
        let ids = list
            .answer()
            .lines()
            .map(|line| line.split(' ').next().unwrap());
        let ids: Vec<&str> = ids.collect();
        assert_eq!(ids.len(), turns, "{}", list.out);
        let (mut intents, mut results) = (HashMap::new(), HashMap::new());
        let mut marks = HashMap::new();
        for id in ids {
            let export = ["sessions", "export", id, "--format", "jsonl"];
            let export = self.machine.run(&export).await;
            let mut last = Value::Null;
            let mut answered = 0;
            for line in export.answer().lines() {
                last = serde_json::from_str(line).unwrap();
                let body = &last["body"];
                let call = |of: &Value| of["call_id"].as_str().unwrap().to_owned();
                match last["kind"].as_str().unwrap() {
                    "model" if body["type"] == "function_call" => {
                        marks.insert(call(body), mark(body["arguments"].as_str().unwrap()));
                    }
                    "intent" => *intents.entry(call(body)).or_insert(0) += 1,
                    "result" => {
                        answered += 1;
                        let item = &body["item"];
                        let output = item["output"].as_str().unwrap().to_owned();
                        assert!(results.insert(call(item), output).is_none(), "two results");
                    }
                    _ => {}
                }
            }
            assert_eq!(last["kind"], "ended", "{id}");
            assert_eq!(last["body"]["failure"], Value::Null, "{id}");
            assert_eq!(answered, STEPS, "{id}");
        }
        for (call, output) in &self.told {
            assert!(
                intents.contains_key(call),
                "{call} was begun and is not kept"
            );
            if let Some(output) = output {
                assert_eq!(results.get(call), Some(output), "{call}");
            }
        }
        for (call, count) in &intents {
            assert_eq!(*count, 1, "{call} was begun more than once");
            assert!(results.contains_key(call), "{call} has no result");
        }
        let effects = std::fs::read_to_string(self.machine.path("effects")).unwrap();
        let mut left: HashMap<&str, usize> = HashMap::new();
        for line in effects.lines() {
            *left.entry(line).or_default() += 1;
        }
        for (call, output) in &results {
            let ran = left.remove(marks[call].as_str()).unwrap_or_default();
            // A command whose outcome is not known may have had its effect, once.
            let may_not_have_run = output.starts_with("outcome unknown");
            let fits = ran == 1 || (ran == 0 && may_not_have_run);
            assert!(fits, "{call} ({}) ran {ran} times: {output}", marks[call]);
        }
        assert_eq!(left, HashMap::new(), "effects of no call");
        results.len()
    }
}

/// What a call leaves, from its arguments.
fn mark(arguments: &str) -> String {
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    let command = arguments["command"].as_str().unwrap();
    command.split(' ').nth(1).unwrap().to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a test runs is its caller's to say"
)]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[expect(
    clippy::print_stderr,
    reason = "a failure can be tried again with its seed"
)]
fn say(line: &str) {
    eprintln!("{line}");
}

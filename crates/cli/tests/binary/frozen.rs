//! A process that was stopped and goes on (Ctrl-Z and `fg`, a frozen container, a paused machine): the answer that
//! came meanwhile lies in its socket, and no timer is believed before that was read.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::machine::{LIMIT, Machine};

/// Longer than every limit below.
const STOPPED: Duration = Duration::from_secs(4);

/// Silence is noticed soon, or that nobody answers pings.
const LIMITS: [&str; 2] = [
    "output_timeout = \"2s\"",
    "ping_after = \"100ms\"\nping_every = \"100ms\"\npong_timeout = \"2s\"",
];

/// Stops a turn in the middle of its answer; what it says from its beginning to its end.
async fn stopped_in_the_middle(tls: bool, route: &str, limits: &str) -> String {
    let machine = Machine::new();
    let ca = machine.path("ca.pem");
    let mut simulate = vec!["--pace", "300ms"];
    if tls {
        simulate.extend(["--tls", "--ca-out", ca.to_str().unwrap()]);
    }
    let server = machine.simulate(&simulate).await;
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\nroutes = [\"{route}\"]\n\
         [providers.work.endpoint]\nhedge = false\n{limits}\n[model]\ndefault = \"work/m\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let machine = match tls {
        true => machine.with("ALIPES_CA_FILE", "ca.pem"),
        false => machine,
    };
    let mut child = machine.command(&["exec", "--json", "hi"]).spawn().unwrap();
    let id = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    let read = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let begins = !said.contains("text.delta") && line.contains("text.delta");
            said.push_str(&line);
            said.push('\n');
            if begins {
                kill(id, Signal::SIGSTOP).unwrap();
                tokio::time::sleep(STOPPED).await;
                kill(id, Signal::SIGCONT).unwrap();
            }
        }
    };
    tokio::time::timeout(LIMIT, read).await.unwrap();
    said
}

#[tokio::test]
async fn what_came_while_the_process_was_stopped_is_read_before_its_timers_are_believed() {
    let ways = [(false, "sse"), (true, "sse"), (false, "websocket")];
    let cases = ways
        .into_iter()
        .flat_map(|way| LIMITS.map(|limits| (way, limits)));
    let ran = cases.map(|((tls, route), limits)| async move {
        let said = stopped_in_the_middle(tls, route, limits).await;
        let attempts = said.matches("\"attempt.started\"").count();
        let is_whole = said.contains("\"turn.completed\"") && !said.contains("restarted");
        (attempts != 1 || !is_whole).then(|| format!("TLS {tls}, {route}, {limits}:\n{said}"))
    });
    let wrong: Vec<String> = futures_util::future::join_all(ran)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

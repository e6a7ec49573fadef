//! The local endpoint, from outside.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::{Machine, Serving, ended};

/// A machine whose default model is that of a simulator.
async fn configured(faults: &[&str]) -> (Machine, Serving) {
    let machine = Machine::new();
    let simulator = machine.simulate(faults).await;
    let url = &simulator.base_url;
    let config = format!("[providers.sim]\nbase_url = \"{url}\"\n[model]\ndefault = \"sim/m\"\n");
    std::fs::write(machine.home("config.toml"), config).unwrap();
    (machine, simulator)
}

async fn serve(machine: &Machine, arguments: &[&str]) -> Serving {
    let fixed = ["serve", "--listen", "127.0.0.1:0"];
    let child = machine.command(&[&fixed, arguments].concat()).spawn();
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    Serving::of(child.unwrap(), url).await
}

fn signal(server: &Serving, signal: Signal) {
    let id = i32::try_from(server.child.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), signal).unwrap();
}

async fn key(machine: &Machine) -> String {
    machine
        .run(&["serve", "key"])
        .await
        .answer()
        .trim()
        .to_owned()
}

#[tokio::test]
async fn a_client_with_the_key_is_answered_and_the_server_ends_well() {
    let (machine, _simulator) = configured(&[]).await;
    let server = serve(&machine, &[]).await;
    let client = Machine::new().with("ALIPES_API_KEY", key(&machine).await);
    let arguments = [
        "exec",
        "--model",
        "x/default",
        "--base-url",
        &server.base_url,
        "hi",
    ];
    let ran = client.run(&arguments).await;
    assert!(ran.answer().contains("Hello!"), "{ran:?}");
    let stranger = Machine::new().with("ALIPES_API_KEY", "sk-alipes-wrong");
    let refused = stranger.refused(1, &arguments).await;
    assert!(refused.contains("does not accept the key"), "{refused}");
    signal(&server, Signal::SIGTERM);
    let ran = ended(server.child).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[tokio::test]
async fn the_key_is_made_once_for_its_owner_only_and_printed_when_asked_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let first = key(&machine).await;
    assert!(first.starts_with("sk-alipes-"), "{first}");
    assert_eq!(key(&machine).await, first);
    let facts = std::fs::metadata(machine.home("serve.key")).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn nothing_listens_beyond_this_machine_without_tls_or_a_proxy() {
    let machine = Machine::new();
    let mut messages = String::new();
    for arguments in [
        &["--listen", "0.0.0.0:0"][..],
        &["--listen", "[::]:0"],
        &[
            "--listen",
            "0.0.0.0:0",
            "--tls-cert",
            "a.pem",
            "--tls-key",
            "b.pem",
        ],
    ] {
        let arguments = [&["serve"], arguments].concat();
        messages.push_str(&machine.refused(2, &arguments).await);
    }
    insta::assert_snapshot!(messages);
}

#[tokio::test]
async fn a_terminal_that_closes_reads_the_configuration_again_and_a_wrong_one_changes_nothing() {
    let (machine, _simulator) = configured(&[]).await;
    let mut server = serve(&machine, &[]).await;
    let client = Machine::new().with("ALIPES_API_KEY", key(&machine).await);
    let arguments = |model| {
        [
            "exec",
            "--model",
            model,
            "--base-url",
            &server.base_url,
            "hi",
        ]
    };
    let (default, fast) = (arguments("x/default"), arguments("x/fast"));
    assert!(client.refused(1, &fast).await.contains("fast"));
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let mut told = tokio::io::BufReader::new(server.child.stderr.take().unwrap());
    for (more, says) in [
        (
            "[serve.aliases.fast]\nmodels = [\"sim/m\"]\n",
            "the configuration was read again",
        ),
        ("[serve]\nlistn = 1\n", "the old configuration goes on"),
    ] {
        std::fs::write(machine.home("config.toml"), format!("{config}{more}")).unwrap();
        signal(&server, Signal::SIGHUP);
        until(&mut told, says).await;
        assert!(
            client.run(&fast).await.answer().contains("Hello!"),
            "{says}"
        );
    }
    assert!(client.run(&default).await.answer().contains("Hello!"));
}

/// Reads until a line holds `text`.
async fn until(lines: &mut (impl tokio::io::AsyncBufRead + Unpin), text: &str) {
    use tokio::io::AsyncBufReadExt as _;
    let found = async {
        loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).await.unwrap() > 0, "{text}");
            if line.contains(text) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::machine::LIMIT, found)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_under_way_is_finished_before_the_server_ends() {
    let (machine, _simulator) = configured(&["--pace", "100ms"]).await;
    let server = serve(&machine, &[]).await;
    let client = Machine::new().with("ALIPES_API_KEY", key(&machine).await);
    let arguments = [
        "exec",
        "--stream",
        "--model",
        "x/default",
        "--base-url",
        &server.base_url,
        "hi",
    ];
    let mut child = client
        .command(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    let mut out = child.stdout.take().unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut out, &mut first)
        .await
        .unwrap();
    signal(&server, Signal::SIGTERM);
    let mut rest = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut out, &mut rest)
        .await
        .unwrap();
    assert_eq!(ended(child).await.code, Some(0));
    assert!(rest.contains("imulat"), "{rest}");
    assert_eq!(ended(server.child).await.code, Some(0));
}

#[tokio::test]
async fn every_client_is_told_how_to_come_here_and_no_key_is_shown() {
    let machine = Machine::new();
    let key = key(&machine).await;
    let mut told = String::new();
    for client in [
        "codex",
        "hermes",
        "claude-code",
        "opencode",
        "openai-python",
        "curl",
    ] {
        let ran = machine.run(&["serve", "--print-config", client]).await;
        told.push_str(&format!("--- {client}\n{}", ran.answer()));
    }
    assert!(!told.contains(&key));
    insta::assert_snapshot!(told);
}

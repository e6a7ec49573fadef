//! The local endpoint, from outside.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::listener::Listener;
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

#[tokio::test]
async fn the_network_is_read_again_too_and_a_stream_under_way_goes_on_over_the_old_one() {
    let (machine, _simulator) = configured(&["--pace", "100ms"]).await;
    let mut server = serve(&machine, &[]).await;
    let client = Machine::new().with("ALIPES_API_KEY", key(&machine).await);
    let model = ["--model", "x/default", "--base-url", &server.base_url, "hi"];
    let mut child = client
        .command(&[&["exec", "--stream"], &model[..]].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut first, mut rest) = ([0], String::new());
    let mut out = child.stdout.take().unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut out, &mut first)
        .await
        .unwrap();
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let proxy = Listener::answering("407 Proxy Authentication Required", "").await;
    let url = proxy.base_url.trim_end_matches("/v1");
    let more = format!("[network]\nproxy = \"{url}\"\n[serve]\nconnections = 9\n");
    std::fs::write(machine.home("config.toml"), format!("{config}{more}")).unwrap();
    signal(&server, Signal::SIGHUP);
    let mut told = tokio::io::BufReader::new(server.child.stderr.take().unwrap());
    until(&mut told, "the configuration was read again").await;
    until(&mut told, "`connections` under [serve]").await;
    tokio::io::AsyncReadExt::read_to_string(&mut out, &mut rest)
        .await
        .unwrap();
    assert_eq!(ended(child).await.code, Some(0));
    assert!(rest.contains("imulat"), "{rest}");
    let asked = [&["exec", "--timeout", "2s"], &model[..]].concat();
    client.refused(1, &asked).await;
    assert!(!proxy.seen().is_empty(), "the new way was taken");
}

#[tokio::test]
async fn ten_thousand_idle_sockets_keep_nobody_out() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    // Fewer where this machine does not give a process so many.
    let sockets = most.saturating_sub(500).min(10_000);
    assert!(sockets >= 1_000, "a limit of {most} descriptors");
    let (machine, _simulator) = configured(&[]).await;
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let more = format!("[serve]\nconnections = {}\n", sockets + 1);
    std::fs::write(machine.home("config.toml"), config + &more).unwrap();
    let server = serve(&machine, &[]).await;
    let address = server.base_url.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    let before = resident(&server);
    let mut idle = Vec::new();
    for _ in 0..sockets {
        idle.push(connect(address).await);
    }
    let client = Machine::new().with("ALIPES_API_KEY", key(&machine).await);
    let url = server.base_url.as_str();
    let ran = client
        .run(&["exec", "--model", "x/default", "--base-url", url, "hi"])
        .await;
    assert!(ran.answer().contains("Hello!"), "{ran:?}");
    let each = resident(&server).saturating_sub(before) * 1024 / sockets;
    assert!(each < 40_000, "{each} bytes for an idle socket");
}

#[expect(
    clippy::disallowed_methods,
    reason = "sockets that say nothing are the test"
)]
async fn connect(address: &str) -> tokio::net::TcpStream {
    tokio::net::TcpStream::connect(address).await.unwrap()
}

/// How much of a server is in memory, in KiB; 0 where nobody tells.
fn resident(server: &Serving) -> u64 {
    let id = server.child.id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or_default()
}

#[tokio::test]
async fn a_start_that_is_not_right_is_told_with_what_to_do() {
    let (machine, _simulator) = configured(&[]).await;
    let server = serve(&machine, &[]).await;
    let taken = server.base_url.trim_start_matches("http://");
    let taken = taken.trim_end_matches("/v1");
    let told = machine.refused(1, &["serve", "--listen", taken]).await;
    assert!(told.contains("listens there already"), "{told}");
    for address in ["8791", "localhost:8791", "127.0.0.1:99999", "127.0.0.1"] {
        let told = machine.refused(2, &["serve", "--listen", address]).await;
        assert!(told.contains("127.0.0.1:8791"), "{told}");
    }
    for (config, says) in [
        ("", "no provider is configured"),
        (
            "[providers.x]\nbase_url = \"http://127.0.0.1:1/v1\"\n",
            "no default model",
        ),
    ] {
        let machine = Machine::configured(config);
        let mut server = serve(&machine, &[]).await;
        let mut told = tokio::io::BufReader::new(server.child.stderr.take().unwrap());
        until(&mut told, "--print-config").await;
        until(&mut told, says).await;
    }
}

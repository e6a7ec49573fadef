//! Whatever a run writes, a secret that it knows is in none of it.

use std::path::{Path, PathBuf};

use crate::machine::{Machine, Ran};

/// What no sink may hold; without the shape of a key, so that only knowing it helps.
const CANARY: &str = "canary0123456789canary";

/// Every file beneath a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let (folders, files): (Vec<_>, Vec<_>) = entries
        .map(|entry| entry.path())
        .partition(|path| path.is_dir());
    let deeper = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(deeper).collect()
}

fn holds(bytes: &[u8]) -> bool {
    bytes
        .windows(CANARY.len())
        .any(|window| window == CANARY.as_bytes())
}

/// Turns that meet the secret in every way: a file, a command, its environment, faults on the wire.
async fn turns(machine: &Machine) -> Vec<Ran> {
    let mut ran = Vec::new();
    let prompts = [
        "read leak.txt",
        "search for canary",
        "run the command cat leak.txt; env; echo to file > out.txt",
        "run the command cat leak.txt leak.txt >&2; exit 3",
    ];
    for fault in ["none", "sse-500@1", "websocket-refused-403", "sse-401@1"] {
        let fault = match fault {
            "none" => Vec::new(),
            fault => vec!["--fault", fault],
        };
        let server = machine.simulate(&fault).await;
        for prompt in prompts {
            for form in ["-v", "--json"] {
                let fixed = ["exec", "-m", "test/model", "--base-url", &server.base_url];
                let more = ["--allow", "shell,write", form, prompt];
                ran.push(machine.run(&[&fixed[..], &more].concat()).await);
            }
        }
    }
    ran
}

#[tokio::test]
async fn a_secret_is_in_nothing_that_a_run_writes() {
    let machine = Machine::new()
        .with("ALIPES_API_KEY", CANARY)
        .with("HARMLESS_NAME", CANARY);
    machine.file("leak.txt", format!("the key is {CANARY}.\n"));
    let mut ran = turns(&machine).await;
    assert!(
        ran.iter().any(|ran| ran.out.contains("[redacted]")),
        "nothing was met"
    );
    for arguments in [
        &["sessions", "show", "last"][..],
        &["sessions", "search", "key"],
        &["sessions", "export", "last"],
    ] {
        ran.push(machine.run(arguments).await);
    }
    for ran in &ran {
        assert!(
            !holds(ran.out.as_bytes()) && !holds(ran.err.as_bytes()),
            "{ran:?}"
        );
    }
    let written = files(&machine.home(""))
        .into_iter()
        .chain(files(&machine.path("")));
    let mut looked_at = 0;
    for file in written.filter(|file| !file.ends_with("leak.txt")) {
        assert!(!holds(&std::fs::read(&file).unwrap()), "{}", file.display());
        looked_at += 1;
    }
    // The database, what is known of endpoints, and what a command wrote.
    assert!(looked_at >= 3, "{looked_at}");
}

//! Sign-ins in the keyring of a real session: dbus-daemon and gnome-keyring, started for each test.

use std::process::Stdio;
use std::time::Duration;

use alipes_simulator::{Route, Simulator};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::login::{issuer, machine, sign_in};
use crate::machine::{LIMIT, Machine, Ran};

/// A desktop session's bus, and the keyring on it.
struct Session {
    bus: Child,
    address: String,
    keyring: Option<Child>,
    home: tempfile::TempDir,
}

impl Session {
    /// One with a keyring that its owner has unlocked.
    async fn unlocked() -> Self {
        let mut session = Self::begin(tempfile::tempdir().unwrap()).await;
        session.start_keyring(&["--unlock"], "\n").await;
        session
    }

    /// The next session of the same person, whom nobody has asked for the keyring's password.
    async fn locked_again(self) -> Self {
        let Self {
            mut bus,
            keyring,
            home,
            ..
        } = self;
        keyring.unwrap().kill().await.unwrap();
        bus.kill().await.unwrap();
        let mut session = Self::begin(home).await;
        session.start_keyring(&["--start"], "").await;
        session
    }

    async fn begin(home: tempfile::TempDir) -> Self {
        // It starts nothing by itself: what is on it is what the test starts.
        let config = home.path().join("bus.conf");
        let text = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>\
            <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
            <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>";
        std::fs::write(&config, text).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address=1", "--config-file"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon (Debian: dbus)");
        let mut said = BufReader::new(bus.stdout.take().unwrap()).lines();
        let address = tokio::time::timeout(LIMIT, said.next_line()).await;
        Self {
            bus,
            address: address.unwrap().unwrap().unwrap(),
            keyring: None,
            home,
        }
    }

    async fn start_keyring(&mut self, arguments: &[&str], password: &str) {
        let home = self.home.path();
        let mut keyring = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets"])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("gnome-keyring-daemon (Debian: gnome-keyring)");
        let mut stdin = keyring.stdin.take().unwrap();
        stdin.write_all(password.as_bytes()).await.unwrap();
        drop(stdin);
        self.keyring = Some(keyring);
        let there = async {
            while !self.has_keyring().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, there).await.unwrap();
    }

    async fn has_keyring(&self) -> bool {
        let asked = Command::new("dbus-send")
            .arg(format!("--bus={}", self.address))
            .args(["--print-reply", "--dest=org.freedesktop.DBus", "/"])
            .args([
                "org.freedesktop.DBus.GetNameOwner",
                "string:org.freedesktop.secrets",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.await.unwrap().success()
    }

    /// A machine in this session that keeps sign-ins in its keyring.
    fn machine(&self, simulator: &Simulator) -> Machine {
        let machine = machine(simulator).with("DBUS_SESSION_BUS_ADDRESS", &self.address);
        keep_in(&machine, "keyring");
        machine
    }
}

/// Changes where the machine's configuration wants sign-ins.
fn keep_in(machine: &Machine, store: &str) {
    let path = machine.home("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("store ="));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("[auth]\n", &format!("[auth]\nstore = \"{store}\"\n"));
    std::fs::write(path, text).unwrap();
}

/// Whether a token stands in any file of the home.
fn token_in_a_file(machine: &Machine) -> bool {
    let files = std::fs::read_dir(machine.home("")).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    files.any(|path| {
        let text = path.is_file().then(|| std::fs::read(path).unwrap());
        text.is_some_and(|text| String::from_utf8_lossy(&text).contains("eyJ"))
    })
}

fn refreshes(simulator: &Simulator) -> usize {
    let seen = simulator.seen().into_iter();
    seen.filter(|seen| {
        let body = seen.body.as_ref();
        seen.route == Route::Token && body.is_some_and(|body| body["grant_type"] == "refresh_token")
    })
    .count()
}

async fn told(machine: &Machine) -> Ran {
    machine.run(&["login", "status"]).await
}

#[tokio::test]
async fn a_sign_in_lives_in_the_keyring_and_in_no_file() {
    let (simulator, session) = (issuer().await, Session::unlocked().await);
    let machine = session.machine(&simulator);
    assert!(sign_in(&machine).await.answer().contains("ada@"));
    assert!(!machine.home("auth.json").exists() && !token_in_a_file(&machine));
    assert!(
        machine
            .run(&["exec", "hi"])
            .await
            .answer()
            .contains("simulated")
    );
    let status = told(&machine).await;
    assert!(status.answer().contains("alipes, in this system's keyring"));
    machine.run(&["logout"]).await.answer();
    assert!(!machine.home("auth.keyring").exists());
    assert_eq!(told(&machine).await.code, Some(1));
}

#[tokio::test]
async fn a_sign_in_follows_the_setting_and_keeps_its_chain() {
    let (simulator, session) = (issuer().await, Session::unlocked().await);
    let machine = session.machine(&simulator);
    keep_in(&machine, "file");
    sign_in(&machine).await;
    let refresh_token = || {
        let text = std::fs::read_to_string(machine.home("auth.json")).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
        kept["logins"]["openai-codex"]["refresh_token"].clone()
    };
    let before = refresh_token();

    keep_in(&machine, "keyring");
    let status = told(&machine).await;
    assert!(status.answer().contains("ada@"), "{}", status.out);
    assert!(status.err.contains("were moved from"), "{}", status.err);
    assert!(!machine.home("auth.json").exists() && !token_in_a_file(&machine));
    assert_eq!(told(&machine).await.err, "");

    keep_in(&machine, "file");
    let status = told(&machine).await;
    assert!(
        status.err.contains("were moved from this system's keyring"),
        "{}",
        status.err
    );
    assert_eq!(refresh_token(), before);
    assert!(!machine.home("auth.keyring").exists());
}

#[tokio::test]
async fn many_processes_that_find_an_old_token_in_the_keyring_spend_one_refresh_token() {
    let (simulator, session) = (issuer().await, Session::unlocked().await);
    let machine = session.machine(&simulator);
    simulator.set_token_lifetime(Duration::from_secs(1));
    sign_in(&machine).await;
    // From now on they last; the one that is kept has ended when its second is over.
    simulator.set_token_lifetime(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let runs = (0..8).map(|_| machine.run(&["exec", "hi"]));
    for ran in futures_util::future::join_all(runs).await {
        assert!(ran.answer().contains("simulated"), "{}", ran.err);
    }
    assert_eq!(refreshes(&simulator), 1);
}

#[tokio::test]
async fn a_keyring_that_is_not_there_is_named_and_the_file_is_not_used_instead() {
    let simulator = issuer().await;
    let nowhere = "unix:path=/nonexistent";
    let machine = machine(&simulator).with("DBUS_SESSION_BUS_ADDRESS", nowhere);
    sign_in(&machine).await;
    keep_in(&machine, "keyring");
    let asked = simulator.seen().len();
    for arguments in [["exec", "hi"], ["login", "status"], ["login", "--device"]] {
        let refused = machine.refused(1, &arguments).await;
        assert!(
            refused.contains("keyring: there is none in this session"),
            "{refused}"
        );
        assert!(refused.contains("store = \"file\""), "{refused}");
    }
    assert_eq!(simulator.seen().len(), asked);

    // Whoever follows the advice has what they had.
    keep_in(&machine, "file");
    assert!(told(&machine).await.answer().contains("ada@"));
}

#[tokio::test]
async fn a_locked_keyring_is_named_and_what_is_left_in_it_is_told() {
    let (simulator, session) = (issuer().await, Session::unlocked().await);
    let first = session.machine(&simulator);
    sign_in(&first).await;
    let session = session.locked_again().await;
    let machine = first.with("DBUS_SESSION_BUS_ADDRESS", &session.address);
    let refused = machine.refused(1, &["login", "status"]).await;
    assert!(
        refused.contains("it is locked") && refused.contains("unlock it"),
        "{refused}"
    );

    keep_in(&machine, "file");
    sign_in(&machine).await.answer();
    let status = told(&machine).await;
    assert!(status.answer().contains("auth.json"), "{}", status.out);
    assert!(
        status.err.contains("are left in this system's keyring"),
        "{}",
        status.err
    );
}

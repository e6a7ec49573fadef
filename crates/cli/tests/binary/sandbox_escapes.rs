//! Ways out of a sandbox that were tried elsewhere; each leads nowhere.

#![cfg(target_os = "linux")]

use std::process::Stdio;

use crate::machine::{Machine, ended};
use crate::sandbox::{confined, kinds};

/// A machine whose person has a secret in the home, which lies where commands see what is not hidden.
fn with_a_secret() -> Machine {
    let machine = Machine::new().whose_person_is_in(beside_the_temporary_ones());
    std::fs::create_dir_all(machine.person(".ssh")).unwrap();
    std::fs::write(machine.person(".ssh/id"), "canary").unwrap();
    machine
}

#[tokio::test]
async fn a_link_swapped_in_leads_to_nothing_new() {
    for kind in kinds() {
        let machine = with_a_secret();
        let script = "mkdir open && echo fine > open/id && cat open/id; \
             rm -r open && ln -s ~/.ssh open && cat open/id; echo planted > open/id";
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.out, "fine\n", "{kind}: {ran:?}");
        let secret = std::fs::read_to_string(machine.person(".ssh/id")).unwrap();
        assert_eq!(secret, "canary");
    }
}

#[tokio::test]
async fn a_hard_link_to_a_secret_cannot_be_made() {
    for kind in kinds() {
        let machine = with_a_secret();
        let ran = confined(&machine, kind, "ln ~/.ssh/id here; cat here").await;
        assert_ne!(ran.code, Some(0), "{kind}: {ran:?}");
        assert!(!machine.path("here").exists());
    }
}

#[tokio::test]
async fn no_environment_holds_a_secret_not_even_that_of_the_caller() {
    for kind in kinds() {
        let machine = Machine::new()
            .with("OPENAI_API_KEY", "sk-canary-0123456789")
            .with("LD_PRELOAD_CANARY", "canary")
            .with("DATABASE_URL", "postgres://me:canary@db/x");
        let script = "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c canary; \
             cat /proc/self/environ | tr '\\0' '\\n' | grep -c ^TMPDIR=";
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.out, "0\n1\n", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn what_makes_programs_run_others_does_not_reach_a_command() {
    for kind in kinds() {
        let machine = Machine::new()
            .with("GIT_SSH_COMMAND", "canary")
            .with("GIT_EXTERNAL_DIFF", "canary")
            .with("BASH_ENV", "/canary")
            .with("PAGER", "canary");
        let ran = confined(&machine, kind, "env").await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.out.contains("canary"), "{kind}: {ran:?}");
        assert!(ran.out.contains("PAGER=cat\n"), "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn a_command_cannot_end_what_keeps_it_nor_become_somebody_else() {
    let machine = Machine::new();
    let script = "kill -9 $PPID && echo killed the keeper; \
         kill -0 $(cat /proc/$PPID/stat | cut -d' ' -f4) && echo reached the stand-in; \
         unshare -Ur true && echo made a namespace; mount -t tmpfs x /mnt && echo mounted; \
         grep -E 'NoNewPrivs|CapEff|Seccomp:' /proc/self/status | tr -d '\\t '";
    let ran = confined(&machine, "landlock", script).await;
    let expected = "CapEff:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n";
    assert_eq!(ran.out, expected, "{ran:?}");
}

/// A folder that bubblewrap does not replace, as it does those that programs share.
pub(crate) fn beside_the_temporary_ones() -> tempfile::TempDir {
    let places = [env!("CARGO_TARGET_TMPDIR"), "/var/lib", "/srv", "/opt"];
    let is_shared = |place: &&str| {
        !["/tmp", "/var/tmp", "/run"]
            .iter()
            .any(|at| place.starts_with(at))
    };
    let mut made = places.iter().filter(|place| is_shared(place));
    let made = made.find_map(|place| tempfile::tempdir_in(place).ok());
    made.expect("build in a folder outside of /tmp")
}

#[tokio::test]
async fn a_local_socket_of_another_program_is_out_of_reach() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let elsewhere = beside_the_temporary_ones();
    let path = elsewhere.path().join("daemon");
    let _listener = UnixListener::bind(&path).unwrap();
    let name = format!("alipes-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _nameless = UnixListener::bind_addr(&address).unwrap();
    for at in [path.display().to_string(), format!("\\0{name}")] {
        let script = format!(
            "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"{at}\"); print(1)'"
        );
        let outside = std::process::Command::new("bash")
            .args(["-c", &script])
            .output();
        assert_eq!(
            outside.unwrap().stdout,
            b"1\n",
            "{at}: nobody listens there"
        );
        for kind in kinds() {
            for network in [&[][..], &["--network"]] {
                let machine = Machine::new();
                let line = [
                    &["sandbox", "--kind", kind],
                    network,
                    &["--", "bash", "-c", &script],
                ];
                let ran = machine.run(&line.concat()).await;
                assert_eq!(
                    (ran.code, ran.out.as_str()),
                    (Some(1), ""),
                    "{kind} {at}: {ran:?}"
                );
                assert!(ran.err.contains("PermissionError"), "{kind} {at}: {ran:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_command_under_bubblewrap_has_a_loopback_of_its_own() {
    let script = "import socket as s; l = s.create_server((\"127.0.0.1\", 0)); \
         s.create_connection(l.getsockname()); print(len(s.socketpair()))";
    let script = format!("python3 -c '{script}'");
    for kind in kinds().into_iter().filter(|kind| *kind == "bubblewrap") {
        let ran = confined(&Machine::new(), kind, &script).await;
        assert_eq!(ran.out, "2\n", "{ran:?}");
    }
}

#[tokio::test]
async fn what_alipes_was_started_with_is_not_open_in_a_command() {
    for kind in kinds() {
        let machine = with_a_secret();
        let home = beside_the_temporary_ones();
        std::fs::write(home.path().join("key"), "canary").unwrap();
        let script = "cat /proc/self/fd/9/key; echo evil > /proc/self/fd/9/evil; \
             for fd in 9 37; do test -e /proc/$$/fd/$fd && echo open $fd; done; echo done";
        let inner = machine.command(&["sandbox", "--kind", kind, "--", "/bin/bash", "-c", script]);
        let inner = inner.as_std();
        let variables = inner.get_envs();
        let mut outer = tokio::process::Command::new("/bin/bash");
        outer
            .args(["-c", "exec 9<\"$1\" 37> >(cat); shift; exec \"$@\"", "bash"])
            .arg(home.path())
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(inner.get_current_dir().unwrap())
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let ran = ended(outer.spawn().unwrap()).await;
        assert_eq!(ran.out, "done\n", "{kind}: {ran:?}");
        assert!(!home.path().join("evil").exists(), "{kind}");
    }
}

#[tokio::test]
async fn a_file_elsewhere_cannot_be_cut_short_or_moved_in() {
    for kind in kinds() {
        let machine = with_a_secret();
        let other = machine.person("notes");
        std::fs::write(&other, "keep").unwrap();
        let seen = confined(&machine, kind, "cat ~/notes").await;
        assert_eq!(seen.out, "keep", "{kind}: {seen:?}");
        for script in [
            "truncate -s 0 ~/notes",
            "mv ~/notes .",
            "rm ~/notes",
            "> ~/notes",
        ] {
            let ran = confined(&machine, kind, script).await;
            assert_ne!(ran.code, Some(0), "{kind} {script}: {ran:?}");
            assert!(
                !ran.err.contains("No such file"),
                "{kind} {script}: {ran:?}"
            );
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "keep");
    }
}

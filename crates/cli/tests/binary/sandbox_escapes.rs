//! Ways out of a sandbox that were tried elsewhere; each leads nowhere.

#![cfg(target_os = "linux")]

use crate::machine::Machine;
use crate::sandbox::{confined, kinds};

/// A machine whose person has a secret in the home.
fn with_a_secret() -> Machine {
    let machine = Machine::new();
    let home = machine.home("person");
    std::fs::create_dir_all(home.join(".ssh")).unwrap();
    std::fs::write(home.join(".ssh/id"), "canary").unwrap();
    machine.with("HOME", home.to_str().unwrap())
}

#[tokio::test]
async fn a_link_swapped_in_leads_to_nothing_new() {
    for kind in kinds() {
        let machine = with_a_secret();
        let script = "mkdir open && echo fine > open/id && cat open/id; \
             rm -r open && ln -s ~/.ssh open && cat open/id; echo planted > open/id";
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.out, "fine\n", "{kind}: {ran:?}");
        let secret = std::fs::read_to_string(machine.home("person/.ssh/id")).unwrap();
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

#[tokio::test]
async fn a_local_socket_of_another_program_is_out_of_reach() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("daemon");
    let _listener = tokio::net::UnixListener::bind(&path).unwrap();
    let script = format!(
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"{}\")'",
        path.display()
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
            assert_ne!(ran.code, Some(0), "{kind}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn a_file_elsewhere_cannot_be_cut_short_or_moved_in() {
    for kind in kinds() {
        let machine = with_a_secret();
        let other = machine.home("person/notes");
        std::fs::write(&other, "keep").unwrap();
        for script in [
            "truncate -s 0 ~/notes",
            "mv ~/notes .",
            "rm ~/notes",
            "> ~/notes",
        ] {
            let ran = confined(&machine, kind, script).await;
            assert_ne!(ran.code, Some(0), "{kind} {script}: {ran:?}");
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "keep");
    }
}

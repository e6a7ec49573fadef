//! A confined command does its work in the folder, and nothing elsewhere; with bubblewrap where that is
//! installed, and with Landlock.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::time::Duration;

use crate::bad_stores::alone;
use crate::machine::{LIMIT, Machine, Ran, ended};
use crate::sandbox_escapes::beside_the_temporary_ones;

/// The kinds that are here.
pub(crate) fn kinds() -> Vec<&'static str> {
    let is_installed = Path::new("/usr/bin/bwrap").exists();
    let bubblewrap = is_installed.then_some("bubblewrap");
    bubblewrap.into_iter().chain(["landlock"]).collect()
}

/// Runs a script confined.
pub(crate) async fn confined(machine: &Machine, kind: &str, script: &str) -> Ran {
    machine
        .run(&["sandbox", "--kind", kind, "--", "/bin/bash", "-c", script])
        .await
}

/// Processes of this machine whose command line holds a word.
pub(crate) fn running(word: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            // The helper's own command lines hold the script too; what runs is `sleep`.
            let line = String::from_utf8_lossy(&line).into_owned();
            line.starts_with("sleep") && line.contains(word)
        })
        .collect()
}

/// Waits until no such process is left.
pub(crate) async fn all_are_gone(word: &str) {
    while !running(word).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A length of sleep that no other test has.
pub(crate) fn own_length(test: u32) -> String {
    format!("9{}.{test}", std::process::id())
}

#[tokio::test]
async fn the_folder_and_temp_are_written_and_the_system_is_only_read() {
    for kind in kinds() {
        let machine = Machine::new();
        let script = "mkdir deep && echo made > deep/file && cat deep/file && \
             echo kept > $TMPDIR/x && cat $TMPDIR/x && head -c 4 /etc/passwd && \
             ! touch /etc/alipes-test 2>/dev/null && ! touch /usr/alipes-test 2>/dev/null && \
             ! touch ~/alipes-test 2>/dev/null && echo > /dev/null";
        let home = machine.home("person");
        std::fs::create_dir(&home).unwrap();
        let machine = machine.with("HOME", home.to_str().unwrap());
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.code, Some(0), "{kind}: {ran:?}");
        assert_eq!(ran.out, "made\nkept\nroot", "{kind}");
        assert!(machine.path("deep/file").exists());
    }
}

#[tokio::test]
async fn it_ends_as_the_command_did() {
    for kind in kinds() {
        let machine = Machine::new();
        for (script, code) in [("exit 3", 3), ("kill -TERM $$", 143), ("kill -9 $$", 137)] {
            let ran = confined(&machine, kind, script).await;
            assert_eq!(ran.code, Some(code), "{kind} {script}: {ran:?}");
        }
    }
    let machine = Machine::new();
    let arguments = ["sandbox", "--kind", "landlock", "--", "no-such-program"];
    let ran = machine.run(&arguments).await;
    assert_eq!(ran.code, Some(127), "{ran:?}");
    assert!(ran.err.contains("no-such-program"), "{ran:?}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "somebody on the network")]
async fn there_is_no_network_unless_it_was_allowed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected");
    for kind in kinds() {
        let machine = Machine::new();
        let ran = confined(&machine, kind, &script).await;
        assert_ne!(ran.code, Some(0), "{kind}: {ran:?}");
        let line = ["sandbox", "--kind", kind, "--network", "--", "bash", "-c"];
        let ran = machine.run(&[line.as_slice(), &[&script]].concat()).await;
        assert_eq!(ran.out, "connected\n", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn what_git_runs_is_read_but_not_written() {
    for kind in kinds() {
        let machine = Machine::new();
        for name in [".git/hooks", "vendor/lib/.git", "src"] {
            std::fs::create_dir_all(machine.path(name)).unwrap();
        }
        machine.file(".git/config", "[core]\n");
        let tries = [
            "echo x > .git/hooks/pre-commit",
            "echo x >> .git/config",
            "rm -rf .git",
            "mv .git gone",
            "echo x > vendor/lib/.git/config",
            "ln -f /etc/passwd .git/config",
        ];
        for script in tries {
            let ran = confined(&machine, kind, script).await;
            assert_ne!(ran.code, Some(0), "{kind} {script}: {ran:?}");
        }
        let ran = confined(&machine, kind, "cat .git/config && echo y > src/new").await;
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(0), "[core]\n"),
            "{kind}"
        );
        assert_eq!(
            std::fs::read_to_string(machine.path(".git/config")).unwrap(),
            "[core]\n"
        );
        assert!(!machine.path(".git/hooks/pre-commit").exists());
    }
}

#[tokio::test]
async fn what_git_runs_is_not_written_wherever_it_lies() {
    for kind in kinds() {
        let machine = Machine::new();
        for name in [
            "bare/hooks",
            "bare/objects",
            "bare/refs",
            "aside/hooks",
            "linked/src",
            "work/src",
        ] {
            std::fs::create_dir_all(machine.path(name)).unwrap();
        }
        machine.file("bare/HEAD", "ref: refs/heads/main\n");
        machine.file("work/.git", "gitdir: ../aside\n");
        std::os::unix::fs::symlink("../bare", machine.path("linked/.git")).unwrap();
        let tries = [
            "echo x > bare/hooks/pre-commit",
            "echo x > bare/config",
            "mv bare gone",
            "echo x > aside/hooks/pre-commit",
            "rm work/.git",
            "echo 'gitdir: ../src' > work/.git",
            "rm linked/.git",
            "mv linked gone",
            "ln -sfn ../aside linked/.git",
        ];
        for script in tries {
            let ran = confined(&machine, kind, script).await;
            assert_ne!(ran.code, Some(0), "{kind} {script}: {ran:?}");
        }
        let ran = confined(
            &machine,
            kind,
            "cat linked/.git/HEAD && echo y > linked/src/new",
        )
        .await;
        assert_eq!(ran.code, Some(0), "{kind}: {ran:?}");
        let led = std::fs::read_link(machine.path("linked/.git")).unwrap();
        assert_eq!(led, Path::new("../bare"), "{kind}");
    }
}

#[tokio::test]
async fn settings_keys_and_credentials_cannot_be_read() {
    for kind in kinds() {
        // Where bubblewrap leaves folders as they are.
        let machine = Machine::new().at_home_in(beside_the_temporary_ones());
        let home = machine.path("person");
        for (name, content) in [
            (".ssh/id_ed25519", "canary"),
            (".netrc", "canary"),
            ("a", "open"),
        ] {
            let path = home.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        std::fs::write(machine.home("config.toml"), "# canary\n").unwrap();
        let own = machine.home("config.toml").display().to_string();
        let machine = machine.with("HOME", home.to_str().unwrap());
        let script = format!("cat ~/.ssh/* ~/.netrc {own}; grep -r canary ~; cat ~/a");
        let ran = confined(&machine, kind, &script).await;
        assert_eq!(ran.out, "open", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn a_process_that_forks_twice_and_outlives_dies_with_the_command() {
    for (number, kind) in (0..).zip(kinds()) {
        let machine = Machine::new();
        let length = own_length(number);
        let script = format!(
            "(setsid bash -c '(setsid sleep {length} &) ; echo > ready' &); \
             while [ ! -e ready ]; do sleep 0.01; done"
        );
        let ran = confined(&machine, kind, &script).await;
        assert_eq!(ran.code, Some(0), "{kind}: {ran:?}");
        // The command has ended, and nothing of it is left at that moment.
        assert!(running(&length).is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn killing_what_was_started_kills_every_process_of_the_command() {
    for (number, kind) in (10..).zip(kinds()) {
        let machine = Machine::new();
        let length = own_length(number);
        let script = format!("(setsid sleep {length} &) ; echo > ready; sleep {length}");
        let line = ["sandbox", "--kind", kind, "--", "/bin/bash", "-c", &script];
        let mut child = machine.command(&line).spawn().unwrap();
        while running(&length).len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().await.unwrap();
        all_are_gone(&length).await;
    }
}

#[tokio::test]
async fn it_is_told_which_kind_confines_and_why_not_another() {
    let machine = Machine::new();
    let landlock = machine
        .run(&["sandbox", "--show", "--kind", "landlock"])
        .await;
    assert!(
        landlock.out.starts_with("landlock: no network; "),
        "{landlock:?}"
    );
    let off = machine.run(&["sandbox", "--show", "--kind", "off"]).await;
    assert_eq!(off.out, "off: commands have your rights\n");
    let configured = Machine::configured("[sandbox]\nkind = \"off\"\n");
    let shown = configured.run(&["sandbox", "--show"]).await;
    assert_eq!(shown.out, off.out);
    let wrong = Machine::configured("[sandbox]\nkind = \"landlok\"\n");
    let ran = wrong.run(&["sandbox", "--show"]).await;
    assert!(ran.err.contains("did you mean \"landlock\"?"), "{ran:?}");
}

#[tokio::test]
async fn the_temporary_folder_of_a_run_that_was_killed_goes_with_the_next() {
    let machine = Machine::new();
    let temp = machine.path("temp");
    std::fs::create_dir(&temp).unwrap();
    let machine = machine.with("TMPDIR", temp.to_str().unwrap());
    let folders = || std::fs::read_dir(&temp).unwrap().count();
    let prompt = "run the command touch begun \"$TMPDIR/left\"; sleep 60";
    let mut command = machine.command(&["exec", "--simulate", "--allow", "shell", prompt]);
    let mut child = command.spawn().unwrap();
    let begun = async {
        while !machine.path("begun").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, begun).await.unwrap();
    assert_eq!(folders(), 1);
    // Somebody beside it leaves it alone.
    let beside = [
        "exec",
        "--simulate",
        "--allow",
        "shell",
        "run the command echo beside",
    ];
    machine.run(&beside).await.answer();
    assert_eq!(folders(), 1);
    child.start_kill().unwrap();
    ended(child).await;
    // What is left is removed beside the turn, which may be the sooner to end.
    let gone = async {
        while folders() > 0 {
            machine.run(&beside).await.answer();
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap();
}

/// Otherwise it has the person's terminal, and could write over a question there.
#[tokio::test]
async fn a_command_that_nothing_confines_has_a_session_of_its_own() {
    let machine = Machine::configured("[sandbox]\nkind = \"off\"\n");
    // The sixth word of its status is the session (proc(5)).
    let script = "cut -d' ' -f6 /proc/$$/stat > session; echo $$ > own; kill -0 -$$ && touch leads";
    let prompt = format!("run the command {script}");
    machine
        .run(&["exec", "--simulate", "--allow", "shell", &prompt])
        .await
        .answer();
    let read = |name: &str| std::fs::read_to_string(machine.path(name)).unwrap();
    assert_eq!(read("session"), read("own"));
    assert!(machine.path("leads").exists());
}

#[tokio::test]
async fn more_repositories_than_bubblewrap_has_room_for_are_told_as_that() {
    for kind in kinds().into_iter().filter(|kind| *kind == "bubblewrap") {
        let machine = Machine::new();
        for at in 0..1_600 {
            std::fs::create_dir_all(machine.path(&format!("{at}/.git"))).unwrap();
        }
        let ran = machine
            .run(&["sandbox", "--kind", kind, "--", "true"])
            .await;
        assert_ne!(ran.code, Some(0));
        assert!(ran.err.contains("no room for 1600 repositories"), "{ran:?}");
    }
}

#[tokio::test]
async fn thousands_of_files_beside_a_repository_can_all_be_written() {
    for kind in kinds() {
        let machine = Machine::new();
        std::fs::create_dir(machine.path(".git")).unwrap();
        for at in 0..12_000 {
            std::fs::write(machine.path(&format!("f{at}")), "").unwrap();
        }
        let script = "for f in f*; do echo x > $f || exit 1; done; echo all";
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.out, "all\n", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn where_bubblewrap_is_not_to_be_had_the_other_sandbox_is_taken_by_itself() {
    let machine = Machine::new();
    let script = r#"
        for program in /usr/bin/bwrap /bin/bwrap /usr/local/bin/bwrap; do
            [ ! -e $program ] || mount --bind /dev/null $program || exit 78
        done
        "$A" sandbox --kind bubblewrap -- true 2>&1 | grep -q "not confined" || exit 79
        "$A" sandbox -- sh -c 'echo ran > here; echo no > /usr/made-by-a-test; cat here'
        [ ! -e /usr/made-by-a-test ] || exit 80
    "#;
    let Some(ran) = alone(&machine, script).await else {
        return;
    };
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "ran\n"), "{ran:?}");
    assert!(ran.err.contains("Permission denied"), "{ran:?}");
}

//! A store that is damaged, too new, full or read-only: named, with what to do, and nothing that was
//! accepted is lost.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::machine::{LIMIT, Machine, Ran, ended};

async fn turn(machine: &Machine) -> Ran {
    machine.run(&["exec", "--simulate", "hi"]).await
}

#[tokio::test]
async fn a_damaged_store_stops_a_turn_before_it_begins_and_can_be_repaired() {
    let machine = Machine::new();
    turn(&machine).await.answer();
    let path = machine.home("store/alipes.db");
    for name in ["store/alipes.db-wal", "store/alipes.db-shm"] {
        let _ = std::fs::remove_file(machine.home(name));
    }
    std::fs::write(&path, "not a database at all\n".repeat(1_000)).unwrap();
    let refused = turn(&machine).await.refused(1);
    assert!(refused.contains("is damaged"), "{refused}");
    assert!(refused.contains("alipes store repair"), "{refused}");
    machine
        .run(&["exec", "--simulate", "--ephemeral", "hi"])
        .await
        .answer();
    let checked = machine.run(&["store", "check"]).await;
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let repaired = machine.run(&["store", "repair"]).await;
    assert!(repaired.answer().contains("is kept as"), "{}", repaired.out);
    turn(&machine).await.answer();
}

/// Says of the store, without its log, that it has this schema; gives its bytes.
pub(crate) fn with_schema(machine: &Machine, version: u32) -> Vec<u8> {
    for name in ["store/alipes.db-wal", "store/alipes.db-shm"] {
        let _ = std::fs::remove_file(machine.home(name));
    }
    let path = machine.home("store/alipes.db");
    let mut database = std::fs::read(&path).unwrap();
    // `user_version`, four bytes at 60 (<https://www.sqlite.org/fileformat.html>).
    database[60..64].copy_from_slice(&version.to_be_bytes());
    std::fs::write(&path, &database).unwrap();
    database
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let machine = Machine::new();
    turn(&machine).await.answer();
    let path = machine.home("store/alipes.db");
    let database = with_schema(&machine, 99);
    for arguments in [
        &["exec", "--simulate", "hi"][..],
        &["exec", "--simulate", "--resume", "last", "hi"],
        &["sessions", "list"],
        &["sessions", "delete", "last"],
        &["store", "check"],
        &["store", "repair"],
        &["store", "backup", "copy.db"],
        &["store", "prune"],
        &["calls"],
    ] {
        let refused = machine.refused(1, arguments).await;
        assert!(
            refused.contains("newer alipes (schema 99"),
            "{arguments:?}: {refused}"
        );
    }
    let kept_nowhere = ["exec", "--simulate", "--ephemeral", "hi"];
    machine.run(&kept_nowhere).await.answer();
    assert!(!machine.path("copy.db").exists());
    assert_eq!(std::fs::read(&path).unwrap(), database);
}

#[tokio::test]
async fn a_turn_that_waits_for_the_store_says_so_and_goes_on_when_it_is_free() {
    let machine = Machine::new();
    turn(&machine).await.answer();
    let repair = std::fs::File::open(machine.home("store/lock")).unwrap();
    repair.lock().unwrap();
    let mut command = machine.command(&["exec", "--simulate", "hi"]);
    let mut child = command.spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = tokio::time::timeout(LIMIT, talk.next_line()).await;
    let line = line.unwrap().unwrap().unwrap();
    assert!(line.starts_with("waiting for the store"), "{line}");
    drop(repair);
    assert!(ended(child).await.answer().contains("hi"));
}

#[tokio::test]
async fn an_older_alipes_that_runs_is_named_by_whoever_had_to_wait_for_it() {
    let machine = Machine::new();
    turn(&machine).await.answer();
    with_schema(&machine, 2);
    let older = std::fs::File::open(machine.home("store/lock")).unwrap();
    older.lock_shared().unwrap();
    let refused = turn(&machine).await.refused(1);
    assert!(refused.starts_with("waiting for the store"), "{refused}");
    assert!(refused.contains("of an older alipes"), "{refused}");
}

/// Runs a script in a mount namespace of its own, with `$A` as the binary and `$S` as the store's
/// folder. `None` where this machine does not let us: that takes root.
pub(crate) async fn alone(machine: &Machine, script: &str) -> Option<Ran> {
    let inner = machine.command(&[]);
    let mut command = tokio::process::Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            &format!("mount -t tmpfs none /mnt || exit 77\n{script}"),
        ])
        .env("A", inner.as_std().get_program())
        .env("S", machine.home("store"))
        .env("ALIPES_HOME", machine.home(""))
        .current_dir(machine.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ran = ended(command.spawn().ok()?).await;
    let refused = ran.code == Some(77) || ran.err.contains("unshare failed");
    (!refused).then_some(ran)
}

#[tokio::test]
async fn what_cannot_be_written_is_said_and_no_half_of_it_stays() {
    let machine = Machine::new();
    let said = "a b ".repeat(50_000);
    let prompt = format!("hi {said}");
    machine
        .run(&["exec", "--simulate", &prompt[..100_000]])
        .await
        .answer();
    let script = r#"
        mount -t tmpfs -o size=64k none /mnt || exit 78
        for form in "" "--format jsonl"; do
            "$A" sessions export last $form > /mnt/printed.md && exit 79
            rm /mnt/printed.md
            "$A" sessions export last $form -o /mnt/written.md && exit 80
            [ ! -e /mnt/written.md ] || exit 81
        done
        "$A" sessions list > /dev/full && exit 82
        "$A" exec --simulate --json hi > /dev/full && exit 83
        exit 0
    "#;
    let Some(ran) = alone(&machine, script).await else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let printed = ran
        .err
        .matches("standard output cannot be written: No space");
    assert_eq!(printed.count(), 4, "{}", ran.err);
    let written = ran
        .err
        .matches("/mnt/written.md cannot be written: No space");
    assert_eq!(written.count(), 2, "{}", ran.err);
}

#[tokio::test]
async fn a_full_disk_ends_a_turn_by_name_and_keeps_what_was_accepted() {
    let machine = Machine::new();
    let script = r#"
        mkdir -p "$S" && mount -t tmpfs -o size=800k none "$S" || exit 78
        accepted=0
        while "$A" exec --simulate "$(head -c 9000 /dev/zero | tr '\0' x) $accepted" > /dev/null; do
            accepted=$((accepted + 1))
            [ $accepted -lt 200 ] || exit 79
        done
        echo accepted $accepted
        "$A" sessions list --all | grep -c -v interrupted
        "$A" store check
        "$A" sessions search simulated > /dev/null || exit 80
    "#;
    let Some(ran) = alone(&machine, script).await else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    let accepted: usize = lines[0].strip_prefix("accepted ").unwrap().parse().unwrap();
    assert!(accepted > 2, "{ran:?}");
    assert!(lines[1].parse::<usize>().unwrap() >= accepted, "{ran:?}");
    assert!(lines[2].starts_with("the store is sound"), "{ran:?}");
    assert!(ran.err.contains("full"), "{}", ran.err);
}

#[tokio::test]
async fn a_read_only_home_can_be_read_and_its_turns_say_so() {
    let machine = Machine::new();
    turn(&machine).await.answer();
    let script = r#"
        mount --bind "$S" "$S" && mount -o remount,bind,ro "$S" || exit 78
        "$A" sessions list && "$A" sessions search hello && "$A" sessions show last && "$A" store check
        "$A" exec --simulate hi
        echo "exit $?"
        "$A" sessions search simulated 2>&1 | grep -q -e "hi" -e "not among it" && echo told
        "$A" sessions delete last && exit 79
        "$A" sessions rename last other && exit 79
        echo refused
        "$A" status --json; "$A" doctor --json
        true
    "#;
    let Some(ran) = alone(&machine, script).await else {
        return;
    };
    assert!(ran.out.contains("1 turn  hi"), "{ran:?}");
    assert!(ran.out.contains("## You"), "{ran:?}");
    assert!(ran.out.contains("the store is sound"), "{ran:?}");
    assert!(ran.out.contains("exit 1\n"), "{ran:?}");
    // What a search misses is told where the index cannot be written.
    let (before, seen) = ran.out.split_once("told\nrefused\n").unwrap();
    assert!(!before.is_empty(), "{ran:?}");
    // Whoever only looks is told, too.
    let told = "its file system is read-only";
    assert_eq!(seen.matches(told).count(), 2, "{seen}");
    assert!(ran.err.contains("read-only"), "{}", ran.err);
    assert!(ran.err.contains("alipes exec --ephemeral"), "{}", ran.err);
}

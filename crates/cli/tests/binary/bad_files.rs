//! Files that are no text, huge, or no files: each is named to the model, and nothing hangs.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::machine::Machine;

/// What the tools said about a prompt that must be answered all the same.
async fn said(machine: &Machine, folder: &str, prompt: &str) -> String {
    let arguments = [
        "exec",
        "--simulate",
        "-C",
        folder,
        "--allow",
        "write",
        prompt,
    ];
    machine.run(&arguments).await.answer().to_owned()
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let machine = Machine::new();
    machine.file("blob.bin", b"\x7fELF\x00\xff\xfe");
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let table = [
        (".", "read blob.bin", "blob.bin is not UTF-8 text (7 bytes)"),
        (".", "read pipe", "pipe is a FIFO, not a regular file"),
        ("/dev", "read zero", "zero is a device, not a regular file"),
        (
            ".",
            "read /dev/zero",
            "/dev/zero leads outside the working folder",
        ),
        (
            ".",
            "read ../secret",
            "../secret leads outside the working folder",
        ),
        (".", "read missing.txt", "missing.txt does not exist"),
    ];
    for (folder, prompt, expected) in table {
        let said = said(&machine, folder, prompt).await;
        assert!(said.contains(expected), "{prompt}: {said}");
    }
}

#[tokio::test]
async fn a_huge_file_is_read_in_part_and_says_so() {
    let machine = Machine::new();
    let file = std::fs::File::create(machine.path("huge.txt")).unwrap();
    // Sparse: a terabyte that takes no room.
    file.set_len(1 << 40).unwrap();
    machine.file("long.txt", "a line of text\n".repeat(2_000_000));
    let huge = said(&machine, ".", "read huge.txt").await;
    assert!(huge.contains("huge.txt"), "{huge}");
    let long = said(&machine, ".", "read long.txt").await;
    assert!(long.contains("long.txt: lines 1-"), "{long}");
}

#[tokio::test]
async fn nothing_is_written_where_it_does_not_belong() {
    let machine = Machine::new();
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    std::os::unix::fs::symlink("/dev/null", machine.path("link")).unwrap();
    for path in ["pipe", "link", "/tmp/outside.txt", "../outside.txt"] {
        let said = said(&machine, ".", &format!("write hello to {path}")).await;
        assert!(
            !said.contains("created") && !said.contains("replaced"),
            "{path}: {said}"
        );
    }
    assert_eq!(machine.names(), ["link", "pipe"]);
}

#[tokio::test]
async fn a_terminals_escapes_in_a_file_do_not_reach_the_talk() {
    let machine = Machine::new();
    machine.file("\u{1b}[31mred.txt", "x\n");
    let arguments = ["exec", "--simulate", "read \u{1b}[31mred.txt"];
    let ran = machine.run(&arguments).await;
    ran.answer();
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

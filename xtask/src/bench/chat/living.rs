//! What it is like to sit before the chat, with years of conversations in the store: how soon it can be typed into,
//! how often it draws, what it costs while nobody types, and whether anybody waits for the disk.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::terminal::Terminal;
use super::{millis, verdict};
use crate::bench::store;
use crate::interop::Alipes;
use crate::process::now;
use crate::workspace;

/// Starts that are measured, and keys.
const STARTS: usize = 20;
const KEYS: usize = 100;

/// Turns of the conversation whose memory is measured, beyond those that it has.
const TURNS: usize = 6;

/// Between two keys.
const PAUSE: Duration = Duration::from_millis(30);

/// How long nobody types, and how long a text comes.
const IDLE: Duration = Duration::from_secs(5);
const STREAM: Duration = Duration::from_secs(3);

/// Targets: until it can be typed into; frames in a second; ticks of the processor while nothing happens; until a
/// key is seen, three frames.
const READY: Duration = Duration::from_millis(50);
const FRAMES: usize = 60;
/// A text that streams is drawn at least so often in a second, or none has come.
const DRAWN: usize = 20;
const TICKS: u64 = 0;
const SEEN: Duration = Duration::from_millis(50);

/// The rows of the table, and whether their targets are met.
pub(super) fn rows(alipes: &Alipes, home: &Path) -> Result<(Vec<String>, bool)> {
    store::fill_in(&home.join("store"), "c")?;
    let server = alipes.simulate_with(home, ["--pace", "2ms"])?;
    configure(home, server.url(), "")?;
    // Not in the home: the tools do not touch what is alipes' own.
    let work = workspace::folder_on_disk()?;
    // About 4,000 letters: what the simulated model repeats of a file.
    std::fs::write(
        work.path().join("long.md"),
        "words that come one by one\n".repeat(40),
    )?;
    let chat = || {
        let mut command = alipes.command(home);
        command.current_dir(work.path()).arg("chat");
        command
    };
    let ready = ready(&chat)?;
    let ticks = idle(&mut chat())?;
    let frames = streaming(&mut chat())?;
    let seen = while_others_write(&mut chat(), home)?;
    let at = |times: &[Duration], percent: usize| times[(times.len() - 1) * percent / 100];
    let met = [
        at(&ready, 50) <= READY,
        ticks == TICKS,
        frames <= FRAMES,
        at(&seen, 99) <= SEEN,
    ];
    let rows = vec![
        format!(
            "| from the start until it can be typed into | {} in the middle, {} at most | {} |",
            millis(at(&ready, 50)),
            millis(at(&ready, 100)),
            verdict(met[0], "50 ms in the middle")
        ),
        format!(
            "| ticks of the processor in {} s without a key | {ticks} | {} |",
            IDLE.as_secs(),
            verdict(met[1], "0")
        ),
        format!(
            "| frames in the busiest second of a fast stream | {frames} | {} |",
            verdict(met[2], "60")
        ),
        format!(
            "| until a key is seen, while another process writes a million entries and a turn runs | {} in the \
             middle, {} at 99 % | {} |",
            millis(at(&seen, 50)),
            millis(at(&seen, 99)),
            verdict(met[3], "50 ms at 99 %")
        ),
    ];
    Ok((rows, met.into_iter().all(|met| met)))
}

/// The most memory, in KiB, that the chat has held which goes on with the conversation `long`.
pub(super) fn memory(alipes: &Alipes, home: &Path, window: u64) -> Result<u64> {
    let server = alipes.simulate(home)?;
    configure(home, server.url(), &format!("context_window = {window}\n"))?;
    let work = workspace::folder_on_disk()?;
    let mut command = alipes.command(home);
    command.current_dir(work.path());
    let mut terminal = Terminal::open(command.args(["chat", "--resume", "long"]))?;
    terminal.until("/help")?;
    for turn in 0..TURNS {
        // The answer alone has the quotation mark.
        terminal.types(&format!("say hello-{turn}\r"))?;
        terminal.until(&format!("hello-{turn}”"))?;
    }
    terminal.most_memory()
}

/// One provider, and what else is said of the model.
fn configure(home: &Path, url: &str, further: &str) -> Result<()> {
    let config = format!(
        "[providers.sim]\nbase_url = \"{url}\"\nprofile = \"openai-codex\"\n\n\
         [model]\ndefault = \"sim/planner\"\n{further}"
    );
    Ok(std::fs::write(home.join("config.toml"), config)?)
}

/// Until everything is open, not only drawn: the store with all that is in it, too.
fn ready(chat: &dyn Fn() -> Command) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let mut terminal = Terminal::open(&mut chat())?;
        times.push(terminal.until("/help")?);
    }
    times.sort_unstable();
    Ok(times)
}

fn idle(chat: &mut Command) -> Result<u64> {
    let mut terminal = Terminal::open(chat)?;
    terminal.until("/help")?;
    // What goes on beside the start, such as looking for a sandbox, ends.
    terminal.frames_until(now() + Duration::from_secs(2));
    let before = terminal.ticks()?;
    terminal.frames_until(now() + IDLE);
    Ok(terminal.ticks()? - before)
}

/// The most frames in any second.
fn streaming(chat: &mut Command) -> Result<usize> {
    let mut terminal = Terminal::open(chat)?;
    terminal.until("/help")?;
    terminal.types("read long.md\r")?;
    let frames = terminal.frames_until(now() + STREAM);
    let second = |from: usize| {
        let until = frames[from] + Duration::from_secs(1);
        frames[from..].iter().take_while(|at| **at < until).count()
    };
    let most = (0..frames.len()).map(second).max().unwrap_or_default();
    ensure!(most >= DRAWN, "only {most} frames: no text has come");
    Ok(most)
}

/// How long keys take to be seen while the disk is busy and a turn writes its journal.
fn while_others_write(chat: &mut Command, home: &Path) -> Result<Vec<Duration>> {
    let mut terminal = Terminal::open(chat)?;
    terminal.until("/help")?;
    let has_filled = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let filling = threads.spawn(|| {
            let filled = store::fill_in(&home.join("store"), "d");
            has_filled.store(true, Ordering::Relaxed);
            filled
        });
        terminal.types("run 50 steps: list the files\r")?;
        let mut times = Vec::new();
        for key in 0..KEYS {
            if has_filled.load(Ordering::Relaxed) {
                break;
            }
            terminal.frames_until(now() + PAUSE);
            // A letter that nothing else writes.
            let letter = char::from_u32(0x0410 + u32::try_from(key)?).context("no letter")?;
            let begun = now();
            terminal.types(&letter.to_string())?;
            terminal.until(&letter.to_string())?;
            times.push(begun.elapsed());
        }
        filling.join().ok().context("the store was not filled")??;
        times.sort_unstable();
        Ok(times)
    })
}

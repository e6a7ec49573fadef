//! The chat in a real terminal, at 80 by 24 and at 40 by 20, undisturbed and through faults.

mod asking;
mod commands;
mod disturbed;
mod images;
mod killed;
mod pages;
mod talking;
mod tmux;

use crate::machine::{Machine, Serving};
use tmux::Tmux;

/// The sign before the text that is being written, where nothing is under way.
const READY: &str = "›";

/// A chat with the simulated model that has been opened.
async fn simulated(machine: &Machine, columns: u16, rows: u16) -> Tmux {
    opened(machine, &["chat", "--simulate"], columns, rows).await
}

/// A chat with a simulator of its own that makes trouble.
async fn troubled(machine: &Machine, faults: &[&str], columns: u16, rows: u16) -> (Tmux, Serving) {
    let flags = faults.iter().flat_map(|fault| ["--fault", fault]);
    let server = machine.simulate(&flags.collect::<Vec<_>>()).await;
    let url = server.base_url.clone();
    let fixed = ["chat", "-m", "x/y", "--profile", "openai-codex"];
    let arguments = [&fixed[..], &["--base-url", &url]].concat();
    (opened(machine, &arguments, columns, rows).await, server)
}

pub(crate) async fn opened(machine: &Machine, arguments: &[&str], columns: u16, rows: u16) -> Tmux {
    let tmux = Tmux::run(&machine.command(arguments), columns, rows);
    // The greeting is said when all is open.
    tmux.until("alipes 0.").await;
    tmux.until(READY).await;
    tmux
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

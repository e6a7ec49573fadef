//! Where the prompt comes from.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, anyhow};

use crate::failure::Failure;

/// The longest prompt, in bytes. No model reads more, and one frame of 16 MiB carries it.
const LONGEST: u64 = 15 * 1024 * 1024;

/// The prompt that was given, or what standard input holds. Where a turn may go on without one,
/// there need not be any.
pub(crate) async fn read(given: Option<&str>, may_lack: bool) -> Result<Option<String>, Failure> {
    let text = match given {
        Some(text) if text != "-" => text.to_owned(),
        None if may_lack && std::io::stdin().is_terminal() => return Ok(None),
        None if std::io::stdin().is_terminal() => {
            let hint = "give a prompt, as in `alipes exec \"list the files\"`, or pipe one in";
            return Err(Failure::usage(anyhow!(hint)));
        }
        _ => tokio::task::spawn_blocking(stdin)
            .await
            .context("standard input could not be read")
            .and_then(|read| read)
            .map_err(Failure::usage)?,
    };
    if text.trim().is_empty() {
        if may_lack && given.is_none() {
            return Ok(None);
        }
        return Err(Failure::usage(anyhow!(
            "the prompt is empty; say what to do"
        )));
    }
    Ok(Some(text))
}

fn stdin() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .context("standard input could not be read")?;
    if bytes.len() as u64 > LONGEST {
        return Err(anyhow!(
            "the prompt on standard input is larger than {} MiB; put it into a file and ask about that",
            LONGEST >> 20
        ));
    }
    String::from_utf8(bytes).context("the prompt on standard input is not UTF-8")
}

//! The log: a file that `ALIPES_LOG` names, to which lines are added. JSON where its name ends with `.json` or
//! `.jsonl`, text else.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alipes_base::Redactor;
use alipes_store::CallRecord;

use super::Listener;
use super::line::{Format, lines};

/// A log file.
pub(crate) struct Log {
    path: PathBuf,
    format: Format,
    redactor: Redactor,
}

impl Log {
    /// The log at this path, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn open(path: PathBuf, redactor: Redactor) -> io::Result<Self> {
        opened(&path)?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension {
            Some("json" | "jsonl") => Format::Json,
            _ => Format::Text,
        };
        Ok(Self {
            path,
            format,
            redactor,
        })
    }
}

impl Listener for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn tell(&mut self, calls: &[CallRecord]) -> Result<(), String> {
        let mut text = String::new();
        for call in calls {
            for line in lines(call, self.format) {
                text.push_str(&self.redactor.redact(&line));
                text.push('\n');
            }
        }
        // Opened anew each time: somebody may have moved it away to begin another one.
        let written = opened(&self.path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }
}

/// Nobody but its owner may read who asked whom.
fn opened(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

//! What a call would do, worked out without doing it: for somebody who is asked whether it may.
//!
//! Whoever says yes says it to what was shown. So the files that it was worked out from are kept with
//! it, and a call whose [`Context`](crate::Context) has them refuses as soon as one of them is another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::Watch;
use crate::draft::TEXT_BYTES;
use crate::known::Stamp;
use crate::{Root, ToolError, text};

/// A call before it is made.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The call in one harmless line that leaves nothing out; none where [`Tool::whole_summary`] is that.
    ///
    /// [`Tool::whole_summary`]: crate::Tool::whole_summary
    pub summary: Option<String>,
    /// What a line cannot hold.
    pub detail: Option<Detail>,
    /// What it was worked out from.
    pub seen: Seen,
}

/// What is shown beneath the line. Nothing in it could disguise it: characters that show nothing are
/// spelt out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The lines of a command, or of what is written to a process.
    Text(String),
    /// What becomes of files, as a unified diff: all of it. What is longer than some 16 MiB is refused
    /// instead.
    Diff(String),
}

/// Files as they were when somebody was asked about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(Arc<Vec<(PathBuf, Standing)>>);

/// What stood under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Nothing,
    Content(Stamp),
    /// Something that is not read here, of so many bytes.
    Unread(u64),
}

impl Preview {
    /// Of a text that is passed on: in the line if it is one, and beneath it otherwise.
    pub(crate) fn of_text(before: &str, passed_on: &str, after: &str) -> Self {
        if !passed_on.trim_end_matches('\n').contains('\n') {
            let line = text::one_line(passed_on, usize::MAX);
            return Self {
                summary: Some(format!("{before} \"{line}\"{after}")),
                ..Self::default()
            };
        }
        let lines = passed_on.strip_suffix('\n').unwrap_or(passed_on);
        let lines: Vec<String> = lines.split('\n').map(text::whole_line).collect();
        Self {
            summary: Some(format!("{before} these {} lines{after}", lines.len())),
            detail: Some(Detail::Text(lines.join("\n"))),
            ..Self::default()
        }
    }
}

impl Seen {
    pub(crate) fn these(files: impl IntoIterator<Item = (PathBuf, Standing)>) -> Self {
        Self(Arc::new(files.into_iter().collect()))
    }

    /// Refuses if something else stands under the name than somebody was shown; where nobody was shown
    /// anything, nothing is refused.
    pub(crate) fn check(&self, path: &Path, now: Standing) -> Result<(), ToolError> {
        let as_shown = self
            .0
            .iter()
            .any(|(shown, then)| shown == path && *then == now);
        match self.0.is_empty() || as_shown {
            true => Ok(()),
            false => Err(ToolError::NotAsShown {
                path: text::path(path),
            }),
        }
    }
}

impl Standing {
    /// What stands there now, with its content where it is no larger than what is edited.
    pub(crate) fn of(
        root: &Root,
        watch: &Watch,
        path: &Path,
    ) -> Result<(Self, Option<Vec<u8>>), ToolError> {
        watch.check()?;
        match root.read_file(path, TEXT_BYTES) {
            Ok(content) => Ok((Self::Content(Stamp::of(&content)), Some(content))),
            Err(ToolError::NotFound { .. }) => Ok((Self::Nothing, None)),
            Err(ToolError::TooLarge { .. } | ToolError::Io { .. }) => {
                Ok((Self::Unread(root.metadata(path)?.len()), None))
            }
            Err(error) => Err(error),
        }
    }
}

impl Detail {
    /// The same without secrets.
    pub(crate) fn map(self, with: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Text(text) => Self::Text(with(&text)),
            Self::Diff(text) => Self::Diff(with(&text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_was_shown_is_not_compared_and_what_somebody_was_shown_is() {
        let (a, b) = (Path::new("a"), Path::new("b"));
        let old = Standing::Content(Stamp::of(b"old"));
        assert!(Seen::default().check(a, old).is_ok());
        let seen = Seen::these([(a.to_owned(), old)]);
        assert!(seen.check(a, old).is_ok());
        for (path, now) in [
            (a, Standing::Content(Stamp::of(b"new"))),
            (a, Standing::Nothing),
            (b, old),
        ] {
            let error = seen.check(path, now).unwrap_err();
            assert!(matches!(error, ToolError::NotAsShown { .. }), "{error}");
        }
    }
}

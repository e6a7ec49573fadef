//! What one system did in one row, as numbers and a few words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rows::Prompt;
use super::system::{Heard, System};
use super::watch::Watched;

/// What was seen from outside.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Observed {
    /// When it first said that something is wrong, or what it waits for.
    pub(super) told: Option<Duration>,
    pub(super) ending: Ending,
    /// How often it asked for an answer.
    pub(super) requests: usize,
    pub(super) exit: Option<i32>,
    /// How often the beginning of the answer was shown.
    pub(super) shown: usize,
    /// All it said about trouble, a line each.
    pub(super) said: Vec<String>,
}

/// How it ended, and when.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Ending {
    /// The whole answer was there.
    Answer(Duration),
    /// The program ended without one.
    Error(Duration),
    /// It was stopped at the cap.
    Neither,
}

/// Lines of trouble kept; some systems say the same for minutes.
const MOST_SAID: usize = 100;

impl Observed {
    /// Reads what a client wrote.
    pub(super) fn of(system: System, prompt: &Prompt, watched: &Watched, requests: usize) -> Self {
        let (mut told, mut answered) = (None, None);
        let mut said = Vec::new();
        let mut text = String::new();
        for line in &watched.lines {
            match system.hear(line) {
                // What comes after the answer is about something else.
                Heard::Trouble(words) if answered.is_none() => {
                    told = told.or(Some(line.at));
                    said.push(words);
                }
                Heard::Answer(words) => {
                    text.push_str(&words.split_whitespace().collect::<Vec<_>>().join(" "));
                    text.push(' ');
                    if answered.is_none() && text.contains(prompt.ending) {
                        answered = Some(line.at);
                    }
                }
                Heard::Trouble(_) | Heard::Other => {}
            }
        }
        said.truncate(MOST_SAID);
        Self {
            told,
            ending: match (answered, watched.ended) {
                (Some(at), _) => Ending::Answer(at),
                (None, Some(at)) => Ending::Error(at),
                (None, None) => Ending::Neither,
            },
            requests,
            exit: watched.exit,
            shown: text.matches(prompt.opening).count(),
            said,
        }
    }

    /// The words that tell most: the final ones where there was no answer, else the first.
    pub(super) fn gist(&self) -> Option<&str> {
        let is_final = |words: &&String| words.starts_with("error:") || words.starts_with('❌');
        let chosen = match self.ending {
            Ending::Error(_) => self.said.iter().find(is_final).or(self.said.last()),
            Ending::Answer(_) | Ending::Neither => self.said.first(),
        };
        chosen.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::super::watch::{Line, Stream};
    use super::*;

    fn observed(lines: &[&str], ended: Option<u64>) -> Observed {
        let line = |(at, text): (u64, &&str)| Line {
            at: Duration::from_secs(at),
            stream: Stream::Out,
            text: (*text).to_owned(),
        };
        let watched = Watched {
            lines: (1..).zip(lines).map(line).collect(),
            ended: ended.map(Duration::from_secs),
            exit: Some(0),
        };
        Observed::of(System::Hermes, ROWS[0].prompt, &watched, 2)
    }

    #[test]
    fn an_answer_is_timed_at_its_last_word_even_where_lines_are_wrapped() {
        let seen = observed(
            &[
                "(simulated) Hello! ask me",
                "or to describe",
                "this folder.",
                "bye",
            ],
            Some(9),
        );
        assert_eq!(seen.ending, Ending::Answer(Duration::from_secs(3)));
        assert_eq!((seen.told, seen.shown), (None, 1));
    }

    #[test]
    fn text_that_is_shown_again_is_counted_and_the_final_words_are_quoted() {
        let lines = [
            "(simulated) Hello! You",
            "(simulated) Hello! You",
            "⚠ failed (1/3)",
            "❌ failed for good",
            "💀 end",
        ];
        let seen = observed(&lines, Some(9));
        assert_eq!(seen.shown, 2);
        assert_eq!(seen.told, Some(Duration::from_secs(3)));
        assert_eq!(seen.ending, Ending::Error(Duration::from_secs(9)));
        assert_eq!(seen.gist(), Some("❌ failed for good"));
    }

    #[test]
    fn who_still_runs_at_the_cap_has_neither_answer_nor_error() {
        assert_eq!(observed(&[], None).ending, Ending::Neither);
    }
}

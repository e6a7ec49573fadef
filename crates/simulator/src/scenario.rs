//! Which faults strike, and when: from flags, or from a small file.
//!
//! ```toml
//! [[fault]]
//! name = "websocket-refused-403"
//! on = "1-3"       # attempts: "2", "2-3", "2-" (from the second on); without it: always
//!
//! [[fault]]
//! name = "sse-500"
//! on = "3s"        # the first three seconds; or "2s-9s", or "2s-" (from then on)
//! ```
//!
//! Attempts are counted for each route by itself. A WebSocket handshake is one count and the
//! requests on sockets are another, without those that only prepare (`generate: false`): a fault
//! that strikes the upgrade counts handshakes, all others count requests. Time is counted from the
//! first connection, or, when the scenario was changed meanwhile, from what came next. When several
//! faults are due at once, the one listed first strikes.

mod when;

use std::time::Duration;

use toml_edit::{Document, Item, Table};

use self::when::When;
use crate::SimulatorError;
use crate::faults::{self, FaultInfo};

/// The faults of one run.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    faults: Vec<Planned>,
}

#[derive(Clone, Debug)]
struct Planned {
    fault: &'static FaultInfo,
    on: When,
}

impl Scenario {
    /// Nothing goes wrong.
    #[must_use]
    pub fn healthy() -> Self {
        Self::default()
    }

    /// This fault on every attempt.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownFault`].
    pub fn always(name: &str) -> Result<Self, SimulatorError> {
        Self::from_flags([name])
    }

    /// Faults as flags give them: `NAME` or `NAME@WHEN`, such as `sse-cut-after-text@2-3` for some
    /// attempts, or `sse-500@3s` for some time.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownFault`] and [`SimulatorError::BadWhen`].
    pub fn from_flags<S: AsRef<str>>(
        flags: impl IntoIterator<Item = S>,
    ) -> Result<Self, SimulatorError> {
        let faults = flags
            .into_iter()
            .map(|flag| match flag.as_ref().split_once('@') {
                Some((name, on)) => plan(name, on),
                None => plan(flag.as_ref(), "always"),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { faults })
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`SimulatorError::BadScenario`] with its line, [`SimulatorError::UnknownFault`] and
    /// [`SimulatorError::BadWhen`].
    pub fn parse(toml: &str) -> Result<Self, SimulatorError> {
        let document = Document::parse(toml).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            bad(toml, at, error.message().trim_end())
        })?;
        let mut faults = Vec::new();
        for (name, item) in document.iter() {
            let at = item.span().map_or(0, |span| span.start);
            let tables = match item {
                Item::ArrayOfTables(tables) if name == "fault" => tables,
                _ => return Err(bad(toml, at, "expected [[fault]] tables and nothing else")),
            };
            for table in tables {
                faults.push(read(toml, table)?);
            }
        }
        Ok(Self { faults })
    }

    /// Both scenarios together; of faults due at once, those of `self` come first.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.faults.extend(other.faults);
        self
    }

    /// The fault that strikes `after` so long: the first one that has an attempt now and is due.
    pub(crate) fn due(
        &self,
        after: Duration,
        attempt_of: impl Fn(&FaultInfo) -> Option<u64>,
    ) -> Option<&'static FaultInfo> {
        self.faults
            .iter()
            .find(|planned| {
                attempt_of(planned.fault).is_some_and(|attempt| planned.on.is_due(attempt, after))
            })
            .map(|planned| planned.fault)
    }
}

/// One `[[fault]]` table.
fn read(toml: &str, table: &Table) -> Result<Planned, SimulatorError> {
    let start = table.span().map_or(0, |span| span.start);
    let (mut name, mut on) = (None, "always");
    for (key, item) in table {
        let at = item.span().map_or(start, |span| span.start);
        let Some(text) = item.as_str() else {
            return Err(bad(toml, at, &format!("`{key}` must be a text in quotes")));
        };
        match key {
            "name" => name = Some(text),
            "on" => on = text,
            _ => {
                let problem = format!("there is no `{key}` in a fault, only `name` and `on`");
                return Err(bad(toml, at, &problem));
            }
        }
    }
    let name = name.ok_or_else(|| bad(toml, start, "this fault has no `name`"))?;
    plan(name, on)
}

fn plan(name: &str, on: &str) -> Result<Planned, SimulatorError> {
    let fault = faults::find(name).ok_or_else(|| SimulatorError::UnknownFault {
        name: name.to_owned(),
        nearest: faults::nearest(name),
    })?;
    let on = When::parse(on).ok_or_else(|| SimulatorError::BadWhen {
        fault: name.to_owned(),
        when: on.to_owned(),
    })?;
    Ok(Planned { fault, on })
}

fn bad(toml: &str, at: usize, problem: &str) -> SimulatorError {
    let before = toml.as_bytes().iter().take(at);
    SimulatorError::BadScenario {
        line: 1 + before.filter(|byte| **byte == b'\n').count(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(scenario: &Scenario, attempt: u64) -> Option<&'static str> {
        let fault = scenario.due(Duration::ZERO, |_| Some(attempt));
        fault.map(|fault| fault.name)
    }

    #[test]
    fn a_flag_says_when_or_means_always() {
        for (flag, expected) in [
            ("sse-500", [true, true, true]),
            ("sse-500@2", [false, true, false]),
            ("sse-500@1s", [true, true, true]),
            ("sse-500@1s-2s", [false, false, false]),
        ] {
            let scenario = Scenario::from_flags([flag]).unwrap();
            let strikes = [1, 2, 3].map(|attempt| due(&scenario, attempt).is_some());
            assert_eq!(strikes, expected, "{flag}");
        }
        let error = Scenario::from_flags(["sse-500@soon"]).unwrap_err();
        assert!(matches!(error, SimulatorError::BadWhen { when, .. } if when == "soon"));
    }

    #[test]
    fn of_two_faults_due_the_first_strikes() {
        let scenario = Scenario::from_flags(["sse-500@1", "sse-503"]).unwrap();
        assert_eq!(due(&scenario, 1), Some("sse-500"));
        assert_eq!(due(&scenario, 2), Some("sse-503"));
        assert_eq!(due(&Scenario::healthy(), 1), None);
    }

    #[test]
    fn an_unknown_fault_names_the_nearest_right_one() {
        let error = Scenario::always("sse-cut-after-txt")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "there is no fault `sse-cut-after-txt` (did you mean `sse-cut-after-text`?); \
             list them with --list-faults"
        );
    }

    #[test]
    fn a_file_is_read() {
        let file =
            "# two\n[[fault]]\nname = \"sse-500\"\non = \"1\"\n\n[[fault]]\nname = \"sse-503\"\n";
        let scenario = Scenario::parse(file).unwrap();
        assert_eq!(
            (due(&scenario, 1), due(&scenario, 2)),
            (Some("sse-500"), Some("sse-503"))
        );
        assert_eq!(due(&Scenario::parse("").unwrap(), 1), None);
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let table = [
            ("\n[[fault]\n", 2),
            ("[[fault]]\nname = \"sse-500\"\nat = \"1\"\n", 3),
            ("[[fault]]\nname = 7\n", 2),
            ("\n\n[[fault]]\non = \"1\"\n", 3),
            ("fault = 1\n", 1),
            ("[[faults]]\nname = \"sse-500\"\n", 1),
        ];
        for (file, expected) in table {
            let Err(SimulatorError::BadScenario { line, .. }) = Scenario::parse(file) else {
                panic!("{file} was taken");
            };
            assert_eq!(line, expected, "{file}");
        }
    }
}

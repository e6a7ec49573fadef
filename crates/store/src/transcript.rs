//! What the model sees, derived from the journal, and what a cut turn left open.
//!
//! A journal may end anywhere, and no provider takes a history in which a call has no output or an
//! output no call. So the derivation mends what it must: an output that answers no open call is left
//! out, and calls that are open when the user speaks again are answered as interrupted.

mod parts;
mod past;

use std::collections::BTreeMap;

use alipes_wire::{Item, ItemView};

use crate::{Count, Entry, FileSeen, Origin, ToolOutcome, Undone};
use parts::Parts;
use past::{Begun, Compacted};

/// The items of a conversation in order, and where its last turn stands.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    parts: Parts,
    open: Vec<OpenCall>,
    turn: Turn,
    setting: Option<Item>,
    project: Option<Item>,
    count: Option<Count>,
    /// The turns whose beginning the model sees, oldest first.
    begun: Vec<Begun>,
    /// The last compaction, while it can be taken back.
    compacted: Option<Compacted>,
    restored: bool,
    /// What the model knows of files, by their paths: true also where it no longer sees how it came to
    /// know it, because that was summed up or taken back.
    files: BTreeMap<String, String>,
    /// The last call that started a process which goes on.
    in_background: Option<String>,
}

/// A call without an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// Ties the call to its output.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// JSON, as the model wrote it.
    pub arguments: String,
    /// How far it came.
    pub progress: Progress,
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was never begun.
    Asked,
    /// It was begun and only reads: it may run again.
    Repeatable,
    /// It was begun, and whether it had its effect is not known.
    Unknown,
}

/// Where the last turn stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// There was none.
    #[default]
    None,
    /// It has not ended: it is running, or was cut.
    Unfinished,
    /// It ended with an answer.
    Answered,
    /// It ended without one.
    Failed(String),
}

impl Progress {
    /// How a call ended that came so far and no further.
    #[must_use]
    pub fn outcome(self) -> ToolOutcome {
        match self {
            Self::Asked => ToolOutcome::NotRun,
            Self::Repeatable | Self::Unknown => ToolOutcome::Unknown,
        }
    }

    /// What the model reads of a call that came so far and no further.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Asked => "not run: interrupted before it began",
            Self::Repeatable => "interrupted before it ended; it only reads, so call it again",
            Self::Unknown => {
                "outcome unknown: interrupted while it ran. It may have had its effect, in whole \
                 or in part: look before you call it again"
            }
        }
    }
}

impl OpenCall {
    /// What the model reads in place of an output that nobody has.
    #[must_use]
    pub fn interrupted(&self) -> Item {
        Item::function_call_output(&self.call_id, self.progress.told())
    }

    /// The same as what the journal keeps of it.
    #[must_use]
    pub fn ended(&self) -> Entry {
        Entry::ran(&self.call_id, self.progress.told(), self.progress.outcome())
    }
}

impl Transcript {
    /// The transcript of a journal, oldest entry first.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut transcript = Self::default();
        for entry in entries {
            transcript.add(entry);
        }
        transcript
    }

    /// What the model sees.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        self.parts.items()
    }

    /// Where each of them comes from.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        self.parts.origins()
    }

    /// The items that came after the last prompt and the last output: the answer, where there is one.
    #[must_use]
    pub fn answer(&self) -> &[Item] {
        let is_other = |item: &Item| match item.view() {
            ItemView::Message { role, .. } => role != "assistant",
            ItemView::FunctionCall { .. } | ItemView::FunctionCallOutput { .. } => true,
            _ => false,
        };
        let items = self.items();
        let before = items.iter().rposition(is_other);
        &items[before.map_or(0, |at| at + 1)..]
    }

    /// The calls without an output, oldest first.
    #[must_use]
    pub fn open(&self) -> &[OpenCall] {
        &self.open
    }

    /// Where the last turn stands.
    #[must_use]
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// What the model was last told about folder, platform and date.
    #[must_use]
    pub fn setting(&self) -> Option<&Item> {
        self.setting.as_ref()
    }

    /// What the model was last told about the project.
    #[must_use]
    pub fn project(&self) -> Option<&Item> {
        self.project.as_ref()
    }

    /// What the last request that was counted took.
    #[must_use]
    pub fn count(&self) -> Option<Count> {
        self.count
    }

    /// The files that the model has seen, each with what stands for its text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.map(|(path, stamp)| (path.as_str(), stamp.as_str()))
    }

    /// The last call that started a process which goes on when its call has ended, summed up or not.
    #[must_use]
    pub fn in_background(&self) -> Option<&str> {
        self.in_background.as_deref()
    }

    /// Takes the next entry of the journal.
    pub fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Setting(item) => {
                self.setting = Some(item.clone());
                self.close_then_push(item, Origin::Setting);
            }
            Entry::Project(item) => {
                self.project = Some(item.clone());
                self.close_then_push(item, Origin::Project);
            }
            Entry::User(item) => {
                let before = std::mem::replace(&mut self.turn, Turn::Unfinished);
                self.close_then_push(item, Origin::Person);
                let at = self.items().len() - 1;
                self.begun.push(Begun { at, before });
                if let Some(compacted) = &mut self.compacted {
                    compacted.turns_since += 1;
                }
            }
            Entry::Said(item) => {
                // A turn that had failed goes on when it is continued.
                self.turn = Turn::Unfinished;
                self.parts.push(item, Origin::Person);
            }
            Entry::Model(item) => self.model(item),
            Entry::ToolIntent {
                call_id,
                repeatable,
                goes_on,
                ..
            } => {
                self.begun(&call_id, repeatable);
                if goes_on {
                    self.in_background = Some(call_id);
                }
            }
            Entry::ToolResult {
                item,
                outcome,
                files,
            } => {
                files.into_iter().for_each(|file| self.saw(file));
                self.result(item, outcome);
            }
            Entry::Compaction {
                summary,
                kept,
                maker,
            } => self.compact(summary, kept, maker),
            Entry::Count(count) => self.count = Some(count),
            Entry::Undone(Undone::Compaction) => self.restore(),
            Entry::Undone(Undone::Turn) => self.take_turn_back(),
            Entry::Ended { failure } => self.turn = failure.map_or(Turn::Answered, Turn::Failed),
            Entry::Attempt(_) | Entry::Decision { .. } | Entry::Left => {}
        }
    }

    fn close_then_push(&mut self, item: Item, origin: Origin) {
        for call in self.open.drain(..) {
            let origin = Origin::Tool(call.progress.outcome());
            self.parts.push(call.interrupted(), origin);
        }
        self.parts.push(item, origin);
    }

    fn model(&mut self, item: Item) {
        // A turn that had failed goes on when it is continued.
        self.turn = Turn::Unfinished;
        if let ItemView::FunctionCall {
            call_id,
            name,
            arguments,
        } = item.view()
        {
            self.open.push(OpenCall {
                call_id: call_id.into_owned(),
                name: name.into_owned(),
                arguments: arguments.into_owned(),
                progress: Progress::Asked,
            });
        }
        self.parts.push(item, Origin::Model);
    }

    fn begun(&mut self, begun: &str, repeatable: bool) {
        let call = self.open.iter_mut().find(|call| call.call_id == begun);
        if let Some(call) = call {
            call.progress = match repeatable {
                true => Progress::Repeatable,
                false => Progress::Unknown,
            };
        }
    }

    fn saw(&mut self, FileSeen { path, stamp }: FileSeen) {
        match stamp {
            Some(stamp) => self.files.insert(path, stamp),
            None => self.files.remove(&path),
        };
    }

    fn result(&mut self, item: Item, outcome: ToolOutcome) {
        let answers = |call: &OpenCall| match item.view() {
            ItemView::FunctionCallOutput { call_id, .. } => call.call_id == call_id,
            _ => false,
        };
        let Some(at) = self.open.iter().position(answers) else {
            return;
        };
        self.open.remove(at);
        self.parts.push(item, Origin::Tool(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Part;

    fn call(id: &str) -> Entry {
        let json =
            format!(r#"{{"type":"function_call","call_id":"{id}","name":"t","arguments":"{{}}"}}"#);
        Entry::Model(Item::parse(&json).unwrap())
    }

    fn intent(id: &str, repeatable: bool) -> Entry {
        let (call_id, name) = (id.to_owned(), "t".to_owned());
        Entry::ToolIntent {
            call_id,
            name,
            repeatable,
            goes_on: false,
        }
    }

    fn result(id: &str, text: &str) -> Entry {
        Entry::ran(id, text, ToolOutcome::Done)
    }

    fn user(text: &str) -> Entry {
        Entry::User(Item::user(text))
    }

    fn outputs(transcript: &Transcript) -> Vec<String> {
        let items = transcript.items().iter();
        items
            .filter_map(|item| match item.view() {
                ItemView::FunctionCallOutput { output, .. } => Some(output),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_cut_turn_tells_how_far_each_call_came() {
        let entries = [
            user("go"),
            call("done"),
            call("asked"),
            call("reads"),
            call("writes"),
            intent("done", false),
            result("done", "ok"),
            intent("reads", true),
            intent("writes", false),
        ];
        let transcript = Transcript::of(entries);
        let open = transcript.open().iter();
        let open: Vec<_> = open.map(|call| (&*call.call_id, call.progress)).collect();
        assert_eq!(
            open,
            [
                ("asked", Progress::Asked),
                ("reads", Progress::Repeatable),
                ("writes", Progress::Unknown)
            ]
        );
        assert_eq!(transcript.turn(), &Turn::Unfinished);
    }

    #[test]
    fn a_call_that_never_began_was_not_run_and_is_kept_as_what_every_version_reads() {
        let entries = [
            user("go"),
            call("asked"),
            call("writes"),
            intent("writes", false),
            user("again"),
        ];
        let transcript = Transcript::of(entries);
        let ended = transcript
            .origins()
            .iter()
            .filter_map(|origin| match origin {
                Origin::Tool(outcome) => Some(*outcome),
                _ => None,
            });
        let ended: Vec<_> = ended.collect();
        assert_eq!(ended, [ToolOutcome::NotRun, ToolOutcome::Unknown]);
        for outcome in ended {
            let kept = Entry::ran("c", "x", outcome);
            let json = kept.json();
            assert!(json.starts_with(r#"{"outcome":"unknown","#), "{json}");
            let read = Entry::parse("result", &json).unwrap();
            assert_eq!(read, Entry::ran("c", "x", ToolOutcome::Unknown));
        }
    }

    #[test]
    fn every_call_has_one_output_when_the_user_speaks_again() {
        let entries = [
            user("go"),
            call("a"),
            call("b"),
            intent("a", false),
            result("b", "one"),
            result("b", "two"),
            result("nobody's", "three"),
            user("again"),
            // A provider that counts its calls from the start in every response.
            call("a"),
        ];
        let transcript = Transcript::of(entries);
        let outputs = outputs(&transcript);
        assert_eq!(outputs.len(), 2);
        assert_eq!(outputs[0], "one");
        assert!(outputs[1].starts_with("outcome unknown"), "{}", outputs[1]);
        assert_eq!(transcript.open().len(), 1);
        assert_eq!(transcript.open()[0].progress, Progress::Asked);
    }

    #[test]
    fn a_compaction_stands_for_what_came_before_and_keeps_the_newest() {
        let entries = [
            user("one"),
            user("two"),
            user("three"),
            Entry::Compaction {
                summary: vec![Part::summary("short")],
                kept: 1,
                maker: None,
            },
            user("four"),
        ];
        let transcript = Transcript::of(entries);
        let expected = [Item::user("short"), Item::user("three"), Item::user("four")];
        assert_eq!(transcript.items(), expected);
        let origins = [Origin::Summary, Origin::Person, Origin::Person];
        assert_eq!(transcript.origins(), origins);
    }

    #[test]
    fn what_is_known_of_files_and_processes_outlives_what_it_is_known_from() {
        let seen = |path: &str, stamp: Option<&str>| FileSeen {
            path: path.to_owned(),
            stamp: stamp.map(str::to_owned),
        };
        let serve = Entry::ToolIntent {
            call_id: "serve".to_owned(),
            name: "t".to_owned(),
            repeatable: false,
            goes_on: true,
        };
        let mut transcript = Transcript::of([
            user("go"),
            call("serve"),
            serve,
            result("serve", "ok").having_seen(vec![seen("a", Some("1")), seen("b", Some("1"))]),
            user("and"),
            call("reads"),
            intent("reads", true),
            result("reads", "ok").having_seen(vec![seen("a", Some("2")), seen("b", None)]),
        ]);
        let summary = vec![Part::summary("short")];
        let (kept, maker) = (1, None);
        transcript.add(Entry::Compaction {
            summary,
            kept,
            maker,
        });
        transcript.add(user("more"));
        transcript.add(Entry::Undone(Undone::Turn));
        transcript.add(Entry::Undone(Undone::Turn));
        assert!(transcript.files().eq([("a", "2")]));
        assert_eq!(transcript.in_background(), Some("serve"));
    }

    #[test]
    fn a_turn_has_ended_only_when_the_journal_says_so() {
        let mut transcript = Transcript::of([user("go"), Entry::Model(Item::assistant("hi"))]);
        assert_eq!(transcript.turn(), &Turn::Unfinished);
        let failure = Some("no route".to_owned());
        transcript.add(Entry::Ended { failure });
        assert_eq!(transcript.turn(), &Turn::Failed("no route".to_owned()));
        transcript.add(Entry::Ended { failure: None });
        assert_eq!(transcript.turn(), &Turn::Answered);
    }
}

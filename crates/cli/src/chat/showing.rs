//! A prompt and the images that it names, as far as the model can be shown any.

use std::path::PathBuf;

use alipes_wire::Item;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::Chat;
use super::blocks::Tone;
use super::front::Attended;
use super::images::{self, Pictures};
use crate::failure::Failure;

impl Chat<'_> {
    /// The prompt as the model gets it; nothing if the person has ended the reading of its images.
    pub(super) async fn showing(&mut self, prompt: &str) -> Result<Option<Item>, Failure> {
        if !images::may_be_named(prompt) {
            return Ok(Some(Item::user(prompt)));
        }
        let root = self.conversation.agent.readable_root();
        let home = self.machine.environment.text("HOME").map(PathBuf::from);
        let text = prompt.to_owned();
        let reading = spawn_blocking(move || images::read(&text, &root, home.as_deref()));
        let (_nobody, mut nothing) = mpsc::channel(1);
        self.front.state.begin("reading images");
        let read = match self.front.attend(reading, &mut nothing).await? {
            Attended::Ended(read) => read.unwrap_or_default(),
            Attended::Act(action) => {
                self.left_off(&action).await?;
                self.front.state.editor.put_back(prompt);
                return Ok(None);
            }
        };
        self.front.state.done();
        Ok(Some(self.shown(prompt, read)))
    }

    fn shown(&mut self, prompt: &str, read: Pictures) -> Item {
        for remark in read.remarks {
            self.front.state.note(Tone::Warning, remark);
        }
        if read.images.is_empty() {
            return Item::user(prompt);
        }
        let (model, names) = (&self.conversation.model, read.names.join(", "));
        let (tone, text) = match self.conversation.takes_images() {
            Some(false) => {
                let text = format!("{model} takes no images: it reads the name of {names} alone");
                self.front.state.note(Tone::Warning, text);
                return Item::user(prompt);
            }
            Some(true) => (Tone::Talk, format!("shown: {names}")),
            None => {
                let text = format!("shown: {names}; nobody has told whether {model} takes images");
                (Tone::Talk, text)
            }
        };
        self.front.state.note(tone, text);
        Item::user_showing(prompt, &read.images)
    }
}

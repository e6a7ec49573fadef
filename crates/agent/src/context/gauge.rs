//! How many tokens a conversation takes.
//!
//! Only the provider knows, and only after a request. In between, bytes are counted, at as many to a
//! token as the last request had: a tokenizer's tables would cost more memory than the rest of a
//! conversation, and would be wrong for every other model.
//!
//! How large the window is somebody has told, or nobody. A refusal says that it is smaller, and an answer
//! says that it is at least so large: of the two the answer is believed.

use alipes_store::{Count, Transcript};
use alipes_wire::{Item, ToolDefinition, Usage};

use super::images::images;

/// The window of a model that nobody has told anything about: the smallest that models for work with
/// tools commonly have.
const UNKNOWN_WINDOW: u64 = 128_000;

/// Bytes to a token, as long as nothing was counted: English text and JSON have about four.
const BYTES_TO_A_TOKEN: f64 = 4.0;

/// The bytes of text that an image in an item counts as: about 1,500 tokens, what providers
/// take for one of a screen's size (Anthropic: width × height / 750; `OpenAI`: tiles of 170 tokens).
const AN_IMAGE: u64 = 6_000;

/// What has fewer bytes has no image that is worth looking for.
const SMALL: usize = 8 * 1024;

/// What a count is believed within: below one byte no tokenizer goes, and an answer that claims more
/// than this counted something else.
const BELIEVED: (f64, f64) = (1.0, 16.0);

/// How much of a model's window a conversation takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextUse {
    /// Tokens of the whole next request, without its answer.
    pub tokens: u64,
    /// Tokens that the model takes, request and answer.
    pub window: u64,
    /// Nobody has counted this very request.
    pub is_estimate: bool,
}

impl ContextUse {
    /// The part of the window that is taken, in percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        self.tokens.saturating_mul(100) / self.window.max(1)
    }
}

/// What is refused below one part in so many of the window was hardly refused for its length: once is no
/// proof, whether somebody has told the window or it is a guess.
const FAR_BELOW: u64 = 2;

/// Estimates a conversation's tokens.
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    /// Bytes of what every request carries: instructions and tools.
    fixed: u64,
    /// The window as it was told, or else a guess.
    window: u64,
    /// The most tokens that were answered, and not refused since.
    answered: u64,
    refused: Option<Refused>,
}

/// What the model has refused as too long.
#[derive(Clone, Copy, Debug)]
struct Refused {
    /// The fewest tokens of such a request.
    tokens: u64,
    times: u64,
    /// The step in which it was refused last is under way: what is asked next must be smaller.
    is_now: bool,
}

impl Gauge {
    pub(crate) fn new(instructions: &str, tools: &[ToolDefinition]) -> Self {
        let schema = |tool: &ToolDefinition| {
            let parameters = tool.parameters.to_string().len();
            (tool.name.len() + tool.description.len() + parameters) as u64
        };
        Self {
            fixed: instructions.len() as u64 + tools.iter().map(schema).sum::<u64>(),
            window: UNKNOWN_WINDOW,
            answered: 0,
            refused: None,
        }
    }

    /// The same for a model with this window.
    pub(crate) fn with_window(self, window: u64) -> Self {
        Self {
            window: window.max(1),
            ..self
        }
    }

    /// The model has refused what was taken for so many tokens: its window is smaller than that, for this
    /// step at least.
    pub(crate) fn refused(&mut self, tokens: u64) {
        if tokens <= self.answered {
            self.answered = 0;
        }
        let earlier = self.refused;
        self.refused = Some(Refused {
            tokens: earlier.map_or(tokens, |earlier| earlier.tokens.min(tokens)),
            times: earlier.map_or(0, |earlier| earlier.times) + 1,
            is_now: true,
        });
    }

    /// A step has ended. Where it was answered, as many tokens as were counted are within the window.
    pub(crate) fn ended(&mut self, counted: Option<Count>) {
        let (least, _) = BELIEVED;
        let most = |count: &Count| scaled(count.bytes + self.fixed, 1.0 / least);
        let counted = counted.filter(|count| count.tokens <= most(count));
        let answered = counted.map_or(0, |count| count.tokens);
        self.answered = self.answered.max(answered);
        self.refused = self.refused.filter(|refused| refused.tokens > answered);
        if let Some(refused) = &mut self.refused {
            refused.is_now = false;
        }
    }

    pub(crate) fn window(&self) -> u64 {
        let refused = self.refused.filter(|refused| self.believes(*refused));
        let below = refused.map_or(u64::MAX, |refused| refused.tokens.saturating_mul(9) / 10);
        self.window.min(below).max(self.answered).max(1)
    }

    fn believes(&self, refused: Refused) -> bool {
        let is_far_below = refused.tokens.saturating_mul(FAR_BELOW) < self.window;
        let is_doubtful = is_far_below && refused.times == 1;
        refused.is_now || !is_doubtful
    }

    pub(crate) fn of(&self, transcript: &Transcript) -> ContextUse {
        let bytes = size(transcript.items());
        let counted = transcript.count();
        let exact = counted.filter(|count| count.bytes == bytes);
        ContextUse {
            tokens: exact.map_or_else(|| self.tokens(bytes, counted), |count| count.tokens),
            window: self.window(),
            is_estimate: exact.is_none(),
        }
    }

    /// How many bytes of items make so many tokens, as far as is known.
    pub(crate) fn bytes(&self, tokens: u64, counted: Option<Count>) -> u64 {
        scaled(tokens, self.bytes_to_a_token(counted))
    }

    fn tokens(&self, bytes: u64, counted: Option<Count>) -> u64 {
        scaled(bytes + self.fixed, 1.0 / self.bytes_to_a_token(counted))
    }

    fn bytes_to_a_token(&self, counted: Option<Count>) -> f64 {
        let (least, most) = BELIEVED;
        let counted = counted.filter(|count| count.tokens > 0);
        counted.map_or(BYTES_TO_A_TOKEN, |count| {
            (float(count.bytes + self.fixed) / float(count.tokens)).clamp(least, most)
        })
    }
}

/// The count of a request with these items, where the provider told one.
pub(crate) fn counted(sent: &[Item], usage: Option<Usage>) -> Option<Count> {
    let tokens = usage?.input_tokens;
    let bytes = size(sent);
    (tokens > 0).then_some(Count { tokens, bytes })
}

/// The bytes of items as they are sent, but for images: those count by what they show.
pub(crate) fn size(items: &[Item]) -> u64 {
    items.iter().map(weight).sum()
}

/// What one item adds to the [`size`] of all.
pub(crate) fn weight(item: &Item) -> u64 {
    let json = item.json();
    let length = json.len() as u64;
    if json.len() < SMALL {
        return length;
    }
    images(item).fold(length, |left, image| {
        left.saturating_sub(image.len() as u64) + AN_IMAGE
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of a conversation are far below 2^52"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and neither factor is negative"
)]
fn scaled(count: u64, factor: f64) -> u64 {
    (float(count) * factor).round() as u64
}

#[cfg(test)]
mod tests {
    use super::super::images::IMAGE;
    use super::*;
    use alipes_store::Entry;

    fn said(text: &str) -> Entry {
        Entry::User(Item::user(text))
    }

    fn usage(input_tokens: u64) -> Option<Usage> {
        Some(Usage {
            input_tokens,
            ..Usage::default()
        })
    }

    #[test]
    fn tokens_are_what_was_counted_and_in_between_what_bytes_make_of_it() {
        let gauge = Gauge::new(&"i".repeat(1_000), &[]).with_window(1_000);
        let mut transcript = Transcript::of([said(&"x".repeat(1_000))]);
        let bytes = size(transcript.items());
        let before = gauge.of(&transcript);
        assert_eq!(
            (before.tokens, before.is_estimate),
            ((bytes + 1_000).div_ceil(4), true)
        );
        // Chinese, say: two bytes to a token.
        let truly = (bytes + 1_000) / 2;
        let count = counted(transcript.items(), usage(truly)).unwrap();
        transcript.add(Entry::Count(count));
        let after = gauge.of(&transcript);
        assert_eq!((after.tokens, after.is_estimate), (truly, false));
        transcript.add(said(&"x".repeat(400)));
        let later = gauge.of(&transcript);
        let grown = size(transcript.items()) - bytes;
        assert!(later.tokens.abs_diff(truly + grown / 2) <= 1, "{later:?}");
        assert_eq!(later.percent(), later.tokens / 10);
    }

    #[test]
    fn a_provider_that_counts_nothing_or_nonsense_is_not_believed() {
        let gauge = Gauge::new("", &[]);
        let mut transcript = Transcript::of([said(&"x".repeat(4_000))]);
        assert_eq!(counted(transcript.items(), usage(0)), None);
        assert_eq!(counted(transcript.items(), None), None);
        transcript.add(Entry::Count(Count {
            tokens: 1,
            bytes: 4_000,
        }));
        transcript.add(said("more"));
        assert!(gauge.of(&transcript).tokens > 4_000 / 16);
    }

    #[test]
    fn an_image_counts_by_what_it_shows_and_not_by_its_bytes() {
        let text = size(&[Item::user("look")]);
        let image = |bytes: usize| format!("data:image/png;base64,{}", "A".repeat(bytes));
        let shown = [image(1_000_000), image(20_000)];
        let both = size(&[Item::user_showing("look", &shown)]);
        assert!(
            (2 * AN_IMAGE..2 * AN_IMAGE + text + 300).contains(&both),
            "{both}"
        );
        // What only speaks of one is text.
        let speaks = format!("{IMAGE}{}", "A".repeat(20_000));
        assert!(size(&[Item::user(&speaks)]) > 20_000);
    }

    /// An answer to a request of so many tokens, three bytes to each.
    fn answered(tokens: u64) -> Option<Count> {
        let bytes = tokens * 3;
        Some(Count { tokens, bytes })
    }

    #[test]
    fn a_window_that_was_refused_is_smaller_than_what_was_refused() {
        for mut gauge in [
            Gauge::new("", &[]),
            Gauge::new("", &[]).with_window(130_000),
        ] {
            gauge.refused(80_000);
            gauge.ended(answered(20_000));
            assert_eq!(gauge.window(), 72_000);
            gauge.refused(100_000);
            gauge.ended(None);
            assert_eq!(gauge.window(), 72_000);
        }
        let mut tiny = Gauge::new("", &[]).with_window(1);
        tiny.refused(1);
        assert_eq!(tiny.window(), 1);
    }

    #[test]
    fn what_is_answered_is_within_the_window_whatever_was_refused_or_told() {
        let mut gauge = Gauge::new("", &[]);
        gauge.refused(2_000);
        gauge.refused(2_000);
        gauge.ended(answered(1_900));
        assert_eq!(gauge.window(), 1_900);
        gauge.ended(answered(2_000));
        assert_eq!(gauge.window(), UNKNOWN_WINDOW);
        gauge.ended(answered(150_000));
        assert_eq!(gauge.window(), 150_000);
        gauge.refused(140_000);
        assert_eq!(gauge.window(), 126_000);
        gauge.ended(answered(140_000));
        // More tokens than bytes: that is a count of something else.
        let (tokens, bytes) = (900_000, 6_000);
        gauge.ended(Some(Count { tokens, bytes }));
        assert_eq!(gauge.window(), 140_000);
    }

    #[test]
    fn one_refusal_far_below_the_window_holds_for_its_step_and_a_second_is_believed() {
        let unknown = Gauge::new("", &[]);
        for mut gauge in [unknown.clone(), unknown.with_window(200_000)] {
            let window = gauge.window();
            gauge.refused(40_000);
            assert_eq!(gauge.window(), 36_000, "what is asked next must be smaller");
            gauge.ended(answered(20_000));
            assert_eq!(gauge.window(), window);
            gauge.refused(41_000);
            gauge.ended(answered(20_000));
            assert_eq!(gauge.window(), 36_000);
            gauge.ended(answered(45_000));
            assert_eq!(gauge.window(), window);
        }
    }
}

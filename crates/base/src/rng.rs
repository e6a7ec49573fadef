//! Randomness from one seed, shared by clones, for jitter and identifiers.
//!
//! Not for keys: whoever needs unguessable bytes takes them from the operating system.

use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long identifiers begin alike, in milliseconds.
const MOMENT: u64 = 256;

/// A source of random numbers; a seed replays it.
#[derive(Clone, Debug)]
pub struct Rng(Arc<Mutex<fastrand::Rng>>);

impl Rng {
    /// Always the same numbers for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// Different numbers in every process.
    #[must_use]
    pub fn from_entropy() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.with(|rng| rng.u64(0..bound))
        }
    }

    /// A duration drawn uniformly from [`longest` / 2, `longest`].
    #[must_use]
    pub fn upper_half(&self, longest: Duration) -> Duration {
        longest.mul_f64(0.5 + 0.5 * self.with(fastrand::Rng::f64))
    }

    /// An identifier in the form of a random UUID (version 4, RFC 9562).
    #[must_use]
    pub fn uuid(&self) -> String {
        let mut bytes = [0u8; 16];
        self.with(|rng| rng.fill(&mut bytes));
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            push_hex(&mut text, *byte);
        }
        text
    }

    /// An identifier of 32 hexadecimal digits. Those of one moment, in milliseconds since the Unix epoch,
    /// begin with the same four, which come round every four and a half hours: an index of many grows in
    /// one place, and yet eight digits tell most of them apart.
    #[must_use]
    pub fn id_of(&self, unix_ms: u64) -> String {
        let mut bytes = [0u8; 16];
        self.with(|rng| rng.fill(&mut bytes[2..]));
        bytes[..2].copy_from_slice(&((unix_ms / MOMENT) as u16).to_be_bytes());
        let mut text = String::with_capacity(32);
        bytes.iter().for_each(|byte| push_hex(&mut text, *byte));
        text
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(
            &mut self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

/// A formatter takes longer than everything else about an identifier.
fn push_hex(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.push(DIGITS[usize::from(byte >> 4)].into());
    text.push(DIGITS[usize::from(byte & 0x0f)].into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_moment_begin_alike_and_differ_behind() {
        let rng = Rng::seeded(1);
        let at = 1_800_000_000_000;
        let [one, same, later] = [at, at, at + MOMENT].map(|at| rng.id_of(at));
        assert_eq!((&one[..4], one.len()), (&same[..4], 32));
        assert_ne!(one[4..8], same[4..8]);
        assert_ne!(one[..4], later[..4]);
        assert!(later.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn a_seed_replays() {
        assert_eq!(Rng::seeded(7).uuid(), Rng::seeded(7).uuid());
        assert_ne!(Rng::seeded(7).uuid(), Rng::seeded(8).uuid());
        assert_eq!(Rng::seeded(7).uuid().len(), 36);
    }

    #[test]
    fn jitter_stays_in_its_half() {
        let rng = Rng::seeded(1);
        for _ in 0..1_000 {
            let drawn = rng.upper_half(Duration::from_millis(100));
            assert!(drawn >= Duration::from_millis(50) && drawn <= Duration::from_millis(100));
        }
        assert_eq!(rng.below(0), 0);
    }
}

//! How many requests may be sent a second time, over all steps of a process.
//!
//! One silent backend makes every step silent, and a second request for each would double what it
//! has to carry just then. Two are allowed from the start, and one more for every twenty steps.

use std::sync::Mutex;
use std::sync::PoisonError;

/// At the start.
const FIRST: u32 = 2;

/// At most.
const MOST: u32 = 5;

/// One more after so many steps.
const STEPS: u32 = 20;

/// A bucket of hedges.
#[derive(Debug)]
pub(crate) struct HedgeTokens(Mutex<Bucket>);

#[derive(Debug)]
struct Bucket {
    left: u32,
    steps: u32,
}

impl Default for HedgeTokens {
    fn default() -> Self {
        Self(Mutex::new(Bucket {
            left: FIRST,
            steps: 0,
        }))
    }
}

impl HedgeTokens {
    /// Takes one, if one is left.
    pub(crate) fn take(&self) -> bool {
        self.with(|bucket| {
            let left = bucket.left.checked_sub(1);
            bucket.left = left.unwrap_or(0);
            left.is_some()
        })
    }

    /// A step has begun.
    pub(crate) fn step(&self) {
        self.with(|bucket| {
            bucket.steps += 1;
            if bucket.steps == STEPS {
                bucket.steps = 0;
                bucket.left = (bucket.left + 1).min(MOST);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Bucket) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(tokens: &HedgeTokens) -> u32 {
        std::iter::from_fn(|| tokens.take().then_some(())).fold(0, |taken, ()| taken + 1)
    }

    #[test]
    fn two_at_first_one_for_twenty_steps_and_five_at_most() {
        let tokens = HedgeTokens::default();
        assert_eq!(taken(&tokens), 2);
        (1..STEPS).for_each(|_| tokens.step());
        assert_eq!(taken(&tokens), 0);
        tokens.step();
        assert_eq!(taken(&tokens), 1);
        (0..100 * STEPS).for_each(|_| tokens.step());
        assert_eq!(taken(&tokens), 5);
    }
}

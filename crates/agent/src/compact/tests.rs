//! Whatever was said, and wherever a conversation stands: what a compaction leaves is whole, smaller,
//! and has what is new.

use alipes_store::{Entry, ToolOutcome, Transcript, Undone};
use alipes_wire::{Item, ItemView};
use proptest::prelude::*;

use super::cut::{Keep, is_whole};
use super::plan::{Depth, Plan};
use crate::context::size;

/// One response: how long its message is, and for each call how long its output is, if it has one.
type Response = (usize, Vec<Option<usize>>);

fn responses() -> impl Strategy<Value = Vec<Vec<Response>>> {
    let output = prop_oneof![4 => (0_usize..3_000).prop_map(Some), 1 => Just(None)];
    let response = (0_usize..600, prop::collection::vec(output, 0..4));
    prop::collection::vec(prop::collection::vec(response, 1..6), 1..8)
}

/// A conversation in which calls may have the same ids in every response, as some providers do.
fn transcript(turns: &[Vec<Response>], ids_repeat: bool) -> Transcript {
    let mut transcript = Transcript::of([
        Entry::Setting(Item::developer("Working folder: here")),
        Entry::Project(Item::user("notes of the project")),
    ]);
    let mut number = 0;
    for (turn, responses) in turns.iter().enumerate() {
        transcript.add(Entry::User(Item::user(&format!("prompt {turn}"))));
        for (message, calls) in responses {
            let reasoning = r#"{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}"#;
            transcript.add(Entry::Model(Item::parse(reasoning).unwrap()));
            if *message > 0 {
                transcript.add(Entry::Model(Item::assistant(&"w".repeat(*message))));
            }
            let ids: Vec<String> = calls
                .iter()
                .enumerate()
                .map(|(at, _)| {
                    number += 1;
                    let id = if ids_repeat { at } else { number };
                    format!("call_{id}")
                })
                .collect();
            for id in &ids {
                let json = format!(
                    r#"{{"type":"function_call","call_id":"{id}","name":"t","arguments":"{{}}"}}"#
                );
                transcript.add(Entry::Model(Item::parse(&json).unwrap()));
            }
            for (id, output) in ids.iter().zip(calls) {
                let output = output.map(|length| "o".repeat(length));
                if let Some(output) = output {
                    transcript.add(Entry::ran(id, &output, ToolOutcome::Done));
                }
            }
        }
    }
    transcript
}

fn bytes(bytes: u64) -> Keep {
    Keep { bytes, newest: 0 }
}

fn says(item: &Item, what: &str) -> bool {
    matches!(item.view(), ItemView::Message { text, .. } if text == what)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_compaction_leaves_is_whole_smaller_and_has_the_newest_turn(
        turns in responses(),
        ids_repeat: bool,
        keep in 0_u64..20_000,
        newest in 0_u64..20_000,
        deep: bool,
    ) {
        let before = transcript(&turns, ids_repeat);
        let depth = if deep { Depth::Deep } else { Depth::Usual };
        let Some(plan) = Plan::of(&before, Keep { bytes: keep, newest }, depth) else { return Ok(()) };
        let Some(entry) = plan.carried_out(&before, "in short") else { return Ok(()) };
        let mut after = before.clone();
        after.add(entry);
        prop_assert!(is_whole(&after));
        prop_assert_eq!(after.open(), before.open());
        prop_assert!(size(after.items()) < size(before.items()));
        let newest = format!("prompt {}", turns.len() - 1);
        let prompts = after.items().iter().filter(|item| says(item, &newest));
        prop_assert_eq!(prompts.count(), 1);
        prop_assert!(after.items().iter().any(|item| says(item, "Working folder: here")));
        prop_assert!(after.items().iter().any(|item| says(item, "notes of the project")));
        // What was said last is there, and a new prompt makes it whole again for every provider.
        if depth == Depth::Usual {
            prop_assert_eq!(after.items().last(), before.items().last());
        }
        after.add(Entry::User(Item::user("and now?")));
        prop_assert!(is_whole(&after));
        after.add(Entry::Undone(Undone::Turn));
        after.add(Entry::Undone(Undone::Compaction));
        // A call that was open when the prompt came has been answered as interrupted.
        if before.open().is_empty() {
            prop_assert_eq!(after.items(), before.items());
        }
    }

    #[test]
    fn a_plan_holds_however_much_is_said_after_it(
        turns in responses(),
        more in responses(),
        keep in 0_u64..5_000,
    ) {
        let before = transcript(&turns, false);
        let Some(plan) = Plan::of(&before, bytes(keep), Depth::Usual) else { return Ok(()) };
        let mut later = before;
        for responses in &more {
            later.add(Entry::User(Item::user("more")));
            for (message, _) in responses {
                later.add(Entry::Model(Item::assistant(&"m".repeat(*message))));
            }
        }
        let Some(entry) = plan.carried_out(&later, "in short") else { return Ok(()) };
        let last = later.items().last().cloned();
        later.add(entry);
        prop_assert!(is_whole(&later));
        prop_assert_eq!(later.items().last().cloned(), last);
    }
}

#[test]
fn turns_that_fit_stay_whole_and_one_that_does_not_keeps_its_prompt() {
    let small = vec![(100, vec![Some(100)])];
    let turns = vec![small.clone(), small.clone(), small.clone(), small];
    let before = transcript(&turns, false);
    let turn = before.prompts().nth(1).unwrap() - before.prompts().next().unwrap();
    let plan = Plan::of(
        &before,
        bytes(size(&before.items()[2 + turn * 2..])),
        Depth::Usual,
    )
    .unwrap();
    let Some(Entry::Compaction { kept, .. }) = plan.carried_out(&before, "in short") else {
        panic!("no compaction");
    };
    assert_eq!(kept, turn * 2);
    let long: Vec<Response> = (0..20).map(|_| (100, vec![Some(1_000)])).collect();
    let before = transcript(&[long], false);
    let plan = Plan::of(&before, bytes(3_000), Depth::Usual).unwrap();
    let Some(Entry::Compaction { summary, kept, .. }) = plan.carried_out(&before, "in short")
    else {
        panic!("no compaction");
    };
    let last = &summary.last().unwrap().item;
    assert!(says(last, "prompt 0"), "{summary:?}");
    assert!(size(&before.items()[before.items().len() - kept..]) <= 3_000);
    // The same after another turn: it stays whole though it is more than would stay of others.
    let keep = Keep {
        bytes: 3_000,
        newest: 40_000,
    };
    let turns = [
        vec![(19_000, Vec::new())],
        vec![(100, vec![Some(9_000)]); 3],
    ];
    let before = transcript(&turns, false);
    let plan = Plan::of(&before, keep, Depth::Usual).unwrap();
    let Some(Entry::Compaction { kept, .. }) = plan.carried_out(&before, "in short") else {
        panic!("no compaction");
    };
    assert_eq!(
        before.items().len() - kept,
        before.prompts().nth(1).unwrap()
    );
}

#[test]
fn an_image_weighs_what_it_shows_wherever_a_conversation_is_cut() {
    let image = format!("data:image/png;base64,{}", "A".repeat(400_000));
    let mut before = transcript(&vec![vec![(9_000, vec![Some(9_000)])]; 4], false);
    before.add(Entry::User(Item::user_showing("look", &[image])));
    before.add(Entry::Model(Item::assistant("a cat")));
    let keep = Keep {
        bytes: 12_000,
        newest: 12_000,
    };
    let plan = Plan::of(&before, keep, Depth::Usual).unwrap();
    let Some(Entry::Compaction { kept, .. }) = plan.carried_out(&before, "in short") else {
        panic!("no compaction");
    };
    assert!(kept >= 2, "the newest turn goes, though its image fits");
}

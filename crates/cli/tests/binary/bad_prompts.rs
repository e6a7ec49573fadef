//! Prompts that are empty, huge or no text.

use crate::machine::Machine;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn an_empty_prompt_is_named() {
    let machine = Machine::new();
    for prompt in ["", " \n\t"] {
        let message = machine.refused(2, &["exec", "--simulate", prompt]).await;
        insta::allow_duplicates! { insta::assert_snapshot!(message, @"error: the prompt is empty; say what to do"); }
    }
    let piped = machine.fed(&["exec", "--simulate", "-"], "\n").await;
    assert!(piped.refused(2).contains("the prompt is empty"));
}

#[tokio::test]
async fn a_prompt_of_10_mb_arrives_by_either_route() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let prompt = "a".repeat(10_000_000);
    for route in ["websocket", "sse"] {
        let arguments = [
            "exec",
            "-m",
            "test/m",
            "--base-url",
            &server.base_url,
            "--route",
            route,
            "-v",
            "-",
        ];
        let ran = machine.fed(&arguments, prompt.as_str()).await;
        assert!(ran.answer().contains("You said “aaaa"), "{}", ran.out);
        assert!(ran.err.contains(&format!("done by {route}")), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_prompt_over_15_mib_is_named_before_anything_is_sent() {
    let machine = Machine::new();
    let ran = machine
        .fed(&["exec", "--simulate"], vec![b'a'; 15 * MIB + 1])
        .await;
    insta::assert_snapshot!(ran.refused(2), @"error: the prompt on standard input is larger than 15 MiB; put it into a file and ask about that");
}

#[tokio::test]
async fn a_prompt_that_is_no_text_is_named() {
    let machine = Machine::new();
    let ran = machine
        .fed(&["exec", "--simulate", "-"], b"\xff\xfe\x00".to_vec())
        .await;
    insta::assert_snapshot!(ran.refused(2), @"error: the prompt on standard input is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0");
}

//! Several accounts with one provider, as a person meets them.

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Scenario, Simulator};

use crate::machine::Machine;

async fn simulator(fault: &str) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags([fault]).unwrap(),
        ..Options::local(Clock::system(), Rng::from_entropy())
    };
    Simulator::start(options).await.unwrap()
}

/// A machine whose `plan/m` has two accounts, and `spare/m` behind it.
fn machine(plan: &Simulator, spare: &Simulator) -> Machine {
    let (plan, spare) = (plan.base_url(), spare.base_url());
    Machine::configured(&format!(
        "[providers.plan]\nbase_url = \"{plan}\"\n\
         [providers.plan.accounts]\nhome = {{ env = \"HOME_KEY\" }}\nwork = {{ env = \"WORK_KEY\" }}\n\
         [providers.spare]\nbase_url = \"{spare}\"\n\
         [model]\ndefault = \"plan/m\"\nfallback = [\"spare/m\"]\n"
    ))
    .with("HOME_KEY", "key-home")
    .with("WORK_KEY", "key-work")
}

#[tokio::test]
async fn the_list_tells_which_account_is_next_and_which_rests_and_why() {
    let plan = simulator("sse-usage-limit@1").await;
    let machine = machine(&plan, &plan);
    let ran = machine.run(&["exec", "hi"]).await;
    assert!(ran.answer().contains("simulated"), "{}", ran.out);
    assert!(ran.err.contains("; asking plan/m as work"), "{}", ran.err);
    let list = machine.run(&["providers"]).await;
    let told: Vec<&str> = list
        .answer()
        .lines()
        .filter(|line| line.starts_with("  "))
        .collect();
    let [home, work] = told.as_slice() else {
        panic!("{}", list.out);
    };
    assert!(home.starts_with("  home  HOME_KEY  rests for "), "{home}");
    assert!(home.contains(": usage-limit"), "{home}");
    assert!(
        work.starts_with("  work  WORK_KEY  next (in-order)"),
        "{work}"
    );
    assert!(list.answer().contains("2 accounts"), "{}", list.out);
    assert_eq!(list.err, "asked: plan/m, and behind it spare/m\n");

    let list = machine.run(&["providers", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(list.answer()).unwrap();
    let accounts = &list["providers"][0]["accounts"];
    assert_eq!(accounts[0]["rests_because"], "usage-limit");
    assert!(accounts[0]["rests_for_s"].as_u64() > Some(3_000));
    assert_eq!(accounts[1]["next"], true);
}

#[tokio::test]
async fn a_turn_that_fails_tells_everybody_who_was_asked_and_who_is_back_soonest() {
    let (plan, spare) = (
        simulator("sse-usage-limit").await,
        simulator("sse-challenge").await,
    );
    let machine = machine(&plan, &spare);
    let told = machine.refused(1, &["exec", "hi"]).await;
    for line in [
        "asked, one after the other:",
        "    plan/m as home: usage-limit (headers over sse, status 429, back in 60 min)",
        "    plan/m as work: usage-limit (headers over sse, status 429, back in 60 min)",
        "    spare/m: challenge (headers over sse, status 403, cf-ray ",
        "  can be asked again soonest: plan/m as home in 60 min",
        "  help: ",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
    assert!(told.lines().count() <= 14, "one screen: {told}");
}

/// A machine whose `plan/m` has two accounts, and the other three behind it.
fn machine_of_five(plan: &Simulator, others: [&Simulator; 3]) -> Machine {
    let mut text = format!(
        "[providers.plan]\nbase_url = \"{}\"\n\
         [providers.plan.accounts]\nhome = {{ env = \"HOME_KEY\" }}\nwork = {{ env = \"WORK_KEY\" }}\n",
        plan.base_url()
    );
    for (name, other) in ["second", "third", "fourth"].iter().zip(others) {
        let url = other.base_url();
        text.push_str(&format!("[providers.{name}]\nbase_url = \"{url}\"\n"));
    }
    text.push_str(
        "[model]\ndefault = \"plan/m\"\nfallback = [\"second/m\", \"third/m\", \"fourth/m\"]\n",
    );
    Machine::configured(&text)
        .with("HOME_KEY", "key-home")
        .with("WORK_KEY", "key-work")
}

#[tokio::test]
async fn two_accounts_and_three_providers_with_faults_finish_a_turn() {
    let (plan, second) = (
        simulator("sse-usage-limit").await,
        simulator("sse-challenge").await,
    );
    let (third, fourth) = (
        simulator("sse-500").await,
        simulator("sse-cut-after-created@1").await,
    );
    let machine = machine_of_five(&plan, [&second, &third, &fourth]);
    let ran = machine.run(&["exec", "hi"]).await;
    assert!(ran.answer().contains("simulated"), "{}", ran.err);
    let asked = ran
        .err
        .lines()
        .filter_map(|line| line.split_once("; asking "));
    let asked: Vec<&str> = asked.map(|(_why, who)| who).collect();
    assert_eq!(asked, ["plan/m as work", "second/m", "third/m", "fourth/m"]);
}

#[tokio::test]
async fn where_all_five_fail_each_is_told_with_the_reason_and_who_is_back_soonest() {
    let (plan, second) = (
        simulator("sse-usage-limit").await,
        simulator("sse-challenge").await,
    );
    let (third, fourth) = (simulator("sse-429").await, simulator("sse-401").await);
    let machine = machine_of_five(&plan, [&second, &third, &fourth]);
    let told = machine.refused(1, &["exec", "hi"]).await;
    let told: Vec<&str> = told.lines().collect();
    let begins = told
        .iter()
        .position(|line| *line == "  asked, one after the other:");
    let told = &told[begins.unwrap() + 1..];
    for (line, expected) in told.iter().zip([
        "    plan/m as home: usage-limit (headers over sse, status 429, back in 60 min)",
        "    plan/m as work: usage-limit (headers over sse, status 429, back in 60 min)",
        "    second/m: challenge (headers over sse, status 403, cf-ray ",
        "    third/m: rate-limited (headers over sse, status 429, back in ",
        "    fourth/m: unauthorized (headers over sse, status 401)",
        "  can be asked again soonest: third/m in ",
        "  on record: alipes calls show ",
        "  help: ",
    ]) {
        assert!(line.starts_with(expected), "{told:?}");
    }
    assert_eq!(told.len(), 8, "{told:?}");
}

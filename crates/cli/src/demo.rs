//! `alipes demo`: a real turn on real files, first undisturbed and then through the six most telling
//! faults, with nothing to set up.
//!
//! The model is simulated and says so. Sockets, protocol, faults, limits, tools and files are real,
//! and the answer after each fault is compared with the undisturbed one.

mod acts;
mod stage;
mod timeline;

use alipes_agent::Answer;

use self::acts::{ACTS, TASK};
use self::stage::Stage;
use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::{Style, harmless};

pub(crate) async fn run(args: &DemoArgs, machine: &Machine) -> Result<(), Failure> {
    let style = Style::of_stdout(&machine.environment);
    let stage = Stage::set(args, machine, style).await?;
    out(&style.strong("alipes demo"))?;
    out(
        "The model is simulated: a small planner in this process. The sockets, the protocol, the faults,",
    )?;
    out(
        "the limits, the tools and the files are real; nothing is made faster than it would be for you.",
    )?;
    let mut first: Option<Answer> = None;
    for (index, act) in ACTS.iter().enumerate() {
        let title = format!("{} of {}: {}", index + 1, ACTS.len(), act.title);
        out(&format!("\n{}", style.strong(title)))?;
        out(&format!("  {}", style.faint(act.story)))?;
        let answer = stage.play(act).await?;
        match &first {
            None => {
                let heading = style.faint(format!("the answer to {TASK:?}:"));
                out(&format!(
                    "\n{heading}\n\n{}",
                    indented(&harmless(&answer.text))
                ))?;
                first = Some(answer);
            }
            Some(first) => out(&compared(style, first, &answer))?,
        }
    }
    let took = machine.clock.since(stage.begun()).as_secs_f64();
    out(&format!(
        "\nSix faults in {took:.1} s. Try your own: `alipes exec --simulate \"read Cargo.toml\"`"
    ))
}

fn compared(style: Style, first: &Answer, answer: &Answer) -> String {
    if first.text == answer.text {
        style.good("  = the same answer as undisturbed: nothing lost, nothing twice")
    } else {
        style.warning("  ≠ another answer than undisturbed")
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

fn out(line: &str) -> Result<(), Failure> {
    print(line).map_err(Failure::unwritten)
}

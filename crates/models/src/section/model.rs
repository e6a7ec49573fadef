//! `[model]`: which models are asked where none is named.

use alipes_config::{Checked, Field, Reader, Section, Value};

use crate::{Effort, ModelName};

/// The section.
#[derive(Clone, Debug, Default)]
pub struct ModelSection {
    /// The model to use when none is named.
    pub default: Option<Value<ModelName>>,
    /// The models to try after it, in order.
    pub fallback: Vec<ModelName>,
    /// The model for what a turn can do without: titles, compaction.
    pub auxiliary: Option<ModelName>,
    /// How many tokens the default model takes, question and answer, whatever its provider says.
    pub context_window: Option<u64>,
    /// How hard models are asked to think.
    pub reasoning: Option<Effort>,
}

impl Section for ModelSection {
    const NAME: &'static str = "model";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let default = reader.optional("default").with_origin(model_name);
        let fallback = reader.optional("fallback").list(MODEL_NAMES, model_name);
        let auxiliary = model_name(reader.optional("auxiliary"));
        let context_window = reader.optional("context_window").integer(WINDOWS);
        let reasoning = reader.optional("reasoning").one_of(&Effort::NAMES);
        reader.finish(|| {
            Some(Self {
                default,
                fallback: fallback.unwrap_or_default(),
                auxiliary,
                context_window: context_window.and_then(|tokens| u64::try_from(tokens).ok()),
                reasoning,
            })
        })
    }
}

/// A window smaller than our own instructions and tools is a misprint, and so is one of billions.
const WINDOWS: std::ops::RangeInclusive<i64> = 8_000..=100_000_000;

const MODEL_NAMES: &str = "a list of models, such as [\"work/gpt-x\"]";

fn model_name(field: Field<'_>) -> Option<ModelName> {
    field.parsed("PROVIDER/NAME, for example work/gpt-x", |text| {
        text.parse().ok()
    })
}

//! What a server wants differently from its dialect, as named fields of `[providers.NAME.quirks]`.
//!
//! The fields and what nearly all servers want are `wire`'s; a file names those that differ, each with
//! its reason.

use alipes_config::{Checked, Field, Reader};
use alipes_wire::Quirks;
use alipes_wire::chat::{EffortField, ReasoningBack};
use alipes_wire::messages::Thinking;

/// A value that a quirk can have.
trait Setting: Sized {
    fn read(field: Field<'_>) -> Option<Self>;
}

impl Setting for bool {
    fn read(field: Field<'_>) -> Option<Self> {
        field.boolean()
    }
}

impl Setting for u64 {
    fn read(field: Field<'_>) -> Option<Self> {
        let number = field.integer(1..=i64::from(u32::MAX))?;
        Self::try_from(number).ok()
    }
}

/// An enum of few names.
macro_rules! one_of {
    ($kind:ident: $($name:literal $value:ident)*) => {
        impl Setting for $kind {
            fn read(field: Field<'_>) -> Option<Self> {
                field.one_of(&[$(($name, Self::$value)),*])
            }
        }
    };
}

one_of!(EffortField: "reasoning_effort" ReasoningEffort "reasoning" Reasoning "nowhere" Nowhere);
one_of!(ReasoningBack: "never" Never "this-turn" ThisTurn "always" Always);
one_of!(Thinking: "adaptive" Adaptive "budget" Budget "never" Never);

macro_rules! quirks {
    ($($key:ident: $kind:ty => $dialect:ident.$field:ident,)*) => {
        /// Some quirks: those that a file names.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct QuirksLayer {
            $($key: Option<$kind>,)*
        }

        impl QuirksLayer {
            pub(crate) fn read(mut reader: Reader<'_>) -> Checked<Self> {
                $(let $key = Setting::read(reader.optional(stringify!($key)));)*
                reader.finish(|| Some(Self { $($key,)* }))
            }

            /// These fields, and below them those of `other`.
            pub(crate) fn over(self, other: Self) -> Self {
                Self { $($key: self.$key.or(other.$key),)* }
            }

            /// All of them: what is not named is as with nearly all servers.
            pub(crate) fn complete(self) -> Quirks {
                let mut quirks = Quirks::default();
                $(if let Some(value) = self.$key {
                    quirks.$dialect.$field = value;
                })*
                quirks
            }
        }
    };
}

quirks! {
    developer_role: bool => chat.developer_role,
    max_completion_tokens: bool => chat.max_completion_tokens,
    stream_usage: bool => chat.stream_usage,
    cache_key: bool => chat.cache_key,
    cache_control: bool => chat.cache_control,
    images_in_results: bool => chat.images_in_results,
    short_call_ids: bool => chat.short_call_ids,
    effort: EffortField => chat.effort,
    reasoning_back: ReasoningBack => chat.reasoning,
    max_tokens: u64 => messages.max_tokens,
    cache: bool => messages.cache,
    thinking: Thinking => messages.thinking,
    system_in_messages: bool => messages.system_in_messages,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProvidersSection;
    use crate::catalog::provider::Provider;
    use alipes_config::Document;

    fn quirks(text: &str) -> Result<Quirks, String> {
        let document = Document::parse("config.toml", text).unwrap();
        let section: ProvidersSection = document.section().map_err(|error| error.to_string())?;
        let (name, section) = &section.0[0];
        Ok(Provider::resolved(name, Some(section)).unwrap().quirks)
    }

    #[test]
    fn a_quirk_is_the_bundled_files_unless_the_user_says_otherwise() {
        let mistral = quirks("[providers.mistral.quirks]\ndeveloper_role = true\n").unwrap();
        assert!(mistral.chat.short_call_ids && mistral.chat.developer_role);
        let own = "[providers.p]\nlike = \"openrouter\"\nquirks = { effort = \"nowhere\", max_tokens = 9 }";
        let own = quirks(own).unwrap();
        assert_eq!(
            (own.chat.effort, own.messages.max_tokens),
            (EffortField::Nowhere, 9)
        );
        assert!(own.chat.cache_control);
        let plain = quirks("[providers.p]\nbase_url = \"https://h\"\n").unwrap();
        assert_eq!(plain, Quirks::default());
    }

    #[test]
    fn a_wrong_quirk_is_named() {
        for (quirk, hint) in [
            ("short_call_id = true", "\"short_call_ids\""),
            ("effort = \"reasonin\"", "\"reasoning\""),
            ("max_tokens = 0", "from 1 to"),
            ("cache = 1", "a boolean"),
        ] {
            let error = quirks(&format!("[providers.groq.quirks]\n{quirk}\n")).unwrap_err();
            assert!(
                error.contains(hint) && error.contains("config.toml:2"),
                "{error}"
            );
        }
    }
}

//! A value to be written into the file, in the program's own terms: no other room needs to know
//! which library renders it.

/// A value for [`Document::set`](crate::Document::set).
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `"text"`
    String(String),
    /// `1`
    Integer(i64),
    /// `true`
    Boolean(bool),
    /// `["a", "b"]`
    List(Vec<Literal>),
    /// `{ env = "WORK_KEY" }`
    Table(Vec<(String, Literal)>),
}

impl Literal {
    /// A list of texts.
    pub fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::List(
            items
                .into_iter()
                .map(|item| Self::String(item.into()))
                .collect(),
        )
    }

    pub(crate) fn into_toml(self) -> toml_edit::Value {
        match self {
            Self::String(text) => text.into(),
            Self::Integer(number) => number.into(),
            Self::Boolean(truth) => truth.into(),
            Self::List(items) => {
                let list: toml_edit::Array = items.into_iter().map(Self::into_toml).collect();
                list.into()
            }
            Self::Table(entries) => {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (key, value.into_toml()));
                toml_edit::InlineTable::from_iter(entries).into()
            }
        }
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Literal {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

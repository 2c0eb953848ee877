//! What is wrong with a query string: messages by parameter.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The most parameters that are named at once: what a person can mend in one go.
const MAX_PARAMETERS: usize = 10;

/// Why a query string is refused.
///
/// Parameters as written in the query string, decoded, in its order; each with at least one message. A message
/// never holds a value that came in. Serialized, it is an object of lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterErrors(Vec<(String, Vec<Cow<'static, str>>)>);

impl ParameterErrors {
    /// One fault of one parameter.
    #[must_use]
    pub fn one(parameter: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let mut faults = Self::default();
        faults.add(parameter, message);
        faults
    }

    /// The parameters and their messages.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Cow<'static, str>])> {
        self.0
            .iter()
            .map(|(parameter, messages)| (parameter.as_str(), messages.as_slice()))
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a fault; the same message once a parameter, and no more than ten parameters.
    pub(super) fn add(&mut self, parameter: &str, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        let is_full = self.0.len() == MAX_PARAMETERS;
        match self.0.iter_mut().find(|(known, _)| known == parameter) {
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
            None if is_full => {}
            None => self.0.push((parameter.to_owned(), vec![message])),
        }
    }
}

impl Serialize for ParameterErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (parameter, messages) in &self.0 {
            map.serialize_entry(parameter, messages)?;
        }
        map.end()
    }
}

//! A file of trusted documents, as the common tools write it.
//!
//! Takes Relay's and GraphQL Code Generator's shape, `{"ID": "text"}`, or Apollo's
//! `apollo-persisted-query-manifest`; gives ids and texts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Why a manifest is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    /// The file cannot be read.
    #[error("cannot be read: {}", .0.kind())]
    File(#[from] std::io::Error),
    /// It has none of the known shapes.
    #[error("is neither an object of texts by id nor an Apollo persisted query manifest of version 1")]
    Shape,
    /// An id has two texts.
    #[error("has the id `{0}` twice")]
    Twice(String),
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo {
        version: Option<u64>,
        operations: Vec<Operation>,
    },
    Texts(Pairs),
}

/// The members of an object, also those of one name.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of texts by id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[derive(serde::Deserialize)]
struct Operation {
    id: String,
    body: String,
}

/// The documents of a manifest, by id.
///
/// # Errors
///
/// [`ManifestError`].
pub(super) fn read(file: &Path) -> Result<Vec<(String, String)>, ManifestError> {
    let text = std::fs::read(file)?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| ManifestError::Shape)?;
    let documents = match manifest {
        Manifest::Texts(Pairs(pairs)) => pairs,
        Manifest::Apollo {
            version: None | Some(1),
            operations,
        } => operations
            .into_iter()
            .map(|Operation { id, body }| (id, body))
            .collect(),
        Manifest::Apollo { .. } => return Err(ManifestError::Shape),
    };
    let mut texts = BTreeMap::new();
    for (id, body) in documents {
        if texts.insert(id.clone(), body).is_some() {
            return Err(ManifestError::Twice(id));
        }
    }
    Ok(texts.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Result<Vec<(String, String)>, ManifestError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn the_shapes_of_relay_code_generator_and_apollo_are_read() {
        let expected = [("a1".to_owned(), "{ viewer { id } }".to_owned())];
        assert_eq!(manifest(r#"{"a1": "{ viewer { id } }"}"#).unwrap(), expected);
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations":
            [{"id": "a1", "name": "V", "type": "query", "body": "{ viewer { id } }"}]}"#;
        assert_eq!(manifest(apollo).unwrap(), expected);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"a": 1}"#,
            r#"{"operations": [{"id": "a"}]}"#,
            r#"{"version": 2, "operations": []}"#,
        ] {
            assert!(matches!(manifest(text), Err(ManifestError::Shape)), "{text}");
        }
        let twice = r#"{"operations": [{"id": "a", "body": "{x}"}, {"id": "a", "body": "{y}"}]}"#;
        assert!(matches!(manifest(twice), Err(ManifestError::Twice(id)) if id == "a"));
        let twice = r#"{"a": "{x}", "b": "{x}", "a": "{y}"}"#;
        assert!(matches!(manifest(twice), Err(ManifestError::Twice(id)) if id == "a"));
        assert!(matches!(
            read(Path::new("no/such/file")),
            Err(ManifestError::File(_))
        ));
    }
}

//! A file of trusted documents, as the common tools write it.
//!
//! Takes Relay's and GraphQL Code Generator's shape, `{"ID": "text"}`, or Apollo's
//! `apollo-persisted-query-manifest`; gives ids and texts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

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

#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo {
        version: Option<u64>,
        operations: Vec<Operation>,
    },
    Texts(BTreeMap<String, String>),
}

#[derive(Deserialize)]
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
    let operations = match manifest {
        Manifest::Texts(texts) => return Ok(texts.into_iter().collect()),
        Manifest::Apollo {
            version: None | Some(1),
            operations,
        } => operations,
        Manifest::Apollo { .. } => return Err(ManifestError::Shape),
    };
    let mut texts = BTreeMap::new();
    for Operation { id, body } in operations {
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
        assert!(matches!(
            read(Path::new("no/such/file")),
            Err(ManifestError::File(_))
        ));
    }
}

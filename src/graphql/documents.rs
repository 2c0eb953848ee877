//! Documents by text, by hash and by name: what was checked once is not parsed again.
//!
//! Takes what a request says of its document; gives the checked [`Document`], shared. Three stores, each bounded: checked
//! documents by text; the texts that clients registered by their hash (Apollo's automatic persisted queries); and the
//! manifest of trusted documents, read at the start. All are checked under the limits of this process. Deliberately
//! absent: anything of an account; documents are the same for all.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::guard::document::{self, Document};
use super::guard::limits::Limits;
use super::guard::refusal::Refusal;
use super::guard::table::Types;
use super::manifest;

/// What a request says of its document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// The text itself.
    pub text: Option<&'a str>,
    /// The hash of Apollo's `persistedQuery`: 64 hexadecimal digits.
    pub sha256: Option<&'a str>,
    /// The name of a trusted document.
    pub id: Option<&'a str>,
}

/// Why there is no document to run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DocumentError {
    /// The guard refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request says nothing of a document.
    #[error("the request has no `query`; send the document's text")]
    Missing,
    /// The hash is not one, or not that of the text.
    #[error("`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query` in hexadecimal")]
    WrongHash,
    /// Nobody has registered the hash here; the client sends the text with it.
    #[error("PersistedQueryNotFound")]
    NotFound,
    /// Only known documents are served, and this is none.
    #[error("the document is not trusted")]
    NotTrusted,
}

/// How documents that are not in the manifest are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// There is no manifest to speak of: every document runs.
    Off,
    /// They run, and each is logged.
    Log,
    /// They do not run.
    Enforce,
}

/// **Unit**: bytes of text whose checked documents are kept; a parsed document is some times larger.
const CACHED_BYTES: u64 = 4 << 20;
/// **Unit**: bytes of registered text.
const PERSISTED_BYTES: u64 = 4 << 20;

type Hash = [u8; 32];

/// The stores.
pub struct Documents {
    types: Types,
    limits: Limits,
    introspection: bool,
    checked: Cache<Arc<str>, Arc<Document>, TextBytes>,
    persisted: Cache<Hash, Arc<str>, TextBytes>,
    trust: Trust,
    trusted: HashMap<String, Arc<Document>>,
    trusted_texts: HashMap<Hash, Arc<Document>>,
}

impl Documents {
    /// Stores without any document.
    #[must_use]
    pub fn new(types: Types, limits: Limits, introspection: bool) -> Self {
        Self {
            types,
            limits,
            introspection,
            checked: Cache::with_weighter(1_024, CACHED_BYTES, TextBytes),
            persisted: Cache::with_weighter(1_024, PERSISTED_BYTES, TextBytes),
            trust: Trust::Off,
            trusted: HashMap::new(),
            trusted_texts: HashMap::new(),
        }
    }

    /// The stores with a manifest of trusted documents, each of which is checked now.
    ///
    /// **Errors**: what is wrong with the file or with one of its documents.
    pub fn trust(mut self, trust: Trust, file: &Path) -> Result<Self, manifest::ManifestError> {
        for (id, text) in manifest::read(file)? {
            let checked = document::check(&text, &self.limits, self.introspection, &self.types);
            let document =
                Arc::new(checked.map_err(|refusal| manifest::ManifestError::Document(id.clone(), refusal))?);
            self.trusted_texts.insert(sha256(&text), Arc::clone(&document));
            self.trusted.insert(id, document);
        }
        self.trust = trust;
        Ok(self)
    }

    /// The types of the schema.
    #[must_use]
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// The limits that every document was checked under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The document that a request names.
    ///
    /// **Errors**: [`DocumentError`].
    pub fn find(&self, named: Named<'_>) -> Result<Arc<Document>, DocumentError> {
        if let Some(document) = named.id.or(named.sha256).and_then(|id| self.trusted.get(id)) {
            return Ok(Arc::clone(document));
        }
        let Some(hash) = named.sha256 else {
            return match (named.text, named.id) {
                (Some(text), _) => self.checked(text),
                (None, Some(_)) => Err(DocumentError::NotTrusted),
                (None, None) => Err(DocumentError::Missing),
            };
        };
        let hash = hex(hash).ok_or(DocumentError::WrongHash)?;
        match named.text {
            Some(text) if sha256(text) != hash => Err(DocumentError::WrongHash),
            Some(text) => {
                let document = self.checked(text)?;
                self.persisted.insert(hash, Arc::from(text));
                Ok(document)
            }
            None => {
                let text = self.persisted.get(&hash).ok_or(DocumentError::NotFound)?;
                self.checked(&text)
            }
        }
    }

    fn checked(&self, text: &str) -> Result<Arc<Document>, DocumentError> {
        if self.trust != Trust::Off {
            if let Some(document) = self.trusted_texts.get(&sha256(text)) {
                return Ok(Arc::clone(document));
            }
            if self.trust == Trust::Enforce {
                return Err(DocumentError::NotTrusted);
            }
            tracing::info!(bytes = text.len(), "a document that is not trusted was run");
        }
        if let Some(document) = self.checked.get(text) {
            return Ok(document);
        }
        let document = Arc::new(document::check(
            text,
            &self.limits,
            self.introspection,
            &self.types,
        )?);
        self.checked.insert(Arc::from(text), Arc::clone(&document));
        Ok(document)
    }
}

fn sha256(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// The bytes of 64 hexadecimal digits.
fn hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

/// Weighs an entry by the bytes of its text.
#[derive(Clone)]
struct TextBytes;

impl Weighter<Arc<str>, Arc<Document>> for TextBytes {
    fn weight(&self, text: &Arc<str>, _: &Arc<Document>) -> u64 {
        text.len() as u64 + 64
    }
}

impl Weighter<Hash, Arc<str>> for TextBytes {
    fn weight(&self, _: &Hash, text: &Arc<str>) -> u64 {
        text.len() as u64 + 64
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard::instant;
    use super::*;

    fn documents() -> Documents {
        let types = Types::from_sdl(&super::super::schema::sdl(), instant::is_instant).unwrap();
        Documents::new(types, Limits::default(), true)
    }

    fn digits(text: &str) -> String {
        sha256(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_text_is_checked_once() {
        let documents = documents();
        let named = Named {
            text: Some("{ viewer { name } }"),
            ..Named::default()
        };
        let (first, second) = (documents.find(named).unwrap(), documents.find(named).unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn a_hash_is_served_after_it_was_registered_with_its_text_and_only_then() {
        let documents = documents();
        let text = "{ viewer { id } }";
        let hash = digits(text);
        let by_hash = Named {
            sha256: Some(&hash),
            ..Named::default()
        };
        assert!(matches!(documents.find(by_hash), Err(DocumentError::NotFound)));
        let wrong = Named {
            text: Some("{ viewer { name } }"),
            ..by_hash
        };
        assert!(matches!(documents.find(wrong), Err(DocumentError::WrongHash)));
        assert!(matches!(documents.find(by_hash), Err(DocumentError::NotFound)));
        documents
            .find(Named {
                text: Some(text),
                ..by_hash
            })
            .unwrap();
        documents.find(by_hash).unwrap();
        let upper = hash.to_uppercase();
        documents
            .find(Named {
                sha256: Some(&upper),
                ..Named::default()
            })
            .unwrap();
        for malformed in ["", "0", &hash[1..], "zz"] {
            let named = Named {
                sha256: Some(malformed),
                ..Named::default()
            };
            assert!(
                matches!(documents.find(named), Err(DocumentError::WrongHash)),
                "{malformed}"
            );
        }
    }

    #[test]
    fn a_text_that_the_guard_refuses_is_not_registered() {
        let documents = documents();
        let text = "{ viewer { ";
        let hash = digits(text);
        let with_text = Named {
            text: Some(text),
            sha256: Some(&hash),
            id: None,
        };
        assert!(matches!(
            documents.find(with_text),
            Err(DocumentError::Refused(_))
        ));
        let by_hash = Named {
            sha256: Some(&hash),
            ..Named::default()
        };
        assert!(matches!(documents.find(by_hash), Err(DocumentError::NotFound)));
    }

    #[test]
    fn where_trust_is_enforced_only_the_manifest_runs_by_text_hash_or_name() {
        let text = "query Name { viewer { name } }";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), serde_json::json!({ "one": text }).to_string()).unwrap();
        let documents = documents().trust(Trust::Enforce, file.path()).unwrap();
        documents
            .find(Named {
                id: Some("one"),
                ..Named::default()
            })
            .unwrap();
        documents
            .find(Named {
                sha256: Some("one"),
                ..Named::default()
            })
            .unwrap();
        documents
            .find(Named {
                text: Some(text),
                ..Named::default()
            })
            .unwrap();
        for named in [
            Named {
                text: Some("{ viewer { name } }"),
                ..Named::default()
            },
            Named {
                id: Some("two"),
                ..Named::default()
            },
        ] {
            assert!(
                matches!(documents.find(named), Err(DocumentError::NotTrusted)),
                "{named:?}"
            );
        }
    }
}

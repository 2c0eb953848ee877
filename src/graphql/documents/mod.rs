//! Documents by text, by hash and by name: what was checked once is not parsed again.
//!
//! Takes what a request says of its document; gives a [`Known`] document, shared. Three stores, each bounded: checked
//! documents by text; the texts that clients registered by their hash (Apollo's automatic persisted queries); and the
//! manifest of trusted documents, read at the start. All are checked under the limits of this process. Deliberately
//! absent: anything of an account; documents are the same for all.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use graphql_limits::{Document, Limits, Operation, Rejection, SchemaTypes};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::execute::Plan;
use super::schema::{Schema, ValidationError};

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

/// A checked document and, once it is first run, what the library finds wrong with it or the plans of its operations.
#[derive(Debug)]
pub struct Known {
    document: Document,
    plans: OnceLock<Result<Vec<Arc<Plan>>, Vec<ValidationError>>>,
}

impl Known {
    fn new(document: Document) -> Self {
        Self {
            document,
            plans: OnceLock::new(),
        }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The plan of an operation of this document. The document is validated when the first is asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with the document, if anything is.
    pub fn plan(&self, operation: &Operation, schema: &Schema) -> Result<Arc<Plan>, &[ValidationError]> {
        let plans = self.plans.get_or_init(|| self.validate(schema));
        let plans = plans.as_ref().map_err(Vec::as_slice)?;
        let operations = self.document.operations().iter();
        let mut planned = operations.zip(plans);
        let found = planned.find(|(one, _)| std::ptr::eq(*one, operation));
        Ok(found
            .map(|(_, plan)| Arc::clone(plan))
            .expect("an operation of this document"))
    }

    fn validate(&self, schema: &Schema) -> Result<Vec<Arc<Plan>>, Vec<ValidationError>> {
        let executable = self.document.executable();
        let invalid = schema.validate(executable);
        if !invalid.is_empty() {
            return Err(invalid);
        }
        let plan = |operation: &Operation| Arc::new(Plan::of(executable, operation.name()));
        Ok(self.document.operations().iter().map(plan).collect())
    }
}

/// Why there is no document to run.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is beyond a limit, or not valid.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The request says nothing of a document.
    #[error("the request has no `query`; send the document's text")]
    Missing,
    /// The hash is not one, or not that of the text.
    #[error("`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query` in hexadecimal")]
    WrongHash,
    /// The text is not the one that the trusted document has.
    #[error("`query` is not the text of the document that the request names; send one of the two")]
    OtherText,
    /// Nobody has registered the hash here; the client sends the text with it.
    #[error("PersistedQueryNotFound")]
    NotFound,
    /// Only known documents are served, and this is none.
    #[error("the document is not trusted")]
    NotTrusted,
    /// No document has that name, and its text, which would do as well, is not given.
    #[error("no document has that name")]
    Unknown,
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

/// A document that is to be trusted, but does not pass.
#[derive(Debug, thiserror::Error)]
#[error("the document `{id}` of the manifest is refused: {reason}")]
pub struct TrustedError {
    id: String,
    reason: String,
}

/// In bytes of memory for checked documents and their plans, by the estimate of [`DocumentBytes`].
const CACHED_BYTES: u64 = 16 << 20;
/// In bytes of memory for registered texts.
const PERSISTED_BYTES: u64 = 4 << 20;

type Hash = [u8; 32];

/// The stores.
pub struct Documents {
    types: SchemaTypes,
    limits: Limits,
    introspection: bool,
    checked: Cache<Arc<str>, Arc<Known>, DocumentBytes>,
    persisted: Cache<Hash, Arc<str>, TextBytes>,
    trust: Trust,
    trusted: HashMap<String, (Hash, Arc<Known>)>,
    trusted_texts: HashMap<Hash, Arc<Known>>,
}

impl Documents {
    /// Stores without any document.
    #[must_use]
    pub fn new(types: SchemaTypes, limits: Limits, introspection: bool) -> Self {
        Self {
            types,
            limits,
            introspection,
            checked: Cache::with_weighter(1_024, CACHED_BYTES, DocumentBytes),
            persisted: Cache::with_weighter(1_024, PERSISTED_BYTES, TextBytes),
            trust: Trust::Off,
            trusted: HashMap::new(),
            trusted_texts: HashMap::new(),
        }
    }

    /// The stores with trusted documents, each an id and a text, which are checked now.
    ///
    /// # Errors
    ///
    /// The first document that does not pass.
    pub fn trust(
        mut self,
        trust: Trust,
        documents: &[(String, String)],
        schema: &Schema,
    ) -> Result<Self, TrustedError> {
        for (id, text) in documents {
            let refused = |reason: String| TrustedError {
                id: id.clone(),
                reason,
            };
            let checked = graphql_limits::check(text, &self.limits, self.introspection, &self.types);
            let document = checked.map_err(|rejection| refused(rejection.to_string()))?;
            let document = Arc::new(Known::new(document));
            for operation in document.document().operations() {
                let planned = document.plan(operation, schema).map_err(<[_]>::first);
                if let Err(Some(error)) = planned {
                    return Err(refused(error.message.clone()));
                }
            }
            let hash = sha256(text);
            self.trusted_texts.insert(hash, Arc::clone(&document));
            self.trusted.insert(id.clone(), (hash, document));
        }
        self.trust = trust;
        Ok(self)
    }

    /// The types of the schema.
    #[must_use]
    pub fn types(&self) -> &SchemaTypes {
        &self.types
    }

    /// The limits that every document was checked under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The document that a request names.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn find(&self, named: Named<'_>) -> Result<Arc<Known>, DocumentError> {
        if let Some((hash, document)) = named.id.or(named.sha256).and_then(|id| self.trusted.get(id)) {
            let is_other = |sha256: &str| named.id.is_some() && hex(sha256).as_ref() != Some(hash);
            return match named.text {
                Some(text) if sha256(text) != *hash => Err(DocumentError::OtherText),
                _ if named.sha256.is_some_and(is_other) => Err(DocumentError::OtherText),
                _ => Ok(Arc::clone(document)),
            };
        }
        let Some(hash) = named.sha256 else {
            return match (named.text, named.id) {
                (Some(text), _) => self.checked(text),
                (None, Some(_)) if self.trust == Trust::Enforce => Err(DocumentError::NotTrusted),
                (None, Some(_)) => Err(DocumentError::Unknown),
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

    fn checked(&self, text: &str) -> Result<Arc<Known>, DocumentError> {
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
        let document = graphql_limits::check(text, &self.limits, self.introspection, &self.types)?;
        let document = Arc::new(Known::new(document));
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

/// Weighs a checked document by what it and its plans take: 2 KiB, and 72 bytes for each byte of text.
///
/// Source: the growth of a release build's memory over some thousand documents of each kind: 2.5 KiB for a document of 15
/// bytes; 50 times its text for the dashboard's page, with 2 conditions 61 times; 73 times for 1,900 short fields.
#[derive(Clone)]
struct DocumentBytes;

impl Weighter<Arc<str>, Arc<Known>> for DocumentBytes {
    fn weight(&self, text: &Arc<str>, _: &Arc<Known>) -> u64 {
        2_048 + 72 * text.len() as u64
    }
}

/// Weighs a registered text by its bytes and those of its entry.
#[derive(Clone)]
struct TextBytes;

impl Weighter<Hash, Arc<str>> for TextBytes {
    fn weight(&self, _: &Hash, text: &Arc<str>) -> u64 {
        text.len() as u64 + 128
    }
}

#[cfg(test)]
mod tests;

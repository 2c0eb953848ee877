//! What the stores of documents promise.

use super::super::{schema, validation};
use super::*;

fn documents() -> Documents {
    let types = validation::types(&schema::sdl()).unwrap();
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
fn a_text_that_is_refused_is_not_registered() {
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
    let manifest = [("one".to_owned(), text.to_owned())];
    let documents = documents()
        .trust(Trust::Enforce, &manifest, &schema::build())
        .unwrap();
    // A request that names one document and sends another does not say which it means.
    for named in [
        Named {
            id: Some("one"),
            ..Named::default()
        },
        Named {
            sha256: Some("one"),
            ..Named::default()
        },
    ] {
        let with = |text| {
            documents.find(Named {
                text: Some(text),
                ..named
            })
        };
        assert!(with(text).is_ok());
        assert!(matches!(with("{ viewer { id } }"), Err(DocumentError::OtherText)));
    }
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

#[test]
fn a_document_is_validated_once_and_keeps_the_plan_of_each_operation_or_what_is_wrong() {
    let (documents, schema) = (documents(), schema::build());
    let find = |text| {
        documents
            .find(Named {
                text: Some(text),
                ..Named::default()
            })
            .unwrap()
    };
    let known = find("query A { viewer { id } } query B { viewer { name } }");
    let plan = |name| {
        known
            .plan(known.document().operation(Some(name)).unwrap(), &schema)
            .unwrap()
    };
    assert!(Arc::ptr_eq(&plan("A"), &plan("A")));
    assert!(!Arc::ptr_eq(&plan("A"), &plan("B")));
    // What is wrong with one operation is wrong with the document.
    let known = find("query A { viewer { id } } query B { viewer { nobody } }");
    let invalid = |name| {
        let operation = known.document().operation(Some(name)).unwrap();
        known.plan(operation, &schema).unwrap_err()
    };
    let [only] = invalid("A") else {
        panic!("{:?}", invalid("A"))
    };
    assert!(only.message.contains("nobody"), "{only:?}");
    assert_eq!((only.locations[0].line, only.locations[0].column), (1, 46));
    assert!(std::ptr::eq(invalid("A"), invalid("B")));
}

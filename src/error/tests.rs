//! What `error` promises.

use std::collections::HashSet;

use super::*;

#[test]
fn every_code_has_a_name_and_a_label_of_its_own() {
    let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    let labels: HashSet<_> = Code::ALL.iter().map(|code| code.row().label).collect();
    assert_eq!((names.len(), labels.len()), (Code::ALL.len(), Code::ALL.len()));
}

#[test]
fn a_label_is_the_name_in_lower_case() {
    for code in Code::ALL {
        assert_eq!(code.row().label, code.name().to_ascii_lowercase());
    }
}

#[test]
fn what_the_transport_and_the_guard_refuse_keeps_its_documented_status() {
    let fixed: Vec<_> = Code::ALL
        .iter()
        .filter(|code| code.row().class == Class::Fixed)
        .map(|code| (code.name(), code.status().as_u16()))
        .collect();
    assert_eq!(
        fixed,
        [
            ("BAD_REQUEST", 400),
            ("PAYLOAD_TOO_LARGE", 413),
            ("URI_TOO_LONG", 414),
            ("HEADERS_TOO_LARGE", 431),
            ("UNSUPPORTED_MEDIA_TYPE", 415),
            ("NOT_ACCEPTABLE", 406),
            ("METHOD_NOT_ALLOWED", 405),
            ("UNAUTHENTICATED", 401),
            ("RATE_LIMITED", 429),
            ("OVERLOADED", 503),
            ("SERVICE_UNAVAILABLE", 503),
            ("TIMEOUT", 504),
            ("QUERY_TOO_LARGE", 400),
            ("QUERY_TOO_DEEP", 400),
            ("QUERY_TOO_COMPLEX", 400),
        ]
    );
}

#[test]
fn only_our_own_faults_are_logged_as_errors() {
    let errors: Vec<_> = Code::ALL
        .iter()
        .filter(|code| code.row().level == Level::ERROR)
        .collect();
    assert_eq!(errors, [&Code::InternalServerError]);
}

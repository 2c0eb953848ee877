//! Content negotiation: the `Accept` header in, the media type of the answer out.
//!
//! Two media types are offered, and the rule between them is the GraphQL-over-HTTP draft's: a client that names
//! `application/graphql-response+json` with at least the preference of `application/json` gets it; one that says
//! nothing, or only wildcards, gets `application/json`. No other header takes part: one charset, no language.
//!
//! Source: RFC 9110, 12.4.2 and 12.5.1; GraphQL over HTTP, "Media Types" and "Legacy Watershed".

use axum::http::{HeaderValue, StatusCode};
use mediatype::names::{APPLICATION, CHARSET, JSON, Q};
use mediatype::{MediaTypeList, Name, ReadParams as _};

use crate::config::HttpStatuses;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/graphql-response+json`: request errors have a status of their own.
    GraphqlResponse,
    /// `application/json`: a well-formed request is answered 200, whatever it holds.
    Json,
}

impl MediaType {
    /// The value of the answer's `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    fn essence(self) -> mediatype::MediaType<'static> {
        match self {
            Self::GraphqlResponse => {
                let subtype = Name::new_unchecked("graphql-response");
                mediatype::MediaType::from_parts(APPLICATION, subtype, Some(JSON), &[])
            }
            Self::Json => mediatype::MediaType::new(APPLICATION, JSON),
        }
    }
}

/// How a GraphQL answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerForm {
    /// What the client accepts.
    pub media: MediaType,
    /// By which text the statuses are chosen.
    pub statuses: HttpStatuses,
}

impl AnswerForm {
    /// The value of `Content-Type` for an answer of this status. By the first edition only a 2xx is `application/json`:
    /// who reads that alone cannot tell whether anything else comes from GraphQL.
    ///
    /// Source: GraphQL over HTTP, text of 6 August 2026, "Body".
    #[must_use]
    pub fn content_type(self, status: StatusCode) -> &'static str {
        match self.statuses {
            HttpStatuses::Edition2026 if !status.is_success() => MediaType::GraphqlResponse.content_type(),
            _ => self.media.content_type(),
        }
    }
}

/// The client accepts neither media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("accept application/graphql-response+json or application/json")]
pub struct NotAcceptable;

/// Chooses the media type of a GraphQL answer.
///
/// Takes the values of all `Accept` headers, in order. An entry that is malformed is as if absent; where
/// no entry is left, everything is accepted. Of the entries that cover a type, the most specific decides, and of two
/// equally specific ones the more generous. Parameters other than `charset` and `q` are ignored.
///
/// # Errors
///
/// [`NotAcceptable`] where both types are absent, have `q=0`, or come in another charset than UTF-8.
pub fn graphql<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Result<MediaType, NotAcceptable> {
    let ranges = ranges(accept);
    if ranges.is_empty() {
        return Ok(MediaType::Json);
    }
    let response = preference(&ranges, &MediaType::GraphqlResponse.essence());
    let json = preference(&ranges, &MediaType::Json.essence());
    let named = response.specificity == Specificity::Exact;
    match (response.quality, json.quality) {
        (0, 0) => Err(NotAcceptable),
        (ours, theirs) if ours > theirs || (ours == theirs && named) => Ok(MediaType::GraphqlResponse),
        _ => Ok(MediaType::Json),
    }
}

/// Says whether a client takes `application/json`, for the answers that have no other form.
///
/// # Errors
///
/// As [`graphql`].
pub fn json<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Result<(), NotAcceptable> {
    let ranges = ranges(accept);
    if ranges.is_empty() || preference(&ranges, &MediaType::Json.essence()).quality > 0 {
        Ok(())
    } else {
        Err(NotAcceptable)
    }
}

/// How closely an entry names a type, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Specificity {
    /// No entry covers it.
    Absent,
    /// `*/*`
    Any,
    /// `text/*`
    Type,
    /// The type itself.
    Exact,
}

/// An entry of the header that is well formed.
pub(super) struct Range<'a> {
    /// The media type or types, with all parameters of the entry.
    pub(super) media: mediatype::MediaType<'a>,
    /// How much it is wanted. **Unit**: thousandths, as the grammar has at most three digits.
    pub(super) quality: u16,
}

/// How much a type is wanted: what its most specific entry says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Preference {
    pub(super) specificity: Specificity,
    /// In thousandths.
    pub(super) quality: u16,
}

/// The entries of all `Accept` headers, in order. One that is malformed is left out.
pub(super) fn ranges<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Vec<Range<'a>> {
    let values = accept.into_iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(MediaTypeList::new)
        .filter_map(|media| range(media.ok()?))
        .collect()
}

fn range(media: mediatype::MediaType<'_>) -> Option<Range<'_>> {
    if media.ty == ANY && media.subty != ANY {
        return None;
    }
    let quality = match media.params().find(|(name, _)| *name == Q) {
        Some((_, quality)) => thousandths(&quality.unquoted_str())?,
        None => 1000,
    };
    Some(Range { media, quality })
}

const ANY: Name<'static> = Name::new_unchecked("*");

/// How much a type without parameters is wanted, in UTF-8.
pub(super) fn preference(ranges: &[Range<'_>], offered: &mediatype::MediaType<'_>) -> Preference {
    ranges
        .iter()
        .filter_map(|range| {
            let specificity = if range.media.ty == ANY {
                Specificity::Any
            } else if range.media.ty == offered.ty && range.media.subty == ANY {
                Specificity::Type
            } else if range.media.essence() == *offered {
                Specificity::Exact
            } else {
                return None;
            };
            let is_charset = |(name, charset): (Name<'_>, mediatype::Value<'_>)| {
                name != CHARSET || is_utf8(&charset.unquoted_str())
            };
            range.media.params().all(is_charset).then_some(Preference {
                specificity,
                quality: range.quality,
            })
        })
        .max()
        .unwrap_or(Preference {
            specificity: Specificity::Absent,
            quality: 0,
        })
}

pub(super) fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

fn thousandths(q: &str) -> Option<u16> {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction
        .bytes()
        .fold((0, 100), |(sum, unit), b| {
            (sum + u16::from(b - b'0') * unit, unit / 10)
        })
        .0;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&'static str], expected: Result<MediaType, NotAcceptable>) {
        let values: Vec<_> = accept.iter().map(|text| HeaderValue::from_static(text)).collect();
        assert_eq!(graphql(&values), expected, "{accept:?}");
    }

    const RESPONSE: Result<MediaType, NotAcceptable> = Ok(MediaType::GraphqlResponse);
    const JSON: Result<MediaType, NotAcceptable> = Ok(MediaType::Json);
    const NEITHER: Result<MediaType, NotAcceptable> = Err(NotAcceptable);

    #[test]
    fn a_client_that_names_no_type_gets_json() {
        check(&[], JSON);
        check(&[""], JSON);
        check(&["*/*"], JSON);
        check(&["application/*"], JSON);
        check(&["text/html, */*;q=0.8"], JSON);
    }

    #[test]
    fn a_named_type_is_served() {
        check(&["application/json"], JSON);
        check(&["application/graphql-response+json"], RESPONSE);
        check(&["Application/GraphQL-Response+JSON"], RESPONSE);
        check(&["text/html, application/json"], JSON);
    }

    #[test]
    fn the_newer_type_wins_a_tie_only_where_it_is_named() {
        check(&["application/json, application/graphql-response+json"], RESPONSE);
        check(&["application/graphql-response+json, */*"], RESPONSE);
        check(&["application/json, */*"], JSON);
        check(&["application/json, application/*"], JSON);
    }

    #[test]
    fn preferences_decide() {
        check(
            &["application/json, application/graphql-response+json;q=0.9"],
            JSON,
        );
        check(
            &["application/json;q=0.9, application/graphql-response+json"],
            RESPONSE,
        );
        check(
            &["application/json;q=0.5, application/graphql-response+json;q=0.501"],
            RESPONSE,
        );
        check(&["application/json;q=0.5, */*"], RESPONSE);
        check(&["application/graphql-response+json;q=0.5, */*"], JSON);
    }

    #[test]
    fn the_most_specific_entry_decides_wherever_it_stands() {
        check(&["*/*, application/json;q=0"], RESPONSE);
        check(&["application/json;q=0, */*"], RESPONSE);
        check(&["application/*;q=0, */*"], NEITHER);
        check(
            &["application/*;q=0.1, application/graphql-response+json;q=0, */*"],
            JSON,
        );
        check(&["*/*;q=0, application/json;q=0.001"], JSON);
    }

    #[test]
    fn a_client_that_takes_neither_is_told_so() {
        check(&["text/html"], NEITHER);
        check(&["*/*;q=0"], NEITHER);
        check(&["application/json;q=0.000"], NEITHER);
        check(&["text/*, image/png"], NEITHER);
        check(
            &["application/json;q=0, application/graphql-response+json;q=0"],
            NEITHER,
        );
    }

    #[test]
    fn several_headers_are_one_list() {
        check(&["text/html", "application/graphql-response+json"], RESPONSE);
        check(
            &[
                "application/json;q=0.2",
                "application/graphql-response+json;q=0.1",
            ],
            JSON,
        );
    }

    #[test]
    fn utf8_is_the_only_charset() {
        check(&["application/json; charset=utf-8"], JSON);
        check(&["application/graphql-response+json;charset=\"UTF-8\""], RESPONSE);
        check(&["application/json; charset=utf-16"], NEITHER);
        check(
            &["application/json; charset=iso-8859-1, application/graphql-response+json"],
            RESPONSE,
        );
        check(
            &["application/json; charset=iso-8859-1, application/json;q=0.5"],
            JSON,
        );
    }

    #[test]
    fn malformed_entries_are_as_if_absent() {
        check(&["application/graphql-response+json;q=2, application/json"], JSON);
        check(
            &["application/graphql-response+json;q=0.1234, application/json"],
            JSON,
        );
        check(
            &["application/graphql-response+json;q=-1, application/json"],
            JSON,
        );
        check(&["application, /json, */json, application/json"], JSON);
        check(&["json"], JSON);
        check(&[",,;,"], JSON);
        check(&["a b/c, text/html"], NEITHER);
    }

    #[test]
    fn a_quoted_comma_does_not_end_an_entry() {
        check(&["text/html;p=\"a, application/json\""], NEITHER);
        check(&["text/html;p=\"\\\", application/json\""], NEITHER);
        check(&["text/html;p=\"x\", application/json"], JSON);
    }

    #[test]
    fn other_parameters_are_ignored() {
        check(
            &["multipart/mixed;deferSpec=20220824, application/graphql-response+json;v=1;q=0.9"],
            RESPONSE,
        );
        check(&["application/json;q=0.4;ext=1"], JSON);
    }

    #[test]
    fn every_quality_of_the_grammar_is_read_exactly() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1000)),
            ("0.", Some(0)),
            ("1.", Some(1000)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.005", Some(5)),
            ("1.000", Some(1000)),
            ("1.001", None),
            ("2", None),
            ("", None),
            (".5", None),
            ("0.0005", None),
            ("00", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text:?}");
        }
    }

    #[test]
    fn json_only_answers_know_whether_they_are_welcome() {
        let values = |text| [HeaderValue::from_static(text)];
        assert_eq!(json(&values("application/*")), Ok(()));
        assert_eq!(json(&values("text/html")), Err(NotAcceptable));
        assert_eq!(json([]), Ok(()));
    }
}

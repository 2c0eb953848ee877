//! Content negotiation: the `Accept` header in, the media type of the answer out.
//!
//! Three media types are offered. Between the two of JSON the rule is the GraphQL-over-HTTP draft's: a client that names
//! `application/graphql-response+json` with at least the preference of `application/json` gets it; one that says
//! nothing, or only wildcards, gets `application/json`. An event stream is for who names it: of an answer that JSON would do
//! for, where JSON is wanted less. No other header takes part: one charset, no language.
//!
//! Source: RFC 9110, 12.4.2 and 12.5.1; GraphQL over HTTP, "Media Types" and "Legacy Watershed".

use axum::http::{HeaderValue, StatusCode};
use mediatype::names::{APPLICATION, CHARSET, JSON, Q, TEXT};
use mediatype::{MediaTypeList, Name, ReadParams as _};

use crate::config::HttpStatuses;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/graphql-response+json`: request errors have a status of their own.
    GraphqlResponse,
    /// `application/json`: a well-formed request is answered 200, whatever it holds.
    Json,
    /// `text/event-stream`: as `application/json`, but what has a status of its own is no stream.
    EventStream,
}

impl MediaType {
    /// The value of the answer's `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    fn essence(self) -> mediatype::MediaType<'static> {
        match self {
            Self::GraphqlResponse => {
                let subtype = Name::new_unchecked("graphql-response");
                mediatype::MediaType::from_parts(APPLICATION, subtype, Some(JSON), &[])
            }
            Self::Json => mediatype::MediaType::new(APPLICATION, JSON),
            Self::EventStream => mediatype::MediaType::new(TEXT, Name::new_unchecked("event-stream")),
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
            _ if !status.is_success() && self.media == MediaType::EventStream => {
                MediaType::GraphqlResponse.content_type()
            }
            _ => self.media.content_type(),
        }
    }
}

/// The client accepts none of the media types.
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
/// [`NotAcceptable`] where all types are absent, have `q=0`, or come in another charset than UTF-8.
pub fn graphql<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> Result<MediaType, NotAcceptable> {
    let ranges = ranges(accept);
    if ranges.is_empty() {
        return Ok(MediaType::Json);
    }
    let response = preference(&ranges, &MediaType::GraphqlResponse.essence());
    let json = preference(&ranges, &MediaType::Json.essence());
    let named = response.specificity == Specificity::Exact;
    match (response.quality, json.quality) {
        (ours, theirs) if event_stream(&ranges) > ours.max(theirs) => Ok(MediaType::EventStream),
        (0, 0) => Err(NotAcceptable),
        (ours, theirs) if ours > theirs || (ours == theirs && named) => Ok(MediaType::GraphqlResponse),
        _ => Ok(MediaType::Json),
    }
}

/// Whether a client takes an event stream: only where it names it, as who reads JSON waits for the end of a stream.
pub fn takes_event_streams<'a>(accept: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    event_stream(&ranges(accept)) > 0
}

/// How much a client wants an event stream that it names. **Unit**: thousandths.
fn event_stream(ranges: &[Range<'_>]) -> u16 {
    let wanted = preference(ranges, &MediaType::EventStream.essence());
    if wanted.specificity == Specificity::Exact {
        wanted.quality
    } else {
        0
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
mod tests;

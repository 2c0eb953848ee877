//! What the name of a parameter means: one of ours, one that is refused, or one that is passed over.
//!
//! A name that was meant for this API and is not understood must not be passed over: the answer would be another page
//! than the one that was asked for, such as the first page again and again.

use crate::resources::filter::{FilterLine, Filtered as _, OperatorKind};
use crate::resources::imports::Column;

/// The parameter that says where a page starts.
pub(super) const START_CURSOR: &str = "start_cursor";

/// The parameter that says at which value a page starts.
pub(super) const START_AT: &str = "start_at";

/// Our names. What begins like one of them, [`plain`], and is none is a slip of the caller's.
const OURS: [&str; 5] = [START_CURSOR, START_AT, "per_page", "filter", "sort"];

/// How other APIs call what is `per_page` here, [`plain`].
const SIZES_ELSEWHERE: [&str; 12] = [
    "first",
    "last",
    "limit",
    "maxitems",
    "maxpagesize",
    "maxresults",
    "pagelimit",
    "pagesize",
    "perpage",
    "size",
    "take",
    "top",
];

/// How other APIs call what is `sort` here, [`plain`].
const SORTS_ELSEWHERE: [&str; 9] = [
    "order",
    "orderby",
    "orderdir",
    "orderdirection",
    "ordering",
    "sortby",
    "sortdirection",
    "sortfield",
    "sortorder",
];

/// How other APIs call what is `start_cursor` here, [`plain`].
const POSITIONS_ELSEWHERE: [&str; 23] = [
    "after",
    "before",
    "continuationtoken",
    "cursor",
    "endcursor",
    "endingbefore",
    "marker",
    "nextcursor",
    "nextpage",
    "nextpagetoken",
    "nexttoken",
    "offset",
    "page",
    "pagenumber",
    "pagetoken",
    "prevcursor",
    "previouscursor",
    "scrollid",
    "skip",
    "startafter",
    "startat",
    "startcursor",
    "startingafter",
];

/// A name, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known<'n> {
    /// It must be understood.
    Ours(Name<'n>),
    /// It is a fault, whatever its value is.
    Refused(&'static str),
    /// It is somebody else's.
    PassedOver,
}

/// A name such as `filter[status][include]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name<'n> {
    /// What stands before the first bracket.
    pub base: &'n str,
    /// What stands in each pair of brackets; a bracket that is not closed gives a key that nothing has.
    pub keys: Vec<&'n str>,
}

impl Name<'_> {
    /// Whether each further value under this name is one more element of a list.
    pub(super) fn is_list(&self) -> bool {
        self.base == "filter" && is_list(&self.keys)
    }
}

/// Whether these are the keys of a filter that takes a list: plain, or in the forms of axios (`[]`) and qs (`[0]`).
pub(super) fn is_list(path: &[&str]) -> bool {
    let (field, index) = match path {
        [field, "include" | "exclude"] => (field, ""),
        [field, "include" | "exclude", index] => (field, *index),
        _ => return false,
    };
    let takes_list = |filter: &FilterLine<Column>| {
        matches!(
            filter.operators,
            OperatorKind::Names { .. } | OperatorKind::Texts { .. }
        )
    };
    filter(field).is_some_and(takes_list) && index.bytes().all(|byte| byte.is_ascii_digit())
}

/// The filter of this name.
pub(super) fn filter(field: &str) -> Option<&'static FilterLine<Column>> {
    Column::FILTERS.iter().find(|filter| filter.name() == field)
}

/// Reads a decoded name.
pub(super) fn read(name: &str) -> Known<'_> {
    let (base, brackets) = name.split_at(name.find('[').unwrap_or(name.len()));
    if OURS.contains(&base) || (base == "q" && !brackets.is_empty()) {
        let keys = keys(brackets);
        return Known::Ours(Name { base, keys });
    }
    let plain_base = plain(base);
    let is_in = |names: &[&str]| names.contains(&plain_base.as_str());
    if is_in(&POSITIONS_ELSEWHERE) {
        return Known::Refused("is no parameter of this API; send the next_cursor of a page as start_cursor");
    }
    if is_in(&SIZES_ELSEWHERE) {
        return Known::Refused("is no parameter of this API; the size of a page is per_page");
    }
    if is_in(&SORTS_ELSEWHERE) {
        return Known::Refused("is no parameter of this API; a page is sorted by sort[field]=asc or desc");
    }
    if OURS.iter().any(|ours| plain_base.starts_with(&plain(ours))) {
        return Known::Refused(
            "is no parameter of this API; they are start_cursor, start_at[field], per_page, filter[field][operator] and sort[field], with \
             brackets that are percent-encoded once or not at all",
        );
    }
    Known::PassedOver
}

/// A name in lower case, without space at its start and the signs that join words: `perPage`, `per-page` and `per_page`
/// are alike.
pub(super) fn plain(name: &str) -> String {
    let signs = name.trim_start().chars();
    signs
        .filter(|sign| !matches!(sign, '_' | '-'))
        .map(|sign| sign.to_ascii_lowercase())
        .collect()
}

/// The keys in `[a][b]`; none where there are no brackets.
fn keys(brackets: &str) -> Vec<&str> {
    let Some(inner) = brackets.strip_prefix('[') else {
        return Vec::new();
    };
    inner.strip_suffix(']').unwrap_or(brackets).split("][").collect()
}

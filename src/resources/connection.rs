//! The connection: a page with its edges, flags, count and echo; and the macro `connection`, which makes its types.

use keyset::{CursorText, Reading};

use super::arguments::{self, Arguments, Question};
use super::filter::Input;
use super::sort::Sorted;
use super::{Caller, FieldError, mirror};
use crate::changes::{ChangesCursor, Feed};
use crate::json::Json;
use crate::list::{self, Listing, Projection};
use crate::relay::PageBounds;
use crate::selection::compiled::Selection;
use crate::selection::table::{Needs, Object};
use crate::store::mirror::Standing;
use crate::store::query::table::{Column, Fields};

/// What a connection is written from.
#[derive(Debug)]
pub struct Answer<C: Column> {
    /// What was read.
    pub listing: Listing<C::Row>,
    /// What was asked.
    pub question: Question<C>,
    /// Where the changes begin that the page may not show; `None` where that was not asked for.
    pub changes: Option<ChangesCursor>,
    /// How the mirror of the account stood before the page was read; `None` where that was not asked for, or there is none.
    pub mirror: Option<Standing>,
}

impl<C: Column> Answer<C> {
    /// The cursor of a row.
    #[must_use]
    pub fn cursor(&self, row: &C::Row) -> CursorText {
        keyset::encode_row(self.question.window.order(), row)
    }

    /// Where the page stands.
    #[must_use]
    pub fn bounds(&self) -> PageBounds {
        let Listing { rows, reached, .. } = &self.listing;
        // A page that is cut before it is full ends where reading did.
        let (before, after) = match self.question.window.reading() {
            Reading::Forward => (None, reached.as_ref()),
            Reading::Backward => (reached.as_ref(), None),
        };
        PageBounds {
            has_next_page: self.listing.has_next,
            has_previous_page: self.listing.has_previous,
            start_cursor: before.or(rows.first()).map(|row| self.cursor(row)),
            end_cursor: after.or(rows.last()).map(|row| self.cursor(row)),
        }
    }
}

/// What an edge is written from.
#[derive(Debug)]
pub struct Edge<'a, C: Column> {
    /// The whole answer.
    pub answer: &'a Answer<C>,
    /// The row.
    pub row: &'a C::Row,
}

impl<C: Column> Clone for Edge<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Column> Copy for Edge<'_, C> {}

/// Writes a page of the caller's rows, of whose table `feed` is.
///
/// # Errors
///
/// What is wrong with the arguments; what the database says. Nothing has been written then.
pub async fn page<C, O, F, S>(
    caller: Caller<'_>,
    feed: &Feed<C::Row>,
    selected: &Selection<O>,
    arguments: &Arguments<F, S>,
    json: &mut Json,
) -> Result<(), FieldError>
where
    C: Sorted,
    O: for<'a> Object<Source<'a> = &'a Answer<C>>,
    F: Input<C>,
    S: Copy + Into<keyset::Key<C>>,
{
    let question = arguments::lower(arguments, caller.list_items)?;
    let needs = selected.needs();
    let projection = Projection {
        rows: needs.has(Needs::ROWS).then(|| Fields::of_bits(needs.columns())),
        flags: needs.has(Needs::FLAGS),
        count: needs.has(Needs::COUNT),
    };
    // Before the page is read, which may show a change behind it then, and lacks none in front of it.
    let changes = if needs.has(Needs::CHANGES) {
        Some(feed.position().await?)
    } else {
        None
    };
    let mirror = mirror::standing(caller, needs).await?;
    let Caller { store, viewer, .. } = caller;
    let listing = list::list(store, viewer, &question.filter, &question.window, projection).await?;
    let answer = Answer {
        listing,
        question,
        changes,
        mirror,
    };
    selected.write(&answer, json);
    Ok(())
}

/// Makes the types of a connection of a table's object: what a row is called ("import", "An import"), what several are
/// ("imports", "Imports"), the type of an edge, and the types of the echoes, where there are any.
macro_rules! connection {
    (
        $visibility:vis $connection:ident of $object:ident: $one:literal, $a_row:literal, $several:literal, $rows:literal;
        edge $edge:ident $(, filtered $filtered:ident)? $(, sorted $sorted:ident)?;
    ) => {
        $crate::selection::table::object! {
            #[doc = concat!("A page of ", $several, ".")]
            $visibility $connection<'a>(&'a $crate::resources::connection::Answer<Column>);

            #[doc = concat!("The ", $several, " of the page, each with its cursor.")]
            "edges": Vec<$crate::selection::declare::Declared<$edge>> => $edge = |edge, answer, json| {
                json.list(&answer.listing.rows, |json, row| {
                    edge.write($crate::resources::connection::Edge { answer, row }, json);
                });
            }, needs $crate::selection::table::Needs::ROWS;
            #[doc = concat!("The ", $several, " of the page.")]
            "nodes": Vec<$crate::selection::declare::Declared<$object>> => $object = |node, answer, json| {
                json.list(&answer.listing.rows, |json, row| node.write(row, json));
            }, needs $crate::selection::table::Needs::ROWS;
            /// Where the page stands in the list.
            "pageInfo": $crate::selection::declare::Declared<$crate::relay::PageInfo> => $crate::relay::PageInfo =
                |info, answer, json| info.write(&answer.bounds(), json);
            #[doc = concat!(
                $rows, " from the start of this page on, in the direction of paging, this page included; counted up to 500."
            )]
            "estimatedRemainingCount": i32 = |answer, json| {
                json.number(i64::try_from(answer.listing.count).unwrap_or(i64::MAX));
            }, needs $crate::selection::table::Needs::COUNT;
            /// The page size in force.
            "perPage": i32 = |answer, json| json.number(i64::from(answer.question.per_page));
            /// True where a search by fileName stopped at its bound before the page was full. Then endCursor is the position
            /// reached, hasNextPage (backward: startCursor, hasPreviousPage) is true, and the next page goes on there.
            "isSearchPartial": bool = |answer, json| json.boolean(answer.listing.reached.is_some()),
                needs $crate::selection::table::Needs::ROWS;
            #[doc = concat!(
                "Where the changes begin that came while and after this page was read: for `after` of `", $one, "Changes`."
            )]
            "changesCursor": String = |answer, json| {
                json.plain(answer.changes.map(|cursor| cursor.encode()).unwrap_or_default().as_bytes());
            }, needs $crate::selection::table::Needs::CHANGES;
            #[doc = concat!(
                "How far behind its upstream the account was before this page was read; null where its ", $several,
                " are not another service's."
            )]
            "mirror": Option<$crate::selection::declare::Declared<$crate::resources::mirror::Mirror>> =>
                $crate::resources::mirror::Mirror = |mirror, answer, json| match &answer.mirror {
                    Some(standing) => mirror.write(standing, json),
                    None => json.null(),
                }, needs $crate::selection::table::Needs::MIRROR;
            $(
                /// The filters applied, one entry each, normalized.
                "filteredBy": Vec<$crate::selection::declare::Declared<$filtered>> => $filtered = |entry, answer, json| {
                    json.list(answer.question.asked.applied(), |json, filter| entry.write(filter, json));
                };
            )?
            $(
                /// The sort keys applied, in their order; the hidden tie-break is not shown.
                "sortedBy": Vec<$crate::selection::declare::Declared<$sorted>> => $sorted = |entry, answer, json| {
                    json.list(&answer.question.keys, |json, key| entry.write(*key, json));
                };
            )?
        }

        $crate::selection::table::object! {
            #[doc = concat!($a_row, " and its place in the list.")]
            $visibility $edge<'a>($crate::resources::connection::Edge<'a, Column>);

            #[doc = concat!(
                "The ", $one, "'s position under this sort: for `after` and `before`, and for `start_cursor` of the REST API."
            )]
            "cursor": String = |edge, json| json.plain(edge.answer.cursor(edge.row).as_str().as_bytes());
            #[doc = concat!("The ", $one, ".")]
            "node": $crate::selection::declare::Declared<$object> => $object = |node, edge, json| node.write(edge.row, json);
        }
    };
}
pub(crate) use connection;

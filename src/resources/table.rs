//! A table, described once: the macro `table` makes of a line a column what the store, REST and GraphQL need of it.

use async_graphql::OutputType;

use crate::auth::Viewer;
use crate::json::Json;
use crate::relay;
use crate::scalars::{BigInt, DateTime};
use crate::selection::compiled::Selection;
use crate::selection::table::Object;
use crate::store::query::table::{Cell, Fields, Kind, Table};

/// A table that the API shows.
pub trait Resource: Table {
    /// What REST says of a column.
    fn about(column: Self::Column) -> &'static str;
}

/// The type of a column as its line names it: a type of GraphQL, optional or not.
pub trait Shown {
    /// How GraphQL shows it.
    type Graphql: OutputType;
    /// How it is stored, and how REST shows it.
    const KIND: Kind;
    /// Whether it may be NULL.
    const IS_OPTIONAL: bool = false;
}

/// A number that names a row: REST shows it as a number, GraphQL as a `BigInt`.
#[derive(Debug)]
pub struct RowId;

impl Shown for RowId {
    type Graphql = BigInt;
    const KIND: Kind = Kind::Id;
}

impl Shown for BigInt {
    type Graphql = Self;
    const KIND: Kind = Kind::Size;
}

impl Shown for DateTime {
    type Graphql = Self;
    const KIND: Kind = Kind::Instant;
}

impl Shown for String {
    type Graphql = Self;
    const KIND: Kind = Kind::Text;
}

impl<T: Shown<Graphql: Sync>> Shown for Option<T> {
    type Graphql = Option<T::Graphql>;
    const KIND: Kind = T::KIND;
    const IS_OPTIONAL: bool = true;
}

/// Writes a value as GraphQL shows it.
#[inline]
pub fn write(cell: Cell<'_>, json: &mut Json) {
    match cell {
        Cell::Null => json.null(),
        Cell::Number(number) => json.number_string(number),
        Cell::Instant(instant) => json.plain(&instant.to_text()),
        Cell::Text(text) => json.string(text),
        Cell::Name(name) => json.upper(name),
    }
}

/// The columns that a selection of a table's object needs.
#[must_use]
pub fn fields<O: Object>(selected: &Selection<O>) -> Fields {
    Fields::of_bits(selected.needs().columns())
}

/// The row id in a global id of this type, where that is one of the caller's account.
///
/// An id of another account is none, like one that is malformed: nothing is read for it.
#[must_use]
pub fn row_id<O: Object>(viewer: &Viewer, id: &str) -> Option<i64> {
    let row = relay::global_row(O::NAME, id)?;
    (row.account_id == viewer.account_id()).then_some(row.id)
}

/// Describes a table: its row, its name, what a row is called, and a line a column but the account.
///
/// A line is `Column: Type = field, "name", "graphqlName";` after the column's description. `rest` gives REST another
/// description. `sorts(CODE, "INDEX", "INDEX BY NAME")` makes it a sort key: its number in cursors, which is never used for
/// another one, and the indexes in its order, without and with the column of names; empty is the primary key.
/// `index("INDEX")` is an index on a column that no client sorts by, such as one that may be NULL; `derived("COLUMN")` what
/// PostgreSQL derives of a text.
macro_rules! table {
    (
        $(#[doc = $description:tt])+
        $visibility:vis $object:ident: $row:ty, table $table:literal, each $item:literal, newer by $version:ident, counted by $timeline:ident,
            changes $changes:literal noting [$($noted:ident),+];
        $(
            $(#[doc = $doc:tt])+
            $column:ident: $of:ty = $field:ident, $name:literal, $graphql:literal
            $(, rest $rest:literal)?
            $(, sorts($code:literal, $plain:literal, $by_name:literal))?
            $(, index($index:literal))?
            $(, derived($derived:literal))?;
        )+
    ) => {
        /// The columns of the table, in its order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum Column {
            $($(#[doc = $doc])+ $column,)+
            /// The account that a row belongs to: the caller's scope.
            AccountId,
        }

        // A set of columns is 16 bits.
        const _: () = assert!((Column::AccountId as u8) < 16);

        impl keyset::Column for Column {
            fn code(self) -> u8 {
                match self {
                    $($(Self::$column => $code,)?)+
                    // Not of a sort key, so in no cursor.
                    _ => 0,
                }
            }

            fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($($code => Some(Self::$column),)?)+
                    _ => None,
                }
            }

            fn kind(self) -> keyset::Kind {
                use $crate::store::query::table::{Column as _, Kind};
                match self.holds() {
                    Kind::Id | Kind::Size => keyset::Kind::Int,
                    Kind::Instant => keyset::Kind::Instant,
                    Kind::Text | Kind::Names(_) => keyset::Kind::Name,
                }
            }

            fn is_unique(self) -> bool {
                self == Self::Id
            }
        }

        impl $crate::store::query::table::Column for Column {
            type Row = $row;
            const ALL: &'static [Self] = &[$(Self::$column),+];
            const ACCOUNT: Self = Self::AccountId;
            const ID: Self = Self::Id;
            const TIMELINE: Self = Self::$timeline;
            const SORTABLE: &'static [Self] =
                &[$($($crate::resources::table::table!(@first Self::$column, $code),)?)+];
            fn place(self) -> u8 {
                self as u8
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)+
                    Self::AccountId => "account_id",
                }
            }

            fn holds(self) -> $crate::store::query::table::Kind {
                match self {
                    $(Self::$column => <$of as $crate::resources::table::Shown>::KIND,)+
                    Self::AccountId => $crate::store::query::table::Kind::Id,
                }
            }

            fn is_optional(self) -> bool {
                match self {
                    $(Self::$column => <$of as $crate::resources::table::Shown>::IS_OPTIONAL,)+
                    Self::AccountId => false,
                }
            }

            fn indexes(self) -> Option<$crate::store::query::table::Indexes> {
                let (plain, by_name) = match self {
                    $($(Self::$column => ($plain, Some($by_name)),)?)+
                    $($(Self::$column => ($index, None),)?)+
                    _ => return None,
                };
                Some($crate::store::query::table::Indexes { plain, by_name })
            }

            fn derived(self) -> Option<&'static str> {
                match self {
                    $($(Self::$column => Some($derived),)?)+
                    _ => None,
                }
            }
        }

        impl keyset::Row<Column> for $row {
            #[inline]
            fn value(&self, column: Column) -> keyset::Value {
                $crate::store::query::table::Table::cell(self, column).value()
            }

            fn text(&self, column: Column) -> &str {
                match $crate::store::query::table::Table::cell(self, column) {
                    $crate::store::query::table::Cell::Text(text) => text,
                    _ => "",
                }
            }

            fn is_null(&self, column: Column) -> bool {
                $crate::store::query::table::Table::cell(self, column) == $crate::store::query::table::Cell::Null
            }
        }

        impl $crate::store::query::table::Table for $row {
            type Column = Column;
            const NAME: &'static str = $table;
            const ITEM: &'static str = $item;
            const VERSION: Column = Column::$version;
            const CHANGES: &'static str = $changes;
            const NOTED: $crate::store::query::table::Fields = $crate::store::query::table::Fields::NONE
                $(.union($crate::store::query::table::Fields::of_place(Column::$noted as u8)))+;

            fn empty(account_id: i64) -> Self {
                Self {
                    account_id,
                    $($field: $crate::store::query::table::Stored::EMPTY,)+
                }
            }

            #[inline]
            fn cell(&self, column: Column) -> $crate::store::query::table::Cell<'_> {
                use $crate::store::query::table::Stored as _;
                match column {
                    $(Column::$column => self.$field.cell(),)+
                    Column::AccountId => self.account_id.cell(),
                }
            }

            #[inline]
            fn fill(
                &mut self,
                column: Column,
                cells: &impl $crate::store::query::table::Cells,
                place: usize,
            ) -> Result<$crate::store::query::table::Exactly, String> {
                use $crate::store::query::table::Stored as _;
                match column {
                    $(Column::$column => self.$field.fill(cells, place),)+
                    Column::AccountId => self.account_id.fill(cells, place),
                }
            }
        }

        impl $crate::resources::table::Resource for $row {
            fn about(column: Column) -> &'static str {
                match column {
                    $(Column::$column => $crate::resources::table::table!(@about [$($doc)+] $($rest)?),)+
                    Column::AccountId => "",
                }
            }
        }

        $crate::selection::table::object! {
            $(#[doc = $description])+
            $visibility $object<'a>(&'a $row) is "Node" is "_Entity";

            /// Opaque, for refetching.
            "id": async_graphql::ID = |row, json| {
                let global = $crate::relay::GlobalRow { account_id: row.account_id, id: row.id };
                $crate::relay::write_node_id(Self::NAME, global, json);
            }, needs $crate::resources::table::table!(@needs Id);
            $(
                $(#[doc = $doc])+
                $graphql: <$of as $crate::resources::table::Shown>::Graphql = |row, json| {
                    $crate::resources::table::write($crate::store::query::table::Table::cell(row, Column::$column), json);
                }, needs $crate::resources::table::table!(@needs $column);
            )+
        }
    };
    (@first $first:expr, $second:expr) => {
        $first
    };
    (@about [$($doc:tt)+]) => {
        concat!($($doc),+).trim_ascii()
    };
    (@about [$($doc:tt)+] $rest:literal) => {
        $rest
    };
    (@needs $column:ident) => {
        $crate::selection::table::Needs::of_columns(
            $crate::store::query::table::Fields::of_place(Column::$column as u8).bits(),
        )
    };
}
pub(crate) use table;

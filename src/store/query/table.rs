//! What a table is to the store: its columns with their kinds, and the indexes that its orders are read by.
//!
//! A resource describes its table once (`resources::table`); statements, rows, upserts and records are derived from that.

use std::borrow::Cow;
use std::fmt::Debug;

use entity::{ImportStatus, Instant};
use keyset::{Direction, Key, Row, Value};

/// What a column holds: how it is declared, bound, read, and checked where it comes from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number that names a row.
    Id,
    /// A whole number, at least 0.
    Size,
    /// An instant, to the microsecond.
    Instant,
    /// A text.
    Text,
    /// One of these names.
    Names(&'static [&'static str]),
}

/// The indexes that begin with the account and a column, by name; empty: the primary key.
#[derive(Clone, Copy, Debug)]
pub struct Indexes {
    /// The account, the column, the id.
    pub plain: &'static str,
    /// The account, the column of names, the column, the id; of sort keys.
    pub by_name: Option<&'static str>,
}

/// How many letters of a text PostgreSQL's indexes hold.
pub const PREFIX_LETTERS: usize = 256;

/// The columns of a table, as a closed set.
pub trait Column: keyset::Column + Send + Sync + 'static {
    /// A row of the table.
    type Row: Table<Column = Self>;
    /// Every column but the account, in the order of the table; the first is [`Column::ID`].
    const ALL: &'static [Self];
    /// The column of the account, the caller's scope.
    const ACCOUNT: Self;
    /// The column of the id, unique within the account.
    const ID: Self;
    /// The columns that a client can sort by.
    const SORTABLE: &'static [Self];
    /// The instant by which rows are counted over time.
    const TIMELINE: Self;
    /// What a list is sorted by where nothing is said, and the tie-break of every other sort.
    const TIE_BREAK: Key<Self> = Key {
        column: Self::ID,
        direction: Direction::Desc,
    };

    /// The place in the table, from 0 on.
    fn place(self) -> u8;
    /// The name in SQL, REST and records.
    fn name(self) -> &'static str;
    /// What it holds.
    fn holds(self) -> Kind;
    /// Whether it may be NULL.
    fn is_optional(self) -> bool;
    /// The indexes in its order; `None` where there are none.
    fn indexes(self) -> Option<Indexes>;
    /// What PostgreSQL derives of a text for its indexes, as a column: of one that is searched the folded text, NULL where it
    /// is long; of another the first [`PREFIX_LETTERS`] letters.
    fn derived(self) -> Option<&'static str>;
}

/// A table, as its rows.
pub trait Table: Row<Self::Column> + Clone + Debug + Send + Sync + 'static {
    /// Its columns.
    type Column: Column<Row = Self>;
    /// Its name in SQL.
    const NAME: &'static str;
    /// What a row is called in messages.
    const ITEM: &'static str;
    /// The column by which a newer version of a row is told from an older one.
    const VERSION: Self::Column;
    /// The table of its change feed.
    const CHANGES: &'static str;
    /// What of a row as it was before a change is noted there, as `old_` and the column's name: all that filters look at.
    const NOTED: Fields;

    /// A row of the account whose other columns are empty.
    fn empty(account_id: i64) -> Self;

    /// The value of a column.
    fn cell(&self, column: Self::Column) -> Cell<'_>;

    /// Puts the value in `place` of `cells` into a column.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, which is not repeated.
    fn fill(&mut self, column: Self::Column, cells: &impl Cells, place: usize) -> Result<Exactly, String>;
}

/// A set of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields(u16);

impl Fields {
    /// No column.
    pub const NONE: Self = Self(0);
    /// Every column of a table.
    pub const ALL: Self = Self(u16::MAX);

    /// The set of these [`bits`](Self::bits).
    #[must_use]
    pub const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The set as a bit a column.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The column in this place of its table alone.
    #[must_use]
    pub const fn of_place(place: u8) -> Self {
        Self(1 << place)
    }

    /// The set and one more column.
    #[must_use]
    pub fn with(self, column: impl Column) -> Self {
        self.union(Self::of_place(column.place()))
    }

    /// All columns of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of another set's columns are in this one.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The columns, in the order of the table.
    pub(in crate::store) fn iter<C: Column>(self) -> impl Iterator<Item = C> {
        let columns = C::ALL.iter().copied();
        columns.filter(move |column| self.0 & 1 << column.place() != 0)
    }
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// Of [`Kind::Id`] and [`Kind::Size`].
    Number(i64),
    /// Of [`Kind::Instant`].
    Instant(Instant),
    /// Of [`Kind::Text`].
    Text(&'a str),
    /// Of [`Kind::Names`].
    Name(&'static str),
}

impl Cell<'_> {
    /// What a plan compares. Texts and NULL have no order that both databases share, so no plan names their columns.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            Self::Number(number) => Value::Int(number),
            Self::Instant(instant) => Value::Instant(instant.micros()),
            Self::Name(name) => Value::Name(name),
            Self::Text(_) | Self::Null => Value::Name(""),
        }
    }
}

/// Whether a value is shown as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactly {
    /// It is.
    Yes,
    /// Something of it was replaced by U+FFFD.
    No,
}

/// Values by place; `None` is NULL.
pub trait Cells {
    /// # Errors
    ///
    /// What is wrong with the value.
    fn number(&self, place: usize) -> Result<Option<i64>, String>;

    /// Owned where something of it is replaced, as it is not UTF-8.
    ///
    /// # Errors
    ///
    /// What is wrong with the value.
    fn text(&self, place: usize) -> Result<Option<Cow<'_, str>>, String>;

    /// Microseconds since 1970.
    ///
    /// # Errors
    ///
    /// What is wrong with the value.
    fn micros(&self, place: usize) -> Result<Option<i64>, String>;
}

/// The type of a model's field: what it is as a [`Cell`], and how it is read. One implementation a type.
pub trait Stored: Sized {
    /// What a field holds that was not read.
    const EMPTY: Self;

    /// The value.
    fn cell(&self) -> Cell<'_>;

    /// Reads a value; `None` is NULL.
    ///
    /// # Errors
    ///
    /// What is wrong with the value.
    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String>;

    /// Reads a value in place.
    ///
    /// # Errors
    ///
    /// What is wrong with the value.
    #[inline]
    fn fill(&mut self, cells: &impl Cells, place: usize) -> Result<Exactly, String> {
        let (value, exactly) = Self::read(cells, place)?.ok_or("NULL where the table has none")?;
        *self = value;
        Ok(exactly)
    }
}

impl Stored for i64 {
    const EMPTY: Self = 0;

    fn cell(&self) -> Cell<'_> {
        Cell::Number(*self)
    }

    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String> {
        Ok(cells.number(place)?.map(|number| (number, Exactly::Yes)))
    }
}

impl Stored for Instant {
    const EMPTY: Self = Self::MIN;

    fn cell(&self) -> Cell<'_> {
        Cell::Instant(*self)
    }

    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String> {
        let instant = |micros| match Self::from_micros(micros) {
            Some(instant) => Ok((instant, Exactly::Yes)),
            None => Err("an instant outside the years 0001 to 9999".to_owned()),
        };
        cells.micros(place)?.map(instant).transpose()
    }
}

impl Stored for String {
    const EMPTY: Self = Self::new();

    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }

    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String> {
        Ok(cells.text(place)?.map(|text| match text {
            Cow::Borrowed(text) => (text.to_owned(), Exactly::Yes),
            Cow::Owned(text) => (text, Exactly::No),
        }))
    }
}

impl Stored for ImportStatus {
    const EMPTY: Self = Self::New;

    fn cell(&self) -> Cell<'_> {
        Cell::Name(self.name())
    }

    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String> {
        let status = cells.text(place)?.and_then(|name| Self::from_name(&name));
        let status = status.ok_or("a status that is none of the ten")?;
        Ok(Some((status, Exactly::Yes)))
    }
}

impl<T: Stored> Stored for Option<T> {
    const EMPTY: Self = None;

    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, T::cell)
    }

    fn read(cells: &impl Cells, place: usize) -> Result<Option<(Self, Exactly)>, String> {
        Ok(Some(match T::read(cells, place)? {
            Some((value, exactly)) => (Some(value), exactly),
            None => (None, Exactly::Yes),
        }))
    }
}

//! What a client filters by, lowered to ranges and a set; and the macro `filters`, which makes of a line a filter what
//! GraphQL and REST need of it.

mod instants;

use keyset::{Filter, Value};

pub use self::instants::{Bound, DateTimeBound, DateTimeFilter, DateTimeRange, Operator};
use super::{FieldError, ListItems};
use crate::selection::table::Object;
use crate::store::query::table::{Column, Kind};

/// What a column is filtered by, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Names, each once, in the order asked for. An empty list is met by no row.
    Names(Vec<&'static str>),
    /// Bounds, all of which must hold.
    Bounds(Vec<Bound>),
}

/// Everything that a list is filtered by, as it was asked for: at most one entry a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions<C>(pub Vec<(C, Asked)>);

impl<C> Default for Conditions<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A part of a filter as the echo shows it.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a, C> {
    /// The column.
    pub column: C,
    /// What it is filtered by.
    pub value: AppliedValue<'a>,
}

/// What a column is filtered by, one entry of the echo.
#[derive(Clone, Copy, Debug)]
pub enum AppliedValue<'a> {
    /// One of these names.
    Names(&'a [&'static str]),
    /// A bound.
    Bound(Bound),
}

impl<C: Column> Conditions<C> {
    /// The filter of a plan. All names of a column are no filter at all.
    #[must_use]
    pub fn filter(&self) -> Filter<C> {
        let mut filter = Filter::default();
        for (column, asked) in &self.0 {
            match asked {
                Asked::Names(names) => {
                    let is_all = matches!(column.holds(), Kind::Names(all) if names.len() >= all.len());
                    let values = || names.iter().map(|name| Value::Name(name)).collect();
                    filter.one_of = (!is_all).then(|| (*column, values()));
                }
                Asked::Bounds(bounds) => filter.ranges.extend(instants::range(*column, bounds)),
            }
        }
        filter
    }

    /// The entries of the echo.
    pub fn applied(&self) -> impl Iterator<Item = Applied<'_, C>> {
        self.0.iter().flat_map(|(column, asked)| {
            let (names, bounds) = match asked {
                Asked::Names(names) => (Some(AppliedValue::Names(names)), [].as_slice()),
                Asked::Bounds(bounds) => (None, bounds.as_slice()),
            };
            let values = names
                .into_iter()
                .chain(bounds.iter().copied().map(AppliedValue::Bound));
            values.map(|value| Applied {
                column: *column,
                value,
            })
        })
    }
}

/// The operators of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    /// `include`: one of some names.
    Names {
        /// What several are called.
        several: &'static str,
        /// Some of them, as a comma list of REST.
        example: &'static str,
    },
    /// `lt`, `lte`, `gt`, `gte`.
    Bounds,
}

/// A filter as REST describes it.
#[derive(Clone, Copy, Debug)]
pub struct FilterLine<C> {
    /// The column.
    pub column: C,
    /// Its operators.
    pub operators: OperatorKind,
    /// What the echo says of it.
    pub about: &'static str,
    /// What it asks for: the start of a sentence.
    pub asks: &'static str,
}

/// Columns, some of which a list can be filtered by.
pub trait Filtered: Column {
    /// Those, in the order of the public schema.
    const FILTERS: &'static [FilterLine<Self>];
}

/// A filter of a list, as GraphQL takes it.
pub trait Input<C> {
    /// What it asks for.
    ///
    /// # Errors
    ///
    /// [`FieldError::Input`].
    fn conditions(&self, most: ListItems) -> Result<Conditions<C>, FieldError>;
}

/// A filter of one column, as GraphQL takes it.
pub trait Operators {
    /// Which they are.
    const KIND: OperatorKind;

    /// What it asks for. `argument` is the dotted path of its list, if it has one, `field` its name.
    ///
    /// # Errors
    ///
    /// [`FieldError::Input`].
    fn asked(
        &self,
        argument: &'static str,
        field: &'static str,
        most: ListItems,
    ) -> Result<Asked, FieldError>;
}

/// The object of the echo that shows a filter of one column.
pub trait Shows: Object {
    /// What it is written from; `None` where it shows other filters.
    fn source(value: AppliedValue<'_>) -> Option<Self::Source<'_>>;
}

/// What a list of names to include asks for.
///
/// # Errors
///
/// [`FieldError::Input`] where it is empty.
pub fn included(
    names: impl Iterator<Item = &'static str>,
    argument: &'static str,
    field: &'static str,
) -> Result<Asked, FieldError> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    if distinct.is_empty() {
        let message = format!("`include` must name at least one {field}; leave `{field}` out for all.");
        return Err(FieldError::Input { argument, message });
    }
    Ok(Asked::Names(distinct))
}

/// Describes what a list can be filtered by, a line a filter.
///
/// A line is `Column: Input = argument, "graphqlName", shown "…" as Object, rest "…", "…";` after its description: the
/// input of GraphQL, the name of its field in Rust and in the schema; of the echo, the description and the object; and for
/// REST what its echo says, and how the description of its parameters begins.
macro_rules! filters {
    (
        $(#[doc = $description:tt])+
        $visibility:vis $filter:ident, shown as $filtered:ident;
        $(
            $(#[doc = $doc:tt])+
            $column:ident: $input:ident = $field:ident, $graphql:literal, shown $shown:literal as $object:ident,
                rest $about:literal, $asks:literal;
        )+
    ) => {
        $(#[doc = $description])+
        #[derive(Clone, Debug, async_graphql::InputObject)]
        $visibility struct $filter {
            $($(#[doc = $doc])+ pub $field: Option<$input>,)+
        }

        impl $crate::resources::filter::Input<Column> for $filter {
            fn conditions(
                &self,
                most: $crate::resources::ListItems,
            ) -> Result<$crate::resources::filter::Conditions<Column>, $crate::resources::FieldError> {
                use $crate::resources::filter::Operators as _;
                let mut conditions = Vec::new();
                $(if let Some(input) = &self.$field {
                    let asked = input.asked(concat!("filter.", $graphql, ".include"), $graphql, most)?;
                    conditions.push((Column::$column, asked));
                })+
                Ok($crate::resources::filter::Conditions(conditions))
            }
        }

        impl $crate::resources::filter::Filtered for Column {
            const FILTERS: &'static [$crate::resources::filter::FilterLine<Self>] = &[
                $($crate::resources::filter::FilterLine {
                    column: Self::$column,
                    operators: <$input as $crate::resources::filter::Operators>::KIND,
                    about: $about,
                    asks: $asks,
                }),+
            ];
        }

        $crate::selection::table::object! {
            /// A filter that was applied: one key is set, the rest are null.
            $visibility $filtered<'a>($crate::resources::filter::Applied<'a, Column>);

            $(
                #[doc = $shown]
                $graphql: Option<$crate::selection::declare::Declared<$object>> => $object = |shown, applied, json| {
                    let source = <$object as $crate::resources::filter::Shows>::source(applied.value);
                    match source.filter(|_| applied.column == Column::$column) {
                        Some(source) => shown.write(source, json),
                        None => json.null(),
                    }
                };
            )+
        }
    };
}
pub(crate) use filters;

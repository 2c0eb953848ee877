//! What a client filters by, lowered to ranges, a set and checks; and the macro `filters`, which makes of a line a filter
//! what GraphQL and REST need of it.

mod instants;
mod texts;

use keyset::{Check, Filter, Value};

pub use self::instants::{Bound, DateTimeBound, DateTimeFilter, DateTimeRange, Operator};
pub use self::texts::{
    ImportTextFilter, ImportTextMatched, MAX_TERM, Search, SearchOperator, flag, write_flag,
};
use super::{FieldError, ListItems};
use crate::selection::table::Object;
use crate::store::query::table::{Column, Kind};

/// What a column is filtered by, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Names, each once, in the order asked for.
    Names(Listed<&'static str>),
    /// Texts, each once, in the order asked for.
    Texts(Listed<String>),
    /// A term in a text.
    Search(Search),
    /// Whether there is a value.
    IsSet(bool),
    /// Bounds, all of which must hold.
    Bounds(Vec<Bound>),
}

/// A list, each item once, of what is included, or of what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Whether they are left out.
    pub is_excluded: bool,
}

impl<T: PartialEq> Listed<T> {
    /// The list of these items.
    #[must_use]
    pub fn new(items: impl IntoIterator<Item = T>, is_excluded: bool) -> Self {
        let mut distinct = Vec::new();
        for item in items {
            if !distinct.contains(&item) {
                distinct.push(item);
            }
        }
        Self {
            items: distinct,
            is_excluded,
        }
    }
}

/// Everything that a list is filtered by, as it was asked for: at most one entry a filter.
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
    /// A list of names.
    Names(&'a Listed<&'static str>),
    /// A list of texts.
    Texts(&'a Listed<String>),
    /// A term.
    Search(&'a Search),
    /// Whether there is a value.
    IsSet(bool),
    /// A bound.
    Bound(Bound),
}

impl<C: Column> Conditions<C> {
    /// The filter of a plan. All names of a column are no filter at all.
    #[must_use]
    pub fn filter(&self) -> Filter<C> {
        let mut filter = Filter::default();
        for (column, asked) in &self.0 {
            let column = *column;
            match asked {
                Asked::Names(names) => {
                    let included = included(column, names);
                    let is_all = matches!(column.holds(), Kind::Names(all) if included.len() >= all.len());
                    let values = || included.iter().map(|name| Value::Name(name)).collect();
                    filter.one_of = (!is_all).then(|| (column, values()));
                }
                Asked::Texts(Listed { items, is_excluded }) => filter.checks.push(Check::OneOfTexts {
                    column,
                    // No row has NUL in a text, and PostgreSQL takes none as a value.
                    texts: items
                        .iter()
                        .filter(|text| !text.contains('\0'))
                        .cloned()
                        .collect(),
                    is_excluded: *is_excluded,
                }),
                Asked::Search(search) => filter.checks.push(search.check(column)),
                Asked::IsSet(is_set) => filter.checks.push(Check::IsNull {
                    column,
                    is_null: !is_set,
                }),
                Asked::Bounds(bounds) => filter.ranges.extend(instants::range(column, bounds)),
            }
        }
        filter
    }

    /// The entries of the echo.
    pub fn applied(&self) -> impl Iterator<Item = Applied<'_, C>> {
        self.0.iter().flat_map(|(column, asked)| {
            let (one, bounds) = match asked {
                Asked::Names(names) => (Some(AppliedValue::Names(names)), [].as_slice()),
                Asked::Texts(texts) => (Some(AppliedValue::Texts(texts)), [].as_slice()),
                Asked::Search(search) => (Some(AppliedValue::Search(search)), [].as_slice()),
                Asked::IsSet(is_set) => (Some(AppliedValue::IsSet(*is_set)), [].as_slice()),
                Asked::Bounds(bounds) => (None, bounds.as_slice()),
            };
            let values = one
                .into_iter()
                .chain(bounds.iter().copied().map(AppliedValue::Bound));
            values.map(|value| Applied {
                column: *column,
                value,
            })
        })
    }
}

/// The names that a list includes: its own, or all others of the column.
fn included<C: Column>(column: C, names: &Listed<&'static str>) -> Vec<&'static str> {
    match column.holds() {
        Kind::Names(all) if names.is_excluded => all
            .iter()
            .copied()
            .filter(|name| !names.items.contains(name))
            .collect(),
        _ => names.items.clone(),
    }
}

/// The operators of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKind {
    /// `include`, `exclude`: one of some names, or none of them.
    Names {
        /// What several are called.
        several: &'static str,
        /// Some of them, as a comma list of REST.
        example: &'static str,
    },
    /// The same of texts.
    Texts {
        /// What several are called.
        several: &'static str,
        /// Some of them, as a comma list of REST.
        example: &'static str,
    },
    /// `contains`, `starts_with`: a term.
    Search {
        /// A term.
        example: &'static str,
    },
    /// None: it is `true` or `false`.
    Flag,
    /// `lt`, `lte`, `gt`, `gte`.
    Bounds,
}

/// A filter as REST describes it.
#[derive(Clone, Copy, Debug)]
pub struct FilterLine<C> {
    /// The column.
    pub column: C,
    /// Its name in REST, where that is not the column's.
    pub named: Option<&'static str>,
    /// Its operators.
    pub operators: OperatorKind,
    /// What the echo says of it.
    pub about: &'static str,
    /// What it asks for: the start of a sentence.
    pub asks: &'static str,
}

impl<C: Column> FilterLine<C> {
    /// Its name in REST.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.named.unwrap_or(self.column.name())
    }
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

/// A filter's name, and the dotted paths of its operators.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// The filter's name.
    pub field: &'static str,
    /// The path of `include`.
    pub include: &'static str,
    /// The path of `exclude`.
    pub exclude: &'static str,
    /// The path of `contains`.
    pub contains: &'static str,
    /// The path of `startsWith`.
    pub starts_with: &'static str,
}

/// A filter of one column, as GraphQL takes it.
pub trait Operators {
    /// Which they are.
    const KIND: OperatorKind;

    /// What it asks for.
    ///
    /// # Errors
    ///
    /// [`FieldError::Input`].
    fn asked(&self, paths: Paths, most: ListItems) -> Result<Asked, FieldError>;
}

/// The object of the echo that shows a filter of one column.
pub trait Shows: Object {
    /// What it is written from; `None` where it shows other filters.
    fn source(value: AppliedValue<'_>) -> Option<Self::Source<'_>>;
}

/// A list to include, or to exclude.
///
/// # Errors
///
/// [`FieldError::Input`] where it is empty or too long.
pub fn listed<T: PartialEq>(
    items: Vec<T>,
    is_excluded: bool,
    paths: Paths,
    most: ListItems,
) -> Result<Listed<T>, FieldError> {
    let (argument, operator) = match is_excluded {
        false => (paths.include, "include"),
        true => (paths.exclude, "exclude"),
    };
    most.check(argument, &items)?;
    if items.is_empty() {
        let field = paths.field;
        let message = format!("`{operator}` must name at least one {field}; leave `{field}` out for all.");
        return Err(FieldError::Input { argument, message });
    }
    Ok(Listed::new(items, is_excluded))
}

/// Describes what a list can be filtered by, a line a filter.
///
/// A line is `Column: Input = argument, "graphqlName", shown "…" as Object, rest "…", "…";` after its description: the
/// input of GraphQL, the name of its field in Rust and in the schema; of the echo, the description and the object (`is bool`
/// for a flag); and for REST what its echo says, and how the description of its parameters begins. `named "…"` gives REST
/// another name than the column's.
macro_rules! filters {
    (
        $(#[doc = $description:tt])+
        $visibility:vis $filter:ident, shown as $filtered:ident;
        $(
            $(#[doc = $doc:tt])+
            $column:ident: $input:ident = $field:ident, $graphql:literal,
                shown $shown:literal $(as $object:ident)? $(is $flag:ty)?,
                rest $about:literal, $asks:literal $(, named $rest:literal)?;
        )+
    ) => {
        $(#[doc = $description])+
        #[derive(Clone, Debug, async_graphql::InputObject)]
        $visibility struct $filter {
            $($(#[doc = $doc])+ #[graphql(name = $graphql)] pub $field: Option<$input>,)+
        }

        impl $crate::resources::filter::Input<Column> for $filter {
            fn conditions(
                &self,
                most: $crate::resources::ListItems,
            ) -> Result<$crate::resources::filter::Conditions<Column>, $crate::resources::FieldError> {
                use $crate::resources::filter::Operators as _;
                let mut conditions = Vec::new();
                $(if let Some(input) = &self.$field {
                    let paths = $crate::resources::filter::Paths {
                        field: $graphql,
                        include: concat!("filter.", $graphql, ".include"),
                        exclude: concat!("filter.", $graphql, ".exclude"),
                        contains: concat!("filter.", $graphql, ".contains"),
                        starts_with: concat!("filter.", $graphql, ".startsWith"),
                    };
                    conditions.push((Column::$column, input.asked(paths, most)?));
                })+
                Ok($crate::resources::filter::Conditions(conditions))
            }
        }

        impl $crate::resources::filter::Filtered for Column {
            const FILTERS: &'static [$crate::resources::filter::FilterLine<Self>] = &[
                $($crate::resources::filter::FilterLine {
                    column: Self::$column,
                    named: $crate::resources::filter::filters!(@named $($rest)?),
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
                $graphql: Option<$($crate::selection::declare::Declared<$object>)? $($flag)?>
                $(=> $object = |shown, applied, json| {
                    let source = <$object as $crate::resources::filter::Shows>::source(applied.value);
                    match source.filter(|_| applied.column == Column::$column) {
                        Some(source) => shown.write(source, json),
                        None => json.null(),
                    }
                })?
                $(= |applied, json| {
                    let flag: Option<$flag> = $crate::resources::filter::flag(applied, Column::$column);
                    $crate::resources::filter::write_flag(flag, json);
                })?;
            )+
        }
    };
    (@named) => {
        None
    };
    (@named $rest:literal) => {
        Some($rest)
    };
}
pub(crate) use filters;

//! The JSON of a page and of a record: the wire types, which the API's description is derived from too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use entity::imports;
use keyset::{Direction, Key};
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Question;
use crate::list::Listing;
use crate::resources::filter::{Filtered, Operator, OperatorKind, SearchOperator};
use crate::resources::imports::Column;
use crate::resources::sort::Sorted;
use crate::resources::table::Resource;
use crate::store::query::table::{Cell, Column as _, Kind, Table as _};

/// A page of imports.
#[derive(Serialize, ToSchema)]
pub struct Page<'a> {
    /// The cursor at which this page starts; null where it is empty.
    #[schema(required)]
    start_cursor: Option<String>,
    /// The cursor at which the next page starts; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// The page size in force.
    #[schema(minimum = 2, maximum = 100)]
    per_page: usize,
    /// Imports from the start of this page on, this page included; counted up to 500.
    #[schema(maximum = 500)]
    estimated_remaining_count: u64,
    /// The filters applied, as they were asked for, one object each.
    filtered_by: &'a [FilteredBy],
    /// The sort keys applied, most significant first, one object each.
    sorted_by: &'a [SortedBy],
    /// Present where a search by file name stopped at its bound before the page was full: the next page goes on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    search_partial: Option<bool>,
    /// The imports.
    records: Vec<Record<'a>>,
}

impl<'a> Page<'a> {
    /// What was read for a question, with the question's echoes.
    #[must_use]
    pub fn new(question: &'a Question, listing: &'a Listing<imports::Model>) -> Self {
        let order = question.window.order();
        let cursor = |import: &imports::Model| keyset::encode(&order.position(import));
        // Where a search was cut, the next page starts just behind what it looked at.
        let looked_at = listing
            .reached
            .as_ref()
            .or(listing.rows.last())
            .filter(|_| listing.is_cut);
        let behind = || looked_at.map(|import| keyset::encode(&order.position(import).next()));
        Self {
            start_cursor: listing.rows.first().map(cursor),
            next_cursor: listing.lookahead.as_ref().map(cursor).or_else(behind),
            search_partial: listing.reached.is_some().then_some(true),
            per_page: question.window.size(),
            estimated_remaining_count: listing.count,
            filtered_by: &question.filtered_by,
            sorted_by: &question.sorted_by,
            records: listing.rows.iter().map(Record).collect(),
        }
    }
}

/// An import.
pub struct Record<'a>(pub &'a imports::Model);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(Column::ALL.len()))?;
        for column in Column::ALL {
            let value = Member(column.holds(), self.0.cell(*column));
            members.serialize_entry(column.name(), &value)?;
        }
        members.end()
    }
}

/// A value of a column of this kind.
struct Member<'a>(Kind, Cell<'a>);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Cell::Null => serializer.serialize_none(),
            Cell::Number(number) if self.0 == Kind::Id => serializer.serialize_i64(number),
            Cell::Number(number) => serializer.collect_str(&number),
            Cell::Instant(instant) => {
                let text = instant.to_text();
                serializer.serialize_str(str::from_utf8(&text).map_err(S::Error::custom)?)
            }
            Cell::Text(text) | Cell::Name(text) => serializer.serialize_str(text),
        }
    }
}

impl PartialSchema for Record<'_> {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("An import."));
        let object = Column::ALL.iter().fold(object, |object, column| {
            let name = column.name();
            object.property(name, member_schema(*column)).required(name)
        });
        object.into()
    }
}

impl ToSchema for Record<'_> {
    fn name() -> Cow<'static, str> {
        "Record".into()
    }
}

fn member_schema(column: Column) -> ObjectBuilder {
    let (of, format) = match column.holds() {
        Kind::Id => (Type::Integer, Some(KnownFormat::Int64)),
        Kind::Instant => (Type::String, Some(KnownFormat::DateTime)),
        Kind::Size | Kind::Text | Kind::Names(_) => (Type::String, None),
    };
    let of = match column.is_optional() {
        true => SchemaType::from_iter([of, Type::Null]),
        false => SchemaType::new(of),
    };
    let schema = ObjectBuilder::new()
        .schema_type(of)
        .format(format.map(SchemaFormat::KnownFormat))
        .description(Some(imports::Model::about(column)));
    match column.holds() {
        Kind::Size => schema.pattern(Some("^[0-9]+$")),
        Kind::Names(names) => schema.enum_values(Some(names.iter().copied())),
        Kind::Id | Kind::Instant | Kind::Text => schema,
    }
}

/// A filter that was applied: its field, its operator, and the value as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredBy {
    pub(super) field: &'static str,
    pub(super) operator: &'static str,
    pub(super) value: String,
}

impl Serialize for FilteredBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A flag has no operator.
        if self.operator.is_empty() {
            return serializer.collect_map([(self.field, &self.value)]);
        }
        let operator = BTreeMap::from([(self.operator, &self.value)]);
        serializer.collect_map([(self.field, operator)])
    }
}

impl PartialSchema for FilteredBy {
    fn schema() -> RefOr<Schema> {
        let filters = Column::FILTERS.iter().map(|filter| {
            let of = match filter.operators {
                OperatorKind::Names { .. } => "StatusFilter",
                OperatorKind::Texts { .. } => "TypeFilter",
                OperatorKind::Search { .. } => "TextFilter",
                OperatorKind::Bounds => "TimeFilter",
                OperatorKind::Flag => {
                    return (filter.name(), filter.about, RefOr::T(text(filter.about).into()));
                }
            };
            (filter.name(), filter.about, described(of, filter.about))
        });
        one_of(
            "A filter that was applied: its field, its operator, and the value as it came in.",
            filters,
        )
    }
}

impl ToSchema for FilteredBy {
    fn name() -> Cow<'static, str> {
        "FilteredBy".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let lists = |about: &'static str, included: &'static str, excluded: &'static str| {
            let lists = [
                ("include", included, text(included)),
                ("exclude", excluded, text(excluded)),
            ];
            one_of(about, lists)
        };
        let names = lists(
            "A filter on the state that was applied.",
            "The states included, as the comma list that came in.",
            "The states left out, as the comma list that came in.",
        );
        let types = lists(
            "A filter on the type that was applied.",
            "The types included, as the comma list that came in.",
            "The types left out, as the comma list that came in.",
        );
        let terms = SEARCHES
            .iter()
            .map(|search| (search.name, search.about, text(search.about)));
        let terms = one_of("A search that was applied, whatever the case.", terms);
        let bounds = BOUNDS
            .iter()
            .map(|bound| (bound.name, bound.about, text(bound.about)));
        let bounds = one_of("A bound on an instant that was applied.", bounds);
        schemas.extend([
            ("StatusFilter".to_owned(), names),
            ("TypeFilter".to_owned(), types),
            ("TextFilter".to_owned(), terms),
            ("TimeFilter".to_owned(), bounds),
        ]);
    }
}

/// An operator of a filter on instants, as REST has it.
#[derive(Clone, Copy, Debug)]
pub struct BoundOperator {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub operator: Operator,
    /// What the echo says of it.
    pub about: &'static str,
    /// How a row stands to the instant.
    pub relation: &'static str,
}

/// An operator of a search, as REST has it.
#[derive(Clone, Copy, Debug)]
pub struct SearchName {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub operator: SearchOperator,
    /// What the echo says of it.
    pub about: &'static str,
    /// How a text stands to the term.
    pub relation: &'static str,
}

/// Every operator of a search.
pub const SEARCHES: [SearchName; 2] = [
    SearchName {
        name: "contains",
        operator: SearchOperator::Contains,
        about: "The text has this in it.",
        relation: "has this in it",
    },
    SearchName {
        name: "starts_with",
        operator: SearchOperator::StartsWith,
        about: "The text begins with this.",
        relation: "begins with this",
    },
];

/// Every operator of a filter on instants.
pub const BOUNDS: [BoundOperator; 4] = [
    bound("lt", Operator::Lt, "Before it.", "before"),
    bound("lte", Operator::Lte, "Before it or at it.", "before or at"),
    bound("gt", Operator::Gt, "After it.", "after"),
    bound("gte", Operator::Gte, "After it or at it.", "at or after"),
];

const fn bound(
    name: &'static str,
    operator: Operator,
    about: &'static str,
    relation: &'static str,
) -> BoundOperator {
    BoundOperator {
        name,
        operator,
        about,
        relation,
    }
}

/// A sort key that was applied, and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortedBy {
    field: &'static str,
    direction: SortDirection,
}

impl Serialize for SortedBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.field, self.direction)])
    }
}

impl PartialSchema for SortedBy {
    fn schema() -> RefOr<Schema> {
        let keys = Column::SORTABLE.iter().map(|column| {
            let about = column.about_sort();
            (column.name(), about, described(&SortDirection::name(), about))
        });
        one_of("A sort key that was applied, and its direction.", keys)
    }
}

impl ToSchema for SortedBy {
    fn name() -> Cow<'static, str> {
        "SortedBy".into()
    }
}

impl From<Key<Column>> for SortedBy {
    fn from(key: Key<Column>) -> Self {
        let direction = match key.direction {
            Direction::Asc => SortDirection::Asc,
            Direction::Desc => SortDirection::Desc,
        };
        let field = key.column.name();
        Self { field, direction }
    }
}

/// Which way a key sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

/// An object with one of these members.
fn one_of<S: Into<RefOr<Schema>>>(
    about: &str,
    members: impl IntoIterator<Item = (&'static str, &'static str, S)>,
) -> RefOr<Schema> {
    let objects = members.into_iter().map(|(name, about, schema)| {
        let object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(about));
        object.property(name, schema).required(name)
    });
    let one = objects.fold(OneOfBuilder::new(), OneOfBuilder::item);
    one.description(Some(about)).into()
}

/// The schema of this name, with a description of its own.
fn described(name: &str, about: &str) -> RefOr<Schema> {
    let mut reference = Ref::from_schema_name(name);
    reference.description = about.to_owned();
    RefOr::Ref(reference)
}

fn text(about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about))
}

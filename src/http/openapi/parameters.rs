//! The parameters of the operations, each name spelled out as a query string has it.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Required, Schema};

use super::examples;
use crate::resources::filter::{FilterLine, Filtered as _, MAX_TERM, OperatorKind};
use crate::resources::imports::Column;
use crate::resources::imports::rest::{BOUNDS, DEFAULT_PER_PAGE, PER_PAGE, SEARCHES, UNITS};
use crate::store::query::table::{Column as _, Kind};

const SORT_KEY: &str = "A sort key and its direction; several count in the order of the query string. Left out: the sort of \
                        the cursor, or `sort[id]=desc`.";

/// The parameters of a list.
pub(super) fn of_a_list() -> Vec<Parameter> {
    let mut parameters = vec![
        query(
            "start_cursor",
            "The cursor at which the page starts, exactly as an answer gave it. Left out or blank: the start of the \
             list.",
            text().max_length(Some(keyset::MAX_CURSOR_BYTES)),
        ),
        query(
            "per_page",
            "The page size.",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(*PER_PAGE.start()))
                .maximum(Some(*PER_PAGE.end()))
                .default(Some(DEFAULT_PER_PAGE.into())),
        ),
    ];
    for column in Column::SORTABLE {
        let schema = match column.holds() {
            Kind::Instant => text(),
            _ => ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))),
        };
        let name = format!("start_at[{}]", column.name());
        parameters.push(query(
            &name,
            "The value at which the page starts, whether an import has it or not, in place of `start_cursor`: of the first sort \
             key, or of the only one where none is given.",
            schema,
        ));
    }
    parameters.extend(filters());
    // Many clients send parameters in the order of this list, whatever order their caller gave.
    let others = Column::SORTABLE.iter().filter(|column| **column != Column::ID);
    for column in others.chain([&Column::ID]) {
        let name = format!("sort[{}]", column.name());
        let description = match column {
            Column::Id => format!(
                "{SORT_KEY} It is described last because no two imports have one id: a key after it changes nothing, and \
                 many clients send parameters in the order of this description."
            ),
            _ => SORT_KEY.to_owned(),
        };
        parameters.push(query(&name, &description, Ref::from_schema_name("SortDirection")));
    }
    parameters.push(if_none_match());
    parameters
}

/// The parameters of counts.
pub(super) fn of_counts() -> Vec<Parameter> {
    let units = UNITS.map(|(name, _)| name);
    let mut parameters = vec![
        query(
            "by",
            "What is counted together: hours, days, weeks from Monday on, or months.",
            text().enum_values(Some(units)).default(Some("day".into())),
        ),
        query(
            "time_zone",
            "The zone of the hours, days, weeks and months, by its name in the IANA database.",
            text().default(Some("UTC".into())),
        ),
        query("from", "The first instant that counts.", text()),
        query("to", "The first instant after those that count.", text()),
    ];
    parameters.extend(filters());
    parameters.push(if_none_match());
    parameters
}

/// The parameters of a record.
pub(super) fn of_a_record() -> [Parameter; 2] {
    [id(), if_none_match()]
}

/// Last, where clients take parameters by their place.
fn if_none_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The `ETag` of an answer that the client has: while it is the same, it is not sent again (304).",
        ))
        .schema(Some(text()))
        .build()
}

fn filters() -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for filter in Column::FILTERS {
        match filter.operators {
            OperatorKind::Names { .. } | OperatorKind::Texts { .. } => parameters.extend(lists(filter)),
            OperatorKind::Search { .. } => parameters.extend(searches(filter)),
            OperatorKind::Flag => parameters.push(query(
                &format!("filter[{}]", filter.name()),
                filter.asks,
                ObjectBuilder::new().schema_type(Type::Boolean),
            )),
            OperatorKind::Bounds => parameters.extend(bounds(filter)),
        }
    }
    parameters
}

/// The id in a record's path.
fn id() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The import's id."))
        .example(examples::of_parameter("id"))
        .schema(Some(schema))
        .build()
}

/// Comma lists, which is what this style writes.
fn lists(filter: &FilterLine<Column>) -> impl Iterator<Item = Parameter> {
    [("include", "Imports in"), ("exclude", "Imports in all but")]
        .into_iter()
        .map(|(operator, start)| {
            let item = match filter.column.holds() {
                Kind::Names(names) => text().enum_values(Some(names.iter().copied())),
                _ => text(),
            };
            let list = ArrayBuilder::new().items(item).min_items(Some(1));
            let description = format!(
                "{start} {} separated by commas. The parameter may also be given several times.",
                filter.asks
            );
            let name = format!("filter[{}][{operator}]", filter.name());
            ParameterBuilder::from(query(&name, &description, list))
                .style(Some(ParameterStyle::Form))
                .explode(Some(false))
                .build()
        })
}

fn searches(filter: &FilterLine<Column>) -> impl Iterator<Item = Parameter> {
    SEARCHES.iter().map(|search| {
        let description = format!(
            "{} {}, whatever the case (Unicode's simple case folding). A search looks at 50,000 imports a request: past that \
             the page is partial, and says so by `search_partial`.",
            filter.asks, search.relation
        );
        let name = format!("filter[{}][{}]", filter.name(), search.name);
        query(&name, &description, text().min_length(Some(1)).max_length(Some(MAX_TERM)))
    })
}

fn bounds(filter: &FilterLine<Column>) -> impl Iterator<Item = Parameter> {
    BOUNDS.iter().map(|bound| {
        let description = format!(
            "{} {} this instant: RFC 3339, up to nine fraction digits. Without a time, as in 2026-05-01, it is midnight, \
             without an offset it is UTC.",
            filter.asks, bound.relation
        );
        let name = format!("filter[{}][{}]", filter.name(), bound.name);
        query(&name, &description, text())
    })
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn query(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .example(examples::of_parameter(name))
        .schema(Some(schema))
        .build()
}

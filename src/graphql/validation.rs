//! What the crate `graphql_limits` has to know of this service: its scalars, and what its root fields cost.

use graphql_limits::{ConnectionCost, Cost, Costs, CustomScalar, SchemaTypes, SchemaTypesError};

use crate::rfc3339;

/// The types of the schema with this text.
///
/// # Errors
///
/// The text is not a schema, or one that the crate cannot check in full.
pub fn types(sdl: &str) -> Result<SchemaTypes, SchemaTypesError> {
    SchemaTypes::from_sdl(sdl, &[BIG_INT, DATE_TIME], costs())
}

/// The types of the schema with this text, which has what a federation gateway asks for.
///
/// # Errors
///
/// As those of [`types`].
pub fn federated_types(sdl: &str) -> Result<SchemaTypes, SchemaTypesError> {
    let mut costs = costs();
    let entities = Cost::Distinct {
        argument: "representations",
        keys: &["__typename", "id"],
    };
    costs
        .root_fields
        .extend([("_service", Cost::Introspection), ("_entities", entities)]);
    SchemaTypes::from_sdl(sdl, &[BIG_INT, DATE_TIME], costs)
}

const BIG_INT: CustomScalar = CustomScalar {
    name: "BigInt",
    expects: "a whole number of 64 bits, best as a decimal string",
    accepts: is_big_int,
    takes_integers: true,
};

const DATE_TIME: CustomScalar = CustomScalar {
    name: "DateTime",
    expects: "an RFC 3339 string with an offset, at most nine fraction digits and no leap second",
    accepts: is_instant,
    takes_integers: false,
};

/// What root fields cost, in points. The others cost 1.
fn costs() -> Costs {
    let page = ConnectionCost {
        default_size: 50,
        max_size: 100,
        fields: vec![("estimatedRemainingCount", 10)],
    };
    Costs {
        introspection: 10,
        root_fields: vec![
            ("imports", Cost::Connection(page)),
            ("importStatusCounts", Cost::Fixed(20)),
            ("importCounts", Cost::Fixed(40)),
            ("nodes", Cost::Items("ids")),
        ],
    }
}

/// A decimal number of 64 bits, written in the one way that answers use.
fn is_big_int(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn is_instant(text: &str) -> bool {
    rfc3339::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_instant;

    #[test]
    fn instants_with_an_offset_are_accepted() {
        for text in [
            "2026-05-01T12:00:00Z",
            "2026-05-01t12:00:00.1z",
            "2026-05-01T12:00:00.123456789+05:30",
            "2024-02-29T23:59:59-23:59",
            "0001-01-01T00:00:00Z",
            "0001-01-01T05:00:00+05:00",
            "9999-12-31T23:59:59.999999999Z",
            "9999-12-31T18:59:59-05:00",
        ] {
            assert!(is_instant(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_an_instant() {
        for text in [
            "",
            "now",
            "infinity",
            "2026-05-01",
            "2026-05-01T12:00:00",
            "2026-05-01 12:00:00Z",
            "2026-05-01T12:00Z",
            "2026-05-01T12:00:00.Z",
            "2026-05-01T12:00:00.1234567890Z",
            "2026-05-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "2026-05-01T12:00:00+24:00",
            "2026-05-01T12:00:00+0530",
            "2026-05-01T12:00:00+05",
            "2026-05-01T12:00:00Zz",
            " 2026-05-01T12:00:00Z",
            "2026-05-01T12:00:00é",
            "２026-05-01T12:00:00Z",
        ] {
            assert!(!is_instant(text), "{text}");
        }
    }
}

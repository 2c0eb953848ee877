//! Documents at the limits: those that are refused, and those that are just accepted.

use serde_json::{Map, Value, json};

/// Documents that are refused, as large as they are read, each of the kind that costs one of its steps the most.
pub fn bombs(bytes: usize) -> Vec<(&'static str, String)> {
    let fit = |text: String| text.chars().take(bytes).collect::<String>();
    let overlapping: String = (0..60)
        .map(|index| format!("imports(first:{index}){{nodes{{id}}}}"))
        .collect();
    let aliases: String = (0..400).map(|index| format!("a{index}:viewer{{id}}")).collect();
    vec![
        ("brackets", fit("{a".repeat(bytes))),
        ("tokens", fit(format!("{{{}}}", "a ".repeat(bytes / 2 - 1)))),
        ("tokens at the limit", format!("{{{}", "a ".repeat(1_990))),
        (
            "one string",
            fit(format!("{{a(x:\"{}\")", "x".repeat(bytes - 10))),
        ),
        (
            "open block string",
            fit(format!("{{a(x:\"\"\"{}", "[\"".repeat(bytes))),
        ),
        ("comments", fit(format!("#{}\n{{a", "#".repeat(bytes - 6)))),
        ("fan-out of 2, 31 levels", fan_out(31, 2)),
        ("fan-out of 8, 31 levels", fan_out(31, 8)),
        ("fan-out of 2, 19 levels", fan_out(19, 2)),
        ("fan-out of 8, 19 levels", fan_out(19, 8)),
        ("overlapping fields", format!("{{{overlapping}}}")),
        ("aliases", fit(format!("{{{aliases}}}"))),
    ]
}

fn fan_out(levels: usize, width: usize) -> String {
    let chain: String = (0..levels)
        .map(|level| {
            let spreads = format!("...F{} ", level + 1).repeat(width);
            format!("fragment F{level} on Query{{{spreads}}}")
        })
        .collect();
    format!("{{...F0}}{chain}fragment F{levels} on Query{{__typename}}")
}

/// Documents that are accepted with these variables, each at one limit or several.
pub fn worst() -> Vec<(&'static str, String, Map<String, Value>)> {
    let none = json!({});
    let all = [
        (
            "one field 1,980 times",
            format!("{{imports{{nodes{{{}}}}}}}", "id ".repeat(1_980)),
            &none,
        ),
        ("one list of 1,980 items", listed(1_980), &none),
        ("5,000 nodes by fragments", spread(22, 20), &none),
        ("5,000 nodes by one fragment", by_one(450), &none),
        ("5,000 nodes of five operations", in_five_operations(), &none),
        (
            "ten places of one field with long arguments",
            in_places(10, 180),
            &none,
        ),
        ("30 aliases", aliased(), &none),
        (
            "31 inline fragments deep",
            format!("{{{}__typename{}}}", "...{".repeat(30), "}".repeat(30)),
            &none,
        ),
        ("introspection", INTROSPECTION.to_owned(), &none),
    ];
    let variables = json!({"v": vec!["NEW"; 20_000]});
    let long = "query($v:[ImportStatus!]!){imports(filter:{status:{include:$v}}){perPage}}";
    let many = many_variables();
    all.into_iter()
        .chain([
            ("a variable of 20,000 items", long.to_owned(), &variables),
            ("50 variables", many, &none),
        ])
        .map(|(name, text, variables)| (name, text, variables.as_object().cloned().unwrap_or_default()))
        .collect()
}

fn listed(items: usize) -> String {
    format!(
        "{{imports(filter:{{status:{{include:[{}]}}}}){{perPage}}}}",
        "NEW ".repeat(items)
    )
}

/// Every field of an import but one, so that nothing is said twice in one place.
const FIELDS: &str = "databaseId completedAt fileName fileSize note type status createdAt updatedAt";

/// Two levels of fragments below a field, each level so many times the next.
fn spread(first: usize, second: usize) -> String {
    format!(
        "{{imports{{nodes{{{}}}}}}}fragment A on Import{{{}}}fragment B on Import{{id {FIELDS}}}",
        "...A ".repeat(first),
        "...B ".repeat(second)
    )
}

fn by_one(times: usize) -> String {
    format!(
        "{{imports{{nodes{{{}}}}}}}fragment A on Import{{id {FIELDS}}}",
        "...A ".repeat(times)
    )
}

/// Five operations over the same fragments.
fn in_five_operations() -> String {
    let operations: String = (0..5)
        .map(|index| format!("query O{index}{{imports{{nodes{{{}}}}}}}", "...A ".repeat(7)))
        .collect();
    format!(
        "{operations}fragment A on Import{{{}}}fragment B on Import{{id {FIELDS}}}",
        "...B ".repeat(12)
    )
}

fn in_places(places: usize, items: usize) -> String {
    let field = listed(items);
    let field = field.trim_start_matches('{').trim_end_matches("}}").to_owned() + "}";
    format!("{{{}}}", format!("{field} ").repeat(places))
}

fn aliased() -> String {
    let roots: String = (0..10)
        .map(|root| format!("r{root}:imports(first:50){{a{root}:nodes{{b{root}:id}}}}"))
        .collect();
    format!("{{{roots}}}")
}

fn many_variables() -> String {
    let defined: String = (0..50).map(|index| format!("$v{index}:ID=\"x\" ")).collect();
    let used: String = (0..50).map(|index| format!("$v{index} ")).collect();
    format!("query({defined}){{nodes(ids:[{}]){{id}}}}", used.repeat(5))
}

/// As the reference implementation's tools send it.
const INTROSPECTION: &str = "
query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType }
  directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

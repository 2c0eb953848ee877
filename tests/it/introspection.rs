//! Introspection as clients ask for it: conditions, variables and siblings as in any other selection.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn introspection_selects_as_data_does() {
    for app in TestApp::on_each().await {
        let key = app.account("Acme").await.key;
        let fields = json!([{"name": "id"}, {"name": "databaseId"}, {"name": "name"}, {"name": "mirror"}]);
        for (document, variables, expected) in [
            // An absent variable is an absent argument.
            (
                "query($d: Boolean) { __type(name: \"Account\") { fields(includeDeprecated: $d) { name } } \
                 __schema { queryType { name } } viewer { name } }",
                json!({}),
                json!({"__type": {"fields": fields}, "__schema": {"queryType": {"name": "Query"}}, "viewer": {"name": "Acme"}}),
            ),
            (
                "query($d: Boolean) { __type(name: \"Account\") { fields(includeDeprecated: $d) { name } } }",
                json!({"d": true}),
                json!({"__type": {"fields": fields}}),
            ),
            // What the schema says of itself is what it answers: it has no description.
            (
                "{ __schema { description } __type(name: \"__Schema\") { fields { name type { kind name } } } }",
                json!({}),
                json!({
                    "__schema": {"description": null},
                    "__type": {"fields": [
                        {"name": "description", "type": {"kind": "SCALAR", "name": "String"}},
                        {"name": "types", "type": {"kind": "NON_NULL", "name": null}},
                        {"name": "queryType", "type": {"kind": "NON_NULL", "name": null}},
                        {"name": "mutationType", "type": {"kind": "OBJECT", "name": "__Type"}},
                        {"name": "subscriptionType", "type": {"kind": "OBJECT", "name": "__Type"}},
                        {"name": "directives", "type": {"kind": "NON_NULL", "name": null}},
                    ]},
                }),
            ),
            // An object of which nothing is selected is no null.
            (
                "query($s: Boolean!) { __schema { queryType { name @skip(if: $s) } } __type(name: \"Node\") { name @skip(if: $s) } }",
                json!({"s": true}),
                json!({"__schema": {"queryType": {}}, "__type": {}}),
            ),
            (
                "query($n: String = \"PageInfo\") { a: __type(name: $n) { ...T } b: __type(name: \"nobody\") { ...T } \
                 c: __type(name: \"Node\") { interfaces { name } possibleTypes { ...T } } } \
                 fragment T on __Type { __typename k: kind name ofType { name } }",
                json!({}),
                json!({
                    "a": {"__typename": "__Type", "k": "OBJECT", "name": "PageInfo", "ofType": null},
                    "b": null,
                    "c": {"interfaces": [], "possibleTypes": [
                        {"__typename": "__Type", "k": "OBJECT", "name": "Import", "ofType": null},
                        {"__typename": "__Type", "k": "OBJECT", "name": "Account", "ofType": null},
                    ]},
                }),
            ),
            (
                "{ __type(name: \"ImportConnection\") { fields { name type { kind ofType { kind ofType { kind ofType { name fields { name } } } } } } } }",
                json!({}),
                json!(null),
            ),
        ] {
            let data = app.data(&key, document, variables).await;
            if expected.is_null() {
                // The name at the end of a chain of lists is that of a whole type.
                let edges = &data["__type"]["fields"][0];
                assert_eq!(edges["name"], "edges", "{data}");
                let list = &edges["type"]["ofType"]["ofType"];
                assert_eq!(
                    list["ofType"]["fields"],
                    json!([{"name": "cursor"}, {"name": "node"}]),
                    "{data}"
                );
            } else {
                assert_eq!(data, expected, "{document}");
            }
        }
    }
}

#[tokio::test]
async fn a_null_include_deprecated_is_refused_in_every_form() {
    for app in TestApp::on_each().await {
        let key = app.account("Acme").await.key;
        for (document, variables) in [
            (
                "{ __type(name: \"Account\") { fields(includeDeprecated: null) { name } } }",
                json!({}),
            ),
            (
                "query($d: Boolean) { __type(name: \"Account\") { fields(includeDeprecated: $d) { name } } }",
                json!({"d": null}),
            ),
            (
                "query($d: Boolean = null) { __schema { directives { args(includeDeprecated: $d) { name } } } }",
                json!({}),
            ),
        ] {
            let answer = app.query(&key, document, variables).await;
            let errors = &answer.json["errors"];
            let message = errors[0]["message"].as_str().unwrap_or_default();
            assert!(
                message.contains("includeDeprecated"),
                "{document}: {}",
                answer.json
            );
        }
    }
}

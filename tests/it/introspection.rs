//! Introspection as clients ask for it: conditions, variables and siblings as in any other selection.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn introspection_selects_as_data_does() {
    for app in TestApp::on_each().await {
        let key = app.account("Acme").await.key;
        let fields = json!([{"name": "id"}, {"name": "databaseId"}, {"name": "name"}]);
        for (document, variables, expected) in [
            // An absent variable is an absent argument; a null one asks for the default here.
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

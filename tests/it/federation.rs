//! What a federation gateway asks a subgraph for: `_service` and `_entities`, and what both cost.

use axum::body::Body;
use axum::http::Request;
use imports_gateway::auth::Key;
use imports_gateway::graphql::{federation, schema};
use serde_json::{Value as Json, json};

use crate::app::{Answer, Caller, RESPONSE, TestApp, account_id, import_id, row};
use crate::databases;

/// What a gateway asks for.
const ENTITIES: &str = "query ($representations: [_Any!]!) { _entities(representations: $representations) {
    __typename ... on Import { databaseId } ... on Account { name } } }";

/// A gateway with federation on each kind of database, with the imports 1 to 300 of Acme and of Globex.
async fn federated() -> Vec<(TestApp, Caller, Caller)> {
    let mut apps = Vec::new();
    for database in databases::fresh().await {
        let app = TestApp::on(database, &["--federation", "on"]).await;
        let (acme, globex) = (app.account("Acme").await, app.account("Globex").await);
        for caller in [&acme, &globex] {
            let rows: Vec<_> = (1..=300).map(|id| row(caller.id, id)).collect();
            app.fill(&rows).await;
        }
        apps.push((app, acme, globex));
    }
    apps
}

fn import(account_id: i64, id: i64) -> Json {
    json!({"__typename": "Import", "id": import_id(account_id, id)})
}

async fn entities(app: &TestApp, caller: &Caller, representations: &[Json]) -> Json {
    let variables = json!({ "representations": representations });
    app.data(&caller.key, ENTITIES, variables).await["_entities"].take()
}

/// The answer with the cost of the request in it.
async fn reported(app: &TestApp, key: &Key, document: &str, variables: Json) -> Answer {
    let body = json!({"query": document, "variables": variables}).to_string();
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {}", key.reveal()))
        .header("content-type", "application/json")
        .header("accept", RESPONSE)
        .header("graphql-cost", "report")
        .body(Body::from(body));
    app.send(request.unwrap()).await
}

async fn cost(app: &TestApp, caller: &Caller, representations: &[Json]) -> Json {
    let variables = json!({ "representations": representations });
    let answer = reported(app, &caller.key, ENTITIES, variables).await;
    answer.json["extensions"]["cost"]["requested"].clone()
}

#[tokio::test]
async fn entities_have_the_order_of_their_representations() {
    for (app, acme, _) in federated().await {
        let account = json!({"__typename": "Account", "id": account_id(acme.id)});
        let asked = [
            import(acme.id, 7),
            account,
            import(acme.id, 3),
            import(acme.id, 7),
        ];
        let (third, seventh) = (
            json!({"__typename": "Import", "databaseId": "3"}),
            json!({"__typename": "Import", "databaseId": "7"}),
        );
        let account = json!({"__typename": "Account", "name": "Acme"});
        assert_eq!(
            entities(&app, &acme, &asked).await,
            json!([seventh, account, third, seventh])
        );
        assert_eq!(entities(&app, &acme, &[]).await, json!([]));
    }
}

#[tokio::test]
async fn entities_are_asked_for_by_literals_variables_and_fragments() {
    for (app, acme, _) in federated().await {
        let id = import_id(acme.id, 5);
        let literal = format!("{{__typename: \"Import\", id: \"{id}\", fileName: [null, {{a: 1.5}}]}}");
        let fifth = json!({"_entities": [{"databaseId": "5"}]});
        for (head, representations) in [
            ("", format!("[{literal}]")),
            ("", literal.clone()),
            (
                "query ($id: ID!)",
                "[{__typename: \"Import\", id: $id}]".to_owned(),
            ),
            ("query ($one: _Any!)", "[$one]".to_owned()),
            ("query ($many: [_Any!]!)", "$many".to_owned()),
            (
                &format!("query ($left: [_Any!]! = [{literal}])"),
                "$left".to_owned(),
            ),
        ] {
            let document = format!(
                "{head} {{ _entities(representations: {representations}) {{ ... on Import {{ databaseId }} }} }}"
            );
            let variables = json!({"id": id, "one": import(acme.id, 5), "many": import(acme.id, 5)});
            assert_eq!(
                app.data(&acme.key, &document, variables).await,
                fifth,
                "{document}"
            );
        }
        let document = "query ($first: [_Any!]!, $second: [_Any!]!, $no: Boolean!) {
            a: _entities(representations: $first) { ...F }
            b: _entities(representations: $second) { ... on _Entity { ...F ... on Node { key: id } } }
            c: _entities(representations: $first) @include(if: $no) { __typename } }
            fragment F on _Entity { __typename ... on Account { name } ...G @skip(if: $no) }
            fragment G on Import { fileName }";
        let variables = json!({"first": [import(acme.id, 5)],
            "second": [{"__typename": "Account", "id": account_id(acme.id)}], "no": false});
        assert_eq!(
            app.data(&acme.key, document, variables).await,
            json!({"a": [{"__typename": "Import", "fileName": "file 5.csv"}],
                "b": [{"__typename": "Account", "name": "Acme", "key": account_id(acme.id)}]})
        );
    }
}

#[tokio::test]
async fn a_wrong_representation_is_null_in_its_place() {
    for (app, acme, globex) in federated().await {
        let (own, foreign) = (import_id(acme.id, 1), import_id(globex.id, 1));
        let account = account_id(acme.id);
        let wrong = [
            json!({"__typename": "Import", "id": foreign}),
            json!({"__typename": "Account", "id": account_id(globex.id)}),
            json!({"__typename": "Import", "id": import_id(acme.id, 301)}),
            json!({"__typename": "Import", "id": account}),
            json!({"__typename": "Account", "id": own}),
            json!({"__typename": "Nothing", "id": own}),
            json!({"__typename": "import", "id": own}),
            json!({"__typename": "Import", "id": format!("{own}=")}),
            json!({"__typename": "Import", "id": ""}),
            json!({"__typename": "Import", "id": "x".repeat(5_000)}),
            json!({"__typename": "Import", "id": "\u{0}"}),
            json!({"__typename": "Import", "id": 1}),
            json!({"__typename": "Import", "id": 1.5}),
            json!({"__typename": "Import", "id": null}),
            json!({"__typename": "Import", "id": [own]}),
            json!({"__typename": "Import", "id": {"id": own}}),
            json!({"__typename": "Import", "databaseId": "1"}),
            json!({"__typename": ["Import"], "id": own}),
            json!({"__typename": null, "id": own}),
            json!({ "id": own }),
            json!({}),
            json!({"representation": {"__typename": "Import", "id": own}}),
            json!([]),
            json!([{"__typename": "Import", "id": own}]),
            json!("Import"),
            json!(own),
            json!(1),
            json!(-0.5),
            json!(true),
        ];
        for representation in &wrong {
            let asked = [import(acme.id, 2), representation.clone(), import(acme.id, 4)];
            let found = entities(&app, &acme, &asked).await;
            let told = [&found[0]["databaseId"], &found[1], &found[2]["databaseId"]];
            assert_eq!(told, [&json!("2"), &Json::Null, &json!("4")], "{representation}");
        }
        assert_eq!(
            entities(&app, &acme, &wrong).await,
            json!(vec![Json::Null; wrong.len()])
        );
    }
}

#[tokio::test]
async fn what_is_no_list_of_values_is_refused_as_a_whole() {
    let app = TestApp::on(databases::sqlite(), &["--federation", "on"]).await;
    let acme = app.account("Acme").await;
    let deep = (0..20).fold(json!(1), |below, _| json!([below]));
    for (representations, code) in [
        (json!(null), "GRAPHQL_VALIDATION_FAILED"),
        (json!([null]), "GRAPHQL_VALIDATION_FAILED"),
        (json!([deep]), "BAD_REQUEST"),
    ] {
        let variables = json!({ "representations": representations });
        let answer = app.query_as(&acme.key, RESPONSE, ENTITIES, variables).await;
        assert_eq!(answer.codes()[0], code, "{representations}");
        assert_eq!(answer.json.get("data"), None, "{representations}");
    }
    for document in [
        "{ _entities { __typename } }",
        "{ _entities(representations: null) { __typename } }",
        "{ _entities(representations: [null]) { __typename } }",
        "{ _entities(representations: [{__typename: \"Import\", id: $id}]) { __typename } }",
        "query ($id: ID!) { _entities(representations: []) { __typename } }",
        "query ($all: _Any!) { _entities(representations: $all) { __typename } }",
        "{ _entities(representations: []) { id } }",
        "{ _entities(representations: []) { ... on PageInfo { endCursor } } }",
        "{ _entities(representations: []) }",
    ] {
        let answer = app
            .query_as(&acme.key, RESPONSE, document, json!({"id": "x", "all": []}))
            .await;
        let codes = answer.codes();
        assert!(
            !codes.is_empty() && codes.iter().all(|code| *code == "GRAPHQL_VALIDATION_FAILED"),
            "{document}: {}",
            answer.json
        );
    }
}

#[tokio::test]
async fn each_different_entity_costs_a_point() {
    let app = TestApp::on(databases::sqlite(), &["--federation", "on"]).await;
    let acme = app.account("Acme").await;
    let imports = |count: i64| (1..=count).map(|id| import(acme.id, id)).collect::<Vec<_>>();
    let repeated = vec![import(acme.id, 1); 200];
    assert_eq!(cost(&app, &acme, &[]).await, json!(1));
    assert_eq!(cost(&app, &acme, &imports(3)).await, json!(3));
    assert_eq!(cost(&app, &acme, &imports(300)).await, json!(300));
    assert_eq!(cost(&app, &acme, &repeated).await, json!(1));
    assert_eq!(
        cost(&app, &acme, &[repeated.clone(), imports(5)].concat()).await,
        json!(5)
    );
    // The same id under another type is another entity; all that can be none are one together.
    let other = json!({"__typename": "Account", "id": import_id(acme.id, 1)});
    let none = [
        json!(1),
        json!("x"),
        json!({}),
        json!({"__typename": "Import", "id": 1}),
    ];
    assert_eq!(cost(&app, &acme, &[import(acme.id, 1), other]).await, json!(2));
    assert_eq!(cost(&app, &acme, &none).await, json!(1));
    // Other keys make no other entity.
    let mut with_fields = import(acme.id, 1);
    with_fields["fileName"] = json!("x");
    assert_eq!(
        cost(&app, &acme, &[import(acme.id, 1), with_fields]).await,
        json!(1)
    );
    for (document, points) in [
        ("query ($id: ID!) { _entities(representations: [{__typename: \"Import\", id: $id}, {__typename: \"Import\", id: \"x\"},
            {__typename: \"Import\", id: $id}]) { __typename } }", 2),
        ("query ($one: _Any!) { _entities(representations: [$one, $one]) { __typename } }", 1),
        ("query ($one: _Any!) { a: _entities(representations: [$one]) { __typename }
            b: _entities(representations: [$one]) { __typename } }", 2),
        ("{ _service { sdl } }", 10),
    ] {
        let variables = json!({"id": import_id(acme.id, 1), "one": import(acme.id, 1)});
        let answer = reported(&app, &acme.key, document, variables).await;
        assert_eq!(answer.json["extensions"]["cost"]["requested"], json!(points), "{document}");
    }
}

#[tokio::test]
async fn a_list_may_be_longer_than_other_lists_but_not_than_may_be_paid_for() {
    for database in databases::fresh().await {
        let app = TestApp::on(database, &["--federation", "on", "--body-bytes", "4194304"]).await;
        let acme = app.account("Acme").await;
        let rows: Vec<_> = (1..=1_000).map(|id| row(acme.id, id)).collect();
        app.fill(&rows).await;
        for count in [250, 251, 1_000] {
            let asked: Vec<_> = (1..=count).map(|id| import(acme.id, id)).collect();
            let found = entities(&app, &acme, &asked).await;
            let ids: Vec<_> = found
                .as_array()
                .unwrap()
                .iter()
                .map(|one| &one["databaseId"])
                .collect();
            let expected: Vec<_> = (1..=count).map(|id| json!(id.to_string())).collect();
            assert!(ids.into_iter().eq(&expected), "{count}");
        }
        let different: Vec<_> = (1..=10_000).map(|id| import(acme.id, id)).collect();
        for asked in [
            &different[..1_001],
            &different[..],
            &vec![import(acme.id, 1); 1_001],
            &vec![import(acme.id, 1); 10_000],
            &vec![json!({}); 10_000],
        ] {
            let variables = json!({ "representations": asked });
            let before = app.store.statements();
            let answer = reported(&app, &acme.key, ENTITIES, variables).await;
            assert_eq!(answer.codes(), ["QUERY_TOO_COMPLEX"]);
            assert_eq!(answer.json["extensions"]["cost"]["requested"], json!(asked.len()));
            assert_eq!(app.store.statements(), before, "nothing is read");
        }
    }
}

#[tokio::test]
async fn all_entities_take_one_statement_and_foreign_ones_none() {
    for (app, acme, globex) in federated().await {
        let statements = async |asked: Vec<Json>| {
            app.statements(acme.id, ENTITIES, json!({ "representations": asked }))
                .await
        };
        let own: Vec<_> = (1..=300).map(|id| import(acme.id, id)).collect();
        assert_eq!(statements(own).await, 1);
        assert_eq!(statements(vec![import(acme.id, 1); 300]).await, 1);
        let foreign = (1..=300).map(|id| import(globex.id, id)).collect();
        assert_eq!(statements(foreign).await, 0);
        let account = json!({"__typename": "Account", "id": account_id(acme.id)});
        assert_eq!(statements(vec![account, json!(1)]).await, 0);
        assert_eq!(statements(Vec::new()).await, 0);
    }
}

#[tokio::test]
async fn the_service_tells_the_subgraph_where_introspection_is_on() {
    let on = TestApp::on(databases::sqlite(), &["--federation", "on"]).await;
    let acme = on.account("Acme").await;
    let document = "{ _service { __typename sdl } }";
    assert_eq!(
        on.data(&acme.key, document, json!({})).await,
        json!({"_service": {"__typename": "_Service", "sdl": federation::subgraph_sdl()}})
    );
    let options = ["--federation", "on", "--introspection", "off"];
    let closed = TestApp::on(databases::sqlite(), &options).await;
    let acme = closed.account("Acme").await;
    for document in [
        document,
        "{ ...F } fragment F on Query { a: _service { __typename } }",
    ] {
        let answer = closed.query(&acme.key, document, json!({})).await;
        assert_eq!(answer.codes(), ["INTROSPECTION_DISABLED"], "{document}");
    }
    closed.fill(&[row(acme.id, 1)]).await;
    let found = entities(&closed, &acme, &[import(acme.id, 1)]).await;
    assert_eq!(found[0]["databaseId"], "1");
}

#[tokio::test]
async fn federation_adds_fields_where_it_is_on_and_nothing_where_it_is_off() {
    let describe =
        "{ __schema { types { name } } __type(name: \"Query\") { fields { name type { kind ofType { name } }
        args { name type { ofType { kind ofType { ofType { name } } } } } } }
        entity: __type(name: \"_Entity\") { kind possibleTypes { name } } }";
    let mut names = Vec::new();
    for options in [&["--federation", "on"][..], &["--federation", "off"], &[]] {
        let app = TestApp::on(databases::sqlite(), options).await;
        let acme = app.account("Acme").await;
        let data = app.data(&acme.key, describe, json!({})).await;
        let types = data["__schema"]["types"].as_array().unwrap();
        let types: Vec<_> = types
            .iter()
            .map(|ty| ty["name"].as_str().unwrap().to_owned())
            .collect();
        let fields = data["__type"]["fields"].as_array().unwrap();
        let fields: Vec<_> = fields
            .iter()
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect();
        names.push((types, fields));
        let request = Request::get("/schema.graphql")
            .header("authorization", format!("Bearer {}", acme.key.reveal()))
            .body(Body::empty());
        let text = app.send(request.unwrap()).await.body;
        if options.first() == Some(&"--federation") && options[1] == "on" {
            assert_eq!(data["entity"]["possibleTypes"].as_array().unwrap().len(), 2);
            assert_eq!(text, schema::federated_sdl());
            continue;
        }
        assert_eq!(text, schema::sdl());
        assert_eq!(data["entity"], Json::Null);
        for document in [
            "{ _service { sdl } }",
            "{ _entities(representations: []) { __typename } }",
            "query ($any: _Any) { __typename }",
            "{ viewer { ... on _Entity { __typename } } }",
        ] {
            let answer = app.query(&acme.key, document, json!({})).await;
            assert!(
                answer.codes().contains(&"GRAPHQL_VALIDATION_FAILED"),
                "{document}"
            );
        }
    }
    let [(with_types, with_fields), (types, fields), default] = &names[..] else {
        panic!("three gateways");
    };
    let added = |all: &[String], before: &[String]| {
        let added = all.iter().filter(|name| !before.contains(name));
        let mut added: Vec<_> = added.cloned().collect();
        added.sort();
        assert_eq!(all.len(), before.len() + added.len());
        added
    };
    assert_eq!(added(with_types, types), ["_Any", "_Entity", "_Service"]);
    assert_eq!(added(with_fields, fields), ["_entities", "_service"]);
    assert_eq!(default, &(types.clone(), fields.clone()));
}

//! A document's plan against the library's executor: the same bytes for any selection.
//!
//! The first request of a document is run by the library, the next one by the plan that was made of it: so every random
//! document is sent again, and once more under a text of its own, and the answers are compared.

use serde_json::{Value as Json, json};

use crate::app::{TestApp, row};
use crate::chance::Chance;
use crate::gauntlet;

const IMPORT: [&str; 11] = [
    "id",
    "databaseId",
    "completedAt",
    "fileName",
    "fileSize",
    "note",
    "type",
    "status",
    "createdAt",
    "updatedAt",
    "__typename",
];
const BOUND: [&str; 5] = ["lt", "lte", "gt", "gte", "__typename"];

/// A random document in the making; a fragment is defined where it is first spread.
struct Document {
    chance: Chance,
    fragments: String,
    count: usize,
}

impl Document {
    /// Some leaves, under their names or one alias each, loose or in fragments on `on`.
    fn leaves(&mut self, names: &[&str], on: &[&str]) -> String {
        let mut text = String::from("{");
        for _ in 0..=self.chance.below(5) {
            let name = *self.chance.pick(names);
            let field = if self.chance.one_in(3) {
                format!("x_{name}: {name}")
            } else {
                name.to_owned()
            };
            match self.chance.below(4) {
                0 => text += &format!(" ... on {} {{ {field} }}", self.chance.pick(on)),
                1 => {
                    self.count += 1;
                    let (name, on) = (format!("F{}", self.count), *self.chance.pick(on));
                    self.fragments += &format!(" fragment {name} on {on} {{ {field} }}");
                    text += &format!(" ...{name}");
                }
                2 => text += &format!(" ... {{ {field} }}"),
                _ => text += &format!(" {field}"),
            }
        }
        text + " }"
    }

    fn import(&mut self) -> String {
        if self.chance.one_in(4) {
            return self.leaves(&["id"], &["Node", "Import"]);
        }
        self.leaves(&IMPORT, &["Import"])
    }

    fn connection(&mut self) -> String {
        let mut text = String::from("{");
        for _ in 0..=self.chance.below(5) {
            let field = match self.chance.below(8) {
                0 => format!("edges {{ cursor node {} }}", self.import()),
                1 => format!("edges {{ c: cursor __typename node {} }}", self.import()),
                2 => format!("nodes {}", self.import()),
                3 => {
                    let names = [
                        "hasNextPage",
                        "hasPreviousPage",
                        "startCursor",
                        "endCursor",
                        "__typename",
                    ];
                    format!("pageInfo {}", self.leaves(&names, &["PageInfo"]))
                }
                4 => "estimatedRemainingCount".to_owned(),
                5 => {
                    let (created, updated) = (
                        self.leaves(&BOUND, &["DateTimeBound"]),
                        self.leaves(&BOUND, &["DateTimeBound"]),
                    );
                    format!("filteredBy {{ status {{ include }} createdAt {created} updatedAt {updated} }}")
                }
                6 => {
                    let names = ["id", "createdAt", "updatedAt"];
                    format!("perPage sortedBy {}", self.leaves(&names, &["ImportSortedBy"]))
                }
                _ => "__typename".to_owned(),
            };
            text += " ";
            text += &field;
        }
        text + " }"
    }

    fn arguments(&mut self) -> String {
        let size = [
            "first: 2",
            "last: 2",
            "first: $size",
            "last: 0",
            "first: 101",
            "after: $cursor",
            "before: $cursor",
        ];
        let filter = [
            "",
            "filter: $filter",
            "filter: {status: {include: [FAILED, $status]}}",
            "filter: null",
            "filter: {createdAt: {between: {gte: \"1970-01-01T00:00:00.0000001Z\", lt: $instant}}}",
            "filter: {updatedAt: {gte: $instant}, status: {include: FAILED}}",
        ];
        let sort = [
            "",
            "sort: $sort",
            "sort: [{createdAt: DESC}, {id: ASC}]",
            "sort: {updatedAt: ASC}",
            "sort: []",
        ];
        let parts = [
            *self.chance.pick(&size),
            *self.chance.pick(&filter),
            *self.chance.pick(&sort),
        ];
        parts.join(" ")
    }

    fn root(&mut self, key: usize) -> String {
        match self.chance.below(8) {
            0 => format!("r{key}: import(id: $id) {}", self.import()),
            1 => format!(
                "r{key}: importByDatabaseId(databaseId: \"{}\") {}",
                self.chance.below(5),
                self.import()
            ),
            2 => {
                let names = ["status", "count", "capped", "__typename"];
                format!(
                    "r{key}: importStatusCounts {}",
                    self.leaves(&names, &["ImportStatusCount"])
                )
            }
            3 => format!(
                "r{key}: node(id: $id) {{ __typename ... on Import {} ... on Account {{ name }} }}",
                self.import()
            ),
            4 => format!(
                "r{key}: nodes(ids: [$id, \"x\", $id]) {{ id ... on Import {} }}",
                self.import()
            ),
            5 => format!(
                "r{key}: viewer {}",
                self.leaves(&["id", "databaseId", "name"], &["Account"])
            ),
            _ => format!("r{key}: imports({}) {}", self.arguments(), self.connection()),
        }
    }
}

const VARIABLES: &str = "($size: Int, $cursor: String, $filter: ImportFilter, $status: ImportStatus = NEW, \
    $instant: DateTime = \"2020-01-01T00:00:00Z\", $sort: [ImportSort!], $id: ID = \"eA\")";

fn variables(chance: &mut Chance, cursor: &Json, id: &Json) -> Json {
    let mut variables = json!({});
    let choices = [
        ("size", json!(1)),
        ("cursor", cursor.clone()),
        (
            "filter",
            json!({"status": {"include": ["COMPLETE", "FAILED"]}, "createdAt": null}),
        ),
        ("status", json!("COMPLETE")),
        ("instant", json!("2030-05-01T00:00:00+02:00")),
        ("sort", json!([{"createdAt": "ASC"}])),
        ("id", id.clone()),
        ("size", Json::Null),
        ("sort", json!([])),
    ];
    for (name, value) in choices {
        if chance.one_in(2) {
            variables[name] = value;
        }
    }
    variables
}

#[tokio::test]
async fn a_plan_answers_as_the_library_does() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme \"quoted\"").await;
        let rows: Vec<_> = (1..=4).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let edge = app
            .data(
                &caller.key,
                "{ imports(first: 1) { edges { cursor node { id } } } }",
                json!({}),
            )
            .await;
        let edge = &edge["imports"]["edges"][0];
        let mut document = Document {
            chance: Chance::new(gauntlet::seed(7)),
            fragments: String::new(),
            count: 0,
        };
        let (mut answered, mut once) = (0, 0);
        for case in 0..300 {
            document.fragments.clear();
            let roots: Vec<_> = (0..=document.chance.below(3))
                .map(|key| document.root(key))
                .collect();
            let roots = roots.join(" ");
            // An operation declares the variables that it uses, and no others.
            let declared = VARIABLES.trim_matches(['(', ')']).split(", ");
            let used: Vec<_> = declared
                .filter(|one| one.split(':').next().is_some_and(|name| roots.contains(name)))
                .collect();
            let head = if used.is_empty() {
                String::new()
            } else {
                format!("({})", used.join(", "))
            };
            let text = format!("query Case{case}{head} {{ {roots} }}{}", document.fragments);
            for _ in 0..2 {
                let sent = variables(&mut document.chance, &edge["cursor"], &edge["node"]["id"]);
                // A text of its own each time, so that the library runs it.
                once += 1;
                let by_library = app
                    .query(&caller.key, &format!("{text} # {once}"), sent.clone())
                    .await;
                let by_either = app.query(&caller.key, &text, sent.clone()).await;
                let by_plan = app.query(&caller.key, &text, sent.clone()).await;
                assert_eq!(by_either.body, by_library.body, "{text} {sent}");
                assert_eq!(by_plan.body, by_library.body, "{text} {sent}");
                assert_eq!(by_plan.status, by_library.status, "{text} {sent}");
                answered += usize::from(by_plan.json.get("data").is_some());
            }
        }
        // Most documents are valid: else nothing would have been compared.
        assert!(answered > 300, "{answered}");
        gauntlet::add("answers of plans compared with the library's", once);
    }
}

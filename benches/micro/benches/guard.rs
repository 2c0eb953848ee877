//! The guard: what the usual question costs to check, and what the worst may (at most 5 ms): documents that it refuses,
//! and documents that it accepts, with all that the GraphQL library then does to them but reading a database.

// The futures of the library's executor are deep types.
#![recursion_limit = "256"]

use std::hint::black_box;

use async_graphql::parser::types::OperationDefinition;
use async_graphql::{Request, Variables};
use criterion::{Criterion, criterion_group, criterion_main};
use imports_gateway::graphql::direct::Direct;
use imports_gateway::graphql::guard::coerce::coerce;
use imports_gateway::graphql::guard::document::{Document, check};
use imports_gateway::graphql::guard::instant;
use imports_gateway::graphql::guard::limits::Limits;
use imports_gateway::graphql::guard::table::Types;
use imports_gateway::graphql::schema::{self, Schema};
use micro::{PAGE, bombs, worst};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

fn guard(criterion: &mut Criterion) {
    let gate = Gate {
        types: Types::from_sdl(&schema::sdl(), instant::is_instant).expect("a sound schema"),
        limits: Limits::default(),
        schema: schema::build(),
        runtime: Builder::new_current_thread().build().expect("a runtime"),
    };
    let document = gate.check(PAGE).expect("a sound document");
    let operation = document.operation(None).expect("one operation");
    let variables =
        json!({"first": 50, "after": "AQKB-cursor", "filter": {"status": {"include": ["FAILED"]}}});
    let variables = variables.as_object().expect("an object");

    criterion.bench_function("guard/check", |bencher| {
        bencher.iter(|| gate.check(black_box(PAGE)));
    });
    criterion.bench_function("guard/coerce", |bencher| {
        bencher.iter(|| {
            coerce(
                &document,
                operation,
                black_box(variables),
                &gate.types,
                &gate.limits,
            )
        });
    });
    for (name, text) in bombs(gate.limits.document_bytes) {
        assert!(gate.check(&text).is_none(), "{name} is refused");
        criterion.bench_function(&format!("guard/refused/{name}"), |bencher| {
            bencher.iter(|| gate.check(black_box(&text)).is_none());
        });
    }
    for (name, text, variables) in worst() {
        gate.whole(name, &text, &variables);
        criterion.bench_function(&format!("guard/accepted/{name}"), |bencher| {
            bencher.iter(|| gate.whole(name, black_box(&text), &variables));
        });
    }
}

struct Gate {
    types: Types,
    limits: Limits,
    schema: Schema,
    runtime: Runtime,
}

impl Gate {
    fn check(&self, text: &str) -> Option<Document> {
        check(text, &self.limits, true, &self.types).ok()
    }

    /// Everything that happens to a document when it is first seen, and to its variables: checked, coerced, validated and
    /// run by the library on no database, planned, dropped.
    fn whole(&self, name: &str, text: &str, variables: &Map<String, Value>) {
        let Some(document) = self.check(text) else {
            unreachable!("{name} is accepted")
        };
        let operation = &document.operations()[0];
        let coerced = coerce(&document, operation, variables, &self.types, &self.limits);
        let Ok(coerced) = coerced else {
            unreachable!("{name} can be paid for: {coerced:?}")
        };
        self.run(&document, operation.name(), coerced.variables);
        let executable = document.executable();
        for (_, operation) in executable.operations.iter() {
            let operation: &OperationDefinition = &operation.node;
            black_box(Direct::plan(executable, operation));
        }
    }

    fn run(&self, document: &Document, operation: Option<&str>, variables: Variables) {
        let mut request = Request::new(String::new()).variables(variables);
        request.set_parsed_query(document.executable().clone());
        if let Some(name) = operation {
            request = request.operation_name(name);
        }
        // Its root fields have nothing to read from, and fail before they would.
        black_box(self.runtime.block_on(self.schema.execute(request)));
    }
}

criterion_group!(benches, guard);
criterion_main!(benches);

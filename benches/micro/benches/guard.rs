//! The guard: what the usual question costs to check, and what the worst may (at most 5 ms).

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use imports_gateway::graphql::guard::coerce::coerce;
use imports_gateway::graphql::guard::document::check;
use imports_gateway::graphql::guard::instant;
use imports_gateway::graphql::guard::limits::Limits;
use imports_gateway::graphql::guard::table::Types;
use imports_gateway::graphql::schema;
use micro::PAGE;

fn guard(criterion: &mut Criterion) {
    let types = Types::from_sdl(&schema::sdl(), instant::is_instant).expect("a sound schema");
    let limits = Limits::default();
    let document = check(PAGE, &limits, true, &types).expect("a sound document");
    let operation = document.operation(None).expect("one operation");
    let variables = serde_json::json!({"first": 50, "after": "AQKB-cursor", "filter": {"status": {"include": ["FAILED"]}}});
    let variables = variables.as_object().expect("an object");

    criterion.bench_function("guard/check", |bencher| {
        bencher.iter(|| check(black_box(PAGE), &limits, true, &types));
    });
    criterion.bench_function("guard/coerce", |bencher| {
        bencher.iter(|| coerce(&document, operation, black_box(variables), &types, &limits));
    });
    for (name, text) in bombs(&limits) {
        criterion.bench_function(&format!("guard/bomb/{name}"), |bencher| {
            bencher.iter(|| check(black_box(&text), &limits, true, &types).is_err());
        });
    }
}

/// Documents as large as the guard reads them, each of the kind that costs one of its steps the most.
fn bombs(limits: &Limits) -> Vec<(&'static str, String)> {
    let bytes = limits.document_bytes;
    let fit = |text: String| text.chars().take(bytes).collect::<String>();
    let fragments: String = (0..18)
        .map(|level| format!("fragment F{level} on Query{{...F{0} ...F{0}}}", level + 1))
        .collect();
    let overlapping: String = (0..60)
        .map(|index| format!("imports(first:{index}){{nodes{{id}}}}"))
        .collect();
    vec![
        ("brackets", fit("{a".repeat(bytes))),
        ("tokens", fit(format!("{{{}}}", "a ".repeat(bytes / 2 - 1)))),
        (
            "one string",
            fit(format!("{{a(x:\"{}\")}}", "x".repeat(bytes - 10))),
        ),
        (
            "open block string",
            fit(format!("{{a(x:\"\"\"{}", "[\"".repeat(bytes))),
        ),
        ("comments", fit(format!("#{}\n{{a}}", "#".repeat(bytes - 6)))),
        (
            "fragments",
            format!("{{...F0}}{fragments}fragment F18 on Query{{__typename}}"),
        ),
        ("overlapping fields", format!("{{{overlapping}}}")),
        (
            "aliases",
            fit(format!(
                "{{{}}}",
                (0..400)
                    .map(|index| format!("a{index}:viewer{{id}}"))
                    .collect::<String>()
            )),
        ),
    ]
}

criterion_group!(benches, guard);
criterion_main!(benches);

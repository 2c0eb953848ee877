//! Whether imports between the modules at the top of `src` go down. What is in a crate of its own, its manifest holds.
//!
//! Takes a path and a text, gives faults. The text is read line by line, comments cut off: a module is the name behind
//! `crate::`, or behind as many `super::` as lead to the top.

/// The layers, top first. A module sees the layers below its own, not its neighbours.
///
/// `lib` is above the first layer and only lists the modules.
const LAYERS: [&[&str]; 13] = [
    &["main"],
    &["cli"],
    &["app", "fuzzing"],
    &["http"],
    &["error"],
    &["graphql"],
    &["resources"],
    &["list", "changes", "mirror"],
    &["relay", "ingest"],
    &["config"],
    &["store", "selection", "scalars"],
    &["auth", "telemetry", "load"],
    &["json", "calendar", "client_address", "host", "origin", "rfc3339"],
];

/// The one module that sees the crate `migration`.
const MIGRATES: &str = "cli";

/// Each import that doesn't go down, in the file at `path` (relative to `src`) with this `text`.
pub(super) fn layering_faults(path: &str, text: &str) -> Vec<String> {
    let modules = path.trim_end_matches(".rs").split('/');
    let modules: Vec<&str> = modules.filter(|part| *part != "mod").collect();
    let own = modules[0];
    let Some(own_layer) = layer(own).or((own == "lib").then_some(0)) else {
        return vec![format!("{path}: `{own}` has no layer in this test")];
    };
    // The binary sees the library by its name.
    let library = if own == "main" {
        "imports_gateway::"
    } else {
        "crate::"
    };
    let top = "super::".repeat(modules.len());
    let mut faults = Vec::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        if code.contains("crate::{") {
            faults.push(format!(
                "{path}: a path from `crate` for each module, please, not {code}"
            ));
        }
        let seen = names_behind(code, library).chain(names_behind(code, &top));
        for seen in seen.filter(|seen| *seen != own && own != "lib") {
            if layer(seen).is_some_and(|seen_layer| seen_layer <= own_layer) {
                faults.push(format!("{path}: `{own}` must not import `{seen}`"));
            }
        }
        if own != MIGRATES && sees_migration(code) {
            faults.push(format!("{path}: only {MIGRATES} sees the crate `migration`"));
        }
    }
    faults
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// The names that follow a root in a line: one, or those of a group of which none is a path of several.
fn names_behind<'a>(code: &'a str, root: &'a str) -> impl Iterator<Item = &'a str> {
    let is_of_name = |sign: char| sign.is_alphanumeric() || sign == '_';
    code.split(root).skip(1).flat_map(move |rest| {
        let rest = rest.trim_start_matches("super::");
        let group = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        let names = group.unwrap_or_else(|| rest.split(|sign| !is_of_name(sign)).next().unwrap_or_default());
        names.split(',').map(str::trim)
    })
}

/// The crate as the root of a path, not a module of this name.
fn sees_migration(code: &str) -> bool {
    let is_root = |(at, _): (usize, &str)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|sign| !sign.is_alphanumeric() && !matches!(sign, '_' | ':'))
    };
    code.match_indices("migration::").any(is_root) || code.trim_start().starts_with("use migration;")
}

mod rules {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        layering_faults(path, text).len()
    }

    #[test]
    fn an_import_from_above_or_beside_is_a_fault() {
        for (path, text) in [
            ("store/imports.rs", "use crate::list::Answer;"),
            ("store/mod.rs", "fn f() { crate::graphql::execute::run() }"),
            ("relay.rs", "use crate::ingest;"),
            ("list.rs", "pub(crate) use crate::app::App;"),
            ("config/mod.rs", "use crate::{telemetry, auth};"),
        ] {
            assert_eq!(faults(path, text), 1, "{text}");
        }
    }

    #[test]
    fn an_import_from_below_or_within_is_none() {
        for (path, text) in [
            (
                "list.rs",
                "use crate::relay;\nuse crate::store::Store;\nuse keyset::Plan;",
            ),
            ("store/imports.rs", "use crate::store::StoreError;"),
            ("main.rs", "use imports_gateway::cli;"),
            ("lib.rs", "pub mod app; pub use crate::app::App;"),
            (
                "store/mod.rs",
                "pub(crate) mod list; pub(in crate::store) fn http() {}",
            ),
            (
                "store/mod.rs",
                "//! See [`crate::http`].\n/// And [`crate::http`].",
            ),
        ] {
            assert_eq!(faults(path, text), 0, "{text}");
        }
    }

    #[test]
    fn super_counts_from_the_top_only_where_it_leads_there() {
        assert_eq!(faults("list.rs", "use super::http;"), 1);
        assert_eq!(faults("http/mod.rs", "use super::cli::serve;"), 1);
        assert_eq!(faults("graphql/sdl.rs", "use super::super::{http, list};"), 1);
        assert_eq!(faults("graphql/sdl.rs", "use super::error;"), 0);
        // From a module within the file.
        assert_eq!(faults("list.rs", "mod tests { use super::super::http; }"), 1);
    }

    #[test]
    fn only_the_commands_see_the_migrations() {
        assert_eq!(faults("store/mod.rs", "use migration::Migrator;"), 1);
        assert_eq!(faults("store/mod.rs", "use migration;"), 1);
        assert_eq!(faults("app.rs", "async fn f() { migration::up().await }"), 1);
        assert_eq!(faults("cli/serve.rs", "use migration::Migrator;"), 0);
        assert_eq!(faults("store/mod.rs", "use self::migration::Version;"), 0);
    }

    #[test]
    fn a_module_without_a_row_is_a_fault() {
        assert_eq!(faults("helpers.rs", ""), 1);
        assert_eq!(faults("helpers/mod.rs", "use crate::store;"), 1);
    }
}

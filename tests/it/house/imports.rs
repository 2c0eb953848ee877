//! Which modules a source file imports, and whether that goes down in the house.
//!
//! Takes a path and a text, gives faults. Deliberately absent: a parser of Rust. Comments and strings are blanked, the
//! rest is read as words, so a path that a macro builds is not seen.

/// The rows of the house, top first. A module sees the rows below its own, not its neighbours.
///
/// The crates `keyset` and `entity` lie below the last row; `lib` stands above the first and only lists the modules.
const ROWS: [&[&str]; 13] = [
    &["main"],
    &["cli"],
    &["app", "fuzzing"],
    &["http"],
    &["error"],
    &["graphql"],
    &["resources"],
    &["list"],
    &["relay", "ingest"],
    &["config"],
    &["store", "selection", "scalars"],
    &["auth", "telemetry", "load"],
    &["json", "client_address", "origin", "rfc3339"],
];

/// The one module that sees the crate `migration`.
const MIGRATES: &str = "cli";

/// Each import that doesn't go down, in the file at `path` (relative to `src`) with this `text`.
pub(super) fn layering_faults(path: &str, text: &str) -> Vec<String> {
    let modules: Vec<&str> = path
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| *part != "mod")
        .collect();
    let own = modules[0];
    let words = words(&blank(text));
    let mut faults = Vec::new();
    if own != MIGRATES && uses_migration(&words) {
        faults.push(format!("{path}: only {MIGRATES} sees the crate `migration`"));
    }
    if own == "lib" {
        return faults;
    }
    let Some(own_row) = row(own) else {
        faults.push(format!("{path}: `{own}` has no row in this test"));
        return faults;
    };
    for seen in imports(&words, modules.len()) {
        if seen != own && row(&seen).is_some_and(|seen_row| seen_row <= own_row) {
            faults.push(format!("{path}: `{own}` must not import `{seen}`"));
        }
    }
    faults
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// The crate as the root of a path, not a module of this name.
fn uses_migration(words: &[String]) -> bool {
    words.windows(2).enumerate().any(|(position, pair)| {
        let is_root = position == 0 || words[position - 1] != "::";
        is_root
            && pair[0] == "migration"
            && (pair[1] == "::" || (position > 0 && words[position - 1] == "use"))
    })
}

/// The modules at the top of this crate that a file names, the file being `depth` modules below the top.
///
/// Read from `crate::x`, `imports_gateway::x` (the binary's way), as many `super::` as lead to the top, and from
/// braces after any of these.
fn imports(words: &[String], depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut position = 0;
    while position < words.len() {
        let start = position;
        while words[position..].starts_with(&["super".to_owned(), "::".to_owned()]) {
            position += 2;
        }
        let is_top = (position - start) / 2 >= depth;
        if position == start {
            position += 1;
            let is_crate = words[start] == "crate" || words[start] == "imports_gateway";
            if !is_crate || words.get(position).is_none_or(|word| word != "::") {
                continue;
            }
            position += 1;
        } else if !is_top {
            continue;
        }
        found.extend(first_segments(&words[position.min(words.len())..]));
    }
    found
}

/// The first segment of a path, or of each path in a group: `a::b` has `a`, `{a::b, c}` has `a` and `c`.
fn first_segments(words: &[String]) -> Vec<String> {
    if words.first().is_none_or(|word| word != "{") {
        return words.first().cloned().into_iter().collect();
    }
    let mut segments = Vec::new();
    let mut depth = 0;
    let mut is_first = false;
    for word in words {
        match word.as_str() {
            "{" => {
                depth += 1;
                is_first = depth == 1;
            }
            "}" => depth -= 1,
            "," => is_first = depth == 1,
            segment if is_first => {
                segments.push(segment.to_owned());
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    segments
}

/// Names, `::`, and every other sign by itself.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for sign in text.chars() {
        let goes_on = is_of_name(before) && is_of_name(sign) || before == ':' && sign == ':';
        match words.last_mut() {
            Some(last) if goes_on => last.push(sign),
            _ if sign.is_whitespace() => {}
            _ => words.push(sign.to_string()),
        }
        before = sign;
    }
    words
}

fn is_of_name(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// The text without comments, strings and quoted characters.
fn blank(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let length = skipped(rest, code.chars().last());
        if length == 0 {
            code.push(sign);
            rest = &rest[sign.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[length..];
        }
    }
    code
}

/// How many bytes the comment, string or character takes that `text` starts with; 0 where it starts with none.
fn skipped(text: &str, before: Option<char>) -> usize {
    let until = |start: usize, end: &str| {
        text[start..]
            .find(end)
            .map_or(text.len(), |at| start + at + end.len())
    };
    let hashes = text
        .get(1..)
        .map_or(0, |rest| rest.len() - rest.trim_start_matches('#').len());
    let in_name = before.is_some_and(is_of_name);
    if text.starts_with("//") {
        until(2, "\n")
    } else if text.starts_with("/*") {
        until(2, "*/")
    } else if text.starts_with('r')
        && text[1 + hashes..].starts_with('"')
        && (!in_name || before == Some('b'))
    {
        until(2 + hashes, &format!("\"{}", "#".repeat(hashes)))
    } else if text.starts_with('"') {
        quoted(text, '"')
    } else if text.starts_with("'\\") || text.chars().nth(2) == Some('\'') && text.starts_with('\'') {
        quoted(text, '\'')
    } else {
        0
    }
}

/// The bytes up to the second `quote`, where a backslash hides the sign after it.
fn quoted(text: &str, quote: char) -> usize {
    let mut signs = text.char_indices().skip(1);
    while let Some((position, sign)) = signs.next() {
        if sign == '\\' {
            signs.next();
        } else if sign == quote {
            return position + 1;
        }
    }
    text.len()
}

mod rules {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        layering_faults(path, text).len()
    }

    #[test]
    fn an_import_from_above_or_beside_is_a_fault() {
        assert_eq!(faults("store/imports.rs", "use crate::list::Answer;"), 1);
        assert_eq!(
            faults("store/mod.rs", "fn f() { crate::graphql::guard::check() }"),
            1
        );
        assert_eq!(faults("relay.rs", "use crate::ingest;"), 1);
        assert_eq!(faults("auth.rs", "use crate::{config::Limits, telemetry};"), 2);
        assert_eq!(
            faults(
                "list.rs",
                "use crate::{\n    store::{self, imports},\n    http::rest,\n};"
            ),
            1
        );
        assert_eq!(faults("list.rs", "pub(crate) use crate :: app :: App;"), 1);
    }

    #[test]
    fn an_import_from_below_or_within_is_none() {
        assert_eq!(
            faults(
                "list.rs",
                "use crate::{auth::Viewer, relay, store::Store}; use keyset::Plan;"
            ),
            0
        );
        assert_eq!(faults("store/imports.rs", "use crate::store::StoreError;"), 0);
        assert_eq!(faults("main.rs", "use imports_gateway::cli;"), 0);
        assert_eq!(faults("lib.rs", "pub mod app; pub use crate::app::App;"), 0);
        assert_eq!(
            faults(
                "store/mod.rs",
                "pub(crate) mod list; pub(in crate::store) fn http() {}"
            ),
            0
        );
    }

    #[test]
    fn super_counts_from_the_top_only_where_it_leads_there() {
        assert_eq!(faults("list.rs", "use super::http;"), 1);
        assert_eq!(faults("http/mod.rs", "use super::cli::serve;"), 1);
        assert_eq!(faults("graphql/guard.rs", "use super::super::{http, list};"), 1);
        assert_eq!(faults("graphql/guard.rs", "use super::error;"), 0);
    }

    #[test]
    fn comments_strings_and_quoted_characters_hold_no_imports() {
        let text = r###"
            //! See [`crate::http`].
            /* use crate::http; */
            const A: &str = "crate::http \" crate::http"; const B: &str = r#"" crate::http"#;
            const C: char = '"'; fn life<'a>(_: &'a str) {} const D: char = '\'';
        "###;
        assert_eq!(faults("store/mod.rs", text), 0);
        assert_eq!(faults("store/mod.rs", &format!("{text} use crate::http;")), 1);
    }

    #[test]
    fn only_the_commands_see_the_migrations() {
        assert_eq!(faults("store/mod.rs", "use migration::Migrator;"), 1);
        assert_eq!(faults("app.rs", "async fn f() { migration::up().await }"), 1);
        assert_eq!(faults("cli/serve.rs", "use migration::Migrator;"), 0);
        assert_eq!(
            faults("store/mod.rs", "mod migration; use self::migration::Version;"),
            0
        );
    }

    #[test]
    fn a_module_without_a_row_is_a_fault() {
        assert_eq!(faults("helpers.rs", ""), 1);
        assert_eq!(faults("helpers/mod.rs", "use crate::store;"), 1);
    }
}

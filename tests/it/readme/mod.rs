//! The README is held against the program: its commands are run, its answers compared, its tables read beside the code.
//!
//! Every block marked `sh` is run by the system's `sh`, in its section's order, with `imports-gateway` on the path. A
//! `curl` of our own writes its arguments out, so that the shell does the quoting and no machine needs curl. A block
//! `text` or `json` that follows is the answer. Deliberately absent: blocks marked `shell`, which are for people.

mod markdown;
mod program;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};
use imports_gateway::cli::Cli;
use imports_gateway::config::HttpStatuses;
use imports_gateway::error::{Class, Code};
use serde_json::Value;

use self::markdown::{Block, cells, matches, sections, table};
use self::program::{Folder, Running};

const README: &str = include_str!("../../../README.md");
/// Where the README says that the program listens.
const ADDRESS: &str = "127.0.0.1:8080";
/// The section whose query goes to the demo.
const ON_THE_DEMO: &str = "A query";
/// The sections whose blocks are run one after another, in one folder.
const IN_ORDER: [&str; 2] = ["Run it", "REST"];

#[test]
fn the_query_is_answered_by_the_demo_in_the_shape_shown() {
    let folder = Folder::new();
    let demo = Running::start(&folder, "imports-gateway demo --rows 300");
    let key = demo
        .line_with("API key")
        .split_whitespace()
        .nth(2)
        .unwrap()
        .to_owned();
    let mut answered = 0;
    for (block, answer) in runnable(ON_THE_DEMO) {
        let script = format!("KEY='{key}'\n{}", block.text);
        let actual = folder.curl(&script, &demo.address);
        let shown = answer.expect("a query has an answer").json();
        assert_eq!(shape(&actual), shape(&shown), "{actual}");
        answered += 1;
    }
    assert!(answered > 0, "no query in section `{ON_THE_DEMO}`");
    demo.stop();
}

#[test]
fn the_commands_do_what_is_shown() {
    let folder = Folder::new();
    let mut served: Option<Running> = None;
    let mut questions = 0;
    for (block, answer) in IN_ORDER.iter().flat_map(|section| runnable(section)) {
        if block.text.starts_with("imports-gateway serve") {
            let running = Running::start(&folder, block.text.trim());
            let shown = answer.map_or(String::new(), |answer| {
                answer.text.replace(ADDRESS, &running.address)
            });
            assert_eq!(format!("listening on http://{}\n", running.address), shown);
            served = Some(running);
        } else if block.text.contains("curl ") {
            let running = served.as_ref().expect("`serve` stands before the first question");
            let actual = folder.curl(&block.text, &running.address);
            assert_eq!(
                actual,
                answer.expect("a question has an answer").json(),
                "{}",
                block.text
            );
            questions += 1;
        } else {
            let output = folder.run(&block.text);
            let shown = answer.map(|answer| answer.text).unwrap_or_default();
            assert!(matches(&shown, &output), "{}\n{output}", block.text);
        }
    }
    assert!(questions >= IN_ORDER.len(), "only {questions} questions");
    served.expect("`serve` stands in these sections").stop();
}

#[test]
fn no_command_stands_where_none_is_run() {
    let astray: Vec<_> = sections(README)
        .into_iter()
        .filter(|section| section.title != ON_THE_DEMO && !IN_ORDER.contains(&section.title))
        .filter(|section| section.blocks.iter().any(|block| block.language == "sh"))
        .map(|section| section.title)
        .collect();
    assert!(
        astray.is_empty(),
        "`sh` blocks in {astray:?}: mark them `shell`, or run them here"
    );
}

#[test]
fn the_settings_table_is_what_serve_declares() {
    let mut command = Cli::command();
    command.build();
    let serve = command.find_subcommand("serve").expect("there is a `serve`");
    // What the commands share stands last in each; it is what a reader needs first.
    let is_shared = |option: &&Arg| option.is_global_set();
    let (shared, own): (Vec<_>, Vec<_>) = serve.get_arguments().partition(is_shared);
    let mut expected =
        String::from("| option | variable | default | unit | meaning |\n|---|---|---|---|---|\n");
    for option in shared.into_iter().chain(own) {
        if !matches!(option.get_id().as_str(), "help" | "version") {
            let _ = writeln!(expected, "{}", setting(option));
        }
    }
    let written = table(README, "settings");
    assert!(
        written == expected,
        "the table in the README ought to be\n\n{expected}"
    );
}

/// A setting as its row in the table.
fn setting(option: &Arg) -> String {
    let flag = option.get_long().expect("every setting has a long option");
    let variable = option
        .get_env()
        .expect("every setting has a variable")
        .to_str()
        .unwrap();
    let help = option
        .get_help()
        .expect("every setting has a help text")
        .to_string();
    let meaning = ["ms", "bytes", "points"]
        .iter()
        .find_map(|unit| help.strip_suffix(&format!(", in {unit}")))
        .unwrap_or(&help)
        .replace('|', "\\|")
        // Two underscores would begin bold text.
        .replace("__", "\\_\\_");
    let (default, unit) = if option.get_action().takes_values() {
        let default = option
            .get_default_values()
            .first()
            .map_or("", |value| value.to_str().unwrap());
        (
            default,
            unit(option.get_value_names().expect("every value has a name")[0].as_str()),
        )
    } else {
        ("off", "flag".to_owned())
    };
    let default = if default.is_empty() {
        "none".to_owned()
    } else {
        format!("`{default}`")
    };
    format!("| `--{flag}` | `{variable}` | {default} | {unit} | {} |", meaning)
}

/// The unit that a value's name in the help stands for.
fn unit(value_name: &str) -> String {
    let words = value_name.split('|').map(|word| match word {
        "N" => "number".to_owned(),
        "URL" => "URL".to_owned(),
        word => word.to_lowercase(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

#[test]
fn the_table_of_errors_is_the_closed_set_of_codes() {
    let written = table(README, "errors");
    let rows: Vec<_> = written.lines().skip(2).map(cells).collect();
    let shown: Vec<_> = rows.iter().map(|row| row[..3].to_vec()).collect();
    let expected: Vec<_> = Code::ALL.iter().map(|code| error(*code)).collect();
    assert_eq!(shown, expected);
    for row in rows {
        assert!(
            row.len() == 4 && !row[3].is_empty(),
            "a code without a meaning: {row:?}"
        );
    }
}

fn error(code: Code) -> Vec<String> {
    let row = code.row();
    let kind = match row.class {
        Class::Fixed => "fixed",
        Class::Request => "request",
        Class::Field => "field",
    };
    let older = code.status();
    let status = match code.status_by(HttpStatuses::Edition2026) {
        status if status == older => older.as_str().to_owned(),
        status => format!("{} ({})", status.as_str(), older.as_str()),
    };
    vec![format!("`{}`", row.name), status, kind.to_owned()]
}

#[test]
fn every_command_of_the_program_is_named() {
    let command = Cli::command();
    let section = sections(README)
        .into_iter()
        .find(|section| section.title == "Run it");
    let text = section.expect("a section `Run it`").text;
    let unnamed: Vec<_> = leaves(&command, "")
        .into_iter()
        .filter(|path| !text.contains(&format!("`{path}`")))
        .collect();
    assert!(unnamed.is_empty(), "not in the table of commands: {unnamed:?}");
}

/// The commands that do something, as they are typed.
fn leaves(command: &Command, above: &str) -> Vec<String> {
    let mut found = Vec::new();
    for one in command.get_subcommands() {
        let path = format!("{above}{}", one.get_name());
        if one.has_subcommands() {
            found.extend(leaves(one, &format!("{path} ")));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_module_has_its_place_in_the_architecture() {
    let rooms = table(README, "architecture");
    let modules = include_str!("../../../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<_> = modules
        .filter(|module| {
            !rooms.contains(&format!("[src/{module}.rs]")) && !rooms.contains(&format!("[src/{module}/]"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "not in the table of the architecture: {missing:?}"
    );
}

#[test]
fn the_commands_of_xtask_are_those_of_its_help() {
    let help = include_str!("../../../xtask/src/main.rs");
    let named: BTreeSet<&str> = README
        .split("cargo xtask ")
        .skip(1)
        .filter_map(|rest| rest.split([' ', '`', '\n', ')']).next())
        .collect();
    let unknown: Vec<_> = named
        .iter()
        .filter(|command| !help.contains(&format!("\n  {command} ")))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in the help of `cargo xtask`: {unknown:?}"
    );
    for command in ["demo", "test", "install"] {
        assert!(named.contains(command), "`cargo xtask {command}` is not named");
    }
}

/// The `sh` blocks of a section, each with the block after it where that is an answer.
fn runnable(title: &str) -> Vec<(Block, Option<Block>)> {
    let section = sections(README)
        .into_iter()
        .find(|section| section.title == title);
    let blocks = section.unwrap_or_else(|| panic!("no section `{title}`")).blocks;
    let answer = |index: usize| {
        let next = blocks
            .get(index + 1)
            .filter(|next| matches!(next.language, "text" | "json"));
        next.cloned()
    };
    let all = blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| block.language == "sh");
    all.map(|(index, block)| (block.clone(), answer(index))).collect()
}

/// The names and kinds in an answer: of a list, those of its first element.
fn shape(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(elements) => elements.first().map(shape).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "flag".into(),
        Value::Null => Value::Null,
    }
}

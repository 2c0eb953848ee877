//! The steps of `cargo xtask test`: what each needs, what it builds, what it checks, and how long that may take.
//!
//! A list. The limits are in minutes and many times what two idle cores need: they end what hangs.

use std::time::Instant;

use super::{Outcome, limits::Limits, progress::Progress};
use crate::{
    cargo::{cargo, debug_example, debug_gateway},
    node::{
        self, EXECUTOR_ORACLE, FEDERATION, GRAPHQL_HTTP, GRAPHQL_WS, MCP, TOOLS, against_gateway,
        against_mcp, read_checks,
    },
    pages, python,
    system::Need,
    watch::Watch,
};

/// How many minutes a build from nothing may take.
const BUILD_MINUTES: u64 = 60;
/// How many minutes a command of npm that installs or builds may take.
const NPM_MINUTES: u64 = 20;
/// How many tests that hang are run again, alone.
const SHOWN_ALONE: usize = 3;
/// The package that holds the gateway to the GraphQL-over-HTTP draft.
const HTTP_AUDIT: &str = "tests/http-audit";
/// The package that holds the executor to graphql-js.
const ORACLE: &str = "tests/executor-oracle";
/// The package that runs linters, generated clients and the recipes of docs/tools.md and docs/changes.md.
const TOOLS_PACKAGE: &str = "tests/tools";
/// Where it looks for the programs of Python.
const TOOLS_PYTHON: &str = "target/tools-python";
/// The package that runs clients of MCP.
const MCP_PACKAGE: &str = "tests/mcp";
/// Where it looks for Python with its client.
const MCP_PYTHON: &str = "target/mcp-python";

/// The package that composes the gateway with another subgraph.
const FEDERATION_PACKAGE: &str = "tests/federation";

/// The package that runs the client of graphql-ws.
const SOCKETS: &str = "tests/graphql-ws";
/// The example of `crates/graphql-transport-ws` that it runs on.
const SOCKETS_SERVER: &str = "commands";

/// One line of the plan.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    /// What it does, and how long that takes on two cores.
    pub(super) tells: &'static str,
    pub(super) needs: &'static [Need],
    /// Makes what the check needs; quick where it is there. A repeated step is built once.
    pub(super) build: fn(&Ground) -> Result<(), String>,
    pub(super) check: fn(&Ground) -> Outcome,
}

/// What a step runs on.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) watch: Watch,
    pub(super) limits: Limits,
    /// A part of the names of the Rust tests to run.
    pub(super) only: Option<String>,
}

impl Ground {
    fn cargo(&self, arguments: &[&str], minutes: u64) -> Result<(), String> {
        self.watch.run(&cargo(arguments), self.limits.minutes(minutes))
    }
}

/// All the steps, quickest answer first.
///
/// Dependencies are built twice, as metadata for `clippy` and `doc`, as code for `test`: each step selects the whole
/// workspace and adds no flag of the compiler, so that no step builds them a third time.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        tells: "the form of the Rust sources; seconds",
        needs: &[],
        build: |_| Ok(()),
        check: |ground| Outcome::single(ground.cargo(&["fmt", "--all", "--check"], 5)),
    },
    // Before anything of the gateway is compiled: it carries the pages.
    Step {
        name: "pages",
        tells: "builds the dashboard and the playground; a minute or two at first, then seconds",
        needs: &[Need::Node],
        build: |_| Ok(()),
        check: |ground| Outcome::single(build_pages(ground)),
    },
    Step {
        name: "clippy",
        tells: "lints; some minutes at first, then seconds",
        needs: &[],
        build: |_| Ok(()),
        check: |ground| {
            let words = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            Outcome::single(ground.cargo(&words, BUILD_MINUTES))
        },
    },
    Step {
        name: "doc",
        tells: "the documentation of the Rust sources; a minute at first",
        needs: &[],
        build: |_| Ok(()),
        check: doc,
    },
    Step {
        name: "tests",
        tells: "builds and runs the Rust tests; some minutes to build at first, then some to run",
        needs: &[Need::Postgres, Need::PgBouncer],
        build: |ground| ground.cargo(&["test", "--workspace", "--no-run"], BUILD_MINUTES),
        check: tests,
    },
    Step {
        name: "graphql-ws",
        tells: "the client of graphql-ws on the example of crates/graphql-transport-ws and on the gateway; a minute",
        needs: &[Need::Node],
        build: build_sockets,
        check: sockets,
    },
    Step {
        name: "http-audit",
        tells: "holds a running gateway to GraphQL over HTTP, its first edition; seconds",
        needs: &[Need::Node],
        build: |ground| build_with_gateway(ground, HTTP_AUDIT),
        check: |ground| http_audit(ground, "2026"),
    },
    Step {
        name: "http-audit-2025",
        tells: "the same with `--http-statuses 2025`, by the drafts before; seconds",
        needs: &[Need::Node],
        build: |ground| build_with_gateway(ground, HTTP_AUDIT),
        check: |ground| http_audit(ground, "2025"),
    },
    Step {
        name: "oracle",
        tells: "compares the answers to 20,000 random documents with graphql-js; a minute or two",
        needs: &[Need::Node],
        build: |ground| build_with_gateway(ground, ORACLE),
        check: |ground| {
            against_gateway(
                &ground.watch,
                ground.limits.minutes(20),
                ORACLE,
                200,
                &[],
                EXECUTOR_ORACLE,
            )
        },
    },
    Step {
        name: "tools",
        tells: "linters, generated clients and recipes on running gateways; some minutes at first, then two or three",
        needs: &[Need::Node, Need::Python, Need::Shell, Need::Proxies],
        build: |ground| {
            install_python(ground, TOOLS_PACKAGE, TOOLS_PYTHON)?;
            build_with_gateway(ground, TOOLS_PACKAGE)
        },
        // More than two pages of a hundred.
        check: |ground| {
            against_gateway(
                &ground.watch,
                ground.limits.minutes(20),
                TOOLS_PACKAGE,
                500,
                &[],
                TOOLS,
            )
        },
    },
    Step {
        name: "federation",
        tells: "three composers and two federation gateways beside a second subgraph; a minute at first, then less",
        needs: &[Need::Node],
        build: |ground| build_with_gateway(ground, FEDERATION_PACKAGE),
        // More than 250 entities.
        check: |ground| {
            against_gateway(
                &ground.watch,
                ground.limits.minutes(10),
                FEDERATION_PACKAGE,
                500,
                &["--federation", "on"],
                FEDERATION,
            )
        },
    },
    Step {
        name: "mcp",
        tells: "clients of the Model Context Protocol on a running gateway; some minutes at first, then one",
        needs: &[Need::Node, Need::Python],
        build: |ground| {
            install_python(ground, MCP_PACKAGE, MCP_PYTHON)?;
            build_with_gateway(ground, MCP_PACKAGE)
        },
        check: |ground| against_mcp(&ground.watch, ground.limits.minutes(20), MCP_PACKAGE, 200, MCP),
    },
    Step {
        name: "web",
        tells: "the pages and the client recipes in Chromium; some minutes",
        needs: &[Need::Node, Need::Chromium],
        build: |ground| {
            build_pages(ground)?;
            build_gateway(ground)
        },
        check: |ground| pages::test(&ground.watch, ground.limits.minutes(60)),
    },
];

fn install_python(ground: &Ground, folder: &str, environment: &str) -> Result<(), String> {
    let limit = ground.limits.minutes(NPM_MINUTES);
    python::install(&ground.watch, limit, folder, environment)
}

fn build_pages(ground: &Ground) -> Result<(), String> {
    pages::build(&ground.watch, ground.limits.minutes(NPM_MINUTES))
}

fn build_gateway(ground: &Ground) -> Result<(), String> {
    ground.cargo(&["build", "--bin", "imports-gateway"], BUILD_MINUTES)
}

fn build_sockets(ground: &Ground) -> Result<(), String> {
    node::install(&ground.watch, ground.limits.minutes(NPM_MINUTES), SOCKETS)?;
    ground.cargo(
        &["build", "--workspace", "--example", SOCKETS_SERVER],
        BUILD_MINUTES,
    )?;
    build_gateway(ground)
}

fn sockets(ground: &Ground) -> Outcome {
    let server = debug_example(SOCKETS_SERVER);
    let mut script = node::npm(SOCKETS, &["test", "--silent", "--"]);
    script.arg(server).arg(debug_gateway());
    read_checks(&ground.watch, &script, ground.limits.minutes(10), GRAPHQL_WS)
}

/// Runs the audits against a gateway with the statuses of an edition.
fn http_audit(ground: &Ground, edition: &str) -> Outcome {
    against_gateway(
        &ground.watch,
        ground.limits.minutes(10),
        HTTP_AUDIT,
        200,
        &["--http-statuses", edition],
        GRAPHQL_HTTP,
    )
}

/// What a check by the npm package in a folder needs.
fn build_with_gateway(ground: &Ground, folder: &str) -> Result<(), String> {
    node::install(&ground.watch, ground.limits.minutes(NPM_MINUTES), folder)?;
    build_gateway(ground)
}

/// Private items too, or a broken link in one would go unseen.
fn doc(ground: &Ground) -> Outcome {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    Outcome::single(ground.watch.run(&doc, ground.limits.minutes(BUILD_MINUTES)))
}

fn tests(ground: &Ground) -> Outcome {
    let mut progress = Progress::default();
    // Each binary runs even if one before it fails, so that the total is one.
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.args(&ground.only);
    let ended = ground.watch.follow(&tests, ground.limits.minutes(60), |seen| {
        progress.see(seen, Instant::now(), &ground.limits)
    });
    for name in progress.hung.iter().take(SHOWN_ALONE) {
        show_alone(ground, name);
    }
    let mut failed = progress.failed.clone();
    let hung = progress.hung.iter().chain(&progress.silent);
    failed.extend(hung.map(|name| format!("{name} (hung)")));
    Outcome::new(progress.counts(), ended).naming(failed)
}

/// Runs a test that hung by itself, so that one sees what it prints; how that ends changes nothing.
fn show_alone(ground: &Ground, name: &str) {
    ground.watch.say(&format!("== {name}, alone for up to a minute"));
    let again = cargo(&["test", "--workspace", "--", "--exact", name, "--nocapture"]);
    let ended = ground.watch.run(&again, ground.limits.alone());
    if ended.is_ok() {
        ground
            .watch
            .say(&format!("== {name} ends by itself when it runs alone"));
    }
}

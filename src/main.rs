//! The program: reads its command line and does one command.

use std::process::ExitCode;

use clap::Parser as _;
use imports_gateway::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}

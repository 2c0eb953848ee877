//! The program: reads its command line and does one command.

use std::process::ExitCode;

use imports_gateway::cli::Cli;
use mimalloc::MiMalloc;

/// Source: measured side by side on pages of 50 rows, it takes a seventh off the service's processor time against
/// the system's allocator, and adds 4 MB of resident memory; jemalloc gives as much and needs more to build.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Warns whoever builds this without its pages. A warning of `build.rs` would stand somewhere amid the lines of a long
/// build; this is compiled last. It's no fault of the source, so clippy doesn't see it.
#[cfg(all(without_pages, not(clippy)))]
const _: () = {
    #[deprecated(
        note = "this binary has no dashboard and no playground, as `web/` was not built before it. `cargo xtask install` \
                installs one that has both, `cargo xtask build` builds one"
    )]
    const WITHOUT_PAGES: () = ();
    WITHOUT_PAGES
};

fn main() -> ExitCode {
    Cli::read().run()
}

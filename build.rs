//! Tells cargo when the pages of `web/` were built anew, so that the binary embeds those, and tells the compiler where
//! there are none. Builds nothing itself.

use std::path::Path;

fn main() {
    // A watched path that is absent would count as changed in every build; its parent notices when it appears.
    let watched = if Path::new("web/dist").exists() {
        "web/dist"
    } else {
        "web"
    };
    println!("cargo::rerun-if-changed={watched}");
    println!("cargo::rustc-check-cfg=cfg(without_pages)");
    if !Path::new("web/dist/index.html").exists() {
        println!("cargo::rustc-cfg=without_pages");
    }
}

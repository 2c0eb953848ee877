//! `cargo xtask build` and `cargo xtask install`: the gateway with its pages.
//!
//! Takes what follows the command; the pages are built before the gateway, which carries them from then on.
//! Deliberately absent: what cargo's own options say better, as a target or features.

use crate::{
    Failure,
    cargo::{cargo, finish, shown, target},
    pages,
    system::{Need, meet},
    watch::Watch,
};

/// Builds the gateway with its pages, and says where it is.
///
/// # Errors
/// Usage; failure where anything doesn't build.
pub(crate) fn build(words: &[String]) -> Result<(), Failure> {
    let is_release = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--release"] => true,
        _ => return Err(no_such("build", words, &["--release"])),
    };
    build_pages().map_err(Failure::Failed)?;
    println!(
        "building the gateway: minutes at first{}",
        if is_release { ", optimized" } else { "" }
    );
    let mut build = cargo(&["build", "--locked", "--bin", "imports-gateway"]);
    if is_release {
        build.arg("--release");
    }
    finish(&mut build).map_err(Failure::Failed)?;
    let profile = if is_release { "release" } else { "debug" };
    println!("built {}", shown(&target().join(profile).join("imports-gateway")));
    Ok(())
}

/// Builds the gateway with its pages and puts it where cargo puts programs, or below the folder after `--root`.
///
/// # Errors
/// Usage; failure where anything doesn't build.
pub(crate) fn install(words: &[String]) -> Result<(), Failure> {
    let arguments = installed(words)?;
    build_pages().map_err(Failure::Failed)?;
    println!("building and installing the gateway, in some minutes");
    finish(cargo(&["install", "--locked", "--path", "."]).args(arguments)).map_err(Failure::Failed)
}

/// What `cargo install` is told of the words.
fn installed(words: &[String]) -> Result<Vec<String>, Failure> {
    let mut arguments = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match (word.as_str(), rest.as_slice().first()) {
            ("--debug", _) => arguments.push(word.clone()),
            ("--root", Some(folder)) => {
                // As the caller sees it: cargo itself runs at the top of the repository.
                let folder = std::path::absolute(folder)
                    .map_err(|error| Failure::Usage(format!("`--root {folder}`: {error}")))?;
                arguments.extend([word.clone(), folder.to_string_lossy().into_owned()]);
                rest.next();
            }
            ("--root", None) => return Err(Failure::Usage("`--root` takes a folder".into())),
            _ => {
                return Err(no_such(
                    "install",
                    std::slice::from_ref(word),
                    &["--root", "--debug"],
                ));
            }
        }
    }
    Ok(arguments)
}

fn no_such(command: &str, words: &[String], known: &[&str]) -> Failure {
    let odd = words
        .iter()
        .find(|word| !known.contains(&word.as_str()))
        .or(words.last());
    let odd = odd.map_or("", String::as_str);
    Failure::Usage(format!("`{command}` takes no `{odd}`"))
}

fn build_pages() -> Result<(), String> {
    meet(Need::Node)?;
    pages::build(&Watch::shown(), pages::LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_folder_to_install_to_is_the_callers() {
        let arguments = installed(&words(&["--debug", "--root", "/named"])).expect("arguments");
        assert_eq!(arguments, ["--debug", "--root", "/named"]);
        let below = installed(&words(&["--root", "below"])).expect("arguments");
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(below[1], here.join("below").to_string_lossy());
    }

    #[test]
    fn what_is_no_option_is_wrong_usage_and_builds_nothing() {
        for odd in [&["--root"][..], &["--roots", "x"], &["--debug", "x"]] {
            assert!(matches!(install(&words(odd)), Err(Failure::Usage(_))), "{odd:?}");
        }
        for odd in [
            &["--releases"][..],
            &["--release", "x"],
            &["--release", "--release"],
        ] {
            assert!(matches!(build(&words(odd)), Err(Failure::Usage(_))), "{odd:?}");
        }
    }
}

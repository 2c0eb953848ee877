//! The Python packages of a check: a folder with a `requirements.txt` that names each version.
//!
//! Takes the folder, makes an environment below `target/`; where it is and as it should be, nothing is done. Deliberately
//! absent: packages of the machine, which the environment doesn't see.

use std::{fs, path::Path, time::Duration};

use crate::{
    cargo::{program, root},
    watch::Watch,
};

/// Installs exactly what the requirements of a folder name into an environment, where its checks look for the programs,
/// unless that was done since they changed.
///
/// # Errors
/// Python's or pip's, or that it took longer than the limit.
pub(crate) fn install(watch: &Watch, limit: Duration, folder: &str, environment: &str) -> Result<(), String> {
    let requirements = root().join(folder).join("requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).map_err(|error| format!("{folder}/requirements.txt: {error}"))?;
    let environment = root().join(environment);
    // Written last: a run that was ended in between has left none.
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    watch.say(&format!(
        "installing the packages of {folder}/requirements.txt with pip, which is silent for a minute or more"
    ));
    remove(&environment)?;
    let mut make = program("python3");
    make.args(["-m", "venv"]).arg(&environment);
    watch.run(&make, limit)?;
    let mut install = program(&environment.join("bin/python").to_string_lossy());
    install
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        // The file names them all.
        .args(["--no-deps", "-r"])
        .arg(&requirements);
    watch.run(&install, limit)?;
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))
}

/// Removes a folder that may be absent.
fn remove(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}

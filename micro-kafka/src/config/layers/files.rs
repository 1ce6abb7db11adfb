//! Where `application.toml` is looked for.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Environment, variable};
use crate::config::ConfigError;

const FILE: &str = "application.toml";
const CONFIG_VARIABLE: &str = "MICRO_KAFKA_CONFIG";
const PROFILES_VARIABLE: &str = "MICRO_KAFKA_PROFILES";
const MAX_BYTES: u64 = 1 << 20;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Where to look.
#[derive(Debug)]
pub(crate) enum Places {
    /// Nowhere.
    None,
    /// This folder.
    Folder(PathBuf),
    /// This file, which must exist, and its profiles beside it.
    File(PathBuf),
    /// `MICRO_KAFKA_CONFIG`, `./`, `./config/`, the package's folder under `cargo run`.
    Usual,
}

/// The profiles that `MICRO_KAFKA_PROFILES` names, the most important one last.
///
/// # Errors
/// A name with other characters than letters, digits, `-` and `_`.
pub(crate) fn profile_names(env: &Environment) -> Result<Vec<String>, ConfigError> {
    let Some(names) = variable(env, PROFILES_VARIABLE) else {
        return Ok(Vec::new());
    };
    let names = names.to_string_lossy();
    let names = names.split(',').map(str::trim).filter(|n| !n.is_empty());
    names
        .map(|name| check_profile(name).map(|()| name.to_owned()))
        .collect()
}

fn check_profile(name: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(plain) {
        return Ok(());
    }
    let reason = format!("{name:?} is not a profile: use letters, digits, - and _");
    Err(ConfigError::invalid(reason).key(PROFILES_VARIABLE))
}

/// Reads the files of the first place that has any, the more important ones last.
pub(crate) fn find_files(
    places: &Places,
    profiles: &[String],
    env: &Environment,
) -> (Vec<SourceFile>, Vec<ConfigError>) {
    let (bases, required) = match places {
        Places::None => (Vec::new(), false),
        Places::Folder(folder) => (vec![folder.join(FILE)], false),
        Places::File(file) => (vec![file.clone()], true),
        Places::Usual => usual_places(env),
    };
    let mut reader = FileReader::default();
    for base in &bases {
        let found = candidates(base, profiles);
        if required || found.iter().any(|path| path.exists()) {
            reader.read_place(base, profiles, required);
            return (reader.files, reader.errors);
        }
    }
    let places = bases.iter().filter_map(|base| base.parent());
    let places: Vec<String> = places.map(|p| p.join("").display().to_string()).collect();
    for profile in profiles {
        let error = ConfigError::file(format!("there is no application-{profile}.toml"));
        reader
            .errors
            .push(error.hint(format!("looked in {}", places.join(", "))));
    }
    (reader.files, reader.errors)
}

fn usual_places(env: &Environment) -> (Vec<PathBuf>, bool) {
    if let Some(file) = variable(env, CONFIG_VARIABLE) {
        return (vec![PathBuf::from(file)], true);
    }
    let mut bases = vec![PathBuf::from(FILE), Path::new("config").join(FILE)];
    if let Some(package) = variable(env, "CARGO_MANIFEST_DIR") {
        bases.push(Path::new(package).join(FILE));
    }
    (bases, false)
}

/// `application.toml` and `application-{profile}.toml` for each profile.
fn candidates(base: &Path, profiles: &[String]) -> Vec<PathBuf> {
    let profile_files = profiles.iter().map(|profile| profile_file(base, profile));
    std::iter::once(base.to_owned())
        .chain(profile_files)
        .collect()
}

/// The variant of a file for a profile.
pub(crate) fn profile_file(base: &Path, profile: &str) -> PathBuf {
    let stem = base.file_stem().unwrap_or_default().to_string_lossy();
    base.with_file_name(format!("{stem}-{profile}.toml"))
}

#[derive(Default)]
struct FileReader {
    files: Vec<SourceFile>,
    errors: Vec<ConfigError>,
}

impl FileReader {
    fn read_place(&mut self, base: &Path, profiles: &[String], required: bool) {
        if required || base.exists() {
            self.read(base, None);
        }
        for profile in profiles {
            let path = profile_file(base, profile);
            let advice = similar_profile(&path, base, profile);
            self.read(&path, advice);
        }
    }

    fn read(&mut self, path: &Path, advice: Option<String>) {
        match read_bounded(path) {
            Ok(text) => self.files.push(SourceFile {
                path: path.to_owned(),
                text,
            }),
            Err(reason) => {
                let error = ConfigError::file(format!("{}: {reason}", path.display()));
                self.errors.push(match advice {
                    Some(advice) => error.hint(advice),
                    None => error,
                });
            }
        }
    }
}

/// What a file holds; the error is a reason that goes behind its name.
pub(crate) fn read_bounded(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err("is larger than 1 MiB, which no configuration is".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        format!("is not UTF-8 in line {line}")
    })
}

/// Names the profile that exists beside `base` and is nearest to one that does not.
fn similar_profile(path: &Path, base: &Path, profile: &str) -> Option<String> {
    if path.exists() {
        return None;
    }
    let stem = format!("{}-", base.file_stem()?.to_string_lossy());
    let folder = match base.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".toml")?.strip_prefix(&stem)?.to_owned()))
        .collect();
    crate::config::suggestion::nearest(profile, names.iter().map(String::as_str))
        .map(|name| format!("did you mean the profile \"{name}\"?"))
}

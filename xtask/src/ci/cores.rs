//! What processes leave that died by a signal.
//!
//! A test binary that crashes tells nothing but the signal, and may not crash again for weeks. So
//! every step lets its processes leave a core, as large as the system allows, and a step that failed
//! tells where each of their threads was.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::step::Run;
use crate::workspace;

/// Programs of proofs and examples that die on purpose.
const ON_PURPOSE: [&str; 3] = ["proof-fragile", "proof-outbox", "quarantine"];

/// How the system names cores.
const PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// How long reading a core may take.
const READING: Duration = Duration::from_secs(120);

/// Lets this process and all that it starts leave a core.
pub(super) fn allow() {
    let limit = getrlimit(Resource::Core);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Core, raised) {
        eprintln!("note: processes that die by a signal leave no core: {error}");
    }
}

/// Tells of the cores that were left since then, if the step failed, and takes them away.
pub(super) fn collect(since: SystemTime, failed: bool) {
    let plain = fs::read_to_string(PATTERN).map(|pattern| is_plain(&pattern));
    if let (true, Ok(false)) = (failed, plain) {
        eprintln!(
            "note: cores are looked for beside the tests only, and {PATTERN} puts them elsewhere"
        );
    }
    for core in left_since(since) {
        let told = if failed { tell(&core) } else { Ok(false) };
        let told = told.and_then(|keep| match keep {
            true => keep_core(&core),
            false => fs::remove_file(&core),
        });
        if let Err(error) = told {
            eprintln!("note: {}: {error}", core.display());
        }
    }
}

/// Whether cores are left in the folder that a process works in.
fn is_plain(pattern: &str) -> bool {
    !pattern.starts_with('|') && !pattern.contains('/')
}

/// Packages' folders are what tests work in.
fn left_since(since: SystemTime) -> Vec<PathBuf> {
    let root = workspace::root();
    let inner = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.map(|entry| entry.path()).collect()
    };
    let packages = inner(root)
        .into_iter()
        .filter(|folder| *folder != workspace::target());
    let mut folders = vec![root.to_owned()];
    for folder in packages {
        folders.extend(inner(&folder));
        folders.push(folder);
    }
    let mut cores: Vec<PathBuf> = folders.iter().flat_map(|folder| cores_in(folder)).collect();
    cores.retain(|core| {
        let written = fs::metadata(core).and_then(|data| data.modified());
        written.is_ok_and(|written| written >= since)
    });
    cores
}

fn cores_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let cores = entries.filter(|entry| {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("core"));
        let named = number.is_some_and(|number| {
            let number = number.strip_prefix('.').unwrap_or(number);
            number.bytes().all(|digit| digit.is_ascii_digit())
        });
        named && entry.file_type().is_ok_and(|kind| kind.is_file())
    });
    cores.map(|entry| entry.path()).collect()
}

/// Prints where each thread was; whether the core is worth keeping.
fn tell(core: &Path) -> io::Result<bool> {
    let Some(program) = program_of(core) else {
        eprintln!("note: gdb tells more of {}", core.display());
        return Ok(true);
    };
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    if ON_PURPOSE.contains(&&*name) {
        return Ok(false);
    }
    eprintln!("---- {} died by a signal; its threads:", program.display());
    let threads = gdb("thread apply all backtrace").arguments([&program, core]);
    match threads.stdout() {
        Ok(threads) => eprintln!("{threads}"),
        Err(error) => eprintln!("note: {error}"),
    }
    Ok(true)
}

/// Without the program that it is of, gdb knows of a core only what the kernel noted.
fn program_of(core: &Path) -> Option<PathBuf> {
    let noted = gdb("info auxv").arguments(["--core"]).arguments([core]);
    program_in(&noted.stdout().ok()?)
}

/// The line ends with the name in quotes.
fn program_in(noted: &str) -> Option<PathBuf> {
    let line = noted.lines().find(|line| line.contains("AT_EXECFN"))?;
    let name = line.split('"').nth(1)?;
    Some(name.into())
}

fn gdb(question: &str) -> Run {
    let run = Run::program("gdb", "--batch --nx --quiet -ex").arguments([question]);
    run.limit(READING)
}

/// Puts a core where it is in nobody's way.
fn keep_core(core: &Path) -> io::Result<()> {
    let folder = workspace::target().join("cores");
    fs::create_dir_all(&folder)?;
    let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let kept = folder.join(format!("core.{}", at.unwrap_or_default().as_millis()));
    fs::rename(core, &kept)?;
    eprintln!("note: the core is {}", kept.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_what_the_kernel_noted() {
        let noted = "\
            25   AT_RANDOM            Address of 16 random bytes     0x7ffd6a2b5a99\n\
            31   AT_EXECFN            File name of executable        0x7ffd6a2b5fc6 \"/t/deps/retries-06\"\n\
            15   AT_PLATFORM          String identifying platform    0x7ffd6a2b5aa9 \"x86_64\"\n";
        assert_eq!(program_in(noted), Some("/t/deps/retries-06".into()));
        assert_eq!(program_in("No auxiliary vector found."), None);
    }

    #[test]
    fn cores_are_known_by_their_names() {
        let folder = workspace::target().join("tmp").join("cores-by-name");
        fs::create_dir_all(&folder).unwrap();
        for name in ["core", "core.17", "core.rs", "cores", "score"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let mut found = cores_in(&folder);
        found.sort();
        assert_eq!(found, [folder.join("core"), folder.join("core.17")]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn cores_may_be_put_elsewhere() {
        assert!(is_plain("core\n") && is_plain("core.%p\n"));
        assert!(!is_plain("|/usr/share/apport/apport %p\n") && !is_plain("/var/cores/%e\n"));
    }
}

//! The service's process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::ci::CiError;
use crate::kafka::KafkaError;
use crate::kafka::jars::{self, java_program};
use crate::workspace;

const MAIN: &str = "service.SpringService";
/// What it prints once it listens.
const READY: &str = "ready";

/// A running service; ended when it is dropped.
#[derive(Debug)]
pub(super) struct Service {
    child: Child,
}

impl Service {
    /// Compiles it, starts it, and waits until all its listeners have their partitions.
    pub(super) fn start(bootstrap: &str, namespace: &str) -> Result<Self, CiError> {
        let classpath = classpath()?;
        let mut java = Command::new(java_program("java"));
        java.arg("-Xmx256m")
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .arg(format!("-Dservers={bootstrap}"))
            .arg(format!("-Dprefix={namespace}."))
            .args(["-cp", &classpath, MAIN]);
        // It ends with its input.
        java.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = java.spawn().map_err(jars::missing(&java))?;
        let mut said = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            stdout
                .read_line(&mut said)
                .map_err(KafkaError::io("the Spring service's output"))?;
        }
        let mut service = Self { child };
        if said.trim() == READY {
            return Ok(service);
        }
        let status = service.end().map_err(KafkaError::io("java"))?;
        Err(CiError::Failed {
            command: format!("java {MAIN}"),
            status,
        })
    }

    fn end(&mut self) -> std::io::Result<std::process::ExitStatus> {
        drop(self.child.stdin.take());
        self.child.wait()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Without input it ends by itself; what it says of its end helps nobody.
        let _ = self.end();
    }
}

/// The class path of the compiled service.
fn classpath() -> Result<String, CiError> {
    let sources = workspace::root().join("interop/spring");
    let target = workspace::target().join("spring");
    let pom = sources.join("pom.xml");
    let named = fs::read_to_string(&pom).map_err(KafkaError::io(&pom))?;
    let jars_dir = target.join(format!("jars-{}", version(&named)));
    jars::fetch(&pom, &jars_dir)?;
    let libraries = format!("{}/*", jars_dir.display());
    let classes = target.join("classes");
    let mut javac = Command::new(java_program("javac"));
    javac
        .args(["-parameters", "-Xlint:all", "-Werror"])
        .args(["-cp", &libraries, "-d"])
        .arg(&classes)
        .args(java_files(&sources.join("java/service"))?);
    jars::run("compiling the Spring service", &mut javac)?;
    Ok(format!("{}:{libraries}", classes.display()))
}

/// Jars of one set of versions have a folder of their own.
fn version(pom: &str) -> String {
    let named = |line: &str| {
        Some(
            line.trim()
                .split_once(".version>")?
                .1
                .split_once('<')?
                .0
                .to_owned(),
        )
    };
    let versions: Vec<String> = pom.lines().filter_map(named).collect();
    versions.join("-")
}

fn java_files(dir: &Path) -> Result<Vec<PathBuf>, KafkaError> {
    let entries = fs::read_dir(dir).map_err(KafkaError::io(dir))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(KafkaError::io(dir))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "java")
        {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_are_other_jars() {
        let pom =
            "<a.version>4.1</a.version>\n<version>${a.version}</version>\n<b.version>3</b.version>";
        assert_eq!(version(pom), "4.1-3");
    }
}

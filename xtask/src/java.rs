//! Java programs of this repository: jars by Maven, sources by `javac`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kafka::KafkaError;
use crate::kafka::jars;
use crate::workspace;

/// A program: its paths begin at the repository's root.
#[derive(Debug, Clone, Copy)]
pub struct Java {
    /// The folder under `target/` that holds jars and classes.
    pub name: &'static str,
    /// The pom that names the jars.
    pub pom: &'static str,
    /// The folder of the sources.
    pub sources: &'static str,
}

impl Java {
    /// Fetches the jars, unless they are there, and compiles the sources.
    ///
    /// # Errors
    /// When Maven or Java is missing or fails.
    pub fn compile(&self) -> Result<(), KafkaError> {
        jars::fetch(&workspace::root().join(self.pom), &self.jars()?)?;
        let mut javac = Command::new(program("javac"));
        javac
            .args(["-parameters", "-Xlint:all", "-Werror"])
            .args(["-cp", &self.libraries()?, "-d"])
            .arg(self.classes())
            .args(java_files(&workspace::root().join(self.sources))?);
        jars::run("compiling a Java program", &mut javac).map(drop)
    }

    /// The class path for `java -cp`, of what was compiled before.
    ///
    /// # Errors
    /// When the pom cannot be read.
    pub fn classpath(&self) -> Result<String, KafkaError> {
        Ok(format!(
            "{}:{}",
            self.classes().display(),
            self.libraries()?
        ))
    }

    fn libraries(&self) -> Result<String, KafkaError> {
        Ok(format!("{}/*", self.jars()?.display()))
    }

    fn jars(&self) -> Result<PathBuf, KafkaError> {
        let pom = workspace::root().join(self.pom);
        let named = fs::read_to_string(&pom).map_err(KafkaError::io(&pom))?;
        Ok(self.dir().join(format!("jars-{}", versions(&named))))
    }

    fn classes(&self) -> PathBuf {
        self.dir().join("classes")
    }

    fn dir(&self) -> PathBuf {
        workspace::target().join(self.name)
    }
}

/// A program of the Java installation, as `java` or `javac`.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    jars::java_program(name)
}

/// Jars of one set of versions have a folder of their own.
fn versions(pom: &str) -> String {
    let named = |line: &str| {
        let (_, after) = line.trim().split_once(".version>")?;
        Some(after.split_once('<')?.0.to_owned())
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
        assert_eq!(versions(pom), "4.1-3");
    }
}

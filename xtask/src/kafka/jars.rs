use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use super::KafkaError;
use crate::workspace;

const POM: &str = include_str!("../../kafka/pom.xml");
const JAVA_FIX: &str =
    "install Java, 17 or newer (Debian: `apt-get install default-jdk-headless`), or set JAVA_HOME";
const MAVEN_FIX: &str = "install Maven (Debian: `apt-get install maven`); it fetches the jars once";

/// The jars of Apache Kafka and its tools, kept under `target/kafka/`.
#[derive(Debug, Clone)]
pub struct Jars {
    dir: PathBuf,
}

impl Jars {
    /// The version of Apache Kafka that `xtask/kafka/pom.xml` names.
    #[must_use]
    pub fn version() -> &'static str {
        let after = POM
            .split_once("<kafka.version>")
            .map_or("", |(_, after)| after);
        after.split_once('<').map_or("", |(version, _)| version)
    }

    /// Fetches the jars by Maven, unless they are there.
    ///
    /// # Errors
    /// When Maven is missing or fails, or the folder cannot be written.
    pub fn resolve() -> Result<Self, KafkaError> {
        let dir = workspace::target()
            .join("kafka")
            .join(format!("jars-{}", Self::version()));
        fetch(&workspace::root().join("xtask/kafka/pom.xml"), &dir)?;
        Ok(Self { dir })
    }

    /// The class path for `java -cp`.
    #[must_use]
    pub fn classpath(&self) -> String {
        format!("{}/*", self.dir.display())
    }

    /// Runs `class` to its end, on the terminal of this process.
    ///
    /// # Errors
    /// When Java is missing.
    pub fn run(&self, class: &str, arguments: &[String]) -> Result<ExitStatus, KafkaError> {
        let mut java = self.java(class, "-Xmx512m", "WARN");
        java.args(arguments).status().map_err(missing(&java))
    }

    /// A `java` command that runs `class` with these jars; `heap` as in `-Xmx1g`.
    #[must_use]
    pub fn java(&self, class: &str, heap: &str, log_level: &str) -> Command {
        let log4j = workspace::root().join("xtask/kafka/log4j2.properties");
        let mut java = Command::new(java_program("java"));
        java.arg(heap)
            .arg(format!("-Dkafka.log.level={log_level}"))
            .arg(format!("-Dlog4j2.configurationFile={}", log4j.display()))
            .args(["-cp", &self.classpath(), class]);
        java
    }
}

/// A program of the Java installation, as `java` or `javac`.
pub(crate) fn java_program(name: &str) -> PathBuf {
    std::env::var_os("JAVA_HOME").map_or_else(
        || name.into(),
        |home| Path::new(&home).join("bin").join(name),
    )
}

/// Brings the jars that a pom names into `dir`, unless they are there. They are copied into a folder
/// of their own first, so that an interrupted download is never taken for a whole one.
pub(crate) fn fetch(pom: &Path, dir: &Path) -> Result<(), KafkaError> {
    if dir.is_dir() {
        return Ok(());
    }
    let partial = dir.with_extension(format!("partial-{}", std::process::id()));
    fs::create_dir_all(&partial).map_err(KafkaError::io(&partial))?;
    let mut maven = Command::new("mvn");
    maven
        .args([
            "-q",
            "-B",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-f",
        ])
        .arg(pom)
        .arg(format!("-DoutputDirectory={}", partial.display()));
    run("fetching jars by Maven", &mut maven)?;
    fs::rename(&partial, dir).map_err(KafkaError::io(dir))
}

/// Runs a program to its end; its output is kept for the error.
pub(crate) fn run(what: &'static str, command: &mut Command) -> Result<Output, KafkaError> {
    let output = command.output().map_err(missing(command))?;
    if output.status.success() {
        return Ok(output);
    }
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Err(KafkaError::Failed {
        what,
        status: output.status,
        output: text,
    })
}

/// Says what to install when `command` cannot be started.
pub(crate) fn missing(command: &Command) -> impl FnOnce(io::Error) -> KafkaError + use<> {
    let program = command.get_program().to_string_lossy().into_owned();
    move |source| match source.kind() {
        io::ErrorKind::NotFound => {
            let fix = if program == "mvn" {
                MAVEN_FIX
            } else {
                JAVA_FIX
            };
            KafkaError::MissingProgram { program, fix }
        }
        _ => KafkaError::Io {
            path: program.into(),
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_pom() {
        assert!(Jars::version().starts_with("4."), "{:?}", Jars::version());
    }

    #[test]
    fn a_missing_program_is_told_with_its_remedy() {
        let mut command = Command::new("/nowhere/bin/java");
        let error = run("starting", &mut command).unwrap_err().to_string();
        assert!(
            error.contains("`/nowhere/bin/java` was not found"),
            "{error}"
        );
        assert!(error.contains("JAVA_HOME"), "{error}");
    }

    #[test]
    fn a_failure_shows_the_last_lines() {
        let mut command = Command::new("sh");
        command.args(["-c", "seq 100; echo broken >&2; exit 3"]);
        let error = run("counting", &mut command).unwrap_err().to_string();
        assert!(
            error.starts_with("counting ended with exit status: 3"),
            "{error}"
        );
        assert!(
            error.ends_with("broken") && !error.contains("    50\n"),
            "{error}"
        );
    }
}

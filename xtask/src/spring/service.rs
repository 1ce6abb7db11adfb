//! The service's process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::ci::CiError;
use crate::java::{self, Java};
use crate::kafka::KafkaError;
use crate::kafka::jars;

const SERVICE: Java = Java {
    name: "spring",
    pom: "interop/spring/pom.xml",
    sources: "interop/spring/java/service",
};
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
        SERVICE.compile()?;
        let classpath = SERVICE.classpath()?;
        let mut java = Command::new(java::program("java"));
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

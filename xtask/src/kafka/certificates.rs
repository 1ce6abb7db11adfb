use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::KafkaError;
use super::jars;

const LONG: &str = "30";
/// A day ago.
const EXPIRED: &str = "-1";
/// The names that a server is connected to by.
const HERE: &str = "DNS:localhost,IP:127.0.0.1";

/// What opens the encrypted copy of the client's key.
pub(super) const KEY_PASSWORD: &str = "key-secret";

/// An authority with certificates of servers and clients, right ones and wrong ones, made anew by
/// the program `openssl`.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    pub(super) fn make(dir: &Path) -> Result<Self, KafkaError> {
        fs::create_dir_all(dir).map_err(KafkaError::io(dir))?;
        let these = Self { dir: dir.into() };
        these.authority("ca")?;
        these.authority("other-ca")?;
        these.certificate("server", "ca", HERE, LONG)?;
        these.certificate("expired", "ca", HERE, EXPIRED)?;
        these.certificate("elsewhere", "ca", "DNS:elsewhere.example", LONG)?;
        these.certificate("alice", "ca", "DNS:alice", LONG)?;
        these.certificate("late-alice", "ca", "DNS:alice", EXPIRED)?;
        these.certificate("stranger", "other-ca", "DNS:stranger", LONG)?;
        these.openssl(&format!(
            "pkcs8 -topk8 -in alice.key -out alice-encrypted.key -passout pass:{KEY_PASSWORD}"
        ))?;
        Ok(these)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn authority(&self, name: &str) -> Result<(), KafkaError> {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {LONG} \
             -keyout {name}.key -out {name}.pem -subj /CN={name}"
        ))
    }

    /// `NAME.pem`, `NAME.key`, and both in `NAME-store.pem`.
    fn certificate(&self, name: &str, by: &str, hosts: &str, days: &str) -> Result<(), KafkaError> {
        let extensions = self.path("extensions");
        fs::write(&extensions, format!("subjectAltName={hosts}\n"))
            .map_err(KafkaError::io(&extensions))?;
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
             -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ))?;
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days {days} \
             -extfile extensions -out {name}.pem"
        ))?;
        let read = |path: PathBuf| fs::read_to_string(&path).map_err(KafkaError::io(&path));
        let both =
            read(self.path(&format!("{name}.key")))? + &read(self.path(&format!("{name}.pem")))?;
        let store = self.path(&format!("{name}-store.pem"));
        fs::write(&store, both).map_err(KafkaError::io(&store))
    }

    fn openssl(&self, arguments: &str) -> Result<(), KafkaError> {
        let mut openssl = Command::new("openssl");
        openssl
            .current_dir(&self.dir)
            .args(arguments.split_whitespace());
        jars::run("making a certificate", &mut openssl).map(drop)
    }
}

//! Files: 17 and 18. Keys and certificates that need TLS to be looked at (a wrong passphrase, an end
//! that has passed, another host) have their cases in `secured`.

use std::fs;
use std::path::PathBuf;

use micro_kafka::config::Config;

use super::{accepted, refused_by};

/// A folder that ends with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("misconfigured-{}-{name}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn case_17_files_of_keys_that_are_missing_or_something_else() {
    let folder = Folder::new("keys");
    let binary = folder.write("key.der", [0x30, 0x82, 0xff, 0xfe]);
    let text = folder.write("key.txt", "hunter2");
    let here = folder.0.display().to_string();
    for (path, reason) in [
        (
            "/no/such/key.pem",
            "/no/such/key.pem cannot be read: No such file or directory",
        ),
        (&*here, "is a folder, not a PEM file"),
        (
            &*binary,
            "is not a PEM file but binary: convert it with openssl",
        ),
        (
            &*text,
            "is not a PEM file: it has no line -----BEGIN …-----",
        ),
    ] {
        let settings = format!(
            "[kafka.security]\nprotocol = 'ssl'\n[kafka.ssl]\nkey-store-location = '{path}'\n"
        );
        refused_by(&settings, "4:22: kafka.ssl.key-store-location: ", reason);
        assert!(!super::report(&settings).contains("hunter2"));
    }
    refused_by(
        "[kafka.properties]\nssl.key.location = '/no/such/key.pem'\n",
        "2:20: kafka.properties.ssl.key.location: ",
        "there is no such file",
    );
}

fn told(folder: &Folder) -> String {
    let config = Config::builder().dir(&folder.0).build();
    config.unwrap_err().to_string()
}

#[test]
fn case_18_bombs_and_files_of_other_systems() {
    let folder = Folder::new("bombs");
    // As large as a gigabyte for whoever reads it, and nothing on the disk.
    let huge = fs::File::create(folder.0.join("application.toml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    let report = told(&folder);
    assert!(
        report.contains("application.toml: is larger than 1 MiB, which no configuration is"),
        "{report}"
    );
    folder.write("application.toml", b"[kafka]\r\nclient-id = '\xff'\r\n");
    let report = told(&folder);
    assert!(
        report.contains("application.toml: is not UTF-8 in line 2"),
        "{report}"
    );
    folder.write("application.toml", "\u{feff}[kafka]\r\nclient-id = 'x'\r\n");
    let config = Config::builder().dir(&folder.0).build().unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("x"));
    let deep = format!("[mine]\na = {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    refused_by(&deep, "2:", "invalid TOML: ");
    let doubling = "[kafka]\nclient-id = '${mine.a}'\n[mine]\n\
                    a = '${mine.b}${mine.b}${mine.b}${mine.b}'\n\
                    b = '${mine.c}${mine.c}${mine.c}${mine.c}'\n\
                    c = '${mine.d}${mine.d}${mine.d}${mine.d}'\n\
                    d = '${mine.e}${mine.e}${mine.e}${mine.e}'\n\
                    e = '${mine.f}${mine.f}${mine.f}${mine.f}'\nf = 'xxxxxxxxxxxxxxxxxxxxxxxx'\n";
    refused_by(
        doubling,
        "2:13: kafka.client-id: ",
        "longer than 65536 bytes, or need more than 1000 steps",
    );
    accepted("[kafka]\r\nclient-id = 'x'\r\n");
}

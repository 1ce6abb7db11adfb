//! What the program makes of its command line, without a broker.

use std::process::Command;

#[test]
fn an_unknown_talk_is_refused_with_those_there_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_interop"))
        .args(["--bootstrap-servers", "localhost:1", "--namespace", "a"])
        .arg("small-talk")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("no talk `small-talk`: there are requests, keys"),
        "{said}"
    );
}

//! What README.md shows of this example is its real code.

use std::fs;
use std::path::Path;

const README: &str = include_str!("../../../README.md");

/// A block of code, and the file that is linked last before it.
struct Excerpt {
    file: String,
    code: String,
}

/// The blocks between fences, each with its language.
fn excerpts(language: &str) -> Vec<Excerpt> {
    let (mut excerpts, mut file, mut code) = (Vec::new(), String::new(), None::<String>);
    for line in README.lines() {
        match &mut code {
            Some(text) if line == "```" => {
                let (file, code) = (file.clone(), std::mem::take(text));
                excerpts.push(Excerpt { file, code });
            }
            Some(text) => *text += &format!("{line}\n"),
            None => {}
        }
        if line == "```" {
            code = None;
        } else if line == format!("```{language}") {
            code = Some(String::new());
        }
        let linked = line
            .split("](")
            .nth(1)
            .and_then(|rest| rest.split(')').next());
        if let (None, Some(linked)) = (&code, linked) {
            linked.clone_into(&mut file);
        }
    }
    excerpts
}

/// What is not the code of the file that is linked before it.
fn wrong_excerpts(language: &str, files: &[&str]) -> Result<Vec<String>, std::io::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let excerpts = excerpts(language);
    let shown: Vec<_> = excerpts.iter().map(|excerpt| &*excerpt.file).collect();
    assert_eq!(shown, files);
    let mut wrong = Vec::new();
    for Excerpt { file, code } in excerpts {
        if code.is_empty() || !fs::read_to_string(root.join(&file))?.contains(&code) {
            wrong.push(format!("{file} has no\n{code}"));
        }
    }
    Ok(wrong)
}

#[test]
fn the_code_is_that_of_the_example() {
    let files = [
        "examples/flights/src/main.rs",
        "examples/flights/src/tests.rs",
    ];
    assert_eq!(wrong_excerpts("rust", &files).unwrap(), [""; 0]);
}

#[test]
fn the_settings_are_those_of_the_example() {
    let files = ["examples/flights/application.toml"];
    assert_eq!(wrong_excerpts("toml", &files).unwrap(), [""; 0]);
}

#[test]
fn the_output_is_that_of_the_example() {
    let expected = include_str!("../data/expected.txt");
    let block = README.split("    code  name").nth(1).unwrap();
    let shown: Vec<_> = block
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert!(shown.len() > 3, "{shown:?}");
    for line in shown
        .iter()
        .map(|line| line.trim())
        .filter(|line| *line != "...")
    {
        assert!(expected.lines().any(|real| real.trim() == line), "{line}");
    }
}

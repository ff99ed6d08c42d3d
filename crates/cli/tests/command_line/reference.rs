//! `docs/command-line.md` is what `--help` says, word for word.
//!
//! After an intended change: `CORDON_UPDATE=1 cargo test -p cordon-cli --test command_line reference`.

use super::running::{root, run};

const HEAD: &str = "\
# Command line

What `cordon --help` says, for every command. Scripts may rely on it; a test compares this page with the program.
";

#[test]
fn the_reference_says_what_the_help_says() {
    let page = root().join("docs/command-line.md");
    let expected = reference();
    if std::env::var_os("CORDON_UPDATE").is_some() {
        std::fs::write(&page, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == expected,
        "docs/command-line.md and --help differ; if the change is meant: CORDON_UPDATE=1 cargo test -p cordon-cli \
         --test command_line reference"
    );
}

#[test]
fn every_command_has_examples() {
    for path in commands(&[]) {
        let help = help(&path);
        let group = help.contains("\nCommands:\n");
        assert!(
            group || help.contains("\nExamples:\n"),
            "{path:?} has no examples"
        );
    }
}

#[test]
fn no_line_of_the_help_is_too_long_to_read() {
    for path in commands(&[]) {
        for line in help(&path).lines() {
            assert!(line.chars().count() <= 100, "{path:?}: {line}");
        }
    }
}

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for path in commands(&[]) {
        let name = std::iter::once("cordon")
            .chain(path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        text.push_str(&format!("\n## {name}\n\n```text\n{}```\n", help(&path)));
    }
    text
}

fn help(path: &[String]) -> String {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let ran = run(&arguments).ended(0);
    ran.out
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// The command itself and every one below it.
fn commands(path: &[String]) -> Vec<Vec<String>> {
    let mut found = vec![path.to_vec()];
    let help = help(path);
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in list.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").filter(|line| !line.starts_with(' '));
        let name = name
            .and_then(|line| line.split_whitespace().next())
            .filter(|name| *name != "help");
        if let Some(name) = name {
            let mut below = path.to_vec();
            below.push(name.to_owned());
            found.extend(commands(&below));
        }
    }
    found
}

//! What holds for every command.

use std::io::Read;
use std::process::Stdio;

use super::running::{cordon, run};

#[test]
fn wrong_use_exits_with_2_and_says_what_was_meant() {
    let ran = run(&["complections", "bash"]).ended(2);
    assert!(ran.out.is_empty());
    assert!(ran.err.contains("completions"), "{}", ran.err);
    run(&["completions"]).ended(2);
    run(&["completions", "bash", "--nonsense"]).ended(2);
}

#[test]
fn no_command_shows_the_help_as_wrong_use() {
    let ran = run(&[]).ended(2);
    assert!(ran.err.contains("Usage: cordon"), "{}", ran.err);
}

#[test]
fn version_and_help_are_done() {
    assert!(run(&["--version"]).ended(0).out.starts_with("cordon "));
    assert!(run(&["--help"]).ended(0).out.contains("Exit codes:"));
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    for arguments in [&["--help"][..], &["man"], &["man", "-o", "/dev/null/x"]] {
        let ran = run(arguments);
        assert!(!(ran.out + &ran.err).contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn colour_can_be_forced_and_forbidden() {
    let coloured = run(&["--color", "always", "man", "-o", "/dev/null/x"]).ended(2);
    assert!(coloured.err.contains('\u{1b}'), "{}", coloured.err);
    let plain = run(&["--color", "never", "man", "-o", "/dev/null/x"]).ended(2);
    assert!(!plain.err.contains('\u{1b}'), "{}", plain.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = cordon(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(err, "");
}

#[test]
fn an_output_that_cannot_be_written_is_bad_input() {
    let ran = run(&["man", "-o", "/dev/null/nowhere"]).ended(2);
    assert!(ran.err.contains("/dev/null/nowhere"), "{}", ran.err);
    assert!(ran.err.contains("that you may write to"), "{}", ran.err);
}

#[test]
fn the_manual_has_a_page_per_command() {
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "-o", folder.path().to_str().unwrap()]).ended(0);
    for page in ["cordon.1", "cordon-man.1", "cordon-completions.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".TH cordon"), "{page}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            run(&["completions", shell]).ended(0).out.contains("completions"),
            "{shell}"
        );
    }
}

//! Completions in real shells and man pages through a real formatter.

use crate::support::{fed, run, said};
use std::process::Command;

fn completions(shell: &str) -> String {
    let mut command = fed();
    command.args(["completions", shell]);
    let output = run(command, "");
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fed");
    std::fs::write(&file, completions("bash")).unwrap();
    // What bash does when Tab is pressed after these words.
    let complete = |words: &str| {
        let script = format!(
            "source {}; COMP_WORDS=({words} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _fed fed '' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = Command::new("bash").args(["--norc", "-euc", &script]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = complete("fed");
    for command in ["login", "user", "webhook", "signing-key", "completions"] {
        assert!(first.lines().any(|line| line == command), "{command}: {first}");
    }
    let second = complete("fed user");
    assert!(second.lines().any(|line| line == "merge"), "{second}");
    let third = complete("fed user list");
    assert!(third.contains("--json") && third.contains("--federation"), "{third}");
    assert!(complete("fed city update x --confirm").contains("always"));
}

#[test]
fn every_shell_has_its_completions() {
    for (shell, sign) in [("zsh", "#compdef fed"), ("fish", "complete -c fed"), ("elvish", "edit:completion")]
    {
        assert!(completions(shell).contains(sign), "{shell}");
    }
}

#[test]
fn every_command_has_a_man_page_that_the_formatter_takes_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fed();
    command.arg("man").arg(folder.path());
    let output = run(command, "");
    assert!(output.status.success(), "{}", said(&output));
    for page in ["fed.1", "fed-user.1", "fed-user-merge.1", "fed-signing-key-rotate.1"] {
        let path = folder.path().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
        // Where there is no formatter, the page itself was looked at.
        let Ok(output) = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&path).output()
        else {
            continue;
        };
        assert!(output.status.success() && output.stderr.is_empty(), "{page}: {}", said(&output));
    }
}

/// On a full disk an answer would be cut off, and a secret that is told once lost, and nobody would know.
#[test]
fn what_cannot_be_said_is_an_error_and_a_reader_that_went_away_is_none() {
    for args in [&["completions", "bash"][..], &["man"], &["master-key", "new"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = fed().args(args).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains("standard output can't be written") && told.contains("what to do"), "{told}");
        let mut gone = fed().args(args).stdout(std::process::Stdio::piped()).spawn().unwrap();
        drop(gone.stdout.take());
        assert!(gone.wait().unwrap().success(), "{args:?}");
    }
}

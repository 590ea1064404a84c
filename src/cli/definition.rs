//! Clap's definition of the command line.
//!
//! To make the flags of every verb takes longer than all else that `--help` does, so a command line
//! gets the flags of the verbs that stand on it, and one line about each of the others. Clap's own
//! deferral alone would do, if it did not put the flags of a verb behind those of the whole program.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Command, CommandFactory};

use super::{
    Cli, completion, init, install, plan, render, status, validate, verify_netpol, version,
};

/// The definition of everything, for scripts of shells.
pub(super) fn whole() -> Command {
    with_flags(|_| true)
}

/// The definition for a command line; usage lines say `kubectl openhive` when kubectl started the
/// program.
pub(super) fn of_line(line: &[OsString]) -> Command {
    let plugin = line
        .first()
        .map(Path::new)
        .and_then(Path::file_stem)
        .is_some_and(|name| name.to_string_lossy().starts_with("kubectl-"));
    // A word that is no verb but reads like one, such as the name of a file, costs time only.
    let command = with_flags(|verb| line.iter().skip(1).any(|word| word == verb));
    if plugin { command.bin_name("kubectl openhive") } else { command }
}

fn with_flags(wanted: impl Fn(&str) -> bool) -> Command {
    Cli::command().mut_subcommands(|verb| match flags(verb.get_name()) {
        Some(flags) if wanted(verb.get_name()) => {
            // What is said about a group of flags would be said about the verb.
            let about = verb.get_about().cloned().unwrap_or_default();
            flags(verb).about(about).long_about(None).defer(|verb| verb)
        }
        _ => verb,
    })
}

/// What gives a verb its flags.
fn flags(verb: &str) -> Option<fn(Command) -> Command> {
    Some(match verb {
        "completion" => completion::CompletionArgs::augment_args,
        "init" => init::InitArgs::augment_args,
        "install" => install::InstallArgs::augment_args,
        "plan" => plan::PlanArgs::augment_args,
        "render" => render::RenderArgs::augment_args,
        "status" => status::StatusArgs::augment_args,
        "validate" => validate::ValidateArgs::augment_args,
        "verify-netpol" => verify_netpol::VerifyNetpolArgs::augment_args,
        "version" => version::VersionArgs::augment_args,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::{Cli, flags, of_line, whole};

    fn verbs() -> Vec<String> {
        Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect()
    }

    fn line(words: &[&str]) -> Command {
        of_line(&words.iter().map(Into::into).collect::<Vec<_>>())
    }

    fn help(mut command: Command, verb: &str) -> String {
        command.build();
        let verb = command.find_subcommand_mut(verb).expect("a verb");
        verb.render_long_help().to_string()
    }

    #[test]
    fn the_flags_of_every_verb_are_known() {
        for verb in verbs() {
            assert!(flags(&verb).is_some(), "{verb}");
        }
    }

    #[test]
    fn only_the_verb_on_the_line_has_its_flags() {
        for verb in line(&["openhive", "--help"]).get_subcommands() {
            assert_eq!(verb.get_arguments().count(), 0, "{}", verb.get_name());
        }
        for named in verbs() {
            for verb in line(&["openhive", "--color", "never", &named]).get_subcommands() {
                let has_flags = verb.get_arguments().count() > 0;
                assert_eq!(has_flags, verb.get_name() == named, "{named}: {}", verb.get_name());
            }
        }
    }

    #[test]
    fn a_verb_with_its_flags_is_about_the_same() {
        let about = |command: Command, verb: &str| {
            command.find_subcommand(verb).and_then(Command::get_about).map(ToString::to_string)
        };
        for verb in verbs() {
            let listed = about(line(&["openhive"]), &verb);
            assert!(listed.is_some() && about(whole(), &verb) == listed, "{verb}");
        }
    }

    #[test]
    fn the_help_of_a_verb_is_that_of_the_whole_definition() {
        for verb in verbs() {
            assert_eq!(help(line(&["openhive", &verb]), &verb), help(whole(), &verb));
        }
    }
}

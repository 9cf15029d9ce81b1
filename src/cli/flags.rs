//! Names of settings in messages: the library says `max_length`, the command line `--max-length`.

use clap::CommandFactory;

use super::Cli;

/// Replaces the settings that a message names in backticks by their flags.
pub fn with_flags(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('`') {
        text.push_str(before);
        let flag = after
            .split_once('`')
            .and_then(|(name, after)| Some((flag(name)?, after)));
        if let Some((flag, after)) = flag {
            text.push_str(&flag);
            rest = after;
        } else {
            text.push('`');
            rest = after;
        }
    }
    text + rest
}

/// Returns the flag for a setting, if any command has it.
fn flag(setting: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    if setting.is_empty() || !setting.chars().all(is_name) {
        return None;
    }
    let long = setting.replace('_', "-");
    let known = Cli::command()
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .any(|argument| argument.get_long() == Some(&*long));
    known.then(|| format!("--{long}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_flags_and_nothing_else_changes() {
        assert_eq!(
            with_flags("a `b`: `max_length` and `output` `x"),
            "a `b`: --max-length and --output `x"
        );
        assert_eq!(with_flags("``part_size`"), "`--part-size");
    }
}

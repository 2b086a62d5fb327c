//! `completions`: scripts that teach a shell this command line.

use super::{Exit, Run, definition, write_to_stdout};

/// Print a script that completes this command line in your shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  scrutineer completions bash > ~/.local/share/bash-completion/completions/scrutineer
  scrutineer completions zsh > ~/.zfunc/_scrutineer
  scrutineer completions fish > ~/.config/fish/completions/scrutineer.fish")]
pub(super) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition(), "scrutineer", &mut script);
        write_to_stdout(&script)?;
        Ok(Exit::Fine)
    }
}

//! `init`: a first workspace file.

use std::{fs::File, io::Write, path::PathBuf};

use anyhow::Context;
use scrutineer_profiler::workspace::{self, WORKSPACE_FILE};

use super::{Exit, Run, Usage, write_to_stdout};

/// Write a commented scrutineer.ron from what is found here (benches, services, container files)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing that is only a guess is declared: what was found stands in comments, ready to be
uncommented. A file that is there already is never touched.

Examples:
  scrutineer init
  scrutineer init services/ledger")]
pub(super) struct Arguments {
    /// Folder of the workspace
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let path = self.folder.join(WORKSPACE_FILE);
        if path.exists() {
            let what = format!(
                "{} exists and is left as it is; edit it, or remove it first",
                path.display()
            );
            return Err(Usage(what).into());
        }
        let text = workspace::draft(&self.folder);
        File::create_new(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        let mut line = path.into_os_string().into_encoded_bytes();
        line.push(b'\n');
        write_to_stdout(&line)?;
        eprintln!(
            "Next: declare the endpoints to probe in it, then run `scrutineer check --pid PID`."
        );
        Ok(Exit::Fine)
    }
}

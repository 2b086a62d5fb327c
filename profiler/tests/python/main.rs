//! Records real Python programs of every version at hand and compares what the stacks say with
//! what the programs measured themselves.

mod record;

#[test]
fn scratch() {
    for part in std::env::var("PARTS")
        .unwrap_or("split,calls,native,generators,threads".into())
        .split(',')
    {
        for python in record::interpreters() {
            if let Ok(only) = std::env::var("ONLY")
                && !python.name.contains(&only)
            {
                continue;
            }
            let run = record::record(&python, &[], &["1.5", part]);
            println!("== {} {part}", python.name);
            for warning in &run.warnings {
                println!("   {warning}");
            }
            for (name, share) in &run.truth {
                println!(
                    "   {name}: truth {share:.4}, seen {:.4}",
                    run.total_share(&format!("interpreted.{name}"))
                );
            }
            if std::env::var_os("WRONG").is_some() {
                let mut seen = std::collections::BTreeMap::<String, usize>::new();
                for (stack, count) in run.stacks() {
                    let parts: Vec<&str> = stack
                        .split(';')
                        .filter(|n| n.starts_with("interpreted.") || n.contains("EvalFrameDef"))
                        .map(|n| n.trim_start_matches("interpreted."))
                        .map(|n| if n.starts_with('_') { "L" } else { n })
                        .collect();
                    let text = parts.join(";");
                    if text.contains("timed")
                        && !run.truth.keys().any(|k| parts.contains(&k.as_str()))
                    {
                        *seen.entry(text).or_default() += count;
                    }
                }
                let mut seen: Vec<_> = seen.into_iter().collect();
                seen.sort_by_key(|(_, c)| std::cmp::Reverse(*c));
                for (stack, count) in seen.into_iter().take(12) {
                    println!("   WRONG {count} {stack}");
                }
            }
            if std::env::var_os("STACKS").is_some() {
                for (stack, count) in run.stacks().into_iter().take(12) {
                    println!("   {count} {stack}");
                }
            }
        }
    }
}

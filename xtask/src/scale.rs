//! From one machine to a billion accounts: what `docs/scale.toml` means for machines, and a simulation that tries it.

mod plan;
mod queues;

use plan::{Inputs, Plan, about};
use std::path::Path;

/// For so many accounts.
const SIZES: [u64; 5] = [10_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
/// The guides, and what each calls the parts that come to their end.
const GUIDES: [(&str, [&str; 5]); 2] = [
    (
        "docs/scale.md",
        [
            "the cores of one node",
            "the cores of one database",
            "its disk, if no two commits shared a flush",
            "its size",
            "WeChat's quota for one app",
        ],
    ),
    (
        "docs/scale.zh.md",
        [
            "一个节点的 CPU",
            "一个数据库的 CPU",
            "数据库的磁盘（假设提交之间从不共享刷盘）",
            "数据库的大小",
            "微信对一个应用的配额",
        ],
    ),
];
/// Before and behind each table that is made.
const MARKS: (&str, &str) = ("<!-- rows by cargo xtask scale -->\n", "<!-- end of rows -->");

/// Prints the tables' rows, or writes them into the guides.
pub(crate) fn scale(root: &Path, write: bool) -> Result<String, String> {
    let inputs = Inputs::read(&read(&root.join("docs/scale.toml"))?)?;
    let rows = rows(&inputs);
    if write {
        for (guide, names) in GUIDES {
            let path = root.join(guide);
            let text = with_tables(&read(&path)?, &[&rows, &ends(&inputs, names)]);
            let text = text.ok_or_else(|| format!("{guide}: the marks are missing"))?;
            std::fs::write(&path, text).map_err(|why| format!("{guide}: {why}"))?;
        }
    }
    Ok(format!("{rows}\n{}", ends(&inputs, GUIDES[0].1)))
}

/// The rows of the table of Federations.
fn rows(inputs: &Inputs) -> String {
    let one = |accounts| {
        let plan = Plan::of(accounts, inputs);
        plan.row(&queues::try_out(&plan, inputs)) + "\n"
    };
    SIZES.into_iter().map(one).collect()
}

/// The rows of the table of what comes to its end when.
fn ends(inputs: &Inputs, names: [&str; 5]) -> String {
    let ends = names.into_iter().zip(Plan::ends(inputs));
    ends.map(|(name, count)| format!("| {name} | {} |\n", about(count))).collect()
}

/// A guide with these rows below the headings of its tables, which are in its language.
fn with_tables(text: &str, tables: &[&str]) -> Option<String> {
    let mut rest = text;
    let mut whole = String::new();
    for rows in tables {
        let (before, behind) = rest.split_once(MARKS.0)?;
        let (table, behind) = behind.split_once(MARKS.1)?;
        let heading: Vec<&str> = table.lines().take(2).collect();
        whole.push_str(&format!("{before}{}{}\n{rows}{}", MARKS.0, heading.join("\n"), MARKS.1));
        rest = behind;
    }
    Some(whole + rest)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_say_what_the_simulation_prints() {
        let root = crate::root();
        let inputs = Inputs::read(&read(&root.join("docs/scale.toml")).unwrap()).unwrap();
        let rows = rows(&inputs);
        for (guide, names) in GUIDES {
            let text = read(&root.join(guide)).unwrap();
            let fresh = with_tables(&text, &[&rows, &ends(&inputs, names)]).expect("marks");
            assert_eq!(text, fresh, "{guide} is stale: cargo xtask scale --write");
        }
    }
}

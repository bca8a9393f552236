//! What the numbers were measured on.

use std::fs::read_to_string;
use std::path::Path;

/// The machine, in short lines that read the same in every language.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) system: String,
    pub(crate) file_system: String,
    /// Of the last minute, before the bench began: the machine should have been idle.
    pub(crate) load: String,
}

pub(crate) fn describe(binary: &Path) -> Machine {
    let field = |file: &str, name: &str, separator: char| {
        let text = read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(separator)
            .map_or(String::new(), |(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal", ':');
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    Machine {
        processor: field("/proc/cpuinfo", "model name", ':'),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_gib: memory.trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_048_576.0,
        system: format!("{}, Linux {}", field("/etc/os-release", "PRETTY_NAME", '='), kernel.trim()),
        file_system: file_system(binary).unwrap_or_default(),
        load: load.split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// The kind of file system that holds a file: that of the longest mount point above it.
fn file_system(file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    let mounts = read_to_string("/proc/mounts").ok()?;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter(|fields| fields.get(1).is_some_and(|mount| file.starts_with(mount)));
    let longest = above.max_by_key(|fields| fields[1].len())?;
    longest.get(2).map(|&kind| kind.to_owned())
}

//! A disk that a test has in its hand: it may go read-only or be full, and its power may be cut. `disk/disk.c` stands between the
//! process and its files and writes down what the process told them; here is what a power cut leaves of that.
//!
//! What a file was told before a sync began that ended well is there. Of everything after that any part may be: each
//! sector of each write, each cut to a length, and whether a file made since exists at all unless its folder was synced.
//! Removed files stay removed, and files that were given another name are not watched.

use super::Setup;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::OnceLock;
use tempfile::TempDir;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// The disk of one data folder.
pub(crate) struct Disk {
    /// Round the data folder.
    folder: Arc<TempDir>,
    /// For what is not the process's own.
    notes: TempDir,
    /// What was on the disk when the record began.
    base: BTreeMap<PathBuf, Vec<u8>>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let (folder, notes) = (Arc::new(TempDir::new().unwrap()), TempDir::new().unwrap());
        Self { folder, notes, base: BTreeMap::new() }
    }

    /// A Federation whose data folder is on this disk.
    pub(crate) fn under(&self, setup: Setup) -> Setup {
        let setup = setup.folder(&self.folder);
        self.variables().into_iter().fold(setup, |setup, (name, value)| setup.env(name, &value))
    }

    /// A command whose data folder is.
    pub(crate) fn over(&self, mut command: Command) -> Command {
        command.envs(self.variables());
        command
    }

    fn variables(&self) -> [(&'static str, String); 6] {
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        [
            ("LD_PRELOAD", text(layer().to_owned())),
            ("DISK_FOLDER", text(self.data())),
            ("DISK_READ_ONLY", text(self.notes.path().join("read-only"))),
            ("DISK_UNSYNCED", text(self.notes.path().join("unsynced"))),
            ("DISK_FULL", text(self.notes.path().join("full"))),
            ("DISK_RECORD", text(self.record())),
        ]
    }

    fn data(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("data")
    }

    fn record(&self) -> PathBuf {
        self.notes.path().join("record")
    }

    pub(crate) fn set_read_only(&self, on: bool) {
        self.set("read-only", on);
    }

    pub(crate) fn set_full(&self, on: bool) {
        self.set("full", on);
    }

    /// Whether syncs fail, as they do when the disk lost what it was given.
    pub(crate) fn set_unsynced(&self, on: bool) {
        self.set("unsynced", on);
    }

    fn set(&self, flag: &str, on: bool) {
        let flag = self.notes.path().join(flag);
        if on { std::fs::write(flag, "").unwrap() } else { std::fs::remove_file(flag).unwrap() }
    }

    /// Cuts the power, when the process was killed: puts into the folder what may be left. `chance` gives a number below
    /// another, and decides everything that the disk may.
    pub(crate) fn cut_power(&self, chance: impl FnMut(usize) -> usize) {
        let files = left(self.base.clone(), &std::fs::read(self.record()).unwrap(), &self.data(), chance);
        for file in files_of(&self.data()).keys() {
            std::fs::remove_file(file).unwrap();
        }
        for (path, bytes) in files {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }

    /// What is there now is on the disk for good, and a new record begins.
    pub(crate) fn settle(&mut self) {
        self.base = files_of(&self.data());
        let _ = std::fs::remove_file(self.record());
    }
}

/// SQLite's index of its log is memory, and gone with the power.
fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

#[derive(Clone, Default)]
struct File {
    /// There after any power cut.
    durable: Vec<u8>,
    /// Told since.
    pending: Vec<Told>,
    /// Whether its name is in the folder after any power cut.
    named: bool,
}

#[derive(Clone)]
enum Told {
    Write(usize, Vec<u8>),
    Cut(usize),
}

impl Told {
    fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Cut(length) => bytes.resize(length, 0),
            Self::Write(at, data) => {
                let end = at + data.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[at..end].copy_from_slice(&data);
            }
        }
    }

    /// As much of it as chance lets reach the disk.
    fn apply_in_part(self, bytes: &mut Vec<u8>, mut reaches: impl FnMut() -> bool) {
        match self {
            Self::Cut(_) if reaches() => self.apply(bytes),
            Self::Cut(_) => {}
            Self::Write(at, data) => {
                let mut from = 0;
                while from < data.len() {
                    let until = (from + SECTOR - (at + from) % SECTOR).min(data.len());
                    if reaches() {
                        Self::Write(at + from, data[from..until].to_vec()).apply(bytes);
                    }
                    from = until;
                }
            }
        }
    }
}

fn left(
    base: BTreeMap<PathBuf, Vec<u8>>,
    record: &[u8],
    folder: &Path,
    mut chance: impl FnMut(usize) -> usize,
) -> BTreeMap<PathBuf, Vec<u8>> {
    let known = |(path, durable)| (path, File { durable, pending: Vec::new(), named: true });
    let mut files: BTreeMap<PathBuf, File> = base.into_iter().map(known).collect();
    let mut open: BTreeMap<i32, PathBuf> = BTreeMap::new();
    // How much of which file was told when a sync began.
    let mut begun: BTreeMap<i32, BTreeMap<PathBuf, usize>> = BTreeMap::new();
    let mut rest = record;
    while let Some((kind, number, offset, bytes)) = entry(&mut rest) {
        let path = open.get(&number).cloned().unwrap_or_default();
        match kind {
            b'o' | b'u' => {
                let path = PathBuf::from(std::str::from_utf8(bytes).unwrap());
                if kind == b'u' {
                    files.remove(&path);
                } else if path != folder {
                    files.entry(path.clone()).or_default();
                }
                if kind == b'o' {
                    open.insert(number, path);
                }
            }
            // What the second name leads to is there as the first one is.
            b'l' => {
                let names = std::str::from_utf8(bytes).unwrap().split_once('\0').unwrap();
                let first = files.get(Path::new(names.0)).cloned().unwrap_or_default();
                files.insert(PathBuf::from(names.1), File { named: false, ..first });
            }
            b'w' => files.entry(path).or_default().pending.push(Told::Write(offset, bytes.to_vec())),
            b't' => files.entry(path).or_default().pending.push(Told::Cut(offset)),
            b'b' => {
                let synced = files.iter().filter(|(file, _)| **file == path || path == folder);
                begun.insert(number, synced.map(|(file, now)| (file.clone(), now.pending.len())).collect());
            }
            b'e' => {
                for (file, told) in begun.remove(&number).unwrap_or_default() {
                    let Some(file) = files.get_mut(&file) else { continue };
                    if path == folder {
                        file.named = true;
                    } else {
                        file.pending.drain(..told).for_each(|told| told.apply(&mut file.durable));
                    }
                }
            }
            other => panic!("a record of kind {other}"),
        }
    }
    let mut kept = BTreeMap::new();
    for (path, mut file) in files {
        if !file.named && chance(2) == 0 || path.to_string_lossy().ends_with("-shm") {
            continue;
        }
        // Everything, nothing, or something in between reaches the disk.
        let of_eight = chance(9);
        for told in file.pending {
            told.apply_in_part(&mut file.durable, || chance(8) < of_eight);
        }
        kept.insert(path, file.durable);
    }
    kept
}

/// The next entry; none when the record ends, also within one.
fn entry<'r>(rest: &mut &'r [u8]) -> Option<(u8, i32, usize, &'r [u8])> {
    let (head, more) = rest.split_at_checked(17)?;
    let number = i32::from_le_bytes(head[1..5].try_into().unwrap());
    let offset = i64::from_le_bytes(head[5..13].try_into().unwrap());
    let length = u32::from_le_bytes(head[13..].try_into().unwrap());
    let (bytes, more) = more.split_at_checked(length as usize)?;
    *rest = more;
    Some((head[0], number, usize::try_from(offset).unwrap(), bytes))
}

/// The library that stands between a process and its disk, compiled once a process.
pub(super) fn layer() -> &'static Path {
    static LAYER: OnceLock<PathBuf> = OnceLock::new();
    LAYER.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/disk/disk.c");
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{}.so", std::process::id()));
        let done = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&made).arg(source).status();
        assert!(done.expect("a C compiler is installed").success());
        made
    })
}

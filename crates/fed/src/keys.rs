//! The two key files: `master.key`, which seals secrets in the database, and `admin.key`, which opens the
//! Admin API. Both are readable by their owner only, made once, and never overwritten.

use crate::problem::Problem;
use downcity_service::seams::{Random, SystemRandom};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest key file that is read, in bytes.
const LIMIT: u64 = 4096;

/// The master key, and where it lies.
pub(crate) struct MasterKey {
    /// The key itself.
    pub(crate) bytes: [u8; 32],
    /// Its file.
    pub(crate) path: PathBuf,
    /// Whether it was made just now.
    pub(crate) made: bool,
}

impl MasterKey {
    /// Reads the key in the data folder, or makes it there if there is none.
    pub(crate) fn read_or_make(path: &Path) -> Result<Self, Problem> {
        match Self::read(path)? {
            Some(key) => Ok(key),
            None => Self::make(path),
        }
    }

    /// Reads a key; `None` where there is no file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Problem> {
        let Some(text) = read_private(path)? else { return Ok(None) };
        let bytes = from_hex(text.trim()).ok_or_else(|| {
            Problem::new(format_args!(
                "{} holds no master key: 64 hexadecimal digits are expected",
                path.display()
            ))
            .next("put the key that was made for this data back in its place")
        })?;
        Ok(Some(Self { bytes, path: path.to_owned(), made: false }))
    }

    fn make(path: &Path) -> Result<Self, Problem> {
        let mut bytes = [0; 32];
        SystemRandom.fill(&mut bytes);
        let made = write_private(path, &to_hex(&bytes)).map_err(|why| unwritable(path, &why))?;
        // Another process may have been faster; then its key is the one.
        if made { Ok(Self { bytes, path: path.to_owned(), made: true }) } else { Self::read_or_make(path) }
    }

    /// Takes back a key that was made just now and turned out not to be the one for the database.
    pub(crate) fn unmake(&self) {
        if self.made {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes the folder for keys and database, for its owner only. One that exists is left as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), Problem> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|why| {
        Problem::new(format_args!("the data folder {} can't be made: {why}", path.display()))
            .next("name another with --data, or make it yourself and give it to the user this runs as")
    })
}

/// The text of a key file; `None` where there is none. A file that others may read is refused.
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, Problem> {
    read_private_within(path, LIMIT)
}

/// The same for a file of another size: `limit` bytes at most.
pub(crate) fn read_private_within(path: &Path, limit: u64) -> Result<Option<String>, Problem> {
    let fault = |why: io::Error| Problem::new(format_args!("{} can't be read: {why}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(fault(why)),
    };
    let mode = file.metadata().map_err(fault)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("{} holds a key and other users can get at it (mode {mode:04o})", path.display());
        return Err(Problem::new(what).next(format_args!("chmod 600 {}", path.display())));
    }
    let mut text = String::new();
    file.take(limit).read_to_string(&mut text).map_err(fault)?;
    Ok(Some(text))
}

/// Writes a key file for its owner only; `false` where there is one already, which stays as it is.
/// Returns after the disk has it: the database may depend on it from the next moment on.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(why) => return Err(why),
    };
    let written = file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all());
    if let Err(why) = written {
        // Half a key is worse than none.
        let _ = std::fs::remove_file(path);
        return Err(why);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(true)
}

/// Why a key file could not be written.
pub(crate) fn unwritable(path: &Path, why: &io::Error) -> Problem {
    Problem::new(format_args!("{} can't be written: {why}", path.display()))
        .next("let the user this runs as write to that folder, and see that the disk is not full")
}

fn to_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, read_to_string, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_master_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = MasterKey::read_or_make(&path).unwrap();
        assert!(first.made && first.bytes != [0; 32]);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let again = MasterKey::read_or_make(&path).unwrap();
        assert!(!again.made && again.bytes == first.bytes);
        again.unmake();
        assert!(path.exists(), "a key that was there before is never taken away");
        first.unmake();
        assert!(!path.exists());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.key");
        assert!(write_private(&path, "ak_one").unwrap());
        assert!(!write_private(&path, "ak_two").unwrap(), "never overwritten");
        assert_eq!(read_to_string(&path).unwrap(), "ak_one\n");
        for mode in [0o640, 0o604, 0o644] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let told = format!("{:?}", read_private(&path).unwrap_err());
            assert!(told.contains("chmod 600") && !told.contains("ak_one"), "{told}");
        }
        set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read_private(&path).unwrap().unwrap(), "ak_one\n");
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        for (index, text) in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)].iter().enumerate()
        {
            let path = folder.path().join(format!("{index}.key"));
            write_private(&path, text).unwrap();
            assert!(MasterKey::read_or_make(&path).is_err(), "{text}");
        }
    }
}

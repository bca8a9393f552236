//! Key files: `master.key`, which everything sealed in the database depends on, and `admin.key`, which opens the
//! Admin API. They are readable by their owner only.

use crate::problem::Problem;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The longest key file that is read, in bytes.
const LIMIT: u64 = 4096;

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

/// Puts another text into a key file, whole or not at all.
pub(crate) fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, read_to_string, set_permissions};
    use std::os::unix::fs::PermissionsExt;

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
    fn a_key_file_is_replaced_whole_and_stays_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(write_private(&path, "one").unwrap());
        replace_private(&path, "one\ntwo").unwrap();
        assert_eq!(read_private(&path).unwrap().unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}

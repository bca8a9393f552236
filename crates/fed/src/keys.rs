//! Key files: `master.key`, which everything sealed in the database depends on, and `admin.key`, which opens the
//! Admin API. They are readable by their owner only; and that stays who it was when root changes them, since the service
//! that reads them is not root.

use crate::problem::Problem;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, fchown};
use std::path::Path;
use tempfile::NamedTempFile;

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
    let fault = |why: io::Error| unreadable(path, &why);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(fault(why)),
    };
    let mode = file.metadata().map_err(fault)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("{} holds a key and other users can get at it (mode {mode:04o})", path.display());
        return Err(Problem::usage(what).next(format_args!("chmod 600 {}", path.display())));
    }
    let mut text = String::new();
    file.take(limit).read_to_string(&mut text).map_err(fault)?;
    Ok(Some(text))
}

/// Writes a key file for its owner only; `false` where there is one already, which stays as it is.
/// Returns after the disk has it: the database may depend on it from the next moment on.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    let mut file = beside(path)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.as_file().sync_all()?;
    // Under its name it is whole, whenever the process or the machine stops: half a key is worse than none.
    let named = match std::fs::hard_link(file.path(), path) {
        Ok(()) => file.close(),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Err(why),
        // A file system may know no second names.
        Err(_) => file.persist_noclobber(path).map(drop).map_err(|failed| failed.error),
    };
    match named {
        Err(why) if why.kind() == ErrorKind::AlreadyExists => return Ok(false),
        named => named?,
    }
    File::open(folder_of(path))?.sync_all()?;
    Ok(true)
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    // A bare file name has an empty parent.
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What root has just made, and holds, belongs to whom its folder belongs.
pub(crate) fn leave_to_owner(made: &File, path: &Path) -> io::Result<()> {
    if made.metadata()?.uid() != 0 {
        return Ok(());
    }
    match belong(made, &folder_of(path).metadata()?) {
        // Root without that capability, as in some containers: it stays root's, who serves then.
        Err(why) if matches!(why.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput) => Ok(()),
        done => done,
    }
}

/// Gives a file to whom something else belongs.
fn belong(file: &File, like: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    match fchown(file, Some(like.uid()), Some(like.gid())) {
        // Its group may do nothing with it.
        Err(_) if own.uid() == like.uid() => Ok(()),
        done => done,
    }
}

/// A user's name, or else the number as `sudo` takes it.
fn name_of(uid: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| format!("#{uid}"))
}

/// Why a key file could not be read, and whose it is.
fn unreadable(path: &Path, why: &io::Error) -> Problem {
    let what = format!("{} can't be read: {why}", path.display());
    if why.kind() != ErrorKind::PermissionDenied {
        // It may pass.
        return Problem::new(what);
    }
    let problem = Problem::usage(what);
    // Of a file in a closed folder nothing can be known but that.
    let Some((whose, it)) =
        path.ancestors().find_map(|it| Some((name_of(it.metadata().ok()?.uid()), it.display())))
    else {
        return problem;
    };
    problem.next(format_args!(
        "{it} belongs to {whose}: run this as that user (sudo -u '{whose}' fed …); a service that says this needs the \
         file for its own user (chown USER {})",
        path.display()
    ))
}

/// Why a key file could not be written.
pub(crate) fn unwritable(path: &Path, why: &io::Error) -> Problem {
    Problem::new(format_args!("{} can't be written: {why}", path.display()))
        .next("let the user this runs as write to that folder, and see that the disk is not full")
}

/// Puts another text into a key file, whole or not at all. It belongs to whom it belonged.
pub(crate) fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder_of(path))?.sync_all()
}

/// An empty private file in the same folder, of the same owner.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(".fed-part-").tempfile_in(folder_of(path))?;
    match path.metadata() {
        Ok(there) => belong(file.as_file(), &there)?,
        Err(why) if why.kind() == ErrorKind::NotFound => leave_to_owner(file.as_file(), path)?,
        Err(why) => return Err(why),
    }
    Ok(file)
}

/// Refuses where a key file could not be replaced later on, so that nothing is begun. Nothing is changed.
pub(crate) fn check_replaceable(path: &Path) -> Result<(), Problem> {
    beside(path).map(drop).map_err(|why| {
        let whose = path.metadata().map_or_else(|_| "its owner".to_owned(), |there| name_of(there.uid()));
        Problem::usage(format_args!("{} can't be replaced: {why}; nothing was changed", path.display())).next(
            format_args!(
                "run this as {whose}, to whom the file belongs (sudo -u '{whose}' fed …), or as root; and see that its \
                 folder can be written to"
            ),
        )
    })
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
        check_replaceable(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    /// Only root can give files away, so elsewhere there is nothing to look at.
    #[test]
    fn what_root_writes_belongs_to_whom_the_place_belongs() {
        let folder = tempfile::tempdir().unwrap();
        if folder.path().metadata().unwrap().uid() != 0 {
            return;
        }
        let service = (12_345, 23_456);
        let whose = |path: &Path| {
            let found = path.metadata().unwrap();
            (found.uid(), found.gid(), found.mode() & 0o777)
        };
        std::os::unix::fs::chown(folder.path(), Some(service.0), Some(service.1)).unwrap();
        let path = folder.path().join("master.key");
        assert!(write_private(&path, "one").unwrap());
        assert_eq!(whose(&path), (service.0, service.1, 0o600));
        // The file's own owner counts, and not the folder's.
        std::os::unix::fs::chown(&path, Some(34_567), Some(45_678)).unwrap();
        replace_private(&path, "two").unwrap();
        assert_eq!(whose(&path), (34_567, 45_678, 0o600));
        let told = unreadable(&path, &ErrorKind::PermissionDenied.into()).to_string();
        assert!(told.contains("belongs to #34567") && told.contains("chown"), "{told}");
        assert_eq!(name_of(0), "root");
    }
}

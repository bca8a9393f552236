//! The master key from each source, its change under a running server (also one that is killed meanwhile), and
//! backups through the command line.

use crate::support::{Fed, Setup, fed, read, run, said};
use downcity_service::Store;
use downcity_service::core::Timestamp;
use downcity_service::seams::SystemRandom;
use downcity_service::vault::{MasterKeys, Vault};
use downcity_store::NewMail;
use downcity_store::testing::number;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn private(path: &Path, text: &str) {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// `fed serve` on this folder, which must refuse; exit code and what it said.
fn refused(data: &Path, prepare: impl FnOnce(&mut Command)) -> (Option<i32>, String) {
    let mut command = fed();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    prepare(&mut command);
    let output = run(command, "");
    assert!(!output.status.success());
    (output.status.code(), said(&output))
}

#[test]
fn the_master_key_comes_from_the_environment_or_a_command() {
    let mut first = Setup::default().env("FED_MASTER_KEY", KEY).start();
    first.run_with(&["env", "set", "MY_API_TOKEN", "-"], "0123456789abcdef");
    let data = first.data();
    assert!(!data.join("master.key").exists(), "the key is in no file");
    first.stop();
    let command = format!("echo {KEY}");
    let second =
        Setup::default().folder(first.folder()).args(["--master-key-command", command.as_str()]).start();
    assert!(second.run(&["env", "list"]).contains("MY_API_TOKEN"));
    drop(second);

    let other = "f".repeat(64);
    let (code, told) = refused(&data, |command| {
        command.env("FED_MASTER_KEY", &other);
    });
    assert!(code == Some(2) && told.contains("does not fit this database"), "{told}");
    assert!(!told.contains(&other), "{told}");
    let (code, told) = refused(&data, |command| {
        command.env("FED_MASTER_KEY", "short");
    });
    assert!(code == Some(2) && told.contains("64 hexadecimal digits"), "{told}");
    let (code, told) = refused(&data, |command| {
        command.args(["--master-key-file", "/no/such/file"]);
    });
    assert!(code == Some(1) && told.contains("no master key file"), "one that is mounted late: {told}");
    let (code, told) = refused(&data, |command| {
        command.env("FED_MASTER_KEY", KEY).args(["--master-key-command", "true"]);
    });
    assert!(code == Some(2) && told.contains("more than one place"), "{told}");
    let (code, told) = refused(&data, |_| ());
    assert!(
        code == Some(2) && told.contains("master.key is missing") && !data.join("master.key").exists(),
        "{told}"
    );
    let third = Setup::default().folder(first.folder()).env("FED_MASTER_KEY", KEY).start();
    assert!(third.run(&["env", "list"]).contains("MY_API_TOKEN"), "none of these changed anything");
}

#[test]
fn a_key_command_that_fails_or_hangs_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (code, told) = refused(&data, |command| {
        command.args(["--master-key-command", "echo the vault is shut >&2; exit 3"]);
    });
    assert!(code == Some(1) && told.contains("the vault is shut") && told.contains("failed"), "{told}");
    let (code, told) = refused(&data, |command| {
        command.args(["--master-key-command", "false | cat"]);
    });
    assert!(code == Some(1) && told.contains("64 hexadecimal digits"), "a pipe hides what failed: {told}");
    let began = Instant::now();
    let (code, told) = refused(&data, |command| {
        command.args(["--master-key-command", "sleep 300 & sleep 300"]);
    });
    assert!(code == Some(1) && told.contains("did not end"), "{told}");
    assert!((8..30).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(!data.join("fed.db").exists() && !data.join("master.key").exists());
}

#[test]
fn one_command_changes_the_master_key_of_a_running_federation() {
    let fed = Fed::start();
    fed.run_with(&["env", "set", "MY_API_TOKEN", "-"], "0123456789abcdef");
    let file = fed.data().join("master.key");
    let old = read(&file);
    let shown = fed.run(&["master-key", "rotate"]);
    assert!(shown.contains("to be sealed anew: 0"), "{shown}");
    let new = read(&file);
    assert!(new != old && new.trim().len() == 64, "one key, another one");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let files = std::fs::read_dir(fed.data()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with(".old")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(read(&kept[0]), old);
    let fed = fed.restart();
    assert!(fed.run(&["env", "list"]).contains("MY_API_TOKEN"));
    let audit = fed.run(&["master-key", "show", "--json"]);
    assert!(audit.contains("\"left\":0"), "{audit}");
    let (data, _folder) = (fed.data(), Arc::clone(fed.folder()));
    drop(fed);
    let (_, told) = refused(&data, |command| {
        command.arg("--master-key-file").arg(&kept[0]);
    });
    assert!(told.contains("does not fit this database"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_minus_9_while_everything_is_sealed_anew() {
    const MAILS: i64 = 12_000;
    let mut fed = Fed::start();
    fed.stop();
    let (file, database) = (fed.data().join("master.key"), fed.data().join("fed.db"));
    let bytes = |hex: &str| -> [u8; 32] {
        let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
        std::array::from_fn(byte)
    };
    let old = read(&file).trim().to_owned();
    let store = Store::open_sqlite(&database).await.unwrap();
    let unlock = async |store: &Store, key: &str| {
        Vault::unlock(store, &MasterKeys::fixed(&[bytes(key)]), Arc::new(SystemRandom), Timestamp(1)).await
    };
    let vault = unlock(&store, &old).await.unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for index in 0..MAILS {
        let (store, outbox_id) = (store.clone(), format!("mail-{index:05}"));
        let sealed = vault.seal(&format!("outbox/{outbox_id}/sealed"), outbox_id.as_bytes());
        let mail =
            NewMail { outbox_id, address: "a@example.com".into(), sealed, event_id: None, now: Timestamp(1) };
        writes.spawn(async move { store.enqueue_mail(mail).await.unwrap() });
        if index % 1000 == 999 {
            while writes.join_next().await.is_some() {}
        }
    }
    store.close().await;

    let mut fed = fed.restart();
    private(&file, &format!("{old}\n{KEY}\n"));
    let admin = fed.admin();
    let mut left = admin.rotate_master_key().await.unwrap().left;
    while left >= MAILS.unsigned_abs() {
        left = admin.master_key().await.unwrap().left;
    }
    assert!(left > 0, "the kill comes in the middle");
    fed.kill();
    let store = Store::open_sqlite(&database).await.unwrap();
    assert!(unlock(&store, &old).await.is_err(), "the change itself is done");
    let interrupted = "select count(*) from (select substr(sealed, 2, 4) from outbox group by 1)";
    assert_eq!(number(&store, interrupted).await, 2, "some of either key");
    store.close().await;

    let mut fed = fed.restart();
    let end = Instant::now() + Duration::from_secs(30);
    while fed.admin().master_key().await.unwrap().left > 0 {
        assert!(Instant::now() < end, "it goes on by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    fed.run(&["master-key", "rotate"]);
    assert_eq!(read(&file).trim(), KEY, "the command brings it to its end and changes nothing again");
    fed.stop();
    let store = Store::open_sqlite(&database).await.unwrap();
    let vault = unlock(&store, KEY).await.unwrap();
    let mails = store.take_mails(Timestamp(i64::MAX - 9), Timestamp(i64::MAX - 8), MAILS).await.unwrap();
    assert_eq!(i64::try_from(mails.len()).unwrap(), MAILS);
    for mail in mails {
        let plain = vault.open(&format!("outbox/{}/sealed", mail.outbox_id), &mail.sealed.unwrap()).unwrap();
        assert_eq!(plain, mail.outbox_id.as_bytes());
    }
    store.close().await;
}

#[test]
fn a_backup_is_taken_and_restored_and_overwrites_nothing() {
    let mut first = Fed::start();
    first.run(&["city", "create", "Demo", "--city-id", "city_demo"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.jsonl");
    let path = file.to_str().unwrap();
    let told = first.run(&["backup", path]);
    assert!(told.contains("found whole") && told.contains("master key"), "{told}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = read(&file);
    assert!(
        !text.contains(&first.admin_key()) && !text.contains(read(&first.data().join("master.key")).trim())
    );
    let again = run(first.command(&["backup", path]), "");
    assert!(
        again.status.code() == Some(2) && said(&again).contains("overwrites nothing"),
        "{}",
        said(&again)
    );
    assert_eq!(read(&file), text);

    let offline = folder.path().join("offline.jsonl");
    let take = |first: &Fed| run(first.command(&["backup", "--offline", offline.to_str().unwrap()]), "");
    assert!(said(&take(&first)).contains("in use by another running process"));
    assert!(!offline.exists());
    first.stop();
    let taken = take(&first);
    assert!(taken.status.success() && offline.exists(), "{}", said(&taken));
    restores(&first, &file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

fn restores(first: &Fed, file: &Path) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let key = first.data().join("master.key");
    let restore = |file: &Path, data: &Path, key: &Path| {
        let mut command = fed();
        command.arg("restore").arg(file).arg("--data").arg(data).arg("--master-key-file").arg(key);
        run(command, "")
    };
    let mut without = fed();
    without.arg("restore").arg(file).arg("--data").arg(&data);
    let told = said(&run(without, ""));
    assert!(told.contains("put the master key") && !told.contains("fed serve"), "{told}");
    let wrong = folder.path().join("wrong.key");
    private(&wrong, KEY);
    let told = said(&restore(file, &data, &wrong));
    assert!(told.contains("does not fit") && told.contains("put the master key"), "{told}");
    let cut = folder.path().join("cut.jsonl");
    let text = read(file);
    std::fs::write(&cut, &text[..text.len() - 40]).unwrap();
    let told = said(&restore(&cut, &data, &key));
    assert!(told.contains("cut off"), "{told}");
    std::fs::write(&cut, text.replacen("city_demo", "city_dem0", 1)).unwrap();
    let told = said(&restore(&cut, &data, &key));
    assert!(told.contains("damaged or was changed"), "{told}");
    assert!(!data.exists(), "nothing was made");

    let done = restore(file, &data, &key);
    assert!(done.status.success(), "{}", said(&done));
    let told = restore(file, &data, &key);
    assert!(told.status.code() == Some(2) && said(&told).contains("nothing was changed"), "{}", said(&told));
    let key = key.to_str().unwrap();
    let second = Setup::default().folder(&folder).args(["--master-key-file", key]).start();
    assert!(!second.output().contains("Admin key"), "its admin keys came along: {}", second.output());
    let admin = second.client().admin(first.admin_key().into());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cities = runtime.block_on(admin.cities().list()).unwrap();
    assert!(cities.items.iter().any(|city| city.city_id == "city_demo"));
}

#[test]
fn whoever_holds_the_data_makes_an_owners_key_without_one() {
    let mut fed = Fed::start();
    let lost = fed.admin_key();
    std::fs::remove_file(fed.data().join("admin.key")).unwrap();
    let make = |fed: &Fed| {
        run(fed.command(&["admin-key", "create", "found again", "--role", "owner", "--offline"]), "")
    };
    assert!(said(&make(&fed)).contains("in use by another running process"));
    fed.stop();
    let made = make(&fed);
    assert!(made.status.success(), "{}", said(&made));
    let key = String::from_utf8(made.stdout).unwrap();
    assert!(key.starts_with("ak_") && key.trim() != lost, "{key}");
    let fed = fed.restart();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &key).unwrap();
    let ask = |args: &[&str]| {
        let mut command = fed.command(args);
        command.arg("--admin-key-file").arg(file.path());
        let told = run(command, "");
        assert!(told.status.success(), "{}", said(&told));
        said(&told)
    };
    assert!(ask(&["admin-key", "list"]).contains("found again"));
    let record = ask(&["audit", "list", "--action", "admin_key.created", "--json"]);
    assert!(record.contains("fed admin-key create") && record.contains("machine"), "{record}");
}

/// Whoever may write to the data folder could have root open, and give away, any file of the machine.
#[test]
fn root_follows_no_link_in_the_services_folder() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut fed = Fed::start();
    fed.stop();
    let elsewhere = tempfile::tempdir().unwrap();
    let victim = elsewhere.path().join("victim");
    std::fs::write(&victim, "secret").unwrap();
    std::fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o640)).unwrap();
    let (data, service) = (fed.data().to_owned(), Some(12_345));
    for path in std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).chain([data.clone()]) {
        std::os::unix::fs::chown(path, service, service).unwrap();
    }
    let backup = elsewhere.path().join("backup");
    let backup = || run(fed.command(&["backup", backup.to_str().unwrap(), "--offline"]), "");
    let database = data.join("fed.db");
    let aside = data.join("aside");
    std::fs::rename(&database, &aside).unwrap();
    for name in ["fed.db.lock", "fed.db"] {
        let link = data.join(name);
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let done = backup();
        assert!(!done.status.success(), "{name}: {}", said(&done));
        let there = victim.metadata().unwrap();
        assert_eq!((there.uid(), there.mode() & 0o777), (0, 0o640), "{name}");
        assert_eq!(std::fs::read(&victim).unwrap(), b"secret", "{name}");
        std::fs::remove_file(link).unwrap();
    }
    std::fs::rename(aside, database).unwrap();
    let done = backup();
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(data.join("fed.db.lock").metadata().unwrap().uid(), 12_345, "what it makes is the service's");
}

/// Only root can give files away, so elsewhere there is nothing to look at.
#[test]
fn a_master_key_that_root_changes_stays_the_services_own() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let fed = Fed::start();
    let service = Some(12_345);
    for path in std::fs::read_dir(fed.data()).unwrap().map(|entry| entry.unwrap().path()).chain([fed.data()])
    {
        std::os::unix::fs::chown(path, service, service).unwrap();
    }
    fed.run(&["master-key", "rotate"]);
    let files: Vec<PathBuf> =
        std::fs::read_dir(fed.data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|path| path.to_string_lossy().ends_with(".old")), "{files:?}");
    for path in &files {
        let (found, shown) = (path.metadata().unwrap(), path.display());
        assert_eq!((found.uid(), found.gid()), (12_345, 12_345), "{shown}");
    }
}

//! Checks of what the Federation stands on: database, disk, files, keys.

use crate::federation::Federation;
use downcity_core::Verdict::{Failed, Ok as Fine, Skipped, Warning};
use downcity_core::time::DAY;
use downcity_core::{Finding, Role, Said, Text, Verdict};
use downcity_store::{Engine, Others, Schema};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

const REACHABLE: Text = Text::new("Database answers", "数据库应答");
const SCHEMA: Text = Text::new("Database schema", "数据库结构");
const WRITES: Text = Text::new("Time of a durable write", "持久写入耗时");
const OTHERS: Text = Text::new("Other nodes", "其他节点");
const SPACE: Text = Text::new("Disk space", "磁盘空间");
const FILES: Text = Text::new("Files of keys", "密钥文件权限");
const SIGNING: Text = Text::new("Signing key", "签名密钥");
const ADMINS: Text = Text::new("Admin keys", "管理员密钥");

/// How many writes are measured.
const SAMPLES: usize = 7;
/// A write that takes longer makes every sign-in feel slow.
const SLOW: Duration = Duration::from_millis(50);
const TOO_SLOW: Duration = Duration::from_millis(500);
/// Too little space, and little.
const FULL: u64 = 100 << 20;
const LOW: u64 = 1 << 30;
/// Before an admin key ends, somebody should have made the next one.
const ENDS_SOON: i64 = 14 * DAY;
/// A signing key that old should be changed.
const OLD: i64 = 365 * DAY;

impl Federation {
    pub(super) async fn check_database(&self) -> Vec<Finding> {
        let began = Instant::now();
        let engine = match self.store.engine() {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        };
        let schema = match self.store.schema().await {
            Ok(schema) => schema,
            Err(error) => {
                let evidence = Said::new(format!("{engine}: {error}."), format!("{engine}：{error}。"));
                let finding =
                    Finding::new(("database", "reachable"), REACHABLE, (Failed, "unreachable"), evidence);
                return vec![finding.remedy(Text::new(
                    "Start the database and see that this machine reaches it; the Federation goes on by itself.",
                    "请启动数据库并确认本机可以连接；Federation 会自动恢复。",
                ))];
            }
        };
        let took = millis(began.elapsed());
        let evidence =
            Said::new(format!("{engine} answered in {took} ms."), format!("{engine} 在 {took} 毫秒内应答。"));
        let reachable = Finding::new(("database", "reachable"), REACHABLE, (Fine, "fine"), evidence);
        vec![reachable, of_schema(&schema), of_others(self.store.others()), self.check_writes().await]
    }

    /// A few real writes, one after another: each is answered when the disk has it.
    async fn check_writes(&self) -> Finding {
        let find = |result, evidence| Finding::new(("database", "writes"), WRITES, result, evidence);
        let mut times = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let began = Instant::now();
            if let Err(error) = self.store.write_for_measure(self.clock.now()).await {
                let evidence = Said::new(format!("A write failed: {error}."), format!("写入失败：{error}。"));
                return find((Failed, "refused"), evidence).remedy(Text::new(
                    "See that the disk is not full and the database takes writes (not a read-only standby).",
                    "请确认磁盘未满，且数据库可写（不是只读备库）。",
                ));
            }
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let (middle, most) = (times[SAMPLES / 2], times[SAMPLES - 1]);
        let (p50, max) = (millis(middle), millis(most));
        let evidence = Said::new(
            format!("Of {SAMPLES} writes half took at most {p50} ms, the slowest {max} ms."),
            format!("{SAMPLES} 次写入的中位数为 {p50} 毫秒，最慢 {max} 毫秒。"),
        );
        let result = match middle {
            time if time > TOO_SLOW => (Failed, "too_slow"),
            time if time > SLOW => (Warning, "slow"),
            _ => return find((Fine, "fine"), evidence),
        };
        find(result, evidence).remedy(Text::new(
            "Use a disk that syncs in milliseconds (no network file system), or a PostgreSQL that is near.",
            "请使用毫秒级同步的磁盘（不要用网络文件系统），或就近的 PostgreSQL。",
        ))
    }

    pub(super) async fn check_disk(&self) -> Vec<Finding> {
        let find = |result, evidence| Finding::new(("disk", "space"), SPACE, result, evidence);
        let folder = self.settings.premises.data.clone().filter(|_| self.store.engine() == Engine::Sqlite);
        let Some(folder) = folder else {
            let none = Said::new(
                "The database does not lie on a disk of this process.",
                "数据库不在本进程的磁盘上。",
            );
            return vec![find((Skipped, "elsewhere"), none)];
        };
        let shown = folder.display().to_string();
        // A file system that hangs must not hold up the runtime.
        let free = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder)).await;
        let Ok(Ok(stat)) = free else {
            let evidence = Said::new(
                format!("{shown} can't be asked for its space."),
                format!("无法查询 {shown} 的空间。"),
            );
            return vec![find((Warning, "unknown"), evidence).remedy(Text::new(
                "See that the data folder is there and its disk is mounted.",
                "请确认数据目录存在且磁盘已挂载。",
            ))];
        };
        vec![of_space(&shown, stat.f_bavail.saturating_mul(stat.f_frsize))]
    }

    pub(super) async fn check_files(&self) -> Vec<Finding> {
        let premises = self.settings.premises.clone();
        let (data, files) = (premises.data, premises.private_files);
        let looked = tokio::task::spawn_blocking(move || {
            let folder = data.as_deref().and_then(|folder| of_mode(folder, "700"));
            folder.into_iter().chain(files.iter().filter_map(|file| of_mode(file, "600"))).collect::<Vec<_>>()
        });
        let mut findings = looked.await.unwrap_or_default();
        if findings.is_empty() {
            let result = match self.settings.premises.private_files.is_empty() {
                true => (
                    (Skipped, "none"),
                    Said::new("This process keeps no key in a file.", "本进程没有密钥文件。"),
                ),
                false => ((Fine, "fine"), Said::new("Only their owner can read them.", "仅所有者可读。")),
            };
            findings.push(Finding::new(("files", "modes"), FILES, result.0, result.1));
        }
        findings
    }

    pub(super) async fn check_keys(&self) -> Vec<Finding> {
        vec![self.check_signing_key(), self.check_admin_keys()]
    }

    fn check_signing_key(&self) -> Finding {
        let now = self.clock.now();
        let keys = self.signing_keys();
        let find = |result, evidence| Finding::new(("keys", "signing"), SIGNING, result, evidence);
        let Some(active) = keys.iter().find(|key| key.status == "active") else {
            if let Some(next) = keys.iter().find(|key| key.status == "next") {
                let at = jiff::Timestamp::from_millisecond(next.starts_at.0);
                let at = at.map(|at| at.strftime("%F %T UTC").to_string()).unwrap_or_default();
                let evidence = Said::new(
                    format!(
                        "The key {} signs from {at} on, and this machine's clock is not there yet.",
                        next.kid
                    ),
                    format!("密钥 {} 从 {at} 起签名，而本机时钟尚未到该时刻。", next.kid),
                );
                return find((Failed, "not_yet"), evidence).remedy(Text::new(
                    "Set the clock by NTP (timedatectl set-ntp true), and rotate nothing: the key is good.",
                    "请通过 NTP 校准时钟（timedatectl set-ntp true），无需轮换：密钥本身没有问题。",
                ));
            }
            let none = Said::new("No key signs tokens.", "没有可用的签名密钥。");
            return find((Failed, "none"), none).remedy(Text::new(
                "Rotate: POST federation/keys/rotate.",
                "请轮换密钥：POST federation/keys/rotate。",
            ));
        };
        let age = now.0 - active.starts_at.0;
        let days = age.max(0) / DAY;
        let evidence = Said::new(
            format!("The key {} has signed for {days} days.", active.kid),
            format!("密钥 {} 已使用 {days} 天。", active.kid),
        );
        if age > OLD && !keys.iter().any(|key| key.status == "next") {
            return find((Warning, "old"), evidence).remedy(Text::new(
                "Rotate it: POST federation/keys/rotate. Nobody is signed out by that.",
                "请轮换：POST federation/keys/rotate，不会使任何人退出登录。",
            ));
        }
        find((Fine, "fine"), evidence)
    }

    fn check_admin_keys(&self) -> Finding {
        let now = self.clock.now();
        let directory = self.directory();
        let live = directory.admin_keys.values().map(|known| &known.row);
        let live: Vec<_> =
            live.filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|at| at > now)).collect();
        let ends_soon =
            |key: &&&_| ends_within(key, now.plus(Duration::from_millis(ENDS_SOON.unsigned_abs())));
        let find = |result, evidence| Finding::new(("keys", "admin"), ADMINS, result, evidence);
        let owner = live.iter().any(|key| key.role == Role::Owner && key.city_id.is_none());
        if !owner {
            let none = Said::new("No key of an owner is good any more.", "没有有效的所有者（owner）密钥。");
            return find((Failed, "no_owner"), none).remedy(Text::new(
                "Make one where the database and the master key are: fed admin-key create NAME --role owner --offline.",
                "请在持有数据库和主密钥的机器上创建：fed admin-key create NAME --role owner --offline。",
            ));
        }
        let soon: Vec<&str> = live.iter().filter(ends_soon).map(|key| key.name.as_str()).collect();
        if soon.is_empty() {
            let count = live.len();
            let fine = Said::new(
                match count {
                    1 => "One key is good, and does not end within 14 days.".to_owned(),
                    _ => format!("{count} keys are good, none ends within 14 days."),
                },
                format!("{count} 个有效密钥，14 天内均不会过期。"),
            );
            return find((Fine, "fine"), fine);
        }
        let names = soon.join(", ");
        let evidence = Said::new(
            format!("They end within 14 days: {names}."),
            format!("以下密钥将在 14 天内过期：{names}。"),
        );
        find((Warning, "end_soon"), evidence).remedy(Text::new(
            "Make new keys for those who go on, and revoke the old ones.",
            "请为仍需使用者创建新密钥，并撤销旧密钥。",
        ))
    }
}

fn ends_within(key: &downcity_store::AdminKeyRow, until: downcity_core::Timestamp) -> bool {
    key.expires_at.is_some_and(|at| at <= until)
}

fn of_schema(schema: &Schema) -> Finding {
    let Schema { taken, known } = *schema;
    let find = |result: (Verdict, &'static str), en: String, zh: String| {
        Finding::new(("database", "schema"), SCHEMA, result, Said::new(en, zh))
    };
    if taken == known {
        return find(
            (Fine, "fine"),
            format!("Step {taken}, as this version needs it."),
            format!("数据库结构版本 {taken}，与本程序一致。"),
        );
    }
    find(
        (Warning, "other_version"),
        format!(
            "The database is at step {taken}, this version knows {known}: another node runs another version."
        ),
        format!("数据库结构版本为 {taken}，本程序对应 {known}：有节点运行着其他版本。"),
    )
    .remedy(Text::new(
        "Bring all nodes to the same version, and start this one again.",
        "请将所有节点升级到同一版本，并重新启动本节点。",
    ))
}

/// Whether this node hears the others.
fn of_others(others: Others) -> Finding {
    let find =
        |result, en: &str, zh: &str| Finding::new(("database", "others"), OTHERS, result, Said::new(en, zh));
    match others {
        Others::None => {
            find((Skipped, "none"), "The database belongs to this process alone.", "数据库只属于本进程。")
        }
        Others::Heard => find((Fine, "fine"), "This node hears the others.", "本节点能收到其他节点的消息。"),
        Others::Unheard => find(
            (Warning, "unheard"),
            "This node does not hear the others and looks by itself: twice a second for sign-ins, every second for settings.",
            "本节点收不到其他节点的消息，改为自行查询：登录每秒两次，设置每秒一次。",
        )
        .remedy(Text::new(
            "The log says why, and it is tried again by itself. Past a pooler in transaction mode leads --database-direct-url.",
            "日志中有原因，系统会自动重试。使用事务模式的连接池时，请设置 --database-direct-url。",
        )),
    }
}

fn of_space(folder: &str, free: u64) -> Finding {
    let free_shown = size(free);
    let evidence =
        Said::new(format!("{folder} has {free_shown} free."), format!("{folder} 剩余 {free_shown}。"));
    let find = |result| Finding::new(("disk", "space"), SPACE, result, evidence.clone());
    let result = match free {
        ..FULL => (Failed, "full"),
        FULL..LOW => (Warning, "low"),
        _ => return find((Fine, "fine")),
    };
    find(result).remedy(Text::new(
        "Free some space, or move the data folder to a larger disk: without space nobody can sign in.",
        "请清理空间，或将数据目录迁移到更大的磁盘：磁盘写满后无法登录。",
    ))
}

/// What is wrong with who may get at a file or folder.
fn of_mode(path: &Path, wanted: &str) -> Option<Finding> {
    let shown = path.display();
    let find =
        |result, en: String, zh: String| Finding::new(("files", "modes"), FILES, result, Said::new(en, zh));
    let mode = match std::fs::metadata(path) {
        Ok(found) => found.mode() & 0o777,
        // A key that was read at the start and is gone now won't be there at the next.
        Err(why) => {
            let remedy = Said::new(
                format!("Put {shown} back from a backup before the next start."),
                format!("请在下次启动前从备份恢复 {shown}。"),
            );
            let (en, zh) =
                (format!("{shown} can't be looked at: {why}."), format!("无法查看 {shown}：{why}。"));
            return Some(find((Failed, "missing"), en, zh).remedy(remedy));
        }
    };
    (mode & 0o077 != 0).then(|| {
        find(
            (Failed, "open_to_others"),
            format!("Other users of this machine can get at {shown} (mode {mode:04o})."),
            format!("本机其他用户可以访问 {shown}（权限 {mode:04o}）。"),
        )
        .remedy(Said::new(format!("chmod {wanted} {shown}"), format!("chmod {wanted} {shown}")))
    })
}

/// Bytes in GiB, with tenths below ten; below one in MiB.
fn size(bytes: u64) -> String {
    let tenths = ((bytes >> 20) * 10) >> 10;
    match tenths {
        ..10 => format!("{} MiB", bytes >> 20),
        10..100 => format!("{}.{} GiB", tenths / 10, tenths % 10),
        _ => format!("{} GiB", tenths / 10),
    }
}

/// Milliseconds, with tenths below ten.
fn millis(span: Duration) -> String {
    let millis = span.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downcity_core::Lang;

    #[test]
    fn space_and_schema_are_judged() {
        assert_eq!((of_space("/d", 99 << 20).verdict, of_space("/d", 99 << 20).code), (Failed, "full"));
        assert_eq!(of_space("/d", 500 << 20).verdict, Warning);
        let fine = of_space("/d", 5 << 30);
        assert_eq!(
            (fine.verdict, fine.evidence.get(Lang::En), fine.remedy),
            (Fine, "/d has 5.0 GiB free.", None)
        );
        assert_eq!(of_space("/d", 99 << 20).evidence.get(Lang::En), "/d has 99 MiB free.");
        assert_eq!(size(1540 << 20), "1.5 GiB");
        assert_eq!(size(91_999 << 20), "89 GiB");
        assert_eq!(of_schema(&Schema { taken: 6, known: 6 }).verdict, Fine);
        assert_eq!(of_schema(&Schema { taken: 7, known: 6 }).verdict, Warning);
    }

    #[test]
    fn times_are_told_as_precisely_as_they_mean_something() {
        assert_eq!(millis(Duration::from_micros(1234)), "1.2");
        assert_eq!(millis(Duration::from_millis(123)), "123");
    }
}

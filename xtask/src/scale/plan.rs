//! How many machines so many accounts need, by plain multiplication.

use super::queues::Tried;

/// What `docs/scale.toml` says, by its names.
pub(crate) struct Inputs(toml::Table);

impl Inputs {
    /// Reads the file.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        Ok(Self(text.parse().map_err(|why| format!("docs/scale.toml: {why}"))?))
    }

    /// A figure of a section.
    ///
    /// # Panics
    /// When it is not there: the file is ours.
    pub(crate) fn get(&self, section: &str, name: &str) -> f64 {
        let value = self.0.get(section).and_then(|section| section.get(name));
        let number =
            value.and_then(|value| value.as_float().or(value.as_integer().map(|whole| whole as f64)));
        number.unwrap_or_else(|| panic!("docs/scale.toml has no number [{section}] {name}"))
    }
}

/// What so many accounts need.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) accounts: u64,
    /// Sign-ins in the busiest second.
    pub(crate) sign_ins: f64,
    /// Checks of a session in the busiest second.
    pub(crate) checks: f64,
    /// Data, in bytes.
    pub(crate) bytes: f64,
    /// Whether one machine with SQLite will do.
    pub(crate) sqlite: bool,
    /// Nodes, for all databases.
    pub(crate) nodes: usize,
    /// Databases that share the accounts.
    pub(crate) databases: usize,
    /// Of WeChat's quota for one app, at the peak.
    pub(crate) quota: f64,
}

impl Plan {
    /// The smallest that keeps every part as idle as is wanted.
    pub(crate) fn of(accounts: u64, inputs: &Inputs) -> Self {
        let people = |name| inputs.get("people", name);
        let machine = |name| inputs.get("machines", name);
        let speed = |name| inputs.get("speed", name);
        let all = accounts as f64;
        let active = all * people("active_share");
        let a_day = active * people("sign_ins");
        let second = people("peak") / 86_400.0;
        let (sign_ins, checks) = (a_day * second, active * people("checks") * second);

        let [postgres, sqlite_bytes] = Self::sizes(all, a_day, inputs);
        let sign_in_us = speed("start_us") + speed("callback_us") + speed("result_us");
        let node_cores = (sign_ins * sign_in_us + checks * speed("check_us")) / 1e6;
        let room = machine("node_cores") * machine("busy");
        let sqlite = sqlite_bytes <= machine("sqlite_gb") * 1e9 && node_cores <= room;
        let database_cores = Self::database_cores(sign_ins, checks, inputs);
        let by_cores = database_cores / (machine("database_cores") * machine("busy"));
        let databases =
            if sqlite { 1.0 } else { by_cores.max(postgres / (machine("database_gb") * 1e9)).ceil() };
        // Two at least, so that one can be restarted.
        let nodes = if sqlite { 1.0 } else { (node_cores / room).ceil().max(2.0 * databases) };
        Self {
            accounts,
            sign_ins,
            checks,
            bytes: if sqlite { sqlite_bytes } else { postgres },
            sqlite,
            nodes: nodes as usize,
            databases: databases as usize,
            quota: sign_ins * 60.0 / machine("wechat_a_minute"),
        }
    }

    /// Bytes on PostgreSQL and on SQLite.
    fn sizes(accounts: f64, sign_ins_a_day: f64, inputs: &Inputs) -> [f64; 2] {
        let row = |name| inputs.get("postgres", name);
        let [attempt, session, event] = ["attempt_bytes", "session_bytes", "event_bytes"].map(row);
        let kept = attempt + 37.0 * session + 365.0 * inputs.get("people", "years") * event;
        // The three rows of a sign-in are measured together on SQLite, and of the same proportions.
        let smaller = inputs.get("sqlite", "sign_in_bytes") / (attempt + session + event);
        let account = inputs.get("sqlite", "account_bytes");
        [
            accounts * row("account_bytes") + sign_ins_a_day * kept,
            accounts * account + sign_ins_a_day * kept * smaller,
        ]
    }

    /// For how many accounts each part would be enough by itself: the cores of a node, those of a database, its disk
    /// if no two commits shared a flush, its size, and WeChat's quota for one app.
    pub(crate) fn ends(inputs: &Inputs) -> [f64; 5] {
        let one = Self::of(1_000_000_000, inputs);
        let (machine, speed) = (|name| inputs.get("machines", name), |name| inputs.get("speed", name));
        let sign_in_us = speed("start_us") + speed("callback_us") + speed("result_us");
        let node = (one.sign_ins * sign_in_us + one.checks * speed("check_us")) / 1e6;
        let commits = one.sign_ins * inputs.get("sign_in", "commits") * speed("commit_us") / 1e6;
        let busy = machine("busy");
        [
            machine("node_cores") * busy / node,
            machine("database_cores") * busy / Self::database_cores(one.sign_ins, one.checks, inputs),
            busy / commits,
            machine("database_gb") * 1e9 / one.bytes,
            1.0 / one.quota,
        ]
        .map(|billions| billions * 1e9)
    }

    /// Cores that PostgreSQL works on.
    pub(crate) fn database_cores(sign_ins: f64, checks: f64, inputs: &Inputs) -> f64 {
        let (read, write) = (inputs.get("speed", "read_us"), inputs.get("speed", "write_us"));
        let sign_in = inputs.get("sign_in", "writes") * write + inputs.get("sign_in", "reads") * read;
        (sign_ins * sign_in + checks * read) / 1e6
    }

    /// Its row of the table.
    pub(crate) fn row(&self, tried: &Tried) -> String {
        let database = match (self.sqlite, self.databases) {
            (true, _) => "SQLite".to_owned(),
            (false, 1) => "PostgreSQL".to_owned(),
            (false, many) => format!("{many} × PostgreSQL"),
        };
        let per_cent =
            |share: f64| if share < 0.01 { "< 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) };
        let database_busy = if self.sqlite { "–".to_owned() } else { per_cent(tried.database) };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            short(self.accounts as f64),
            bytes(self.bytes),
            rate(self.sign_ins),
            rate(self.checks),
            per_cent(self.quota),
            self.nodes,
            database,
            per_cent(tried.nodes),
            database_busy,
            tried.sign_in,
            tried.check,
        )
    }
}

/// A number of accounts as people say it.
pub(crate) fn about(count: f64) -> String {
    format!("{:.0} M", count / 1e6)
}

fn short(count: f64) -> String {
    match count {
        count if count >= 1e9 => format!("{:.0} 000 M", count / 1e9),
        count if count >= 1e6 => format!("{:.0} M", count / 1e6),
        count => format!("{:.0} 000", count / 1e3),
    }
}

fn rate(rate: f64) -> String {
    match rate {
        rate if rate >= 10_000.0 => format!("{:.0} 000", rate / 1e3),
        rate if rate >= 10.0 => format!("{rate:.0}"),
        rate => format!("{rate:.2}"),
    }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e12 => format!("{:.1} TB", bytes / 1e12),
        bytes if bytes >= 1e9 => format!("{:.0} GB", bytes / 1e9),
        bytes => format!("{:.0} MB", bytes / 1e6),
    }
}

//! Switches: the traps that real WeChat sets, each to be turned on by a test.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every switch. The default is what WeChat does on a good day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Where the unionid is sent.
    pub unionid: UnionidIn,
    /// What the browser brings back when the person refuses.
    pub denial: Denial,
    /// A code used twice: `40163` (off) or `40029` (on).
    pub reused_code_is_40029: bool,
    /// An expired code: `40029` (off) or `42003` (on).
    pub expired_code_is_42003: bool,
    /// Whether an exchange that fails for its secret burns a valid code.
    pub failed_exchange_burns_code: bool,
    /// Milliseconds of real time that the token endpoint waits **after** its work: the code is consumed already.
    pub token_delay_ms: u64,
    /// Milliseconds of real time that `sns/userinfo` waits before answering.
    pub userinfo_delay_ms: u64,
    /// What goes wrong at `sns/oauth2/access_token`.
    pub token_fault: Option<Fault>,
    /// What goes wrong at `connect/qrconnect`; of [`FaultKind`] all but `errcode`, which pages don't have.
    pub page_fault: Option<Fault>,
    /// `connect/qrconnect` shows 「该链接无法访问」, its answer to whatever it does not explain.
    pub link_refused: bool,
    /// What goes wrong at `sns/userinfo`.
    pub userinfo_fault: Option<Fault>,
    /// What goes wrong at `sns/oauth2/refresh_token`.
    pub refresh_fault: Option<Fault>,
    /// What goes wrong at `sns/auth`.
    pub auth_fault: Option<Fault>,
    /// The nickname of everyone, in place of their own.
    pub nickname: Nickname,
    /// Everyone's `headimgurl` is empty.
    pub headimgurl_empty: bool,
    /// Avatars are gone (404), as after a person changed theirs.
    pub avatar_gone: bool,
    /// How the QR page delivers the callback.
    pub callback: Callback,
    /// Milliseconds between the two deliveries of [`Switches::callback`].
    pub callback_gap_ms: u64,
    /// Which state comes back. Decided when the QR page is opened.
    pub state_echo: StateEcho,
    /// The code in the callback belongs to this other appid.
    pub code_of_app: Option<String>,
    /// The Open Platform account of every app, as after a migration: openids stay, unionids change.
    pub migrated_to: Option<String>,
    /// States other than 1 to 128 letters and digits get the page 「state 参数过长」.
    pub strict_state: bool,
    /// The callback-domain rule of real WeChat: default ports only, no IP address, no `localhost`.
    pub strict_redirect: bool,
    /// `language` and `privilege` are missing from userinfo.
    pub optional_fields_missing: bool,
    /// Fields that no document names appear in token and userinfo answers.
    pub unknown_fields: bool,
    /// Everyone's `sex`, in place of their own.
    pub sex: Option<u8>,
    /// Language and region are filled in as before October 2021.
    pub region: bool,
    /// `sns/userinfo` does not look at the openid.
    pub userinfo_ignores_openid: bool,
    /// A QR code that was scanned expires like one that was not.
    pub scanned_expires: bool,
    /// A QR code that was refused may be scanned again.
    pub rescan_after_denial: bool,
    /// The code with which every long poll answers at once (`500`, or one that the page does not know).
    pub poll_forced: Option<i32>,
}

impl Switches {
    /// Applies a partial JSON object on top of the present values.
    ///
    /// # Errors
    /// A sentence that names the key which is unknown or whose value does not fit. Nothing is changed then.
    pub fn patch(&mut self, patch: &Value) -> Result<(), String> {
        let Value::Object(patch) = patch else {
            return Err("a JSON object of switches is expected".to_owned());
        };
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        for (key, value) in patch {
            let Some(place) = all.get_mut(key) else { return Err(format!("unknown switch `{key}`")) };
            *place = value.clone();
            // One key at a time, so that the message can name the one that does not fit.
            serde_json::from_value::<Self>(all.clone())
                .map_err(|error| format!("switch `{key}`: {error}"))?;
        }
        *self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Where the unionid is sent (if the person has one).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnionidIn {
    /// In the token answer and in userinfo.
    #[default]
    Both,
    /// In userinfo only.
    UserinfoOnly,
    /// Nowhere.
    Nowhere,
    /// In both, as an empty string.
    Empty,
}

/// What the browser brings back when the person refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// Nothing: the page stays (the present behaviour of WeChat).
    #[default]
    None,
    /// `state` without `code` (documented until 2019).
    StateOnly,
    /// `code=authdeny` (seen in sibling flows).
    Authdeny,
}

/// A nickname that makes trouble.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nickname {
    /// The person's own.
    #[default]
    Own,
    /// Emoji, some of several code points.
    Emoji,
    /// A right-to-left mark and override around Hebrew letters.
    Rtl,
    /// A raw, unescaped byte 0x07 in the JSON (invalid JSON, seen in the wild).
    Bell,
    /// An empty string.
    Empty,
    /// 64 characters.
    Long,
    /// 「用户已经注销」, and no unionid.
    Deactivated,
    /// Bytes that are not UTF-8 (invalid JSON, seen in a log).
    InvalidUtf8,
    /// A backslash that escapes nothing (invalid JSON).
    StrayBackslash,
    /// Markup, for pages that forget to escape.
    Markup,
}

/// How the QR page delivers the callback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callback {
    /// The page navigates once.
    #[default]
    Once,
    /// A background request without cookies first (a prefetcher, a scanner), then the page navigates after the gap.
    FetchThenNavigate,
    /// The page navigates, and once more after the gap if it is still there.
    NavigateTwice,
}

/// Which state the callback carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateEcho {
    /// The one that was given, decoded once and not encoded again.
    #[default]
    Given,
    /// No `state` parameter.
    Absent,
    /// An empty one.
    Empty,
    /// Another one, which no site asked for.
    Foreign,
}

/// Something that goes wrong at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// The error number of [`FaultKind::Errcode`].
    #[serde(default = "system_error")]
    pub errcode: i32,
    /// For how many calls; left out means until the switch is changed.
    #[serde(default)]
    pub times: Option<u32>,
    /// Whether the real work is done first, so that the code is consumed though the answer is lost.
    #[serde(default)]
    pub after_work: bool,
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// HTTP 200 with the error body of [`Fault::errcode`].
    Errcode,
    /// HTTP 502 with an HTML body, as a proxy in between gives it.
    BadGateway,
    /// HTTP 200 with an HTML body.
    Html,
    /// The first half of the real answer, then the connection breaks. The work is done.
    Reset,
    /// The real answer made 10 MiB long by an unknown field. The work is done.
    Huge,
    /// No answer at all until the caller goes away.
    Hang,
    /// HTTP 200 with an empty body.
    EmptyBody,
}

impl Fault {
    /// A fault of this kind at every call.
    pub const fn new(kind: FaultKind) -> Self {
        Self { kind, errcode: system_error(), times: None, after_work: false }
    }

    /// An error body at every call.
    pub const fn errcode(errcode: i32) -> Self {
        Self { errcode, ..Self::new(FaultKind::Errcode) }
    }

    /// The same for a number of calls only.
    #[must_use]
    pub const fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The same after the real work was done.
    #[must_use]
    pub const fn after_work(self) -> Self {
        Self { after_work: true, ..self }
    }
}

const fn system_error() -> i32 {
    -1
}

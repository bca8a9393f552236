//! WeChat's error numbers: what the person is told, what the operator is told, and whether to ask again.
//!
//! Sources: the Open Platform's table of return codes, the pages of the interfaces under
//! `doc/service/api/webdev/access/`, and answers captured from them. Numbers are matched, never texts: those
//! have changed over the years.

use super::answer::Refusal;
use crate::ProviderError;
use downcity_core::Failure;
use downcity_core::Failure::{
    AccessDenied, AccountRestricted, CodeRejected, ConsentMissing, ProviderBusy, ProviderMisconfigured,
    ProviderUnavailable, WrongAppType,
};

/// What an error number means.
#[derive(Clone, Copy)]
struct Meaning {
    code: i64,
    /// What the person is told.
    failure: Failure,
    /// What happened, why, and what to do.
    report: &'static str,
}

const fn row(code: i64, failure: Failure, report: &'static str) -> Meaning {
    Meaning { code, failure, report }
}

const WRONG_KIND: &str = "the AppID may not read the person's profile: it belongs to an Official Account or a Mini \
    Program, or to a Website App that has not obtained WeChat Login; set WECHAT_CLIENT_ID and \
    WECHAT_CLIENT_SECRET to a Website App of the WeChat Open Platform that has passed review with WeChat Login";
const WRONG_APP_ID: &str = "WeChat does not know the AppID; set WECHAT_CLIENT_ID to the AppID shown on the \
    Website App's page of open.weixin.qq.com";
const WRONG_SECRET: &str = "the AppSecret does not belong to the AppID; set WECHAT_CLIENT_SECRET to the current \
    AppSecret of the Website App, or reset it on open.weixin.qq.com and set the new one";
const CODE_USED: &str = "the code had been used already, most likely by a second request for the same sign-in; \
    the person has to start again; if it happens often, look for a proxy or scanner that repeats callbacks";
const CODE_WRONG: &str = "WeChat did not accept the code: it was too old, already used, or made for another AppID; \
    the person has to start again; if it happens every time, WECHAT_CLIENT_ID was changed during sign-ins";
const TOKEN_WRONG: &str = "the access token was refused right after it had been issued; the person has to start \
    again; if it happens every time, something else uses the same AppID in between";
const REFRESH: &str = "WeChat spoke of a refresh token, which this service never uses; the person has to start \
    again; if it happens again, report it as a bug of this program";
const OUR_BUG: &str = "WeChat finds the request malformed; this is a bug of this program or of a proxy that \
    changes requests; report it with the number";
const COMPONENT: &str = "WeChat treats the AppID as one that a third-party platform manages, so it is not a \
    Website App; set WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET to a Website App of the WeChat Open Platform";
const NOT_LOGIN: &str = "WeChat gave a number that belongs to other interfaces than sign-in; try again, and check \
    that no proxy stands between this service and api.weixin.qq.com";

/// Every number that is known, in order.
#[rustfmt::skip]
const TABLE: &[Meaning] = &[
    row(-1, ProviderBusy, "WeChat says that its system is busy; nothing has to be done unless it lasts"),
    row(40001, CodeRejected, TOKEN_WRONG),
    row(40002, ProviderMisconfigured, OUR_BUG),
    row(40003, ProviderUnavailable, "WeChat did not accept the openid it had just given; the person has to start \
        again; if it happens every time, report it as a bug of this program"),
    row(40013, ProviderMisconfigured, WRONG_APP_ID),
    row(40014, CodeRejected, TOKEN_WRONG),
    row(40029, CodeRejected, CODE_WRONG),
    row(40030, CodeRejected, REFRESH),
    row(40097, ProviderMisconfigured, OUR_BUG),
    row(40099, CodeRejected, CODE_USED),
    row(40101, ProviderMisconfigured, OUR_BUG),
    row(40125, ProviderMisconfigured, WRONG_SECRET),
    row(40163, CodeRejected, CODE_USED),
    row(40164, ProviderMisconfigured, "WeChat refuses the address this server calls from; add the server's public \
        address to the IP whitelist of the app on open.weixin.qq.com, or empty the whitelist"),
    row(40226, AccountRestricted, "WeChat holds this person's account for high-risk; only the person can settle \
        that with WeChat"),
    row(40243, ProviderMisconfigured, "the AppSecret is frozen; enable or reset it on open.weixin.qq.com and set \
        WECHAT_CLIENT_SECRET"),
    row(41001, ProviderMisconfigured, OUR_BUG),
    row(41002, ProviderMisconfigured, "no AppID reached WeChat; check WECHAT_CLIENT_ID, and that no proxy changes \
        requests"),
    row(41003, ProviderMisconfigured, OUR_BUG),
    row(41004, ProviderMisconfigured, "no AppSecret reached WeChat; check WECHAT_CLIENT_SECRET, and that no proxy \
        changes requests"),
    row(41005, ProviderUnavailable, NOT_LOGIN),
    row(41006, ProviderUnavailable, NOT_LOGIN),
    row(41007, ProviderUnavailable, NOT_LOGIN),
    row(41008, AccessDenied, "no code reached WeChat: the person refused, or a proxy removed it; the person has to \
        start again"),
    row(41009, ProviderMisconfigured, OUR_BUG),
    row(42001, CodeRejected, TOKEN_WRONG),
    row(42002, CodeRejected, REFRESH),
    row(42003, CodeRejected, CODE_WRONG),
    row(42007, CodeRejected, "the person changed their WeChat password in between; they have to start again"),
    row(43001, ProviderMisconfigured, OUR_BUG),
    row(43002, ProviderMisconfigured, OUR_BUG),
    row(43003, ProviderMisconfigured, OUR_BUG),
    row(45009, ProviderBusy, "the AppID has used up its daily quota at WeChat; sign-ins work again tomorrow; look \
        for who uses it so much, or ask WeChat for more"),
    row(45011, ProviderBusy, "the AppID has used up its quota of this minute at WeChat; it works again in the next \
        minute; if it lasts, look for who starts so many sign-ins"),
    row(48001, WrongAppType, WRONG_KIND),
    row(48004, ProviderMisconfigured, "WeChat has banned this AppID from the interface; see the notices on \
        open.weixin.qq.com and settle it with WeChat"),
    row(50001, ConsentMissing, "the person did not grant what was asked for; they have to start again and allow it"),
    row(50002, AccountRestricted, "WeChat has restricted or closed this person's account; only the person can \
        settle that with WeChat"),
    row(61003, WrongAppType, COMPONENT),
    row(61004, WrongAppType, COMPONENT),
    row(61005, WrongAppType, COMPONENT),
    row(61006, WrongAppType, COMPONENT),
    row(61007, WrongAppType, COMPONENT),
    row(61009, WrongAppType, COMPONENT),
    row(61010, WrongAppType, COMPONENT),
    row(61023, WrongAppType, COMPONENT),
    row(61024, WrongAppType, COMPONENT),
];

const UNKNOWN: &str = "this version does not know that number; look it up in WeChat's documentation of return \
    codes; the person may try again";

/// Whether the same question may be asked once more at once: only where WeChat says that it is busy. The
/// exchange of a code is never repeated, whatever this says.
pub(super) fn may_ask_again(code: i64) -> bool {
    code == -1
}

/// What an error of WeChat's means. `asked` names the interface.
pub(super) fn explain(refusal: &Refusal, asked: &str) -> ProviderError {
    let code = refusal.code;
    let known = TABLE.iter().find(|row| row.code == code);
    let (failure, report) = known.map_or((ProviderUnavailable, UNKNOWN), |row| (row.failure, row.report));
    let rid = refusal.rid.as_deref().map(|rid| format!(", rid {rid}")).unwrap_or_default();
    let report = format!("WeChat refused {asked} with errcode {code}{rid}: {report}.");
    ProviderError { failure, report, provider_code: Some(code) }
}

//! WeChat's error numbers: what the person is told, what the operator is told, and whether to ask again.
//!
//! Sources: the Open Platform's table of return codes, the pages of the interfaces under
//! `doc/service/api/webdev/access/`, and answers captured from them. Numbers are matched, never texts: those
//! have changed over the years.

use super::answer::Refusal;
use crate::ProviderError;
use crate::words::Words;
use downcity_core::Failure::{
    AccessDenied, AccountRestricted, CodeRejected, ConsentMissing, ProviderBusy, ProviderMisconfigured,
    ProviderUnavailable, WrongAppType,
};
use downcity_core::{Failure, Lang, Text};

/// What an error number means.
#[derive(Clone, Copy)]
struct Meaning {
    code: i64,
    /// What the person is told.
    failure: Failure,
    /// What the operator is told.
    words: Words,
}

const fn row(code: i64, failure: Failure, words: Words) -> Meaning {
    Meaning { code, failure, words }
}

/// What happened and what to do, as parts of a sentence in English and as sentences in Chinese.
const fn say(what: (&'static str, &'static str), remedy: (&'static str, &'static str)) -> Words {
    Words { what: Text::new(what.0, what.1), remedy: Text::new(remedy.0, remedy.1) }
}

const AGAIN: (&str, &str) = ("the person has to start again", "用户需要重新登录");
const BUG: (&str, &str) = (
    "this is a bug of this program or of a proxy that changes requests; report it with the number",
    "这是本程序的缺陷，或有代理改写了请求；请附上错误码反馈",
);

const WRONG_KIND: Words = say(
    (
        "the AppID may not read the person's profile: it belongs to an Official Account or a Mini Program, or to a \
      Website App that has not obtained WeChat Login",
        "该 AppID 无权读取用户资料：它属于公众号或小程序，或属于尚未获得“微信登录”能力的网站应用",
    ),
    (
        "set WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET to a Website App of the WeChat Open Platform that has passed \
      review with WeChat Login",
        "请将 WECHAT_CLIENT_ID 和 WECHAT_CLIENT_SECRET 设为微信开放平台上已通过审核并开通“微信登录”的网站应用",
    ),
);
const WRONG_APP_ID: Words = say(
    ("WeChat does not know the AppID", "微信不认识该 AppID"),
    (
        "set WECHAT_CLIENT_ID to the AppID shown on the Website App's page of open.weixin.qq.com",
        "请将 WECHAT_CLIENT_ID 设为 open.weixin.qq.com 上该网站应用页面显示的 AppID",
    ),
);
const WRONG_SECRET: Words = say(
    ("the AppSecret does not belong to the AppID", "AppSecret 与 AppID 不匹配"),
    (
        "set WECHAT_CLIENT_SECRET to the current AppSecret of the Website App, or reset it on open.weixin.qq.com and \
      set the new one",
        "请将 WECHAT_CLIENT_SECRET 设为该网站应用当前的 AppSecret，或在 open.weixin.qq.com 重置后填入新的",
    ),
);
const CODE_USED: Words = say(
    (
        "the code had been used already, most likely by a second request for the same sign-in",
        "code 已被使用，很可能是同一次登录的第二个请求",
    ),
    (
        "the person has to start again; if it happens often, look for a proxy or scanner that repeats callbacks",
        "用户需要重新登录；如经常出现，请检查是否有代理或扫描器重复访问回调地址",
    ),
);
const CODE_WRONG: Words = say(
    (
        "WeChat did not accept the code: it was too old, already used, or made for another AppID",
        "微信不接受该 code：已过期、已使用，或属于另一个 AppID",
    ),
    (
        "the person has to start again; if it happens every time, WECHAT_CLIENT_ID was changed during sign-ins",
        "用户需要重新登录；如每次都出现，说明登录过程中更换了 WECHAT_CLIENT_ID",
    ),
);
const TOKEN_WRONG: Words = say(
    ("the access token was refused right after it had been issued", "access_token 刚签发就被拒绝"),
    (
        "the person has to start again; if it happens every time, something else uses the same AppID in between",
        "用户需要重新登录；如每次都出现，说明有其他程序同时使用同一个 AppID",
    ),
);
const REFRESH: Words = say(
    (
        "WeChat spoke of a refresh token, which this service never uses",
        "微信返回了 refresh_token 方面的错误，而本服务从不使用它",
    ),
    (
        "the person has to start again; if it happens again, report it as a bug of this program",
        "用户需要重新登录；如再次出现，请作为本程序的缺陷反馈",
    ),
);
const OUR_BUG: Words = say(("WeChat finds the request malformed", "微信认为请求格式有误"), BUG);
const COMPONENT: Words = say(
    (
        "WeChat treats the AppID as one that a third-party platform manages, so it is not a Website App",
        "微信将该 AppID 视为由第三方平台管理，因此它不是网站应用",
    ),
    (
        "set WECHAT_CLIENT_ID and WECHAT_CLIENT_SECRET to a Website App of the WeChat Open Platform",
        "请将 WECHAT_CLIENT_ID 和 WECHAT_CLIENT_SECRET 设为微信开放平台的网站应用",
    ),
);
const NOT_LOGIN: Words = say(
    (
        "WeChat gave a number that belongs to other interfaces than sign-in",
        "微信返回了不属于登录接口的错误码",
    ),
    (
        "try again, and check that no proxy stands between this service and api.weixin.qq.com",
        "请重试，并确认本服务与 api.weixin.qq.com 之间没有代理",
    ),
);
const BUSY: Words = say(
    ("WeChat says that its system is busy", "微信表示系统繁忙"),
    ("nothing has to be done unless it lasts", "除非持续出现，否则无需处理"),
);
const OPENID: Words = say(
    ("WeChat did not accept the openid it had just given", "微信不接受它刚刚给出的 openid"),
    (
        "the person has to start again; if it happens every time, report it as a bug of this program",
        "用户需要重新登录；如每次都出现，请作为本程序的缺陷反馈",
    ),
);
const ADDRESS: Words = say(
    ("WeChat refuses the address this server calls from", "微信拒绝了本服务器的出口 IP"),
    (
        "add the server's public address to the IP whitelist of the app on open.weixin.qq.com, or empty the whitelist",
        "请在 open.weixin.qq.com 将服务器的公网 IP 加入该应用的 IP 白名单，或清空白名单",
    ),
);
const HIGH_RISK: Words = say(
    ("WeChat holds this person's account for high-risk", "微信认定该用户的账号为高风险"),
    ("only the person can settle that with WeChat", "只能由用户本人联系微信处理"),
);
const FROZEN: Words = say(
    ("the AppSecret is frozen", "AppSecret 已被冻结"),
    (
        "enable or reset it on open.weixin.qq.com and set WECHAT_CLIENT_SECRET",
        "请在 open.weixin.qq.com 解冻或重置，并设置 WECHAT_CLIENT_SECRET",
    ),
);
const NO_APP_ID: Words = say(
    ("no AppID reached WeChat", "微信没有收到 AppID"),
    (
        "check WECHAT_CLIENT_ID, and that no proxy changes requests",
        "请检查 WECHAT_CLIENT_ID，并确认没有代理改写请求",
    ),
);
const NO_SECRET: Words = say(
    ("no AppSecret reached WeChat", "微信没有收到 AppSecret"),
    (
        "check WECHAT_CLIENT_SECRET, and that no proxy changes requests",
        "请检查 WECHAT_CLIENT_SECRET，并确认没有代理改写请求",
    ),
);
const NO_CODE: Words = say(
    (
        "no code reached WeChat: the person refused, or a proxy removed it",
        "微信没有收到 code：用户拒绝了授权，或被代理移除",
    ),
    AGAIN,
);
const NEW_PASSWORD: Words = say(
    ("the person changed their WeChat password in between", "用户在此期间修改了微信密码"),
    ("they have to start again", "用户需要重新登录"),
);
const DAY_QUOTA: Words = say(
    ("the AppID has used up its daily quota at WeChat", "该 AppID 已用完当日的接口调用额度"),
    (
        "sign-ins work again tomorrow; look for who uses it so much, or ask WeChat for more",
        "明天恢复；请查明调用量的来源，或向微信申请提高额度",
    ),
);
const MINUTE_QUOTA: Words = say(
    ("the AppID has used up its quota of this minute at WeChat", "该 AppID 已用完当前一分钟的接口调用额度"),
    (
        "it works again in the next minute; if it lasts, look for who starts so many sign-ins",
        "下一分钟恢复；如持续出现，请查明大量登录的来源",
    ),
);
const BANNED: Words = say(
    ("WeChat has banned this AppID from the interface", "微信已封禁该 AppID 的接口权限"),
    (
        "see the notices on open.weixin.qq.com and settle it with WeChat",
        "请查看 open.weixin.qq.com 的通知并联系微信处理",
    ),
);
const NOT_GRANTED: Words = say(
    ("the person did not grant what was asked for", "用户未授予所需的权限"),
    ("they have to start again and allow it", "用户需要重新登录并点击“允许”"),
);
const RESTRICTED: Words = say(
    ("WeChat has restricted or closed this person's account", "微信已限制或注销该用户的账号"),
    ("only the person can settle that with WeChat", "只能由用户本人联系微信处理"),
);
const UNKNOWN: Words = say(
    ("this version does not know that number", "当前版本不认识该错误码"),
    (
        "look it up in WeChat's documentation of return codes; the person may try again",
        "请在微信的返回码文档中查询；用户可以重试",
    ),
);

/// Every number that is known, in order.
#[rustfmt::skip]
const TABLE: &[Meaning] = &[
    row(-1, ProviderBusy, BUSY),
    row(40001, CodeRejected, TOKEN_WRONG),
    row(40002, ProviderMisconfigured, OUR_BUG),
    row(40003, ProviderUnavailable, OPENID),
    row(40013, ProviderMisconfigured, WRONG_APP_ID),
    row(40014, CodeRejected, TOKEN_WRONG),
    row(40029, CodeRejected, CODE_WRONG),
    row(40030, CodeRejected, REFRESH),
    row(40097, ProviderMisconfigured, OUR_BUG),
    row(40099, CodeRejected, CODE_USED),
    row(40101, ProviderMisconfigured, OUR_BUG),
    row(40125, ProviderMisconfigured, WRONG_SECRET),
    row(40163, CodeRejected, CODE_USED),
    row(40164, ProviderMisconfigured, ADDRESS),
    row(40226, AccountRestricted, HIGH_RISK),
    row(40243, ProviderMisconfigured, FROZEN),
    row(41001, ProviderMisconfigured, OUR_BUG),
    row(41002, ProviderMisconfigured, NO_APP_ID),
    row(41003, ProviderMisconfigured, OUR_BUG),
    row(41004, ProviderMisconfigured, NO_SECRET),
    row(41005, ProviderUnavailable, NOT_LOGIN),
    row(41006, ProviderUnavailable, NOT_LOGIN),
    row(41007, ProviderUnavailable, NOT_LOGIN),
    row(41008, AccessDenied, NO_CODE),
    row(41009, ProviderMisconfigured, OUR_BUG),
    row(42001, CodeRejected, TOKEN_WRONG),
    row(42002, CodeRejected, REFRESH),
    row(42003, CodeRejected, CODE_WRONG),
    row(42007, CodeRejected, NEW_PASSWORD),
    row(43001, ProviderMisconfigured, OUR_BUG),
    row(43002, ProviderMisconfigured, OUR_BUG),
    row(43003, ProviderMisconfigured, OUR_BUG),
    row(45009, ProviderBusy, DAY_QUOTA),
    row(45011, ProviderBusy, MINUTE_QUOTA),
    row(48001, WrongAppType, WRONG_KIND),
    row(48004, ProviderMisconfigured, BANNED),
    row(50001, ConsentMissing, NOT_GRANTED),
    row(50002, AccountRestricted, RESTRICTED),
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

/// What a number means for the operator.
pub(crate) fn words(code: i64) -> Words {
    TABLE.iter().find(|row| row.code == code).map_or(UNKNOWN, |row| row.words)
}

/// Whether the same question may be asked once more at once: only where WeChat says that it is busy. The
/// exchange of a code is never repeated, whatever this says.
pub(super) fn may_ask_again(code: i64) -> bool {
    code == -1
}

/// What an error of WeChat's means. `asked` names the interface.
pub(super) fn explain(refusal: &Refusal, asked: &str) -> ProviderError {
    let code = refusal.code;
    let failure = TABLE.iter().find(|row| row.code == code).map_or(ProviderUnavailable, |row| row.failure);
    let Words { what, remedy } = words(code);
    let rid = refusal.rid.as_deref().map(|rid| format!(", rid {rid}")).unwrap_or_default();
    let (what, remedy) = (what.get(Lang::En), remedy.get(Lang::En));
    let report = format!("WeChat refused {asked} with errcode {code}{rid}: {what}; {remedy}.");
    ProviderError { provider_code: Some(code), ..ProviderError::new(failure, report) }
}

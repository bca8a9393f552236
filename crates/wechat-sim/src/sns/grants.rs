//! Codes and tokens: minted, exchanged, renewed, checked, and the profile they open.

use super::Params;
use super::body::Body;
use crate::config::Person;
use crate::ids;
use crate::switches::{Nickname, UnionidIn};
use crate::world::{Moment, World};

/// An authorization code. Remembered after its use and its end, to tell those two from an unknown one.
#[derive(Debug)]
pub(crate) struct Code {
    appid: String,
    person: usize,
    expires_ms: i64,
    used: bool,
}

/// An access token.
#[derive(Debug)]
pub(crate) struct Access {
    appid: String,
    person: usize,
    expires_ms: i64,
}

/// A refresh token and the access token it keeps alive.
#[derive(Debug)]
pub(crate) struct Refresh {
    appid: String,
    person: usize,
    expires_ms: i64,
    access: String,
}

impl World {
    pub(crate) fn mint_code(&mut self, appid: &str, person: usize, at: Moment) -> String {
        let code = self.ids.code();
        let expires_ms = at.now_ms.saturating_add(at.lives.code);
        let entry = Code { appid: appid.to_owned(), person, expires_ms, used: false };
        self.codes.insert(&code, entry, at.now_ms, expires_ms.saturating_add(at.lives.code));
        code
    }

    /// `sns/oauth2/access_token`.
    pub(crate) fn exchange(&mut self, params: &Params, at: Moment) -> Result<Body, i32> {
        let appid = params.get("appid").ok_or(41002)?;
        let secret = params.get("secret").ok_or(41004)?;
        let code = params.get("code").ok_or(41008)?;
        if params.get("grant_type") != Some("authorization_code") {
            return Err(40002);
        }
        let app = self.app(appid).ok_or(40013)?;
        let right = app.secret == secret;
        let person = self.redeem(appid, right, code, at)?;
        let openid = ids::openid(&self.people[person].id, appid);
        let unionid = match self.switches.unionid {
            UnionidIn::UserinfoOnly => None,
            _ => self.unionid(appid, person),
        };
        let access = self.mint_access(appid, person, at);
        let refresh = self.ids.token();
        let expires_ms = at.now_ms.saturating_add(at.lives.refresh);
        let entry = Refresh { appid: appid.to_owned(), person, expires_ms, access: access.clone() };
        self.refresh.insert(&refresh, entry, at.now_ms, expires_ms.saturating_add(at.lives.refresh));
        Ok(self.token_body(&access, &refresh, &openid, unionid.as_deref(), at))
    }

    /// Consumes a code and answers whose it is.
    fn redeem(&mut self, appid: &str, right_secret: bool, code: &str, at: Moment) -> Result<usize, i32> {
        let burns = right_secret || self.switches.failed_exchange_burns_code;
        let reused = if self.switches.reused_code_is_40029 { 40029 } else { 40163 };
        let expired = if self.switches.expired_code_is_42003 { 42003 } else { 40029 };
        let entry = self.codes.get_mut(code).filter(|entry| entry.appid == appid);
        let outcome = match entry {
            None => Err(40029),
            Some(entry) if entry.used => Err(reused),
            Some(entry) if at.now_ms >= entry.expires_ms => Err(expired),
            Some(entry) => {
                entry.used = burns;
                Ok(entry.person)
            }
        };
        // The secret is looked at before the code: a wrong one says nothing about the code.
        if right_secret { outcome } else { Err(40125) }
    }

    fn mint_access(&mut self, appid: &str, person: usize, at: Moment) -> String {
        let access = self.ids.token();
        let expires_ms = at.now_ms.saturating_add(at.lives.access);
        let entry = Access { appid: appid.to_owned(), person, expires_ms };
        // Remembered as long as a refresh token could prolong it.
        self.access.insert(&access, entry, at.now_ms, expires_ms.saturating_add(at.lives.refresh));
        access
    }

    fn token_body(
        &self,
        access: &str,
        refresh: &str,
        openid: &str,
        unionid: Option<&str>,
        at: Moment,
    ) -> Body {
        let mut body = Body::default()
            .text("access_token", access)
            .number("expires_in", at.lives.access / 1000)
            .text("refresh_token", refresh)
            .text("openid", openid)
            .text("scope", "snsapi_login");
        if let Some(unionid) = unionid {
            body = body.text("unionid", unionid);
        }
        if self.switches.unknown_fields {
            body = body.number("is_snapshotuser", 1).raw("extra", br#"{"nested":[1,null,"x"]}"#);
        }
        body
    }

    /// `sns/oauth2/refresh_token`: the same access token with a longer life, or a new one if it has expired.
    pub(crate) fn renew(&mut self, params: &Params, at: Moment) -> Result<Body, i32> {
        let appid = params.get("appid").ok_or(41002)?;
        if params.get("grant_type") != Some("refresh_token") {
            return Err(40002);
        }
        let refresh = params.get("refresh_token").ok_or(41003)?;
        self.app(appid).ok_or(40013)?;
        let entry = self.refresh.get(refresh).filter(|entry| entry.appid == appid).ok_or(40030)?;
        if at.now_ms >= entry.expires_ms {
            return Err(42002);
        }
        let (person, mut access) = (entry.person, entry.access.clone());
        match self.access.get_mut(&access).filter(|entry| at.now_ms < entry.expires_ms) {
            Some(entry) => entry.expires_ms = at.now_ms.saturating_add(at.lives.access),
            None => access = self.mint_access(appid, person, at),
        }
        if let Some(entry) = self.refresh.get_mut(refresh) {
            entry.access.clone_from(&access);
        }
        let openid = ids::openid(&self.people[person].id, appid);
        Ok(self.token_body(&access, refresh, &openid, None, at))
    }

    /// `sns/auth`.
    pub(crate) fn auth(&mut self, params: &Params, at: Moment) -> Result<Body, i32> {
        self.opened_by(params, true, at)?;
        Ok(Body::default().number("errcode", 0).text("errmsg", "ok"))
    }

    /// The person and the app that an access token opens.
    fn opened_by(&self, params: &Params, check_openid: bool, at: Moment) -> Result<(usize, String), i32> {
        let token = params.get("access_token").ok_or(41001)?;
        let openid = if check_openid { Some(params.get("openid").ok_or(41009)?) } else { None };
        let entry = self.access.get(token).ok_or(40001)?;
        if at.now_ms >= entry.expires_ms {
            return Err(42001);
        }
        let own = ids::openid(&self.people[entry.person].id, &entry.appid);
        if openid.is_some_and(|given| given != own) {
            return Err(40003);
        }
        Ok((entry.person, entry.appid.clone()))
    }

    /// `sns/userinfo`.
    pub(crate) fn userinfo(&mut self, params: &Params, at: Moment, base: &str) -> Result<Body, i32> {
        let (index, appid) = self.opened_by(params, !self.switches.userinfo_ignores_openid, at)?;
        let (switches, person) = (&self.switches, &self.people[index]);
        let body = Body::with_escaped_slashes().text("openid", &ids::openid(&person.id, &appid));
        let mut body = nickname(body, switches.nickname, person)
            .number("sex", i64::from(switches.sex.unwrap_or(person.sex)));
        let region = |now: &'static str| if switches.region { now } else { "" };
        if !switches.optional_fields_missing {
            body = body.text("language", region("zh_CN"));
        }
        body = body
            .text("city", region("Shenzhen"))
            .text("province", region("Guangdong"))
            .text("country", region("CN"));
        let avatar = person.avatar && !switches.headimgurl_empty;
        let avatar = if avatar { format!("{base}/mmopen/vi_32/{}/132", person.id) } else { String::new() };
        body = body.text("headimgurl", &avatar);
        if !switches.optional_fields_missing {
            body = body.raw("privilege", if switches.region { br#"["chinaunicom"]"# } else { b"[]" });
        }
        if let Some(unionid) = self.unionid(&appid, index) {
            body = body.text("unionid", &unionid);
        }
        if switches.unknown_fields {
            body = body.text("nickname_tint", "#07c160").raw("extra", br#"{"nested":[1,null,"x"]}"#);
        }
        Ok(body)
    }

    /// The unionid that goes out, if any.
    pub(crate) fn unionid(&self, appid: &str, person: usize) -> Option<String> {
        let person = &self.people[person];
        match self.switches.unionid {
            UnionidIn::Nowhere => return None,
            UnionidIn::Empty => return Some(String::new()),
            UnionidIn::Both | UnionidIn::UserinfoOnly => {}
        }
        if !person.unionid || self.switches.nickname == Nickname::Deactivated {
            return None;
        }
        let own = self.app(appid).map(|app| app.open_account.as_str())?;
        Some(ids::unionid(&person.id, self.switches.migrated_to.as_deref().unwrap_or(own)))
    }
}

/// Writes the nickname in the shape that the switch asks for.
fn nickname(body: Body, shape: Nickname, person: &Person) -> Body {
    let key = "nickname";
    match shape {
        Nickname::Own => body.text(key, &person.nickname),
        Nickname::Emoji => body.text(key, "👩‍👩‍👧‍👦🏳️‍🌈👍🏽张三"),
        Nickname::Rtl => body.text(key, "\u{202e}\u{200f}שלום\u{202c}abc"),
        Nickname::Bell => body.text(key, "张\u{7}三"),
        Nickname::Empty => body.text(key, ""),
        Nickname::Long => body.text(key, &"微信昵称".repeat(16)),
        Nickname::Deactivated => body.text(key, "用户已经注销"),
        Nickname::InvalidUtf8 => body.raw(key, b"\"\xe5\xbc\xa0\xff\xe4\xb8\""),
        Nickname::StrayBackslash => body.raw(key, "\"张\\三\"".as_bytes()),
        Nickname::Markup => body.text(key, "<img src=x onerror=alert(1)>\"'&"),
    }
}

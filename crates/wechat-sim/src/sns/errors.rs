//! The error numbers and their texts (WeChat's global return codes, and captures of the `sns` endpoints).

/// The text before the request id.
pub(crate) const fn text(errcode: i32) -> &'static str {
    match errcode {
        -1 => "system error",
        40001 => "invalid credential, access_token is invalid or not latest",
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40013 => "invalid appid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40030 => "invalid refresh_token",
        40097 => "invalid args",
        40101 => "missing parameter",
        40125 => "invalid appsecret",
        40163 => "code been used",
        40164 => "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
        40226 => "high risk user",
        40243 => "appsecret frozen",
        41001 => "access_token missing",
        41002 => "appid missing",
        41003 => "refresh_token missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        41009 => "missing openid",
        42001 => "access_token expired",
        42002 => "refresh_token expired",
        42003 => "code expired",
        42007 => "access_token and refresh_token exception",
        43001 => "require GET method",
        43002 => "require POST method",
        43003 => "require https",
        45009 => "api freq out of limit",
        45011 => "api minute-quota reach limit, must slower, retry next minute",
        48001 | 50001 => "api unauthorized",
        48004 => "api forbidden",
        50002 => "user limited",
        _ => "unknown error",
    }
}

/// What stands between the text and `rid: `. 50002 was captured without the comma.
pub(crate) const fn joint(errcode: i32) -> &'static str {
    if errcode == 50002 { " " } else { ", " }
}

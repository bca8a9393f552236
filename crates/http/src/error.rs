//! The only list of statuses and codes: how errors look on the wire. Which code an error of a story has, stands here or beside
//! the story's handlers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use downcity_service::StoreError;
use downcity_service::callback::CallbackError;
use downcity_service::cities::CityError;
use downcity_service::confirm::ConfirmError;
use downcity_service::core::attempt::Refusal;
use downcity_service::core::{Lang, Text};
use downcity_service::env::EnvError;
use downcity_service::login::StartError;
use downcity_service::result::ResultError;
use downcity_service::sessions::AuthError;
use downcity_service::tokens::ApplyError;
use serde::Serialize;
use std::time::Duration;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $en:literal, $zh:literal;)*) => {
        /// Every error code of the API. They are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub(crate) enum Code { $(#[serde(rename = $code)] $name,)* }

        impl Code {
            /// Every code.
            const ALL: &[Self] = &[$(Self::$name),*];
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
            pub(crate) const fn text(self) -> Text {
                match self { $(Self::$name => Text::new($en, $zh),)* }
            }
        }
    };
}

codes! {
    BadJson = "bad_json", BAD_REQUEST, "the body is not a JSON object: send one, with Content-Type application/json", "请求体不是 JSON 对象：请以 Content-Type application/json 发送";
    InvalidField = "invalid_field", BAD_REQUEST, "a field has a value that can't be used", "某个字段的值不可用";
    StateRequired = "state_required", BAD_REQUEST, "state required: send the `state`, or in login/result the `login_id`, that the start gave you", "缺少 state：请传入发起登录时返回的 state（login/result 为 login_id）";
    UnknownProvider = "unknown_provider", BAD_REQUEST, "provider is unknown: ask `providers` for the ones that can be used", "未知的 provider：请通过 providers 查询可用的登录方式";
    ProviderNotConfigured = "provider_not_configured", BAD_REQUEST, "provider is not configured on this Federation: ask `providers` for the ones that can be used; an admin sets it up in the Federation env", "该登录方式尚未在此 Federation 配置：请通过 providers 查询可用的登录方式，或由管理员在 Federation env 中配置";
    ProviderHasNoPage = "provider_has_no_page", BAD_REQUEST, "this way to sign in has no page to go to: ask the person by yourself, with login/start or (for e-mail) email/start", "该登录方式没有可跳转的页面：请自行向用户索取信息，并用 login/start（邮箱也可用 email/start）发起登录";
    ProviderDisabled = "provider_disabled", FORBIDDEN, "this way to sign in is switched off here: ask `providers` for the ones that can be used; an admin switches it on with providers/enable", "该登录方式已在此停用：请通过 providers 查询可用的登录方式，或由管理员通过 providers/enable 启用";
    UnknownCity = "unknown_city", NOT_FOUND, "there is no city of that city_id", "没有该 city_id 对应的城市";
    CityPaused = "city_paused", FORBIDDEN, "the city is paused: it starts no sign-in and accepts no token until an admin activates it", "该城市已暂停：在管理员重新启用之前，不能登录，也不接受令牌";
    CityTaken = "city_taken", CONFLICT, "a city of that city_id exists already", "该 city_id 已被使用";
    CityPermanent = "city_permanent", CONFLICT, "city_downcity always exists and can't be removed; pause it instead", "city_downcity 始终存在，不能删除；可将其暂停";
    CityMismatch = "city_mismatch", FORBIDDEN, "the user_token belongs to another city", "该 user_token 属于另一个城市";
    OriginNotAllowed = "origin_not_allowed", FORBIDDEN, "this web page's origin is not in the city's allowed_origins: an admin can add it with cities/update", "该网页的来源不在城市的 allowed_origins 中：管理员可通过 cities/update 添加";
    UnknownLogin = "unknown_login", NOT_FOUND, "no sign-in has this state or login_id: start again", "没有与此 state 或 login_id 对应的登录：请重新开始";
    LoginExpired = "login_expired", GONE, "the sign-in ran out before it was finished and collected: start again with oauth/start", "登录在完成并领取之前已过期：请用 oauth/start 重新开始";
    AlreadyCollected = "already_collected", GONE, "the token of this sign-in was already handed out: start again with oauth/start", "该登录的令牌已被领取：请用 oauth/start 重新开始";
    VerifierRequired = "code_verifier_required", FORBIDDEN, "this sign-in was started with a code_challenge: send its code_verifier", "该登录使用了 code_challenge：请传入对应的 code_verifier";
    VerifierWrong = "code_verifier_wrong", FORBIDDEN, "the code_verifier does not fit the code_challenge of this sign-in", "code_verifier 与该登录的 code_challenge 不匹配";
    LoginCodeRequired = "login_code_required", FORBIDDEN, "this sign-in returns by return_to: send the `code` that the browser brought there", "该登录通过 return_to 返回：请传入浏览器带回的 code";
    LoginCodeWrong = "login_code_wrong", FORBIDDEN, "the code is not the one that the browser brought to return_to", "code 不是浏览器带回 return_to 的那个";
    OtherClient = "other_client", FORBIDDEN, "this sign-in was started by another client: collect it from where it was started, or start with a code_challenge", "该登录由另一个客户端发起：请在发起处领取，或使用 code_challenge 发起";
    CannotConfirm = "cannot_confirm", FORBIDDEN, "this browser can't confirm this sign-in: use the window in which you signed in with the provider", "此浏览器无法确认该登录：请在完成授权的窗口中操作";
    WrongCredentials = "wrong_credentials", UNAUTHORIZED, "the address or the password is wrong", "邮箱地址或密码错误";
    MailedCodeWrong = "wrong_code", FORBIDDEN, "the code is wrong: look into the newest mail; after five wrong codes, start again", "验证码错误：请查看最新的邮件；累计错误五次后需要重新开始";
    OtherBrowser = "other_browser", FORBIDDEN, "this link works only in the browser where the sign-in was started: type the code from the mail there", "此链接只能在发起登录的浏览器中使用：请在发起登录的页面输入邮件中的验证码";
    LocalOnly = "local_only", FORBIDDEN, "local sign-in is for requests from this machine, sent straight to this server", "本机登录仅限从本机直接发出的请求";
    SpentToken = "spent_token", GONE, "the link or code is not good any more: it was used, replaced by a newer one, or its time is over; ask for a new one", "链接或验证码已失效：可能已被使用，已过期，或已被新的链接或验证码取代。请重新申请";
    InvalidRefreshToken = "invalid_refresh_token", UNAUTHORIZED, "the refresh token is not good any more: it was used before, its time is over, or its session was ended; sign in again", "刷新令牌已失效：可能已被使用、已过期，或其会话已结束，请重新登录";
    AuthenticationRequired = "authentication_required", UNAUTHORIZED, "this call needs a bearer token in the Authorization header", "该调用需要在 Authorization 头中携带令牌";
    InvalidToken = "invalid_token", UNAUTHORIZED, "the bearer token is not valid: it is damaged, expired, or was logged out; sign in again", "令牌无效：已损坏、过期或已退出登录，请重新登录";
    AdminOnly = "admin_only", FORBIDDEN, "this call needs an admin key", "该调用需要管理员密钥";
    RoleTooWeak = "role_too_weak", FORBIDDEN, "this admin key may look but not change anything: use the key of an operator or an owner", "此管理员密钥只能查看，不能更改：请使用操作员或所有者的密钥";
    OwnerOnly = "owner_only", FORBIDDEN, "this takes the admin key of an owner", "该操作需要所有者的管理员密钥";
    CityKey = "city_key", FORBIDDEN, "this admin key is for one city only: use it for calls about that city, or another key", "此管理员密钥仅用于一个城市：请只对该城市使用，或改用其他密钥";
    UnknownAdminKey = "unknown_admin_key", NOT_FOUND, "no admin key that is good has this key_id: ask admin-keys/list", "没有与该 key_id 对应的有效管理员密钥：请查询 admin-keys/list";
    LastOwner = "last_owner", CONFLICT, "this is the last owner's key that lasts: make another owner's key first", "这是最后一个长期有效的所有者密钥：请先创建另一个所有者密钥";
    TooManyAdminKeys = "too_many_admin_keys", CONFLICT, "there are as many admin keys as there may be: revoke one first", "管理员密钥数量已达上限：请先撤销一个";
    FormNotOurs = "form_not_ours", FORBIDDEN, "this form was not sent from a page of this workspace session: open the page again and repeat what you did", "该表单不是从当前工作台会话的页面提交的：请重新打开页面后再试";
    UserOnly = "user_only", FORBIDDEN, "this call needs a user_token, not an admin key", "该调用需要 user_token，而不是管理员密钥";
    UserDisabled = "user_disabled", FORBIDDEN, "this account has been disabled", "该账号已被停用";
    ReauthenticationRequired = "reauthentication_required", FORBIDDEN, "this needs a fresh sign-in: sign in again, in a browser on this device, and ask within five minutes", "该操作需要重新登录：请在本设备的浏览器中再次登录，并在五分钟内操作";
    UnknownUser = "unknown_user", NOT_FOUND, "there is no user of that id on this Federation", "此 Federation 中没有该用户";
    UnknownSession = "unknown_session", NOT_FOUND, "there is no live session of that session_id", "没有与该 session_id 对应的有效会话";
    UnknownIdentity = "unknown_identity", NOT_FOUND, "this account has no way in of that identity_id", "该账号没有与此 identity_id 对应的登录方式";
    LastIdentity = "last_identity", CONFLICT, "this is the last way into the account: link another one first", "这是该账号最后一种登录方式：请先绑定其他方式";
    MergeDisabled = "merge_disabled", CONFLICT, "one of the two users is disabled: enable or delete it instead", "两个用户之一已被停用：请先启用，或直接删除";
    UnknownWebhook = "unknown_webhook", NOT_FOUND, "there is no webhook of that webhook_id", "没有与该 webhook_id 对应的 webhook";
    UnknownEvent = "unknown_event", NOT_FOUND, "there is no event of that event_id, or it is forgotten", "没有与该 event_id 对应的事件，或该事件已被清除";
    WebhookDisabled = "webhook_disabled", CONFLICT, "the webhook is switched off: switch it on with webhooks/enable", "该 webhook 已停用：请先通过 webhooks/enable 启用";
    TooManyWebhooks = "too_many_webhooks", CONFLICT, "there are as many webhooks as there may be: remove one first", "webhook 数量已达上限：请先移除一个";
    UnknownKey = "unknown_key", NOT_FOUND, "no signing key has this kid: ask federation/keys/list", "没有与该 kid 对应的签名密钥：请查询 federation/keys/list";
    NoNextMasterKey = "no_next_master_key", CONFLICT, "the source of the master key holds no next key: put one behind the present key (a second line of the file, a second word of the variable, a second line of the command's output) on every node, then ask again", "主密钥来源中没有下一个密钥：请在每个节点上把新密钥放在当前密钥之后（文件的第二行、环境变量的第二个词，或命令输出的第二行），然后重试";
    MasterKeyElsewhere = "master_key_elsewhere", CONFLICT, "another node changed the master key at the same moment: ask federation/master-key how things stand", "另一个节点同时更换了主密钥：请通过 federation/master-key 查询当前状态";
    UnknownTicket = "unknown_ticket", NOT_FOUND, "this ticket was not made by this Federation, or its time is over; only its own doctor has one", "该 ticket 不是本 Federation 签发的，或已过期；只有它自身的检查程序持有";
    UnknownSetting = "unknown_setting", NOT_FOUND, "there is no setting of that key in the Federation env", "Federation env 中没有该设置";
    UnknownRoute = "unknown_route", NOT_FOUND, "there is nothing at this address: see /openapi.json", "此地址不存在：请参见 /openapi.json";
    WrongMethod = "wrong_method", METHOD_NOT_ALLOWED, "this address does not take that method: see /openapi.json", "此地址不支持该方法：请参见 /openapi.json";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "the body is over the limit of 256 KiB", "请求体超过 256 KiB 的限制";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "send the body as Content-Type application/json", "请以 Content-Type application/json 发送请求体";
    TooManyTries = "too_many_tries", TOO_MANY_REQUESTS, "too many tries from your network: wait as long as Retry-After says", "来自您网络的尝试过多：请按 Retry-After 等待";
    ProviderUnavailable = "provider_unavailable", SERVICE_UNAVAILABLE, "the sign-in provider can't be used right now: try again in a moment, or choose another way to sign in", "该登录方式暂时不可用：请稍后重试，或选择其他登录方式";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "more requests come in than can be served: try again as soon as Retry-After says", "请求过多，暂时无法处理：请按 Retry-After 等待后重试";
    Stopping = "stopping", SERVICE_UNAVAILABLE, "this node is about to stop: ask another one", "此节点即将停止：请改用其他节点";
    BodyTooSlow = "body_too_slow", REQUEST_TIMEOUT, "the request's body did not come in time: send it again", "请求体未能及时送达：请重新发送";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "the service can't answer right now: try again in a moment", "服务暂时无法响应：请稍后重试";
    Internal = "internal", INTERNAL_SERVER_ERROR, "something went wrong on our side; it has been logged under this request_id", "服务端出错，已按此 request_id 记录";
}

// Written out, since the derived schema would list the names of the variants, not the codes.
impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("Every error code of the API. They are stable."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> std::borrow::Cow<'static, str> {
        "ErrorCode".into()
    }
}

/// An error on its way out. The hallway writes its body, since only it knows the request's id and language.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) field: Option<Field>,
    pub(crate) retry_after: Option<Duration>,
    /// For the log alone.
    pub(crate) cause: Option<String>,
}

/// The field that is at fault.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// To be read after the name, in English; absent where the code says it.
    pub(crate) why: Option<String>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A sentence for a person, in the language of `Accept-Language`.
    error: String,
    /// A stable code for programs.
    code: Code,
    /// Names the request in the server's log.
    request_id: String,
    /// Where a field is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<ErrorDetails>,
}

/// The field at fault.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetails {
    /// Its name on the wire.
    field: String,
}

impl ApiError {
    /// An error that its code says everything about.
    pub(crate) fn of(code: Code) -> Self {
        Self { code, field: None, retry_after: None, cause: None }
    }

    /// A field with a value that can't be used.
    pub(crate) fn field(name: impl Into<String>, why: impl Into<String>) -> Self {
        let field = Field { name: name.into(), why: Some(why.into()) };
        Self { field: Some(field), ..Self::of(Code::InvalidField) }
    }

    /// An error that its code says everything about, and that one field is at fault for.
    pub(crate) fn about(code: Code, name: &str) -> Self {
        Self { field: Some(Field { name: name.to_owned(), why: None }), ..Self::of(code) }
    }

    /// What happened, as a sentence for a person.
    pub(crate) fn sentence(&self, lang: Lang) -> String {
        match &self.field {
            Some(Field { name, why: Some(why) }) => format!("{name} {why}"),
            _ => self.code.text().get(lang).to_owned(),
        }
    }

    /// Writes the answer.
    pub(crate) fn render(&self, lang: Lang, request_id: &str) -> Response {
        let error = self.sentence(lang);
        let details = self.field.as_ref().map(|field| ErrorDetails { field: field.name.clone() });
        let body = ErrorBody { error, code: self.code, request_id: request_id.to_owned(), details };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.code.status(), Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

pub(crate) async fn unknown_route() -> ApiError {
    ApiError::of(Code::UnknownRoute)
}

pub(crate) async fn wrong_method() -> ApiError {
    ApiError::of(Code::WrongMethod)
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = Some(error.to_string());
        match error {
            StoreError::Unavailable(_)
            | StoreError::TakesNoWrites(_)
            | StoreError::NoRoom(_)
            | StoreError::TooLong => {
                Self { cause, retry_after: Some(Duration::from_secs(2)), ..Self::of(Code::Unavailable) }
            }
            StoreError::Corrupt { .. } | StoreError::Internal(_) => {
                Self { cause, ..Self::of(Code::Internal) }
            }
        }
    }
}

impl From<downcity_service::directory::ReadError> for ApiError {
    fn from(error: downcity_service::directory::ReadError) -> Self {
        match error {
            downcity_service::directory::ReadError::Store(error) => error.into(),
            downcity_service::directory::ReadError::Keys(error) => error.into(),
            downcity_service::directory::ReadError::Vault(error) => error.into(),
            other => Self { cause: Some(other.to_string()), ..Self::of(Code::Internal) },
        }
    }
}

impl From<downcity_service::vault::VaultError> for ApiError {
    fn from(error: downcity_service::vault::VaultError) -> Self {
        match error {
            downcity_service::vault::VaultError::Store(error) => error.into(),
            other => Self { cause: Some(other.to_string()), ..Self::of(Code::Internal) },
        }
    }
}

impl From<downcity_service::KeyError> for ApiError {
    fn from(error: downcity_service::KeyError) -> Self {
        match error {
            downcity_service::KeyError::Store(error) => error.into(),
            other => Self { cause: Some(other.to_string()), ..Self::of(Code::Internal) },
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::UnknownProvider => Self::about(Code::UnknownProvider, "provider"),
            StartError::NoPage(_) => Self::about(Code::ProviderHasNoPage, "provider"),
            StartError::ProviderNotConfigured(_) => Self::about(Code::ProviderNotConfigured, "provider"),
            StartError::ProviderDisabled(_) => Self::of(Code::ProviderDisabled),
            StartError::UnknownCity => Self::of(Code::UnknownCity),
            StartError::CityPaused => Self::of(Code::CityPaused),
            StartError::OriginNotAllowed(_) => Self::of(Code::OriginNotAllowed),
            StartError::BadField { field, why } => Self::field(field, why),
            StartError::ProviderUnavailable(cause) => Self {
                cause: Some(cause),
                retry_after: Some(Duration::from_secs(5)),
                ..Self::of(Code::ProviderUnavailable)
            },
            StartError::TooMany(wait) => Self { retry_after: Some(wait.0), ..Self::of(Code::TooManyTries) },
            StartError::Internal(error) => error.into(),
        }
    }
}

impl From<CallbackError> for ApiError {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::UnknownState => Self::of(Code::UnknownLogin),
            CallbackError::Expired => Self::of(Code::LoginExpired),
            CallbackError::Internal(error) => error.into(),
        }
    }
}

impl From<ConfirmError> for ApiError {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::NotYours => Self::of(Code::CannotConfirm),
            ConfirmError::TooMany(wait) => Self { retry_after: Some(wait.0), ..Self::of(Code::TooManyTries) },
            ConfirmError::Internal(error) => error.into(),
        }
    }
}

impl From<ResultError> for ApiError {
    fn from(error: ResultError) -> Self {
        match error {
            ResultError::StateRequired => Self::about(Code::StateRequired, "state"),
            ResultError::Unknown => Self::of(Code::UnknownLogin),
            ResultError::Expired => Self::of(Code::LoginExpired),
            ResultError::Collected => Self::of(Code::AlreadyCollected),
            ResultError::Refused(refusal) => Self::of(match refusal {
                Refusal::VerifierMissing => Code::VerifierRequired,
                Refusal::VerifierWrong => Code::VerifierWrong,
                Refusal::LoginCodeMissing => Code::LoginCodeRequired,
                Refusal::LoginCodeWrong => Code::LoginCodeWrong,
                Refusal::OtherClient => Code::OtherClient,
            }),
            ResultError::Internal(error) => error.into(),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid => Self::of(Code::InvalidToken),
            AuthError::CityPaused => Self::of(Code::CityPaused),
            AuthError::UserDisabled => Self::of(Code::UserDisabled),
            AuthError::Internal(error) => error.into(),
        }
    }
}

impl From<CityError> for ApiError {
    fn from(error: CityError) -> Self {
        match error {
            CityError::Unknown => Self::of(Code::UnknownCity),
            CityError::Taken => Self::of(Code::CityTaken),
            CityError::Permanent => Self::of(Code::CityPermanent),
            CityError::BadField { field, why } => Self::field(field, why),
            CityError::Store(error) => error.into(),
            CityError::Read(error) => error.into(),
        }
    }
}

impl From<EnvError> for ApiError {
    fn from(error: EnvError) -> Self {
        match error {
            EnvError::BadField { field, why } => Self::field(field, why),
            EnvError::UnknownCity => Self::of(Code::UnknownCity),
            EnvError::Unknown => Self::of(Code::UnknownSetting),
            EnvError::Store(error) => error.into(),
            EnvError::Read(error) => error.into(),
        }
    }
}

impl From<ApplyError> for ApiError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::UnknownCity => Self::of(Code::UnknownCity),
            ApplyError::CityPaused => Self::of(Code::CityPaused),
            ApplyError::NotTheirs => Self::of(Code::CityKey),
            ApplyError::BadField { field, why } => Self::field(field, why),
            ApplyError::Internal(error) => error.into(),
        }
    }
}

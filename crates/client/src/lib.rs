//! The Rust client of a Downcity Federation.
//!
//! It knows the wire contract and nothing else: JSON over HTTP, one shape of error, three kinds of caller.
//! A [`Federation`] is an address; from it come a [`Guest`], a [`User`] and an [`Admin`].
//!
//! It needs a tokio runtime, and is taken from a checkout: `downcity = { path = "…/crates/client" }`.
//!
//! ```no_run
//! # async fn example() -> Result<(), downcity::Error> {
//! use downcity::{Federation, SignIn};
//!
//! let federation = Federation::new("https://base.example.com")?;
//! let guest = federation.guest("city_demo");
//! let signed_in = guest.sign_in(&SignIn::new("wechat"), |url| println!("open {url}")).await?;
//! let me = signed_in.user.me().await?;
//! println!("hello {}", me.profile.display_name.as_deref().unwrap_or("stranger"));
//! # Ok(()) }
//! ```
//!
//! Where a browser can run on this machine, the page has to be opened here: it brings a code to a port of the program.
//! [`SignIn::elsewhere`] is for programs whose people open it on another device.
//!
//! The Admin API, with an admin key of the Federation:
//!
//! ```no_run
//! # async fn example() -> Result<(), downcity::Error> {
//! use downcity::{Federation, SecretString};
//!
//! let key = SecretString::from(std::env::var("DOWNCITY_ADMIN_KEY").unwrap_or_default());
//! let admin = Federation::new("https://base.example.com")?.admin(key);
//! admin.env().upsert("WECHAT_CLIENT_ID", &SecretString::from("wx0123456789abcdef")).await?;
//! for item in admin.env().list().await?.items {
//!     println!("{} {}", item.key, item.value_preview.unwrap_or_default());
//! }
//! # Ok(()) }
//! ```
//!
//! Redirects are never followed, answers are capped at [`MAX_ANSWER_BYTES`], and tokens, keys and the `state` of a
//! login never appear in `Debug` output.

mod account_types;
mod admin;
mod admin_types;
mod caller;
mod doctor;
mod error;
mod federation;
mod guest;
mod insight;
mod insight_types;
mod keepers;
mod keeping;
mod loopback;
mod people;
mod people_types;
mod pkce;
mod sign_in;
mod steps;
mod time;
mod types;
mod user;
mod vitals;
mod webhooks;

pub use account_types::{Export, Identity, OwnSession, ProfileUpdate};
pub use admin::{Admin, Cities, CityUpdate, Env, NewCity, TokenApply, Tokens};
pub use admin_types::{
    City, CityList, CityStatus, Confirm, EnvCatalog, EnvCatalogEntry, EnvCatalogItem, EnvChange, EnvItem,
    EnvList, MasterKey, Service, ServiceList, TokenAnswer,
};
pub use caller::{Caller, Download, MAX_ANSWER_BYTES};
pub use doctor::{DoctorFinding, DoctorReport, Verdict};
pub use error::{ApiError, Error};
pub use federation::{DEFAULT_CITY, Federation};
pub use guest::{Guest, OauthStartRequest, Register};
pub use insight::{AttemptQuery, Insight};
pub use insight_types::{
    Attempt, Attention, Both, CallbackAddress, Health, Overview, PeopleNumbers, Person, PersonIdentity,
    PersonName, ProviderCard, Step, Tally,
};
pub use jiff::Timestamp;
pub use keepers::{AdminKey, AdminKeyTold, AuditEntry, AuditQuery, Keepers, NewAdminKey};
pub use keeping::{Introspection, Keys, SigningKey};
pub use people::{EventQuery, People, SessionQuery, UserQuery};
pub use people_types::{Device, Event, ListedSession, ListedUser, MergePreview, Page};
pub use pkce::Pkce;
pub use secrecy::{ExposeSecret, SecretString};
pub use sign_in::{SignIn, SignedIn};
pub use steps::{LoginInput, LoginInputField, LoginStep, MailedCode, Refreshed};
pub use types::{Me, MeProfile, MeUser, OauthResult, OauthStart, Provider, ProviderList, SignInDone};
pub use user::User;
pub use vitals::Ready;
pub use webhooks::{Delivery, DeliveryQuery, NewWebhook, Webhook, WebhookCreated, Webhooks};

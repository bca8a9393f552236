//! What stands round every page: navigation, who is signed in, the switches for language and light.

use super::agents;
use super::assets::{LINKS, Links};
use super::cookies::Flash;
use super::look::{Look, Theme};
use crate::pages::readable;
use downcity_service::core::{Lang, Role, Text, Timestamp};

/// One entry of the navigation.
struct Place {
    path: &'static str,
    label: Text,
    /// The strokes of its sign, on 24 by 24 units.
    sign: &'static str,
    /// Whether keys of one city may come.
    city: bool,
}

/// The navigation, in order.
static NAV: &[Place] = &[
    Place {
        path: "/admin",
        label: Text::new("Overview", "概览"),
        sign: "M4 20V10M10 20V4M16 20v-7M21 20H3",
        city: true,
    },
    Place {
        path: "/admin/providers",
        label: Text::new("Providers", "登录方式"),
        sign: "M15 9a4.5 4.5 0 1 1-4.5-4.5A4.5 4.5 0 0 1 15 9zM13.8 12.3 20 18.5V21h-3v-2h-2v-2",
        city: true,
    },
    Place {
        path: "/admin/cities",
        label: Text::new("Cities", "城市"),
        sign: "M3 21h18M5 21V7l7-4v18M19 21V11l-7-4M8.5 10v.01M8.5 14v.01M15.5 13v.01M15.5 17v.01",
        city: true,
    },
    Place {
        path: "/admin/users",
        label: Text::new("Users", "用户"),
        sign: "M16 20v-1.5a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4V20M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM22 20v-1.5a4 4 0 0 0-3-3.9M16 4.2a3.5 3.5 0 0 1 0 6.6",
        city: true,
    },
    Place {
        path: "/admin/env",
        label: Text::new("Env", "设置"),
        sign: "M4 7h9M19 7h1M16 4.5v5M4 17h1M11 17h9M8 14.5v5",
        city: false,
    },
    Place {
        path: "/admin/attempts",
        label: Text::new("Attempts", "登录记录"),
        sign: "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
        city: true,
    },
    Place {
        path: "/admin/audit",
        label: Text::new("Audit", "审计记录"),
        sign: "M6 3h9l4 4v14H6zM15 3v4h4M9.5 12h6M9.5 16h6",
        city: true,
    },
    Place {
        path: "/admin/keys",
        label: Text::new("Keys", "密钥"),
        sign: "M5 11h14v10H5zM8 11V7.5a4 4 0 0 1 8 0V11M12 15v2.5",
        city: false,
    },
    Place {
        path: "/admin/checks",
        label: Text::new("Checks", "检查"),
        sign: "M3 12h4l3-7 4 14 3-7h4",
        city: false,
    },
];

/// An entry as a page shows it.
pub(crate) struct NavItem {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) current: bool,
}

/// Who is signed in.
#[derive(Clone)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) city: Option<String>,
    pub(crate) form_token: String,
}

/// What stands round a page. Templates call it `shell`.
pub(crate) struct Shell {
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
    pub(crate) here: &'static str,
    pub(crate) title: String,
    /// The pages above this one: address and name.
    pub(crate) crumbs: Vec<(String, String)>,
    pub(crate) flash: Option<Flash>,
    pub(crate) who: Option<Who>,
    /// This page's own address.
    pub(crate) path: String,
    pub(crate) links: &'static Links,
}

impl Shell {
    /// Without anybody signed in.
    pub(super) fn bare(look: &Look, here: &'static str, title: impl Into<String>) -> Self {
        Self {
            lang: look.lang,
            theme: look.theme,
            here,
            title: title.into(),
            crumbs: Vec::new(),
            flash: None,
            who: None,
            path: look.path.clone(),
            links: &LINKS,
        }
    }

    /// Below another page.
    pub(crate) fn under(mut self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.crumbs.push((path.into(), name.into()));
        self
    }

    /// The words in the page's language.
    pub(crate) fn t(&self, en: &'static str, zh: &'static str) -> &'static str {
        Text::new(en, zh).get(self.lang)
    }

    /// A text in the page's language.
    pub(crate) fn text(&self, text: &Text) -> &'static str {
        text.get(self.lang)
    }

    /// A moment as a person reads it, in UTC.
    pub(crate) fn moment(&self, at: &Timestamp) -> String {
        readable(at.0)
    }

    /// The same as machines read it.
    pub(crate) fn instant(&self, at: &Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
    }

    /// The entries of the navigation that this admin's key is for.
    pub(crate) fn nav(&self) -> Vec<NavItem> {
        let places = NAV.iter().filter(|place| place.city || !self.is_limited());
        let item = |place: &Place| NavItem {
            path: place.path,
            label: place.label.get(self.lang),
            sign: place.sign,
            current: place.path == self.here,
        };
        places.map(item).collect()
    }

    /// A program, in two words; see [`agents::short`].
    pub(crate) fn agent(&self, agent: &str) -> String {
        agents::short(agent)
    }

    /// Whether the key is for one city only.
    pub(crate) fn is_limited(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.city.is_some())
    }

    /// Whether the key allows what this role may.
    fn may(&self, role: Role) -> bool {
        self.who.as_ref().is_some_and(|who| who.role >= role)
    }

    /// Whether the key allows to change things.
    pub(crate) fn operator(&self) -> bool {
        self.may(Role::Operator)
    }

    /// Whether the key allows to keep keys.
    pub(crate) fn owner(&self) -> bool {
        self.may(Role::Owner)
    }

    /// Why something is switched off on the page; empty for owners, for whom nothing is.
    pub(crate) fn why_not(&self) -> &'static str {
        if self.owner() {
            ""
        } else if self.operator() {
            self.t("Only an owner's key may do this.", "仅所有者的密钥可执行此操作。")
        } else {
            self.t(
                "Your key may only look. It takes an operator's or owner's key to change something.",
                "您的密钥仅可查看，更改需要操作员或所有者的密钥。",
            )
        }
    }

    /// What every form has to carry.
    pub(crate) fn form_token(&self) -> &str {
        self.who.as_ref().map_or("", |who| &who.form_token)
    }

    /// The role in words.
    pub(crate) fn role(&self) -> &'static str {
        match self.who.as_ref().map_or(Role::Viewer, |who| who.role) {
            Role::Viewer => self.t("viewer", "只读"),
            Role::Operator => self.t("operator", "操作员"),
            Role::Owner => self.t("owner", "所有者"),
        }
    }
}

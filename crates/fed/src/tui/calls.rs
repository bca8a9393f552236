//! The calls of the screen: they run beside it, and their answers come back as something that happened.

use super::model::{Call, Trouble};
use super::tab::Request;
use super::update::Happened;
use crate::admin::{Target, admin_at};
use crate::problem::Problem;
use downcity::{Admin, Error};
use downcity_service::core::Lang;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Longer than all checks of the doctor together may take.
const CHECKUP: Duration = Duration::from_secs(90);

/// Makes calls at the Federations that can be chosen.
pub(crate) struct Calls {
    targets: Vec<Target>,
    insecure_http: bool,
    lang: Lang,
    answers: UnboundedSender<Happened>,
    /// Those that were called before: each has connections of its own that stay open.
    admins: RefCell<HashMap<usize, Admin>>,
}

impl Calls {
    /// To these Federations; answers go to `answers`.
    pub(crate) fn new(
        targets: Vec<Target>,
        insecure_http: bool,
        lang: Lang,
        answers: UnboundedSender<Happened>,
    ) -> Self {
        Self { targets, insecure_http, lang, answers, admins: RefCell::default() }
    }

    /// Sends a call on its way.
    pub(crate) fn send(&self, call: Call) {
        let (target, lang, answers) = (self.targets[call.place].clone(), self.lang, self.answers.clone());
        let admin = self.admin(call.place);
        tokio::spawn(async move {
            let answer = match admin {
                Ok(admin) => ask(&admin, &call.request).await.map_err(|error| trouble(&error, &target, lang)),
                Err(problem) => Err(Trouble { what: problem.what().to_owned(), next: String::new() }),
            };
            // Nobody listens any more only when the screen is gone.
            let _ = answers.send(Happened::Answered(call, answer));
        });
    }

    fn admin(&self, place: usize) -> Result<Admin, Problem> {
        if let Some(admin) = self.admins.borrow().get(&place) {
            return Ok(admin.clone());
        }
        let admin = admin_at(&self.targets[place], self.insecure_http, Some(self.lang))?;
        self.admins.borrow_mut().insert(place, admin.clone());
        Ok(admin)
    }
}

async fn ask(admin: &Admin, request: &Request) -> Result<serde_json::Value, Error> {
    let Request { reads, service, action, body } = request;
    if *action == "doctor" {
        return admin.raw().clone().waiting(CHECKUP).get(service, action, body).await;
    }
    match reads {
        true => admin.raw().get(service, action, body).await,
        false => admin.raw().post(service, action, body).await,
    }
}

/// Why there is no answer, and what to do, in words.
fn trouble(error: &Error, target: &Target, lang: Lang) -> Trouble {
    let url = &target.url;
    let (what, next) = match (error, lang) {
        (Error::Transport(_), Lang::En) => (
            format!("No Federation answers at {url}."),
            "Start it (fed serve, fed dev) or choose another with f; r tries again.".to_owned(),
        ),
        (Error::Transport(_), Lang::Zh) => (
            format!("{url} 没有响应。"),
            "请先启动（fed serve 或 fed dev），或按 f 选择其他；按 r 重试。".to_owned(),
        ),
        (Error::Stalled, Lang::En) => (format!("{url} did not answer in time."), "r tries again.".to_owned()),
        (Error::Stalled, Lang::Zh) => (format!("{url} 未在时限内应答。"), "按 r 重试。".to_owned()),
        (Error::Api(api), Lang::En) if api.status == 401 => (
            format!("{url} refused the admin key from {}.", target.source),
            "Save a good one with fed login URL.".to_owned(),
        ),
        (Error::Api(api), Lang::Zh) if api.status == 401 => {
            (format!("{url} 拒绝了管理员密钥。"), "请用 fed login URL 保存有效的密钥。".to_owned())
        }
        (Error::Api(api), Lang::En) if api.code == "unknown_route" => (
            "This Federation doesn't know this yet.".to_owned(),
            "It runs an older version: update it.".to_owned(),
        ),
        (Error::Api(api), Lang::Zh) if api.code == "unknown_route" => {
            ("此 Federation 尚不支持该功能。".to_owned(), "其版本较旧：请升级。".to_owned())
        }
        (error, _) => (error.message(), String::new()),
    };
    Trouble { what, next }
}

"""Starts WeChat's simulator and a Federation, fills it a little, and lets schemathesis try every operation."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import requests

HERE = pathlib.Path(__file__).parent
DOCUMENT = pathlib.Path(os.environ.get("OPENAPI", HERE.parent.parent / "docs" / "openapi.json"))
# Not the one of the examples in the document, which are sent as they are: one of them removes a city.
CITY, LOST_CITY = "city_shop", "city_spare"
READY = "ready: listening on "
WECHAT_APP, WECHAT_SECRET = "wxbdc5610cc59c1631", "0123456789abcdef0123456789abcdef"


def start(command, ready):
    """Starts a program; gives it and what follows `ready` in the line that says that it runs."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith(ready):
            return process, line.removeprefix(ready).strip()
    sys.exit(f"{command[0]} did not start")


class Federation:
    """What the tests know of the running Federation."""

    def __init__(self, base, admin_key):
        self.base, self.admin_key = base, admin_key

    def post(self, path, body, bearer=None):
        answer = requests.post(
            f"{self.base}/v1/{path}",
            json=body,
            headers={"authorization": f"Bearer {bearer}"} if bearer else {},
            timeout=20,
        )
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()

    def admin(self, path, body):
        return self.post(path, body, self.admin_key)

    def look(self, path):
        bearer = {"authorization": f"Bearer {self.admin_key}"}
        answer = requests.get(f"{self.base}/v1/{path}", headers=bearer, timeout=20)
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()

    def attempt(self, refuse):
        """A sign-in that waits, or that the person has refused."""
        started = self.post("accounts/oauth/start", {"provider": "wechat", "city_id": CITY})
        if refuse:
            back = {"code": "authdeny", "state": started["state"]}
            requests.get(f"{self.base}/v1/accounts/oauth/callback", params=back, allow_redirects=False, timeout=20)
        return started["state"]


def fill(federation):
    """Makes some of everything; gives values that are really there, by the name of the field that takes them."""
    # Nobody takes mail there: it stays in the outbox.
    mail = [("SMTP_URL", "smtp://127.0.0.1:9"), ("MAIL_FROM", "Demo <no-reply@example.com>")]
    wechat = [("WECHAT_CLIENT_ID", WECHAT_APP), ("WECHAT_CLIENT_SECRET", WECHAT_SECRET)]
    for key, value in wechat + mail:
        federation.admin("env/upsert", {"key": key, "value": value})
    for city_id in (CITY, LOST_CITY):
        redirects = ["https://app.example.com/done"]
        federation.admin("cities/create", {"name": "Demo", "city_id": city_id, "allowed_redirects": redirects})
    people = [federation.post("accounts/local/login", {"name": name, "city_id": CITY}) for name in "abcdef"]
    hooks = [federation.admin("webhooks/create", {"url": f"https://hooks.example.com/{n}"}) for n in range(3)]
    keys = [federation.admin("admin-keys/create", {"name": f"spare {n}", "role": "viewer"}) for n in range(4)]
    sessions = federation.look("accounts/sessions")["items"]
    steps = federation.post("accounts/login/start", {"provider": "email", "city_id": CITY})
    users = [person["user_id"] for person in people]
    return {
        "city_id": [CITY],
        "user_id": users[3:],
        "from": users[:1],
        "into": users[1:2],
        "webhook_id": [hook["webhook"]["webhook_id"] for hook in hooks],
        "key_id": [key["key_id"] for key in keys],
        "kid": [key["kid"] for key in federation.look("federation/keys/list")["items"]],
        "session_id": [session["session_id"] for session in sessions],
        "event_id": [event["event_id"] for event in federation.look("accounts/events")["items"]],
        "provider": ["wechat", "github", "email", "local"],
        "state": [federation.attempt(refuse=True), federation.attempt(refuse=False)],
        "login_id": [steps["login_id"]],
        "token": [people[2]["user_token"]],
        "key": ["GITHUB_CLIENT_ID", "MAIL_FROM"],
        "email": ["ann@example.com", "bob@example.com"],
        "password": ["a long enough pass phrase"],
        "current_password": ["a long enough pass phrase"],
        "return_to": ["https://app.example.com/done"],
        "url": ["https://hooks.example.com/in"],
        "wait": ["1"],
        "limit": ["5"],
        "ttl": ["30m"],
        "locale": ["en"],
    }


def main(examples):
    with tempfile.TemporaryDirectory() as folder:
        sim, sim_url = start([os.environ["WECHAT_SIM_BIN"]], "http://")
        data = pathlib.Path(folder) / "data"
        log = open(pathlib.Path(folder) / "log", "w+", encoding="utf-8")
        options = ["--wechat-simulator", f"http://{sim_url}", "--allow-local-login", "--starts-per-minute", "0"]
        command = [os.environ["FED_BIN"], "serve", "--listen", "127.0.0.1:0", "--data", str(data), *options]
        fed = None
        try:
            with log:
                fed, base = start_logged(command, log)
                federation = Federation(base, (data / "admin.key").read_text().strip())
                known = fill(federation)
                environment = {**os.environ, "FED_URL": base, "FED_ADMIN_KEY": federation.admin_key}
                environment["FED_KNOWN"] = json.dumps(known)
                st = pathlib.Path(sys.executable).parent / "st"
                run = [str(st), "run", str(DOCUMENT), "--url", base, "--max-examples", str(examples), "--no-color", *sys.argv[2:]]
                code = subprocess.run(run, cwd=HERE, env=environment, check=False).returncode
                log.seek(0)
                bad = [line for line in log if "ERROR" in line or "panicked" in line]
                print(*bad[:20], sep="")
                sys.exit(code or (1 if bad else 0))
        finally:
            for process in filter(None, (fed, sim)):
                process.kill()
                process.wait()


def start_logged(command, log):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    for line in process.stdout:
        if line.startswith(READY):
            return process, line.removeprefix(READY).strip()
    sys.exit(f"fed did not start: {log.name}")


if __name__ == "__main__":
    main(int(sys.argv[1]))

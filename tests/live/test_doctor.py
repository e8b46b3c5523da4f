"""The doctor: what is wrong on a tenant or with a variable, what it says, what `--fix` sends, and how it shows that.

Credentials are sent to nobody who does not answer as Auth0 does, and no variable's value is quoted.
"""

import json
import re
import shlex
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from html import unescape
from itertools import count
from operator import methodcaller
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from auth0_mfa_lab import Lab
from auth0_mfa_lab.cli import main
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.live.administrator import administrator
from auth0_mfa_lab.live.doctor.checks import KNOWN, Check, Finding, faults
from auth0_mfa_lab.live.doctor.doctor import Diagnosis
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.server import Server
from tests.exports.export_served import must_be_there
from tests.live.live_world import Answer, LiveTenant

GRANT = "http://auth0.com/oauth/grant-type/"
REALM, PASSWORDLESS = f"{GRANT}password-realm", f"{GRANT}passwordless/otp"
OOB, OTP, CODE = (f"{GRANT}mfa-{each}" for each in ("oob", "otp", "recovery-code"))
API, DISCOVERY, TOKEN = "/api/v2", "/.well-known/openid-configuration", "/oauth/token"
Wrong = Callable[[LiveTenant], object]
has, alters, bad = (partial(methodcaller, each) for each in ("set_up", "alter", "bad"))
"""What changes the tenant: one of its methods, with what is given."""


FINDINGS = Path(__file__).with_name("doctor_findings.txt").read_text("utf-8").strip().split("\n\n")
"""What a person reads of each finding that is not well."""
Doctor = Callable[..., Result]
"""Runs `auth0-mfa-lab doctor` on the tenant with the Management API, or (`alone`) with these variables alone."""


@pytest.fixture
def doctor(tenant: LiveTenant) -> Doctor:
    def run(*words: str, given: str = "", alone: bool = False, **variables: str) -> Result:
        known = {} if alone else tenant.environ | tenant.management
        env = {"AUTH0_LAB_TENANT": None, **known, **variables}
        return CliRunner().invoke(main, ["doctor", *words], input=given, env=env, catch_exceptions=False)

    return run


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def told_first(tenant: LiveTenant, diagnosis: Diagnosis) -> str:
    """Return the first paragraph below the title, with nothing in it that is of this run alone."""
    text = repr(diagnosis).split("\n\n")[1].replace(tenant.domain, "{domain}")
    return re.sub(r"\d+ seconds", "300 seconds", text.replace(tenant.sandbox.defaults.client_id, "{client_id}"))


def names(diagnosis: Diagnosis, state: str) -> list[str]:
    return [each.name for each in diagnosis.findings if each.state == state]


def writes(tenant: LiveTenant) -> list[str]:
    return [f"{method} {path}" for method, path in tenant.journal if method != "GET" and path.startswith(API)]


def secrets_of(tenant: LiveTenant) -> list[str]:
    """Return what must not be shown: the secrets of the settings, and the person."""
    known = tenant.sandbox.defaults
    return [known.client_secret, known.mgmt_client_secret, known.password, known.username, known.phone_number]


def grants(tenant: LiveTenant) -> frozenset[str]:
    return tenant.sandbox.tenant.clients[tenant.sandbox.defaults.client_id].grants


def app(tenant: LiveTenant, **changes: Any) -> None:
    tenant.set_client(tenant.sandbox.defaults.client_id, **changes)


def public(tenant: LiveTenant) -> object:
    """Take the application's secret, and return the settings for that."""
    app(tenant, client_secret=None)
    return {"client_secret": None}


def lacks(*names: str) -> Wrong:
    return lambda tenant: app(tenant, grants=grants(tenant).difference(names))


def no(factor: str) -> Wrong:
    return lambda tenant: tenant.set_up(factors=tenant.sandbox.tenant.settings.factors - {factor})


def machine(*scopes: str, **changes: Any) -> Wrong:
    """Change the application of the Management API, or what it may do there."""

    def wrong(tenant: LiveTenant) -> None:
        apis = {"apis": {f"https://{tenant.sandbox.tenant.domains.home}{API}/": scopes}} if scopes else {}
        tenant.set_client(tenant.sandbox.defaults.mgmt_client_id, **apis, **changes)

    return wrong


def discovery(status: int = 200, **fields: str | None) -> Wrong:
    return alters(f"GET {DISCOVERY}", lambda answer: replace(answer.with_fields(**fields), status=status))


def no_check(answer: Answer) -> Answer:
    """Let something before the token endpoint answer, but for the Management API's application."""
    is_token = "access_token" in answer.json
    return answer if is_token else replace(answer, status=401).with_json({"error": "requires_check"})


def off(answer: Answer) -> Answer:
    """Let the database be on for no application."""
    return answer.with_json([e | {"enabled_clients": []} if e["strategy"] == "auth0" else e for e in answer.json])


def often(answer: Answer) -> Answer:
    return replace(answer, status=429)


def unknown(*_: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


class Setting(NamedTuple):
    """A setting that is wrong, and what the doctor says: with a status, where it hears that at the token endpoint.

    Then the call that `--fix` sends, and what comes of it.
    """

    name: str
    wrong: Wrong
    said: str
    call: str
    came: str = ""


NO_DIRECTORY = "Authorization server not configured with default connection."
LET = "403 unauthorized_client: not allowed: "
UNREAD, TYPES = "not touched, since it could not be read: 200 OK", "guardian/factors/phone/message-types"
FACTORS, CLIENT = "PUT /api/v2/guardian/factors", "PATCH /api/v2/clients/{id}"
# fmt: off
SETTINGS = (
    Setting("password grant", lacks("password", REALM), f"{LET}password, {REALM}", CLIENT),
    Setting("MFA grant", lacks(OOB, OTP, CODE), f"{LET}{OOB}, {OTP}, {CODE}", CLIENT),
    Setting("MFA grant", lacks(CODE), f"{LET}{CODE}", CLIENT),
    Setting("passwordless grant", lacks(PASSWORDLESS), f"{LET}{PASSWORDLESS}", CLIENT),
    Setting("default directory", has(default_directory=None), f"500 server_error: {NO_DIRECTORY}",
            "PATCH /api/v2/tenants/settings", "none -> Username-Password-Authentication"),
    Setting("policy", has(policy="never"), "No policy: no login is asked for a second factor",
            "PUT /api/v2/guardian/policies", "none -> all-applications"),
    Setting("push", no("push-notification"), "The factor push-notification is off",
            f"{FACTORS}/push-notification", "off -> on"),
    Setting("push provider", has(push_provider="sns"), "sns: pushes go to an app of one's own, not to the Guardian app",
            f"{FACTORS}/push-notification/selected-provider", "sns -> guardian"),
    Setting("otp", no("otp"), "The factor otp is off", f"{FACTORS}/otp"),
    Setting("sms", no("sms"), "The factor sms is off", f"{FACTORS}/sms"),
    Setting("SMS message type", has(message_types=("voice",)), "The phone factor may use voice",
            f"{FACTORS}/phone/message-types", "voice -> voice, sms"),
    Setting("voice message type", has(message_types=("sms",)), "The phone factor may use sms",
            f"{FACTORS}/phone/message-types", "sms -> sms, voice"),
    Setting("email", no("email"), "The factor email is off", f"{FACTORS}/email"),
    Setting("recovery code", no("recovery-code"), "The factor recovery-code is off",
            f"{FACTORS}/recovery-code"),
)
BY_NAME = {each.name: each for each in reversed(SETTINGS)}
STANDINGS: tuple[tuple[str, Wrong | dict[str, Any], str, str], ...] = (
    # the finding; what is otherwise on the tenant, or in the settings; its state, and what is said with a token
    ("policy", has(policy="confidence-score"), "not known", "Auth0 decides at each login whether it asks"),
    ("policy", bad("drop", API), "not known", "not known: no answer (RemoteProtocolError)"),
    ("push", bad("html", API), "not known", "not known: 503 Service Unavailable"),
    ("default directory", bad("garbage", API), "ok", "Plain password is looked up in a directory"),
    ("phone provider", has(phone_provider="auth0"), "not known", "sends SMS only. A call needs one of your own"),
    ("connection", {"realm": "Somewhere-Else"}, "missing", "invalid connection specified for password grant"),
    ("audience", {"audience": "https://unknown.example/"}, "missing", "audience specified for password grant exchange"),
    ("audience", {"audience": "https://api.example.com/"}, "ok", "AUTH0_AUDIENCE is taken"),
    ("connection", alters(f"GET {API}/connections", off), "missing", "or is not enabled for the application"),
    ("passwordless connections", has(passwordless=()), "missing", "off for the application: email, sms"),
    ("client secret", alters(f"POST {TOKEN}", no_check), "not known", "401 requires_check"),
    ("client secret", {"client_secret": "other"}, "missing", "the application is not let in, by its secret"),
    ("client secret", public, "ok", "The application is let in, by its id alone"),
    ("client secret", {"client_secret": None}, "missing", "the application is not let in, by its id alone"),
    ("Management credentials", machine(client_secret="other"), "missing", "MGMT_CLIENT_SECRET are not let in"),
    ("Management credentials", machine(grants=frozenset()), "missing", "no application of machine to machine"),
    ("Management grant", machine(apis={}), "missing", "the application may not use the Management API"),
    ("Management scopes", machine("read:clients", "read:guardian_factors"), "missing",
     "The token lacks read:mfa_policies, read:tenant_settings, read:connections"),
    ("Management domain", {"mgmt_domain": "tenant.eu.example"}, "missing", "AUTH0_MGMT_DOMAIN to the canonical one"),
    ("clock", lambda tenant: setattr(tenant, "skew", -25), "ok", "Both clocks agree"),
    ("clock", lambda tenant: setattr(tenant, "skew", -300), "missing", " seconds ahead"),
    ("clock", lambda tenant: setattr(tenant, "skew", 300), "missing", " seconds behind"),
    ("clock", lambda tenant: setattr(tenant, "skew", None), "not known", "whether both clocks agree cannot be told"),
    ("issuer", discovery(issuer="https://t.eu.auth0.com/"), "missing", ""),
)
NONE = "reach: The tenant gives no answer"
REFUSED, DROPPED = f"{NONE} (ConnectError): the connection is refused", "(RemoteProtocolError)"
BEFORE = "something before the tenant answers in its place"
NOT_AUTH0 = "200 OK: the answer is not what Auth0 sends (application/json)"
WAYS: dict[str, tuple[Wrong | str, str]] = {
    # what is wrong; the one line about it
    "another certificate":   ("certificate", "AUTH0_CA_FILE; otherwise check AUTH0_DOMAIN, and the proxies between"),
    "no TLS":                ("no TLS", "TLS fails: that port may not speak TLS. Check AUTH0_DOMAIN, and a port in it"),
    "a closed port":         (methodcaller("stop"), f"{REFUSED}: check AUTH0_DOMAIN, and a port in it"),
    "silence":               ("silent", "Timeout): no answer in time: check the network, a proxy, a firewall"),
    "an unknown host":       ("unknown", "no such host: check the spelling of AUTH0_DOMAIN, and its region"),
    "a drop":                (bad("drop"), f"{DROPPED}: the connection fails: check AUTH0_DOMAIN and the network"),
    "garbage":               (bad("garbage"), f"discovery: {NOT_AUTH0}"),
    "html":                  (bad("html"), f"{BEFORE} (text/html)"),
    "too many":              (bad("429", retry_after=17), "asked too often. Run the doctor again in 17 seconds"),
    "no tenant":             (discovery(404), "no tenant of Auth0 is at this domain"),
    "elsewhere":             (discovery(301), "the domain sends elsewhere, and nothing is sent after it"),
    "no endpoint":           (discovery(token_endpoint=None), NOT_AUTH0),
    "another endpoint":      (discovery(token_endpoint="https://id.example/t"), "not of Auth0: it has no /oauth/token"),
    "no issuer":             (discovery(issuer=None), NOT_AUTH0),
    "a token endpoint that drops":    (bad("drop", TOKEN), f"endpoint: The token endpoint gives no answer {DROPPED}"),
    "a token endpoint with garbage":  (bad("garbage", TOKEN), f"token endpoint: {NOT_AUTH0}"),
    "a token endpoint with 429":      (alters(f"POST {TOKEN}", often), "again in 60 seconds"),
    "a token endpoint with an error": (bad("5xx", TOKEN), f"server_error: {BEFORE} (application/json)"),
}
GOOD = (
    "AUTH0_LAB_TENANT=live; AUTH0_DOMAIN=tenant.eu.auth0.com; AUTH0_CLIENT_ID=an-id; AUTH0_CLIENT_SECRET=a-secret; "
    "AUTH0_USERNAME=a-name; AUTH0_PASSWORD=a-password"
)
WRONG = {
    # what is set otherwise (empty: not at all), and what is said; where nothing can be asked then it begins with a !
    "AUTH0_DOMAIN=": "!AUTH0_DOMAIN is missing",
    "AUTH0_CLIENT_ID=": "!AUTH0_CLIENT_ID is missing",
    "AUTH0_USERNAME=": "AUTH0_USERNAME is missing: the notebooks log in with it",
    "AUTH0_PASSWORD=": "AUTH0_PASSWORD is missing: the notebooks log in with it",
    "AUTH0_DOMAIN=https://MARKED.example": "!AUTH0_DOMAIN is not a host alone, with no https:// and no slash",
    "AUTH0_DOMAIN=MARKED": "!AUTH0_DOMAIN is a single label: it lacks its region, as in tenant.eu.auth0.com",
    "AUTH0_MGMT_DOMAIN=MARKED": "AUTH0_MGMT_DOMAIN is a single label: it lacks its region, as in tenant.eu.auth0.com",
    'AUTH0_CLIENT_SECRET="MARKED"': "AUTH0_CLIENT_SECRET has quotes that are a part of its value: take them away",
    "AUTH0_CLIENT_ID=MARKED MARKED": "!AUTH0_CLIENT_ID has a blank in it, or at an end",
    "AUTH0_CLIENT_SECRET=MARKED ": "AUTH0_CLIENT_SECRET has a blank in it, or at an end",
    "AUTH0_PHONE_NUMBER=+1 555 0100":
        "AUTH0_PHONE_NUMBER is not a number in E.164 form: a plus sign and up to 15 digits",
    "AUTH0_AUDIENCE=https://MARKED.example/mfa":
        "AUTH0_AUDIENCE has no slash at its end, as the identifiers of .../mfa/ and .../api/v2/ have",
    "AUTH0_MGMT_TOKEN=MARKED MARKED": "AUTH0_MGMT_TOKEN has a blank in it, or at an end",
    "AUTH0_AUDIENCE=MARKED MARKED": "AUTH0_AUDIENCE has a blank in it, or at an end",
    "AUTH0_MGMT_CLIENT_ID=MARKED":
        "AUTH0_MGMT_CLIENT_SECRET is missing, and AUTH0_MGMT_CLIENT_ID is set: set both, or neither",
    "AUTH0_MGMT_CLIENT_SECRET=MARKED":
        "AUTH0_MGMT_CLIENT_ID is missing, and AUTH0_MGMT_CLIENT_SECRET is set: set both, or neither",
    "AUTH0_LAB_CONFIRM=MARKED": "AUTH0_LAB_CONFIRM is neither each nor once nor never",
    "AUTH0_PHONENUMBER=MARKED": "AUTH0_PHONENUMBER is not read. Did you mean AUTH0_PHONE_NUMBER?",
    "AUTH0_MGNT_TOKEN=MARKED": "AUTH0_MGNT_TOKEN is not read. Did you mean AUTH0_MGMT_TOKEN?",
    "AUTH0_LAB_TENNANT=MARKED; AUTH0_LAB_TENANT=": "AUTH0_LAB_TENNANT is not read. Did you mean AUTH0_LAB_TENANT?",
    "AUTH0_CLIENTID=MARKED": "",  # meant and set
    "AUTH0_SECRET=MARKED; AUTH0_ISSUER_BASE_URL=MARKED; AUTH0_COOKIE_DOMAIN=MARKED": "",  # another tool's
}
UNSET = "AUTH0_LAB_TENANT is not set: the lab would open the sandbox"
UNKNOWN = (
    "AUTH0_LAB_TENANT has a value that is not known. Use AUTH0_LAB_TENANT=sandbox (the default), "
    "AUTH0_LAB_TENANT=served (what `auth0-mfa-lab serve` runs)"
)
CI = (
    "AUTH0_LAB_TENANT=live, and CI is set: nothing was sent. A live run sends real messages and leaves authenticators "
    "behind."
)
NOTHING_ASKED = {
    # what is set, the first finding, and what it says
    "AUTH0_DOMAIN=MARKED":
        "AUTH0_DOMAIN: AUTH0_DOMAIN is a single label: it lacks its region, as in tenant.eu.auth0.com",
    "AUTH0_LAB_TENANT=": f"AUTH0_LAB_TENANT: {UNSET}. For your own tenant: AUTH0_LAB_TENANT=live",
    "AUTH0_LAB_TENANT=life": f"settings: {UNKNOWN} or AUTH0_LAB_TENANT=live (your own tenant).",
    "AUTH0_LAB_TENANT=; AUTH0_LAB_TENNANT=live; AUTH0_DOMAIN=":
        "AUTH0_LAB_TENNANT: AUTH0_LAB_TENNANT is not read. Did you mean AUTH0_LAB_TENANT?",
    "CI=true": f"settings: {CI} Set AUTH0_LAB_ALLOW_LIVE=1 in a job that is meant to reach a test tenant.",
    "AUTH0_CA_FILE=pyproject.toml":
        "settings: AUTH0_CA_FILE is no file of PEM certificates that can be read. Check its path and content.",
}
READINGS = (
    # the setting that is missing; what reads it, and at which reading (0: at each) what else is answered, or is ticked
    # meanwhile; and what is said: what was and what is, where a call is sent
    ("MFA grant", "clients/.*", 0, "403", "not touched, since it could not be read: 403 Forbidden"),
    ("MFA grant", "clients/.*", 0, '{"grant_types": "password"}', UNREAD),
    ("policy", "guardian/policies", 2, "null", UNREAD),
    ("otp", "guardian/factors", 2, "5", UNREAD),
    ("voice message type", TYPES, 2, "{}", UNREAD),
    # What somebody else ticks before the last reading is kept.
    ("voice message type", TYPES, 1, "", "none -> voice"),
    ("voice message type", TYPES, 1, "voice", "it is so already"),
    ("voice message type", TYPES, 2, "other", "sms -> sms, voice"),
)
# fmt: on
NO_TOKEN = (
    "not known without a Management token: set AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
)


def call_of(tenant: LiveTenant, row: Setting) -> str:
    return row.call.replace("{id}", tenant.sandbox.defaults.client_id)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: f"{row.name}: {row.said[-30:]}")
def test_a_setting_that_is_wrong_is_named_and_told(tenant: LiveTenant, row: Setting) -> None:
    row.wrong(tenant)
    for diagnosis in (tenant.lab().doctor(), tenant.lab(management=True).doctor()):
        (finding,) = [each for each in diagnosis.findings if each.name == row.name]
        if row.said[0].isdigit() or finding.state == "missing":
            assert (diagnosis.status, names(diagnosis, "missing"), finding.said) == (1, [row.name], row.said)
        else:
            assert (diagnosis.status, diagnosis.missing, finding.said) == (0, (), NO_TOKEN)
    assert (finding.state, finding.call) == ("missing", call_of(tenant, row))
    assert told_first(tenant, diagnosis) in FINDINGS


def test_where_everything_is_wrong_first_things_come_first_and_one_run_mends_it(
    tenant: LiveTenant, doctor: Doctor
) -> None:
    diagnosis = tenant.lab(management=True).doctor()
    assert (diagnosis.status, names(diagnosis, "ok")) == (0, [each.name for each in diagnosis.findings])
    for row in SETTINGS:
        if row.name != "sms":
            row.wrong(tenant)
    diagnosis = tenant.lab(management=True).doctor()
    wrong = [
        *("password grant", "default directory", "MFA grant", "policy", "push", "push provider", "otp"),
        *("voice message type", "email", "recovery code", "passwordless grant"),
    ]
    assert names(diagnosis, "missing") == wrong
    # What is not wanted is not looked at.
    for factor, looks in (("sms", ["SMS message type"]), ("voice", ["voice message type", "phone provider"])):
        found = [each.name for each in tenant.lab(management=True).doctor(wanted=[factor]).findings]
        assert found[found.index("policy") + 1 :] == ["sms", *looks]
    result = doctor("--fix", "--yes", "--json")
    mended, calls = told(result)["mended"], [call_of(tenant, BY_NAME[name]) for name in wrong]
    assert [(each["name"], each["call"]) for each in mended] == list(zip(wrong, calls, strict=True))
    assert [each["said"] for each in mended if not each["done"] or BY_NAME[each["name"]].came not in each["said"]] == []
    assert (result.exit_code, told(result)["ok"], writes(tenant)) == (0, True, calls)


@pytest.mark.parametrize(("name", "otherwise", "state", "said"), STANDINGS)
def test_a_finding_stands_as_it_is_said_and_stops_nothing(
    tenant: LiveTenant, name: str, otherwise: Wrong | dict[str, Any], state: str, said: str
) -> None:
    settings: Any = otherwise if isinstance(otherwise, dict) else otherwise(tenant) or {}
    diagnosis = tenant.lab(management=True, **settings).doctor()
    missing = [name] if state == "missing" else []
    (finding,) = [each for each in diagnosis.findings if each.name == name]
    assert (finding.state, finding.said.endswith(said)) == (state, True)
    assert state == "ok" or told_first(tenant, diagnosis) in FINDINGS
    assert (names(diagnosis, "missing"), diagnosis.status) == (missing, len(missing))
    if settings and not name.startswith("Management"):  # without a Management token it is told as well
        assert names(tenant.lab(**settings).doctor(), "missing") == missing


@pytest.mark.parametrize("name", WAYS)
def test_a_tenant_that_cannot_be_asked_is_one_line_and_gets_no_credentials(
    tenant: LiveTenant, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    way, said = WAYS[name]
    with ExitStack() as stack:
        domain = tenant.domain
        if not isinstance(way, str):
            way(tenant)
        elif way == "silent":
            monkeypatch.setattr("auth0_mfa_lab.client._TIMEOUT_SECONDS", 0.2)
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            domain = f"127.0.0.1:{silent.getsockname()[1]}"
        elif way == "unknown":
            monkeypatch.setattr("socket.getaddrinfo", unknown)
        else:
            domain = stack.enter_context(Server(Sandbox(), tls=way == "certificate")).domain
        result = doctor(AUTH0_DOMAIN=domain)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("missing")]
    assert line.endswith(said)
    assert (result.exit_code, "could not be asked" in result.stdout.splitlines()[0]) == (2, True)
    assert [path for _, path in tenant.journal if path != DISCOVERY] == [TOKEN] * ("token endpoint " in name)
    raw = ("Traceback", "<html", "\0", *secrets_of(tenant))
    assert [text for text in raw if text in result.output] == []


def test_a_canonical_domain_or_a_token_that_is_passed_opens_the_management_api(
    tenant: LiveTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    custom = f"127.0.0.1:{tenant.domain.partition(':')[2]}"
    lab = tenant.lab(management=True, domain=custom, mgmt_domain=tenant.domain)
    # Each reading is a second later: it asks for the same invented user, and its replay finds each request.
    monkeypatch.setattr(lab.clock, "now", map(float, count(1_800_000_000)).__next__)
    assert lab.doctor().ok
    assert {each.request.host for each in lab.journal if each.request.target.startswith(API)} == {tenant.domain}
    lab.export("har").save(file := tenant.folder / "doctor.har")
    assert Lab.replay(file).doctor().ok
    token = str(administrator(lab)._access_token)
    diagnosis = (lab := tenant.lab()).doctor(management_token=token)
    assert (diagnosis.ok, names(diagnosis, "not known")) == (True, [])
    assert token not in repr(diagnosis) + repr(list(lab.journal))


def variables(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (each.partition("=") for each in text.split("; "))}


@pytest.mark.parametrize("otherwise", WRONG)
def test_a_wrong_variable_is_named_and_its_value_is_not(otherwise: str) -> None:
    (finding,) = faults({name: value for name, value in variables(f"{GOOD}; {otherwise}").items() if value})
    said = WRONG[otherwise].removeprefix("!")
    line = (
        f"missing    {said.split()[0]}: {said}" if said else "ok         settings: 6 variables are set, and well formed"
    )
    assert (finding.line, finding.stops) == (line, WRONG[otherwise] != said)
    assert [each for each in ("marked", "555") if each in repr(finding).lower()] == []


@pytest.mark.parametrize("otherwise", NOTHING_ASKED)
def test_where_nothing_can_be_asked_nothing_is_sent_and_the_exit_code_is_2(
    tenant: LiveTenant, doctor: Doctor, otherwise: str
) -> None:
    result = doctor("--fix", "--yes", "--json", **variables(otherwise))
    assert (result.exit_code, tenant.journal, "MARKED" in result.output) == (2, [], False)
    assert result.stderr.splitlines()[0] == f"missing    {NOTHING_ASKED[otherwise]}"
    assert told(result)["tenant"] == "your tenant"
    assert otherwise != "CI=true" or doctor(CI="true", AUTH0_LAB_ALLOW_LIVE="1").exit_code == 0


def test_dotenv_is_looked_at_too_and_each_variable_of_the_example_is_known(
    tenant: LiveTenant, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dotenv := Path.cwd() / ".env").write_bytes(b"AUTH0_DOMAIN=\xff\xfe\n")
    result = doctor("--json", alone=True)
    found = told(result)["findings"][0]
    assert (result.exit_code, found["name"], tenant.journal) == (2, ".env", [])
    assert ".env, line 1, cannot be read: save the file as text in UTF-8" in found["said"]
    lines = "".join(f"{name}={value}\n" for name, value in tenant.environ.items())
    dotenv.write_text(lines.replace("AUTH0_USERNAME", "AUTH0_USER_NAME"), "utf-8")
    result = doctor(alone=True)
    # Without a user the tenant is asked all the same.
    assert (result.exit_code, "AUTH0_USERNAME?" in result.stdout, "MFA grant" in result.stdout) == (1, True, True)
    dotenv.unlink()
    # A lab tells of the environment where that is its own.
    for name, value in {**tenant.environ, "AUTH0_USER_NAMES": "x", "AUTH0_DOMAIN": "elsewhere.example"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AUTH0_USERNAME")
    assert (lab := tenant.lab()).doctor().ok
    monkeypatch.setenv("AUTH0_DOMAIN", tenant.domain)
    assert names(lab.doctor(), "missing") == ["AUTH0_USER_NAMES", "AUTH0_USERNAME"]
    example = Path(__file__).parents[2].joinpath(".env.example").read_text("utf-8")
    assert {*re.findall(r"(?m)^(AUTH0_\w+)=", example)} == KNOWN - {"AUTH0_LAB_RAISE"}


def test_each_question_is_asked_once_for_an_invented_user_and_the_tenant_remembers_nothing(tenant: LiveTenant) -> None:
    tenant.enroll("push", "sms")
    inside = tenant.sandbox.tenant

    def state() -> list[object]:
        kept = [each for part in (inside, inside.transactions) for each in vars(part).values()]
        return [tenant.authenticators, inside.settings, *(dict(each) for each in kept if isinstance(each, dict))]

    tenant.journal.clear()
    before, lab, managing = state(), tenant.lab(), tenant.lab(management=True)
    lab.step("before")
    assert names(lab.doctor(), "not known") == [
        *("policy", "push", "push provider", "otp", "sms", "SMS message type", "voice message type", "email"),
        *("recovery code", "passwordless connections"),
    ]
    lab.client.jwks()
    assert tenant.journal[:-1] == [("GET", DISCOVERY), *[("POST", TOKEN)] * 6]
    assert [each.step for each in lab.journal] == [*["Doctor"] * 7, "before"]
    tenant.sandbox.clock.advance(1)
    managing.doctor()
    calls = [call for call in tenant.journal if call[1].startswith(API)]
    assert ({method for method, _ in calls}, len(calls), len(set(calls))) == ({"GET"}, 8, 8)
    assert (tenant.sent, state()) == ([], before)
    forms = [[each.request.raw_data() for each in one.journal][1:7] for one in (lab, managing)]
    assert [each["grant_type"] for each in forms[0]] == ["password", REALM, OOB, OTP, CODE, PASSWORDLESS]
    first, later = ({each["username"] for each in form if "username" in each} for form in forms)
    assert first.isdisjoint(later)  # another one in each second
    assert {each.partition("@")[2] for each in first | later} == {"doctor.invalid"}
    assert not [each for form in forms[0] for each in form.values() if each in secrets_of(tenant)[2:]]
    # Where the application is not let in it does not try again; what is not known is refused before anything is sent.
    tenant.journal.clear()
    app(tenant, client_secret="other")
    with pytest.raises(LabError, match=r"no 'p'\. It looks at a list of: push, otp"):
        lab.doctor(wanted="push")
    lab.doctor()
    assert [path for _, path in tenant.journal] == [DISCOVERY, TOKEN]


def test_as_text_html_and_json_it_shows_the_same_what_is_missing_first(tenant: LiveTenant, doctor: Doctor) -> None:
    BY_NAME["MFA grant"].wrong(tenant)
    tenant.set_up(policy="confidence-score")
    diagnosis = tenant.lab(management=True).doctor()
    bundle, (finding,) = diagnosis._repr_mimebundle_(), diagnosis.missing
    text = Path(__file__).with_name("doctor.txt").read_text("utf-8").replace("{domain}", tenant.domain)
    assert f"{bundle['text/plain']}\n" == text.replace("{client_id}", tenant.sandbox.defaults.client_id)
    html = unescape(bundle["text/html"])
    assert [each.name for each in diagnosis.findings if f">{each.name}</td>" not in html or each.said not in html] == []
    assert re.findall("<th [^>]*>(.*?)</th>", html) == ["", "setting", "found", "what one meets", "dashboard"]
    assert f">MFA grant: {finding.call}</summary>" in html
    assert f"# curl\n{finding.curl}\n# auth0\n{finding.cli}" in html
    data = told(doctor("--json"))
    assert list(data) == ["tenant", "ok", "status", "findings", "mended"]
    assert data["status"] == 1
    fields = ("name", "state", "said", "symptom", "dashboard", "curl", "cli", "call")
    assert {tuple(each) for each in data["findings"]} == {fields}
    marked = Finding("<i>", "missing", "<i>", "<i>", "<i>", "<i>", "<i>", "<i>")
    hostile = Diagnosis("<i>", [marked])._repr_mimebundle_()
    assert "<i>" not in hostile["text/html"]


def test_what_a_tenant_says_is_masked_and_one_line_that_no_terminal_obeys(tenant: LiveTenant, doctor: Doctor) -> None:
    echo = f"\x1b[2J{' '.join(secrets_of(tenant))}\nmissing  policy: \x07{'word ' * 200}"
    BY_NAME["default directory"].wrong(tenant)
    tenant.alter(f"GET {API}/tenants/settings", lambda answer: answer.with_fields(default_directory=echo))
    result = doctor("--fix", given="n\n")
    (now,) = [line for line in result.stderr.splitlines() if line.startswith("  now   ")]
    assert [each for each in secrets_of(tenant) if each in result.output] == []
    assert now.startswith("  now   \N{REPLACEMENT CHARACTER}[2J<client_secret 1> <mgmt_client_secret 1> <password 1>")
    assert writes(tenant) == []
    tenant.set_up(default_directory=tenant.sandbox.defaults.realm)
    tenant.alter("POST /oauth/token", lambda each: each.with_fields(error="invalid_request", error_description=echo))
    tenant.alter(f".* {API}", lambda answer: replace(answer, status=403).with_json({"message": echo, "error": echo}))
    for words in (("--json",), ("--fix", "--yes")):
        output = doctor(*words).output
        assert ([each for each in secrets_of(tenant) if each in output], "<client_secret 1>" in output) == ([], True)
    said = [each.said for each in tenant.lab(management=True).doctor().findings]
    assert (max(map(len, said)), all(map(str.isprintable, said))) == (300, True)


def test_a_sandbox_is_looked_at_too_in_process_and_served(tenant: LiveTenant, doctor: Doctor) -> None:
    diagnosis = Lab.sandbox().doctor()
    assert repr(diagnosis).startswith("Doctor · the sandbox tenant sandbox.example is not ready: 2 missing")
    assert diagnosis.findings[0].said == "None is needed: this is no tenant of Auth0's"
    assert names(diagnosis, "missing") == ["voice message type", "email"]
    result = doctor("--for", "push", "--for", "recovery", alone=True)
    assert (result.exit_code, "the sandbox tenant sandbox.example is ready" in result.stdout) == (0, True)
    BY_NAME["policy"].wrong(tenant)
    served = {"AUTH0_LAB_TENANT": "served", "AUTH0_LAB_TOKEN": tenant.token}
    result = doctor("--fix", "--yes", "--json", **served)
    assert (result.exit_code, told(result)["tenant"]) == (0, f"the sandbox tenant {tenant.domain}")
    assert ([e["name"] for e in told(result)["mended"]], "live tenant" in result.stderr) == (["policy"], False)


@pytest.mark.parametrize("name", ["policy", "push", "MFA grant", "voice message type"])
def test_the_curl_command_mends_it_when_a_shell_runs_it(tenant: LiveTenant, name: str) -> None:
    must_be_there("curl", "jq")
    BY_NAME[name].wrong(tenant)
    lab = tenant.lab(management=True)
    (finding,), before = lab.doctor().missing, grants(tenant)

    def shell(token: object) -> tuple[int, str]:
        environ = {"PATH": "/usr/bin:/bin", "CURL_CA_BUNDLE": str(tenant.ca_file), "AUTH0_MGMT_TOKEN": str(token)}
        command = ["sh", "-c", finding.curl]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    shell("a token that may not read")
    assert (grants(tenant), len(lab.doctor().missing)) == (before, 1)
    assert shell(administrator(lab)._access_token) == (0, "")
    assert lab.doctor().missing == ()
    check = Check("x", read="/x", change="PATCH /x", key="name", value="it's $HOME")
    curl, cli = map(shlex.split, check.commands("tenant.example"))
    assert curl[curl.index("-d") + 1] == cli[-1] == '{"name": "it\'s $HOME"}'


def test_fix_asks_for_each_call_by_itself_with_what_was_and_what_will_be(tenant: LiveTenant, doctor: Doctor) -> None:
    BY_NAME["push"].wrong(tenant)
    BY_NAME["voice message type"].wrong(tenant)
    result = doctor("--yes")
    assert (result.exit_code, tenant.journal, "--yes goes with --fix." in result.stderr) == (2, [], True)
    result = doctor("--fix")
    assert "No question can be answered here: --yes mends without asking." in result.stderr
    assert (result.exit_code, writes(tenant)) == (1, [])
    result = doctor("--fix", given="n\ny\n")
    path = f"{FACTORS}/phone/message-types"
    for said in (
        f"{tenant.domain} is a live tenant, and its settings change for all its users",
        f"voice message type: {path}\n  now   sms\n  then  sms, voice\nSend it?",
        f"mended  voice message type ({path}): sms -> sms, voice\nLooking again.\n",
        f"not mended  push ({FACTORS}/push-notification): left as it was",
    ):
        assert said in result.stderr
    assert (result.exit_code, writes(tenant), result.stderr.count("Send it?")) == (1, [path], 2)
    result = doctor("--fix", "--yes", AUTH0_LAB_CONFIRM="each")  # the lab's own question does not come on top
    assert (result.exit_code, len(writes(tenant)), "Send it?" in result.output) == (0, 2, False)
    assert result.stdout.startswith(f"Doctor · the live tenant {tenant.domain} is ready")
    nothing = "Nothing is missing that a call of the Management API mends."
    assert (nothing in doctor("--fix", "--yes").stderr, len(writes(tenant))) == (True, 2)


def test_grants_are_added_to_what_the_application_has_by_a_token_that_may(tenant: LiveTenant, doctor: Doctor) -> None:
    before = grants(tenant)
    token = str(administrator(tenant.lab(management=True))._access_token)
    app(tenant, grants=frozenset({"authorization_code", "implicit", OOB}))
    result = doctor("--fix", "--yes", alone=True, **tenant.environ)
    needed = "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET, or AUTH0_MGMT_TOKEN"
    assert f"Nothing was mended: that needs {needed}." in result.stderr
    (held,) = tenant.sandbox.tenant.clients[tenant.sandbox.defaults.mgmt_client_id].apis.values()
    machine(*(each for each in held if not each.startswith("update:")))(tenant)
    data = told(doctor("--fix", "--yes", "--json"))
    assert [(each["done"], each["said"][:13]) for each in data["mended"]] == [(False, "refused: 403 ")] * 3
    assert "update:clients" in data["mended"][0]["said"]
    scopes = next(each["said"] for each in data["findings"] if each["name"] == "Management scopes")
    every = "update:guardian_factors, update:mfa_policies, update:clients, update:tenant_settings"
    assert scopes == f"It may read all; to mend it lacks {every}"
    result = doctor("--fix", "--yes", "--json", alone=True, AUTH0_MGMT_TOKEN=token, **tenant.environ)
    assert (result.exit_code, token in result.output) == (0, False)
    assert grants(tenant) == {"authorization_code", "implicit", *before} - {"refresh_token", "client_credentials"}
    assert f"{OOB} -> " in told(result)["mended"][1]["said"]


@pytest.mark.parametrize(("name", "path", "reading", "other", "said"), READINGS)
def test_what_is_written_is_of_the_last_reading_and_what_cannot_be_read_is_never_replaced(
    tenant: LiveTenant, doctor: Doctor, name: str, path: str, reading: int, other: str, said: str
) -> None:
    seen: list[Answer] = []

    def change(answer: Answer) -> Answer:
        seen.append(answer)
        if reading not in (0, len(seen)):
            return answer
        if other == "403":
            return replace(answer, status=403)
        if other[:1] in ("", "v", "o"):
            tenant.set_up(message_types=tuple(filter(None, [other])))
            return answer
        return replace(answer, body=other.encode())

    BY_NAME[name].wrong(tenant)
    tenant.alter(f"GET {API}/{path}$", change)
    result = doctor("--fix", "--yes", "--json")
    (came,) = told(result)["mended"]
    assert came["said"] == said
    assert (len(writes(tenant)), came["done"]) == (" -> " in said, not said.startswith("not touched"))

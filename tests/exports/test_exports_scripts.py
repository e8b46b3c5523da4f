"""What a script says and leaves out: variables, titles, polls, remarks; quoting that nothing gets out of."""

import ast
import json
import re
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.exports.export import DIALECTS, Httpx, Node, Pytest, exported, word
from auth0_mfa_lab.exports.plan import Plan, mark
from tests.exports.conftest import recorded
from tests.exports.export_served import must_be_there
from tests.flows.flows import challenged, log_in
from tests.mothers import GRANTED, LOST, MFA_TOKEN, OOB_CODE, PENDING, a_journal, a_request, an_exchange, rows

HOSTILE = "a'b\"c $HOME ${HOME} `id` $(id) \\ \\n {x} {{y}} */ // # \"\"\" ''' ! é\u2028 \n\t%s"
SCRIPTS = tuple(DIALECTS)
NOTHING = Plan((), ())
POLL = a_request(
    form={"grant_type": "http://auth0.com/oauth/grant-type/mfa-oob", "mfa_token": MFA_TOKEN, "oob_code": OOB_CODE}
)


def text_of(kind: str, *flows: str) -> str:
    return recorded(*flows).export(kind).text


def ran(*command: str | Path, **options: Any) -> str:
    return str(subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout)


@cache
def what_a_reader_says(kind: str, text: str) -> str:
    """Return what the language itself has against a script: nothing."""
    must_be_there("bash", "node")
    readers = {"bash": ["bash", "-n"], "node": ["node", "--input-type=module", "--check"]}
    if kind not in readers:
        ast.parse(text)
        return ""
    done = subprocess.run(readers[kind], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stderr or "failed" * done.returncode


def test_each_language_reads_just_the_text() -> None:
    must_be_there("bash", "node")
    texts = [HOSTILE, "`id` $(id) \\", "</script>", "\\u0041", '"', "'", "\\", "a\\", "plain", "", "\x1b", "'''\"\"\""]
    python, node = Httpx(NOTHING), Node(NOTHING)
    said = ", ".join(f"{node.text(text + mark('ONE'))}, {node.text(text)}, {node.data([{text: 1}])}" for text in texts)
    read = json.loads(ran("node", "--eval", f'const one = "A"; console.log(JSON.stringify([{said}]))'))
    assert read == [each for text in texts for each in (f"{text}A", text, [{text: 1}])]
    words = " ".join(word(text + mark("ONE") + text) for text in texts)
    read = ran("bash", "-euc", f"printf '%s\\036' {words}", env={"ONE": "A"}).split("\x1e")
    assert read == [*(f"{text}A{text}" for text in texts), ""]
    assert node.text(f'a "b" {mark("ONE")}') == '`a "b" ${one}`'
    for dialect, indent, most in ((python, "", 84), (python, "    ", 80), (Pytest(NOTHING), "", 76)):
        assert [len(dialect.data(["x" * size], indent).splitlines()) for size in (most, most + 1)] == [1, 3]
    for text in (*texts, "\x00"):
        assert eval(python.text(text + mark("ONE")), {"one": "A"}) == f"{text}A"
        assert ast.literal_eval(python.data({text: [text, 1, True, None]})) == {text: [text, 1, True, None]}


NEEDED = {
    "bash": "needed MFA_TOKEN_1",
    "httpx": 'mfa_token_1 = needed("MFA_TOKEN_1")',
    "node": 'const mfaToken1 = needed("MFA_TOKEN_1");',
    "pytest": 'mfa_token_1 = os.environ.get("MFA_TOKEN_1") or pytest.fail("MFA_TOKEN_1 is not set',
}
UNSET = {"bash": ("/bin/bash",), "httpx": (sys.executable, "-"), "node": ("node", "--input-type=module")}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_whatever_was_said_is_read_asked_for_by_its_name_or_left_out_with_a_remark(kind: str) -> None:
    journal = a_journal()
    assert "0 requests" in exported(kind, journal)
    assert what_a_reader_says(kind, exported(kind, journal)) == ""
    journal.aliases.learn("mfa_token", MFA_TOKEN)
    journal.step(HOSTILE)
    request = a_request(url="https://tenant.example/x?y=%0a*/", json={"mfa_token": MFA_TOKEN, HOSTILE: HOSTILE})
    an_exchange(400, journal=journal, request=request, json={"error": HOSTILE, "oob_code": OOB_CODE})
    an_exchange(journal=journal, request=a_request(form={"oob_code": OOB_CODE, HOSTILE: HOSTILE}))
    an_exchange(journal=journal, request=a_request("GET", "https://tenant.example/jwks"), **LOST)
    request = a_request("DELETE", "https://tenant.example/api/device-accounts/dev_1", json={})
    an_exchange(204, journal=journal, speaker="phone", request=request)
    request = a_request(form={"password": "of-a-person"})
    an_exchange(403, journal=journal, request=request, json={"error": "mfa_required"})
    for _ in range(3):
        an_exchange(journal=journal, request=POLL, **PENDING)
    text = exported(kind, journal)
    assert what_a_reader_says(kind, text) == ""
    assert NEEDED[kind] in text
    assert "PASSWORD_1" in text
    if kind in UNSET:
        ended = subprocess.run(UNSET[kind], input=text, env={}, capture_output=True, encoding="utf-8", check=False)
        assert ended.stderr == (
            "AUTH0_DOMAIN is not set: set it (auth0-mfa-lab serve --env-file lab.env writes those of AUTH0_)\n"
        )
    assert "GET /jwks: it got no answer, and is left out" in text
    assert "The phone said DELETE /api/device-accounts/dev_1: there is no command for it" in text
    assert "Polled 3 times; one poll shows that the answer is pending" in text
    assert ('"GET"' in text, text.count("mfa-oob"), "poll(" in text) == (False, 1, False)


@cache
def typed(password: str) -> Lab:
    """Return a lab in which somebody typed this password before the right one, and said it in JSON too."""
    lab = Lab.sandbox()
    user = lab.user(factors=[])
    lab.client.password_grant(username=user.username, password=password)
    login = log_in(lab, user, audience=lab.mfa_audience, scope="openid enroll")
    lab.client.mfa_authenticators(login["mfa_token"])
    lab.client.mfa_otp_grant(mfa_token=login["mfa_token"], otp=f"{password}+1o")
    lab.client.send("POST", "/mfa/challenge", json={"password": password, "all": [password, 1, None, True]})
    return lab


@pytest.mark.parametrize(
    "password",
    [
        *("password", "error", "null", "client_id", "phone", "recorded", "POST", "/oauth/token"),
        *("!@#$%^&*()_", "}", '"', "'", "\\", "/", "$x `id` $(id)", "a\nb", "<b> &amp; %41", "«what» ünï☃\U0001f600"),
    ],
)
def test_an_export_is_the_same_whatever_was_typed(password: str) -> None:
    lab, innocuous = typed(password), typed("innocuous-1")
    assert [lab.curl(each).text for each in lab.journal] == [innocuous.curl(each).text for each in innocuous.journal]
    journal = a_journal()
    journal.operations.tenant = {"domain": "tenant.example", "username": "jane.roe@example.com", "password": password}
    form = {"grant_type": "password", "username": "jane.roe@example.com", "password": password}
    an_exchange(403, journal=journal, request=a_request(form=form), json={"error": "mfa_required"})
    for kind in SCRIPTS:
        text = lab.export(kind).text
        assert text == innocuous.export(kind).text
        assert "innocuous" not in text
        assert what_a_reader_says(kind, text) == ""
        # The password of the settings is a variable whatever it is; no user is made.
        text = exported(kind, journal)
        assert not re.search(r"_lab/users|\.user\(|jane\.roe", text)
        assert {"AUTH0_USERNAME", "AUTH0_PASSWORD"} <= set(re.findall(r"AUTH0_\w+", text))
        assert re.search(r"""grant_type["']?(=|: )["']?password""", text)
        assert re.search(r"""password(=|["']?: )"?\$?(AUTH0_PASSWORD|password)\b""", text)
        assert what_a_reader_says(kind, text) == ""


@pytest.mark.parametrize("kind", SCRIPTS)
def test_polls_with_an_answer_are_one_loop(kind: str) -> None:
    journal = a_journal()
    for answer in (PENDING, LOST, PENDING, {"status": 429}, {"status": 503}, GRANTED):
        an_exchange(journal=journal, request=POLL, **answer)
    text = exported(kind, journal)
    assert (text.count("mfa-oob"), "poll" in text) == (1, True)
    an_exchange(403, journal=journal, request=POLL, json={"error": "invalid_grant"})
    assert exported(kind, journal).count("mfa-oob") == 2, "what is asked after the answer is no poll any more"
    assert re.search(r"'6 POST /oauth/token' 200|\"6 POST /oauth/token\", answer, 200|status_code == 200", text)


# Eight are six values of answers, once each, and two of the user. Of `managed` the first user is in no request. httpx
# says content-type itself. What was wrong by intention is wrong again, and another value.
SAID = r"""
bash  | push allowed  | 1 | \nAUTHENTICATOR_ID_1=$(field '[.[] | select(.oob_channel == "auth0")][0].id')
bash  | push allowed  | 8 | =$(field
bash  | push allowed  | 1 | '{"factors": ["push"]}'
bash  | SMS enroll    | 1 | code "$AUTH0_PHONE_NUMBER" --purpose mfa --wait 5)
pytest | push allowed | 1 | assert answer.status_code == 403  # mfa_required
bash  | push enroll   | 0 | Polled
bash  | push rejected | 1 | auth0-mfa-lab phone reject 'It wasn
bash  | recovery code | 1 | RECOVERY_CODE_1=$(field .recovery_code)
bash  | SMS enroll    | 1 | AUTH0_PHONE_NUMBER=$(field .phone_number)
bash  | push enroll   | 1 | \n\n# 2. Your app starts the enrollment\nrequest \\n
bash  | push enroll   | 2 | serve --env-file lab.env
bash  | passwordless  | 2 | serve --clock frozen --env-file lab.env
bash  | managed       | 1 | "username=$AUTH0_USERNAME_2"
bash  | managed       | 0 | "$AUTH0_USERNAME"
bash  | managed       | 1 | /_lab/users
httpx | push allowed  | 0 | content-type
bash httpx node pytest | SMS enroll    | 1 | 111111
bash httpx node pytest | SMS enroll    | 0 | 000000
bash httpx node pytest | SMS enroll    | 0 | not the password
bash httpx node pytest | recovery code | 1 | wrong-recovery-code-4
bash httpx node pytest | push enroll   | 1 | 6 requests to Auth0, recorded by auth0-mfa-lab and said again.
bash httpx node | push enroll   | 2 | Scan this as a QR with your phone, then press Enter:
bash httpx node | push allowed  | 1 | Allow the push on your phone, then press Enter
bash httpx node | OTP enroll    | 1 | The 6-digit code of the authenticator app
bash httpx node | passwordless  | 1 | The code that was sent for the login
"""
"""Kinds of an export, the flow, how often its text has something, and what."""


@pytest.mark.parametrize(("kinds", "flow", "times", "said"), [(*row[:3], " | ".join(row[3:])) for row in rows(SAID)])
def test_a_script_says_what_it_must_and_no_more(kinds: str, flow: str, times: str, said: str) -> None:
    for kind in kinds.split():
        assert text_of(kind, flow).count(said.replace("\\n", "\n")) == int(times)


def test_one_of_a_list_is_found_by_what_tells_it_from_the_others() -> None:
    journal = a_journal()
    listed = [{"id": f"made-{number}", "type": kind} for number, kind in enumerate(("oob", "otp", "oob", "else"))]
    an_exchange(journal=journal, json=listed)
    an_exchange(journal=journal, request=a_request(json=[*(each["id"] for each in listed), "else"]))
    assert re.findall(r"field '(.*)'", exported("bash", journal)) == [
        '[.[] | select(.type == "oob")][0].id',
        '[.[] | select(.type == "otp")][0].id',
        '[.[] | select(.type == "oob")][1].id',
        ".[3].id",
    ]
    text = exported("httpx", journal)
    assert 'next(each for each in answer.json() if each.get("type") == "otp")["id"]' in text
    assert '[each for each in answer.json() if each.get("type") == "oob"][1]["id"]' in text
    assert 'answer.json.filter((each) => each.type === "oob")[1].id' in exported("node", journal)
    # A name that an alias has is no other value's.
    journal.aliases.learn("user_id", "somebody-secret")
    an_exchange(journal=journal, json=[{"user_id": "auth0|1234", "id": "m-12"}])
    url = "https://tenant.example/users/auth0%7C1234/authentication-methods/m-12"
    an_exchange(journal=journal, request=a_request("GET", url))
    brought = "\nUSER_ID_2=$(field '.[0].user_id')\nAUTHENTICATION_METHOD_ID_1=$(field '.[0].id')\n"
    assert brought in exported("bash", journal)


def test_http_basic_and_a_plain_text_are_said_in_each_language() -> None:
    journal = a_journal()
    journal.operations.tenant = {"domain": "tenant.example", "client_id": "abc", "client_secret": "very-secret"}
    headers = [("authorization", "Basic YWJjOnZlcnktc2VjcmV0"), ("content-type", "text/plain")]
    headers += [("x-request-language", languages := "en, " * 15 + "de")]
    an_exchange(journal=journal, request=a_request(headers=headers, body=b"a text"))
    said = """\
http.request(
    "POST",
    "/oauth/token",
    headers={
        "content-type": "text/plain",
        "x-request-language": "LANGUAGES",
    },
    auth=(AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET),
    content="a text",
)
"""
    assert said.replace("LANGUAGES", languages) in exported("httpx", journal)
    basic = "Buffer.from(`${AUTH0_CLIENT_ID}:${AUTH0_CLIENT_SECRET}`).toString('base64')"
    said = f"""\
request("/oauth/token", {{
    method: "POST",
    headers: {{ ...{{
        "content-type": "text/plain",
        "x-request-language": "{languages}",
    }}, authorization: `Basic ${{{basic}}}` }},
    body: "a text",
}})"""
    assert said in exported("node", journal)


def test_a_code_that_no_message_has_is_read_where_it_was_sent() -> None:
    for field, sent_to in (("email", "jane.roe@example.com"), ("phone_number", "+15550107")):
        journal = a_journal()
        an_exchange(journal=journal, request=a_request(json={"send": "code", field: sent_to}))
        journal.aliases.learn("otp", "730418")
        grant = "http://auth0.com/oauth/grant-type/passwordless/otp"
        an_exchange(journal=journal, request=a_request(form={"grant_type": grant, "otp": "730418"}))
        assert f"code {sent_to} --purpose passwordless" in exported("bash", journal)
    journal = a_journal()
    form = {"grant_type": "mfa/mfa-oob", "oob_code": OOB_CODE, "binding_code": "730418"}
    an_exchange(journal=journal, request=a_request(form=form))
    text = exported("bash", journal)
    assert ('code "$AUTH0_PHONE_NUMBER" --purpose mfa' in text, "\npoll" in text) == (True, False)


def test_a_poll_that_took_long_waits_in_the_script() -> None:
    for seconds, said in ((29, False), (30, True)):
        lab = Lab.sandbox()
        user = lab.user(factors=["push"])
        poll = partial(lab.client.mfa_oob_grant, **challenged(lab, log_in(lab, user)))
        poll()
        lab.clock.advance(seconds)
        poll()
        lab.phone.allow()
        poll()
        assert (f"clock advance {seconds}" in lab.export("bash").text) is said


# A poll is asked these, and waits so many seconds after each; what stands in for what it calls, in its language.
ANSWERS = ["400 authorization_pending", "400 slow_down", "429 too_many_requests", "400 authorization_pending", "200 -"]
WAITED = [5, 10, 15, 15]
STUBS = {
    "bash": """
exec 3<<< '%s'
error() { echo "$said"; }
request() { read -r status said <&3; }
sleep() { echo "$1"; }
%spoll
echo "$status"
""",
    "node": """
const answers = `%s`.split("\\n").map((line) => line.split(" ")), waited = [];
async function request() { const [code, error] = answers.shift(); return { status: Number(code), json: { error } }; }
async function seconds(milliseconds) { waited.push(milliseconds / 1000); }
%spoll().then((last) => console.log(...waited, last.status));
""",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_poll_waits_longer_after_slow_down(kind: str) -> None:
    must_be_there("bash", "node")
    begins = r"^(poll\(|async function poll|def poll).*?(^}\n|(?=\n\n\n))"
    found = re.search(begins, text_of(kind, "push allowed"), re.MULTILINE | re.DOTALL)
    assert found
    if kind in STUBS:
        command = ("bash", "-euc") if kind == "bash" else ("node", "--eval")
        read = ran(*command, STUBS[kind] % ("\n".join(ANSWERS), found[0]))
        assert [int(each) for each in read.split()] == [*WAITED, 200]
        return
    waited, left = list[int](), [httpx.Response(int(each[:3]), json={"error": each[4:]}) for each in ANSWERS]
    time = SimpleNamespace(sleep=waited.append, clock=SimpleNamespace(advance=waited.append))
    named: dict[str, Any] = {"time": time, "error": lambda answer: answer.json()["error"]}
    exec(found[0], named)
    assert named["poll"](*[time] * (kind == "pytest"), lambda: left.pop(0)).status_code == 200
    assert waited == WAITED


def test_an_export_is_shown_as_it_is() -> None:
    for kind, shown in {"bash": "text/html", "node": "text/html", "mermaid": "text/markdown"}.items():
        export = recorded("push rejected").export(kind)
        assert repr(export) == str(export) == export.text
        bundle = export._repr_mimebundle_()
        assert set(bundle) == {"text/plain", shown}
        assert kind != "node" or "(problem) =&gt;" in bundle[shown]


def test_a_saved_script_can_be_run_and_a_test_is_a_file_and_curl_is_of_one_exchange(tmp_path: Path) -> None:
    lab = recorded("push rejected")
    script, test, one = (tmp_path / name for name in ("login.sh", "test_login.py", "one.sh"))
    told = str(lab.export("bash").save(script))
    assert told == f"Saved as {script}: bash, {len(script.read_text().splitlines())} lines, no secret in it."
    assert script.read_bytes() == lab.export("bash").text.encode()
    lab.export("pytest").save(str(test))
    assert [each.stat().st_mode & 0o111 for each in (script, test)] == [0o111, 0]
    lab.export("curl", lab.journal[0]).save(one)
    assert one.read_text("utf-8") == f"{lab.curl(lab.journal[0]).text}\n"

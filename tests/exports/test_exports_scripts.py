"""What a script says and leaves out: variables, titles, polls, remarks; quoting that nothing gets out of."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auth0_mfa_lab import Lab
from auth0_mfa_lab.errors import LabError
from auth0_mfa_lab.exports.export import Httpx, Node, exported, word
from auth0_mfa_lab.exports.plan import Plan, mark
from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.wire.journal import Journal
from tests.exports.conftest import recorded
from tests.exports.export_served import must_be_there
from tests.mothers import GRANTED, LOST, MFA_TOKEN, OOB_CODE, PENDING, a_journal, a_live_lab, a_request, an_exchange

HOSTILE = "a'b\"c $HOME ${HOME} `id` $(id) \\ \\n {x} {{y}} */ // # \"\"\" ''' ! é\u2028 \n\t%s"
SCRIPTS = ("bash", "httpx", "node", "pytest")
NOTHING = Plan((), ())
POLL = a_request(
    form={"grant_type": "http://auth0.com/oauth/grant-type/mfa-oob", "mfa_token": MFA_TOKEN, "oob_code": OOB_CODE}
)


@pytest.fixture
def box() -> Sandbox:
    """A sandbox that plays somebody's own tenant."""
    return Sandbox()


@cache
def what_a_reader_says(kind: str, text: str) -> str:
    """Return what the language itself has against a script: nothing."""
    must_be_there("bash", "node")
    readers = {"bash": ["bash", "-n"], "node": ["node", "--input-type=module", "--check"]}
    command = readers.get(kind, [sys.executable, "-c", "import ast, sys; ast.parse(sys.stdin.buffer.read())"])
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stderr or done.returncode == 0
    return done.stderr


def a_hostile_text() -> str:
    return HOSTILE + mark("MFA_TOKEN_1") + HOSTILE + mark("OOB_CODE_1")


# -- quoting


def test_a_shell_reads_just_the_text() -> None:
    script = f"printf '%s' {word(a_hostile_text())}"
    done = subprocess.run(
        ["bash", "-euc", script], env={"MFA_TOKEN_1": "A", "OOB_CODE_1": "B"}, capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{HOSTILE}A{HOSTILE}B"


@pytest.mark.parametrize("text", [HOSTILE, '"', "'", "\\", "a\\", "plain", "", "\x00\x1b", "'''\"\"\""])
def test_python_reads_just_the_text(text: str) -> None:
    python = Httpx(NOTHING)
    expression = python.text(text + mark("ONE"))
    assert eval(expression, {"one": "A"}) == f"{text}A"
    assert ast.literal_eval(python.constant(text)) == text
    assert ast.literal_eval(python.data({text: [text, 1, True, None]})) == {text: [text, 1, True, None]}


@pytest.mark.parametrize("text", [HOSTILE, "</script>", "\\u0041"])
def test_node_reads_just_the_text(text: str) -> None:
    must_be_there("node")
    node = Node(NOTHING)
    both = [node.text(text + mark("ONE")), node.text(text), node.data({text: [text, 1, True, None]})]
    script = f'const one = "A"; console.log(JSON.stringify([{", ".join(both)}]))'
    done = subprocess.run(["node", "--eval", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [f"{text}A", text, {text: [text, 1, True, None]}]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_whatever_was_said_the_script_can_be_read(kind: str) -> None:
    journal = a_journal()
    journal.step(HOSTILE)
    request = a_request(url="https://tenant.example/x?y=%0a*/", json={"mfa_token": MFA_TOKEN, HOSTILE: HOSTILE})
    an_exchange(400, journal=journal, request=request, json={"error": HOSTILE, "oob_code": OOB_CODE})
    an_exchange(journal=journal, request=a_request(form={"oob_code": OOB_CODE, HOSTILE: HOSTILE}))
    assert what_a_reader_says(kind, exported(kind, journal)) == ""


# -- values that look like something else

COMMON = ("password", "error", "token", "null", "client_id", "return", "access_token", "openid", "phone", "recorded")
SIGNS = ("}", "{", '"', "'", "\\", "/", "$x", "`id`", "$(id)", "a\nb", "<b> &amp; %41", "«what»", "ünï☃\U0001f600")
NASTY = (*COMMON, *SIGNS)


@cache
def typed(password: str) -> Lab:
    """Return a lab in which somebody typed this password before the right one, and said it in JSON too."""
    lab = Lab.sandbox()
    user = lab.user(factors=["push"])
    lab.client.password_grant(username=user.username, password=password)
    login = lab.client.password_grant(
        username=user.username, password=user.password, audience=lab.mfa_audience, scope="openid enroll"
    )
    lab.client.mfa_authenticators(login["mfa_token"])
    lab.client.mfa_challenge(mfa_token=login["mfa_token"], challenge_type="oob")
    lab.phone.reject()
    lab.client.send("POST", "/mfa/challenge", json={"password": password, "all": [password, 1, None, True]})
    return lab


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("password", NASTY)
def test_an_export_is_the_same_whatever_was_typed(kind: str, password: str) -> None:
    text = typed(password).export(kind).text
    assert text == typed("innocuous-1").export(kind).text
    assert "innocuous" not in text
    assert what_a_reader_says(kind, text) == ""


@pytest.mark.parametrize("password", NASTY)
def test_a_command_is_the_same_whatever_was_typed(password: str) -> None:
    lab, innocuous = typed(password), typed("innocuous-1")
    assert [lab.curl(each).text for each in lab.journal] == [innocuous.curl(each).text for each in innocuous.journal]


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("password", NASTY)
def test_the_settings_own_password_is_a_variable_whatever_it_is(kind: str, password: str) -> None:
    journal = a_journal()
    journal.operations.tenant = {"domain": "tenant.example", "username": "jane@example.com", "password": password}
    form = {"grant_type": "password", "username": "jane@example.com", "password": password}
    an_exchange(403, journal=journal, request=a_request(form=form), json={"error": "mfa_required"})
    text = exported(kind, journal)
    assert {"AUTH0_USERNAME", "AUTH0_PASSWORD"} <= set(re.findall(r"AUTH0_\w+", text))
    assert re.search(r"""grant_type["']?(=|: )["']?password""", text)
    assert re.search(r"""password(=|["']?: )"?\$?(AUTH0_PASSWORD|password)\b""", text)
    assert what_a_reader_says(kind, text) == ""


# -- what is left out, and what is said of it


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_lost_request_is_left_out_with_a_remark(kind: str) -> None:
    journal = a_journal()
    an_exchange(journal=journal, request=a_request("GET", "https://tenant.example/jwks"), **LOST)
    assert "GET /jwks: it got no answer, and is left out" in exported(kind, journal)
    assert '"GET"' not in exported(kind, journal)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_polls_that_nobody_answered_are_sent_once(kind: str) -> None:
    journal = a_journal()
    for _ in range(3):
        an_exchange(journal=journal, request=POLL, **PENDING)
    text = exported(kind, journal)
    assert text.count("mfa-oob") == 1
    assert "Polled 3 times; one poll shows that the answer is pending" in text
    assert "poll(" not in text


@pytest.mark.parametrize("kind", SCRIPTS)
def test_polls_with_an_answer_are_one_loop(kind: str) -> None:
    journal = a_journal()
    for answer in (PENDING, LOST, PENDING, {"status": 429}, {"status": 503}, GRANTED):
        an_exchange(journal=journal, request=POLL, **answer)
    text = exported(kind, journal)
    assert text.count("mfa-oob") == 1
    assert "poll" in text
    assert re.search(r"'6 POST /oauth/token' 200|\"6 POST /oauth/token\", answer, 200|status_code == 200", text)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_phone_that_says_something_else_is_left_out_with_a_remark(kind: str) -> None:
    journal = a_journal()
    request = a_request("DELETE", "https://tenant.example/api/device-accounts/dev_1")
    an_exchange(204, journal=journal, speaker="phone", request=request)
    assert "The phone said DELETE /api/device-accounts/dev_1: there is no command for it" in exported(kind, journal)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_an_empty_journal_is_a_script_that_does_nothing(kind: str) -> None:
    text = exported(kind, a_journal())
    assert "0 requests" in text
    if kind in ("httpx", "pytest"):
        ast.parse(text)


def test_a_step_is_a_title_right_above_what_it_names() -> None:
    text = recorded("push enroll").export("bash").text
    assert "\n\n# 2. Your app starts the enrollment\nrequest \\\n" in text


# -- variables


def test_a_value_of_an_answer_is_captured_once_and_only_where_it_is_used() -> None:
    text = recorded("push allowed").export("bash").text
    assert re.findall(r"^(\w+)=\$\(field", text, re.MULTILINE) == [
        *("MFA_TOKEN_1", "AUTHENTICATOR_ID_1", "OOB_CODE_1", "ACCESS_TOKEN_1", "REFRESH_TOKEN_1", "REFRESH_TOKEN_2"),
    ]


def test_one_of_a_list_is_found_by_what_tells_it_from_the_others() -> None:
    text = recorded("push allowed").export("bash").text
    assert """AUTHENTICATOR_ID_1=$(field '[.[] | select(.oob_channel == "auth0")][0].id')""" in text
    journal = a_journal()
    listed = [{"id": f"made-{kind}", "type": kind} for kind in ("oob", "otp", "else")]
    an_exchange(journal=journal, json=listed)
    an_exchange(journal=journal, request=a_request(json=[each["id"] for each in listed]))
    assert re.findall(r"field '(.*)'", exported("bash", journal)) == [
        '[.[] | select(.type == "oob")][0].id',
        '[.[] | select(.type == "otp")][0].id',
        ".[2].id",
    ]


def test_a_name_that_an_alias_has_is_no_other_values_name() -> None:
    journal = a_journal()
    journal.aliases.learn("user_id", "somebody-secret")
    an_exchange(journal=journal, json=[{"user_id": "auth0|1234"}])
    an_exchange(journal=journal, request=a_request("GET", "https://tenant.example/users/auth0%7C1234"))
    assert "USER_ID_2=$(field '.[0].user_id')" in exported("bash", journal)


def test_a_user_that_was_made_brings_what_is_used_and_nothing_more() -> None:
    text = recorded("push allowed").export("bash").text
    assert re.findall(r"^    (AUTH0_\w+)=\$\(field", text, re.MULTILINE) == ["AUTH0_USERNAME", "AUTH0_PASSWORD"]
    assert '\'{"factors": ["push"]}\'' in text
    assert "AUTH0_PHONE_NUMBER=$(field .phone_number)" in recorded("SMS enroll").export("bash").text


def test_a_second_user_has_variables_of_its_own() -> None:
    text = recorded("managed").export("bash").text
    assert '"username=$AUTH0_USERNAME_2"' in text
    assert '"$AUTH0_USERNAME"' not in text
    assert text.count("/_lab/users") == 1, "the first one is in no request"


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_was_wrong_by_intention_is_wrong_again_and_another_value(kind: str) -> None:
    text = recorded("SMS enroll").export(kind).text
    assert "111111" in text
    assert "000000" not in text
    assert "not the password" not in text
    assert "B" * 24 in recorded("recovery code").export(kind).text


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_live_tenant_needs_the_variables_of_its_env_file_and_makes_nobody(kind: str, box: Sandbox) -> None:
    lab = a_live_lab(box)
    lab.client.password_grant(username=str(lab.settings.username), password=str(lab.settings.password))
    text = lab.export(kind).text
    assert "_lab/users" not in text
    assert ".user(" not in text
    for name in ("AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_USERNAME", "AUTH0_PASSWORD"):
        assert name in text
    assert str(lab.settings.username) not in text


def test_what_nobody_brings_is_asked_for_by_its_name() -> None:
    journal = a_journal()
    journal.aliases.learn("mfa_token", MFA_TOKEN)
    an_exchange(journal=journal, request=a_request(form={"mfa_token": MFA_TOKEN}))
    assert ': "${MFA_TOKEN_1:?}"' in exported("bash", journal)
    assert 'mfa_token_1 = os.environ["MFA_TOKEN_1"]' in exported("httpx", journal)
    assert 'const mfaToken1 = needed("MFA_TOKEN_1");' in exported("node", journal)
    assert 'mfa_token_1 = os.environ["MFA_TOKEN_1"]' in exported("pytest", journal)


# -- how long a poll waits


ANSWERS = ["400 authorization_pending", "400 slow_down", "429 too_many_requests", "400 authorization_pending", "200 -"]
WAITED = [5, 10, 15, 15]


POLL_OF = {
    "bash": r"^poll\(\).*?^}\n",
    "httpx": r"^def poll.*?(?=^\S)",
    "pytest": r"^def poll.*?(?=^\S)",
    "node": r"^async function poll.*?^}\n",
}


def poll_of(kind: str) -> str:
    """Return the poll that stands in a script."""
    found = re.search(POLL_OF[kind], recorded("push allowed").export(kind).text, re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


def test_a_poll_of_bash_waits_longer_after_slow_down(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("\n".join(ANSWERS) + "\n", encoding="utf-8")
    stubs = (
        'exec 3<answers\nerror() { echo "$said"; }\nrequest() { read -r status said <&3; }\nsleep() { echo "$1"; }\n'
    )
    command = ["bash", "-euc", f"{poll_of('bash')}{stubs}poll; echo $status"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [int(each) for each in done.stdout.split()] == [*WAITED, 200]


@pytest.mark.parametrize("kind", ["httpx", "pytest"])
def test_a_poll_of_python_waits_longer_after_slow_down(kind: str) -> None:
    waited: list[int] = []
    lines = [each.split() for each in ANSWERS]
    left = [SimpleNamespace(status_code=int(code), json=lambda said=said: {"error": said}) for code, said in lines]
    time = SimpleNamespace(sleep=waited.append, clock=SimpleNamespace(advance=waited.append))
    named: dict[str, Any] = {"time": time, "error": lambda answer: answer.json()["error"]}
    exec(poll_of(kind), named)
    assert named["poll"](*[time] * (kind == "pytest"), lambda: left.pop(0)).status_code == 200
    assert waited == WAITED


def test_a_poll_of_node_waits_longer_after_slow_down() -> None:
    must_be_there("node")
    answers = [{"status": int(each.split()[0]), "json": {"error": each.split()[1]}} for each in ANSWERS]
    stubs = f"""
const answers = {json.dumps(answers)}, waited = [];
async function request() {{ return answers.shift(); }}
async function seconds(milliseconds) {{ waited.push(milliseconds / 1000); }}
"""
    script = f"{stubs}{poll_of('node')}poll().then((last) => console.log(JSON.stringify([last.status, waited])));"
    done = subprocess.run(["node", "--eval", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [200, WAITED]


# -- lab.export


def test_an_unknown_kind_is_refused_with_the_list() -> None:
    with pytest.raises(LabError) as refused:
        Lab.sandbox().export("postman")
    assert str(refused.value) == (
        "There is no export 'postman'. There are: curl, bash, httpx, node, pytest, har, mermaid."
    )


def test_curl_is_of_one_exchange_and_the_others_of_all() -> None:
    lab = recorded("push rejected")
    with pytest.raises(LabError, match="curl wants an exchange"):
        lab.export("curl")
    with pytest.raises(LabError, match="bash is of the whole journal"):
        lab.export("bash", lab.journal[0])
    assert lab.curl(lab.journal[0]).text == lab.export("curl", lab.journal[0]).text


@pytest.mark.parametrize("kind", [*SCRIPTS, "mermaid", "har"])
def test_equal_journals_give_equal_texts(kind: str) -> None:
    lab = recorded("push rejected")
    assert lab.export(kind).text == lab.export(kind).text
    assert repr(lab.export(kind)) == str(lab.export(kind)) == lab.export(kind).text


def test_a_saved_script_can_be_run_and_a_test_is_a_file(tmp_path: Path) -> None:
    lab = recorded("push rejected")
    told = lab.export("bash").save(tmp_path / "login.sh")
    assert str(told).startswith("Sentence(") or "login.sh" in repr(told)
    assert (tmp_path / "login.sh").read_bytes() == lab.export("bash").text.encode()
    assert (tmp_path / "login.sh").stat().st_mode & 0o111 == 0o111
    lab.export("pytest").save(str(tmp_path / "test_login.py"))
    assert (tmp_path / "test_login.py").stat().st_mode & 0o111 == 0
    lab.curl(lab.journal[0]).save(tmp_path / "one.sh")
    assert (tmp_path / "one.sh").read_text("utf-8").endswith('$AUTH0_CLIENT_SECRET"\n')


def test_a_file_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be written"):
        recorded("push rejected").export("bash").save(tmp_path / "no folder" / "login.sh")


def test_an_export_shows_its_text_and_a_diagram_is_drawn() -> None:
    bundle = recorded("push rejected").export("node")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "(problem) =&gt;" in bundle["text/html"]
    assert set(recorded("push rejected").export("mermaid")._repr_mimebundle_()) == {"text/plain", "text/vnd.mermaid"}


def test_an_arrow_of_the_diagram_has_the_values_that_go_and_come() -> None:
    lines = recorded("push rejected").export("mermaid").text.splitlines()
    assert lines[4:8] == [
        "  app->>auth0: POST /oauth/token<br/>#lt;password 1#gt;",
        "  auth0-->>app: 403 mfa_required<br/>#lt;mfa_token 1#gt;",
        "  app->>auth0: POST /mfa/challenge<br/>#lt;mfa_token 1#gt;",
        "  auth0-->>app: 200 OK<br/>#lt;oob_code 1#gt;",
    ]


def test_polls_that_said_something_else_are_two_arrows() -> None:
    journal: Journal = a_journal()
    an_exchange(journal=journal, request=POLL, json={"access_token": "opaque-access-token-0001"})
    an_exchange(journal=journal, request=a_request(form={"refresh_token": "opaque-refresh-0002"}))
    arrows = [line for line in exported("mermaid", journal).splitlines() if "app->>auth0" in line]
    assert arrows[1] == "  app->>auth0: POST /oauth/token<br/>#lt;refresh_token 1#gt;"

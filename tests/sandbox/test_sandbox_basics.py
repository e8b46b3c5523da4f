"""Clock, chance, bucket, defaults and the evidence table."""

import ast
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import auth0_mfa_lab.sandbox
from auth0_mfa_lab.sandbox import Chance, Clock, Sandbox, WallClock
from auth0_mfa_lab.sandbox.delivery import Delivery
from auth0_mfa_lab.sandbox.errors import ROWS, EvidenceRow
from auth0_mfa_lab.sandbox.limits import Bucket, Limit
from auth0_mfa_lab.sandbox.settings import SWITCHES
from tests.sandbox.sandbox_mothers import App


def test_the_clock_stands_still_until_it_is_advanced() -> None:
    clock = Clock()
    assert clock.now() == clock.now() == 1_800_000_000
    clock.advance(0.5)
    assert clock.now() == 1_800_000_000.5
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)


@pytest.mark.parametrize("clock", [Clock(), WallClock(lambda: 1_800_000_000.0)], ids=["frozen", "wall"])
@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e12, 10**400, 100 * 365 * 86_400 + 1])
def test_a_clock_moves_a_hundred_years_at_most(clock: Clock, seconds: float) -> None:
    with pytest.raises(ValueError, match="a hundred years"):
        clock.advance(seconds)
    assert clock.now() == 1_800_000_000


def test_a_hundred_years_are_the_most_of_all_advances_together(app: App) -> None:
    clock = app.sandbox.clock
    for _ in range(10):
        clock.advance(10 * 365 * 86_400)
    with pytest.raises(ValueError, match="a hundred years"):
        clock.advance(1)
    assert app.password(scope="openid").status_code == 403
    clock.restart()
    clock.advance(1)


def test_no_advance_is_lost_between_threads() -> None:
    clock = Clock(0)

    def work() -> None:
        for _ in range(500):
            clock.advance(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert clock.now() == 2000


def test_the_same_seed_gives_the_same_run_and_another_seed_another(app: App) -> None:
    same, other = Sandbox(), Sandbox(seed=2)
    assert same.defaults == app.sandbox.defaults
    assert other.defaults != app.sandbox.defaults
    assert same.add_user() == app.sandbox.add_user()


def test_a_fork_does_not_depend_on_what_others_drew() -> None:
    one, two = Chance(1), Chance(1)
    two.alnum(100)
    assert one.fork("phones").hex(16) == two.fork("phones").hex(16) != one.fork("people").hex(16)


@pytest.mark.parametrize(
    ("draw", "shape"),
    [
        ("device_id", r"dev_[A-Za-z0-9]{16}"),
        ("user_id", r"auth0\|[0-9a-f]{24}"),
        ("recovery_code", r"[A-Z0-9]{24}"),
    ],
)
def test_ids_have_auth0s_shapes(draw: str, shape: str) -> None:
    assert re.fullmatch(shape, getattr(Chance(1), draw)())


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=60))
def test_a_bucket_never_gives_more_than_its_burst_and_its_refill(gaps: list[float]) -> None:
    now, taken = 1_800_000_000.0, 0
    bucket = Bucket(Limit(12, 12, 60), now)
    assert bucket.take(now)
    for gap in gaps:
        now += gap
        taken += bucket.take(now)
    assert 1 + taken <= 12 + sum(gaps) / 5 + 1e-6
    assert 0 <= int(bucket.headers()["x-ratelimit-remaining"]) <= 12


def test_a_refused_take_costs_nothing() -> None:
    bucket = Bucket(Limit(1, 12, 60), 0)
    assert bucket.take(0)
    assert not any(bucket.take(4.9) for _ in range(9))
    assert bucket.take(5)


def test_a_mailbox_forgets_the_oldest_and_mixes_nobody() -> None:
    delivery = Delivery()
    for number in range(100):
        delivery.push(service="GCM", token="a", payload={"n": number})
    assert [push.payload["n"] for push in delivery.pushes("a")] == list(range(36, 100))
    assert delivery.pushes("b") == ()


def test_the_default_tenant_names_nobody_real(sandbox: Sandbox) -> None:
    known = sandbox.defaults
    assert known.username.endswith("@example.com")
    assert re.fullmatch(r"\+155501\d\d", known.phone_number)
    assert re.fullmatch(r"\+155501\d\d", sandbox.add_user().phone_number)
    assert known.client_id in sandbox.tenant.clients
    assert sandbox.tenant.clients[known.public_client_id].client_secret is None
    assert known.client_secret not in repr(known)


def test_every_error_shows_how_well_it_is_known() -> None:
    assert len({(row.endpoint, row.case, row.status) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert isinstance(row, EvidenceRow)
        assert {row.status_mark, row.error_mark, row.text_mark} <= {"rec", "doc", "test", "forum", "guess", ""}
        assert row.case.endswith(".") or row.case.endswith("`.") or "section" in row.case
        name, value = row.switch or ("profile", "docs")
        assert value in (("docs", "recorded") if name == "profile" else SWITCHES[name].values)
        if row.error:
            assert all((row.text, row.status_mark, row.error_mark, row.text_mark))


ROOM = Path(auth0_mfa_lab.sandbox.__file__).parent


def path_of(module: str) -> Path:
    """Return where a module of the sandbox is; what has no file there is a class or a function of one."""
    path = ROOM.parent.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return what a module imports, by its text, those inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


@pytest.mark.parametrize("module", ["tenant", "oauth.tokens", "errors", "delivery", "limits", "mfa.authenticators"])
def test_the_state_of_the_tenant_imports_no_web(module: str) -> None:
    waiting, seen = [f"auth0_mfa_lab.sandbox.{module}"], set[str]()
    while waiting:
        name = waiting.pop()
        if name.startswith("auth0_mfa_lab.sandbox.") and path_of(name).exists():
            news = imports_of(path_of(name)) - seen
            seen |= news
            waiting += news
    assert seen
    assert not [name for name in seen if name.partition(".")[0] in ("starlette", "httpx")]


@pytest.mark.parametrize("path", ["/authorize?client_id=x", "/dbconnections/signup", "/otp/challenge", "/u/login"])
def test_what_auth0_has_and_the_sandbox_has_not_is_501_and_no_404(app: App, path: str) -> None:
    answer = app.http.post(path)
    assert (answer.status_code, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
    assert "not Auth0's" in answer.text


def test_a_path_that_auth0_has_not_either_is_404(app: App) -> None:
    assert app.http.post("/authorizer").status_code == 404

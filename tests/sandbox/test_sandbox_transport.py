"""The in-process transport: no loop, no thread, one request at a time, each whole."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response

from auth0_mfa_lab.sandbox import Sandbox
from tests.sandbox.sandbox_mothers import App


def handled_by(monkeypatch: pytest.MonkeyPatch, handler: Callable[[], Response]) -> Sandbox:
    """Return a sandbox with one handler for every request."""
    monkeypatch.setattr("auth0_mfa_lab.sandbox.respond", lambda *_: handler())
    return Sandbox()


def client_of(transport: httpx.MockTransport) -> httpx.Client:
    return httpx.Client(transport=transport, base_url="https://sandbox.example")


def test_a_request_starts_no_thread() -> None:
    before = threading.enumerate()
    client_of(Sandbox().transport).get("/nowhere")
    assert threading.enumerate() == before


def test_one_clients_end_does_not_end_the_others() -> None:
    sandbox = Sandbox()
    with client_of(sandbox.transport) as first:
        first.get("/nowhere")
    assert client_of(sandbox.transport).get("/nowhere").status_code == 404


def test_it_works_under_a_running_loop(app: App) -> None:
    async def inside() -> int:
        return app.http.get("/nowhere").status_code

    assert asyncio.run(inside()) == 404


def test_a_call_from_inside_a_request_raises_at_once_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def handler() -> Response:
        try:
            client.get("/again")
        except RuntimeError as error:
            told.append(str(error))
        return PlainTextResponse("outer")

    client = client_of(handled_by(monkeypatch, handler).transport)
    assert client.get("/").text == "outer"
    assert "from inside one of its own requests" in told[0]


def test_requests_of_many_threads_are_taken_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    together: list[int] = []

    def handler() -> Response:
        running.append(1)
        list(range(10_000))  # long enough for another thread to be let in
        together.append(len(running))
        running.pop()
        return PlainTextResponse("done")

    transport = handled_by(monkeypatch, handler).transport
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client_of(transport).get("/"), range(24)))
    assert together == [1] * 24


def test_a_bug_is_a_plain_500_for_the_client_and_an_exception_for_the_test() -> None:
    sandbox = Sandbox()
    del sandbox.tenant.clients
    answer = client_of(sandbox.transport).post("/oauth/token", data={"client_id": "x"})
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "bug in the sandbox" in answer.text
    (failure,) = sandbox.failures
    assert isinstance(failure, AttributeError)
    assert failure.__traceback__ is not None


def test_a_bugs_text_is_not_told_and_only_the_last_failures_are_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> NoReturn:
        raise KeyError("secret")

    sandbox = handled_by(monkeypatch, broken)
    answers = [client_of(sandbox.transport).get("/x") for _ in range(30)]
    assert {(answer.status_code, "secret" in answer.text) for answer in answers} == {(500, False)}
    assert len(sandbox.failures) == 20
    assert "a bug in the sandbox: GET /x" in caplog.text


def test_no_header_changes_from_run_to_run(app: App) -> None:
    for answer in (app.http.get("/nowhere"), app.password(), app.http.get("/.well-known/openid-configuration")):
        assert not {"date", "server"} & set(answer.headers)
        assert "auth0_lab_notes" in answer.extensions


def test_notes_are_never_on_the_wire(app: App) -> None:
    answer = app.http.get("/nowhere")
    assert answer.extensions["auth0_lab_notes"] == ("sandbox: status guess",)
    assert "guess" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/oauth/token", 405)])
def test_another_route_or_method_is_an_error_in_json(app: App, method: str, path: str, status: int) -> None:
    answer = app.http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["statusCode"] == status


def test_a_trailing_slash_is_no_redirect(app: App) -> None:
    assert app.http.get("/mfa/authenticators/").status_code == 404


def test_an_interrupt_in_the_middle_of_an_answer_leaves_the_sandbox_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()
    client = client_of(sandbox.transport)
    with monkeypatch.context() as interrupted:
        interrupted.setattr("auth0_mfa_lab.sandbox.http.Request.fields", lambda *_: _interrupt())
        with pytest.raises(KeyboardInterrupt):
            client.post("/oauth/token")
    assert client.post("/oauth/token").status_code == 401


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt

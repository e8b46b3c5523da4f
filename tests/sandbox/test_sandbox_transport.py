"""The in-process transport: one loop, one thread, one request at a time, and no trace afterwards."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auth0_mfa_lab.sandbox import Sandbox
from auth0_mfa_lab.sandbox.web.transport import SandboxTransport
from tests.sandbox.sandbox_mothers import App


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "sandbox" in thread.name]


def client_of(transport: SandboxTransport) -> httpx.Client:
    return httpx.Client(transport=transport, base_url="https://sandbox.example")


def test_the_thread_starts_with_the_first_request_and_ends_with_close() -> None:
    sandbox = Sandbox()
    before = threads()
    client = client_of(sandbox.transport)
    assert threads() == before
    client.get("/nowhere")
    assert len(threads()) == len(before) + 1
    sandbox.close()
    sandbox.close()
    assert threads() == before


def test_one_clients_end_does_not_end_the_others() -> None:
    sandbox = Sandbox()
    with client_of(sandbox.transport) as first:
        first.get("/nowhere")
    assert client_of(sandbox.transport).get("/nowhere").status_code == 404
    sandbox.close()


def test_a_forgotten_sandbox_leaves_no_thread() -> None:
    gc.collect()  # or one that another test forgot would be gone in between
    before = threads()
    client_of(Sandbox().transport).get("/nowhere")
    assert threads() == before


def test_it_works_under_a_running_loop(app: App) -> None:
    async def inside() -> int:
        return app.http.get("/nowhere").status_code

    assert asyncio.run(inside()) == 404


def test_a_call_from_inside_a_request_raises_at_once_and_says_why() -> None:
    told: list[str] = []

    async def handler(_: Request) -> Response:
        try:
            client.get("/again")
        except RuntimeError as error:
            told.append(str(error))
        return PlainTextResponse("outer")

    transport = SandboxTransport(Starlette(routes=[Route("/", handler)]))
    client = client_of(transport)
    assert client.get("/").text == "outer"
    assert "from inside one of its own requests" in told[0]
    transport.close()


def test_requests_of_many_threads_are_taken_one_at_a_time() -> None:
    running: list[int] = []
    together: list[int] = []

    async def handler(_: Request) -> Response:
        running.append(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        together.append(len(running))
        running.pop()
        return PlainTextResponse("done")

    transport = SandboxTransport(Starlette(routes=[Route("/", handler)]))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client_of(transport).get("/"), range(24)))
    assert together == [1] * 24
    transport.close()


def test_a_bug_is_a_plain_500_for_the_client_and_an_exception_for_the_test() -> None:
    sandbox = Sandbox()
    del sandbox.tenant.clients
    answer = client_of(sandbox.transport).post("/oauth/token", data={"client_id": "x"})
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "bug in the sandbox" in answer.text
    (failure,) = sandbox.transport.failures
    assert isinstance(failure, AttributeError)
    assert failure.__traceback__ is not None
    sandbox.close()


def test_an_app_that_answers_nothing_is_a_plain_500_too() -> None:
    async def broken(*_: object) -> None:
        raise KeyError("secret")

    transport = SandboxTransport(broken)
    answer = client_of(transport).get("/")
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    transport.close()


def test_only_the_last_failures_are_kept() -> None:
    async def broken(*_: object) -> None:
        raise KeyError

    transport = SandboxTransport(broken)
    for _ in range(30):
        client_of(transport).get("/")
    assert len(transport.failures) == 20
    transport.close()


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

"""A secret shows its alias wherever Python shows values, and is itself on the wire."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from auth0_mfa_lab import Secret

RAW = "correct horse battery staple"
SECRET = Secret(RAW, "<password 1>")


def test_its_repr_is_its_alias() -> None:
    assert repr(SECRET) == "<password 1>"


@pytest.mark.parametrize(
    "container",
    [[SECRET], (SECRET,), {"password": SECRET}, {SECRET}, {"deep": [{"er": SECRET}]}],
    ids=["list", "tuple", "dict", "set", "nested"],
)
def test_a_container_of_it_shows_the_alias(container: Any) -> None:
    for shown in (repr(container), str(container), f"{container}", pretty(container)):
        assert "<password 1>" in shown
        assert RAW not in shown


def test_ipython_shows_the_alias_too() -> None:
    assert pretty(SECRET) == "<password 1>"


def test_it_is_itself_as_text_and_on_the_wire() -> None:
    assert str(SECRET) == f"{SECRET}" == RAW
    assert type(str(SECRET)) is str
    assert json.dumps({"password": SECRET}) == json.dumps({"password": RAW})


def test_it_is_equal_to_its_value_and_hashes_like_it() -> None:
    assert RAW == SECRET
    assert {RAW: 1}[SECRET] == 1


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_refuses_it_without_showing_it(protocol: int) -> None:
    with pytest.raises(TypeError, match="<password 1> is a secret") as refusal:
        pickle.dumps([SECRET], protocol)
    assert RAW not in str(refusal.value)


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("wrap", [lambda secret: secret, lambda secret: {"deep": [secret]}], ids=["bare", "nested"])
def test_copy_refuses_it(take: Callable[[Any], Any], wrap: Callable[[Any], Any]) -> None:
    if take is copy.copy and wrap(SECRET) is not SECRET:
        assert take(wrap(SECRET))["deep"][0] is SECRET  # a shallow copy passes the same secret on
        return
    with pytest.raises(TypeError, match="<password 1> is a secret"):
        take(wrap(SECRET))


@pytest.mark.parametrize(
    "derive",
    [
        lambda secret: secret[:10],
        lambda secret: secret[3],
        lambda secret: "Bearer " + secret,
        lambda secret: secret + " tail",
        lambda secret: secret.strip(),
        lambda secret: secret.replace("a", "b"),
        lambda secret: secret.split("-")[0],
        lambda secret: secret.partition("-")[2],
    ],
)
def test_what_is_cut_from_a_secret_or_joined_to_it_is_a_secret(derive: Callable[[str], str]) -> None:
    raw = "hunter-number-two"
    derived = derive(Secret(raw, "<password 1>"))
    assert isinstance(derived, Secret)
    assert str(derived) == derive(raw)
    assert "password 1" in repr(derived)
    assert not any(part in repr(derived) for part in ("hunter", "number", "two"))


def test_two_secrets_in_one_are_shown_as_the_first() -> None:
    both = Secret("raw-one", "<otp 1>") + ":" + Secret("raw-two", "<otp 2>")
    assert repr(both) == "<otp 1>"
    assert str(both) == "raw-one:raw-two"


SHAPES: dict[str, Callable[[Secret], Any]] = {
    "lower": lambda secret: secret.lower(),
    "upper": lambda secret: secret.upper(),
    "title": lambda secret: secret.title(),
    "casefold": lambda secret: secret.casefold(),
    "format": lambda secret: secret.format("x"),
    "percent": lambda secret: secret % (),
    "join": lambda secret: secret.join(["a", "b"]),
    "times": lambda secret: 2 * secret,
    "split": lambda secret: secret.split("-"),
    "rsplit": lambda secret: secret.rsplit("-", 1),
    "splitlines": lambda secret: secret.splitlines(),
    "rpartition": lambda secret: secret.rpartition("-"),
    "removeprefix": lambda secret: secret.removeprefix("hunt"),
    "rstrip": lambda secret: secret.rstrip("o"),
    "translate": lambda secret: secret.translate({45: "_"}),
    "center": lambda secret: secret.center(40),
    "a list": list,
    "sorted": sorted,
    "bytes": lambda secret: secret.encode(),
    "bytes and back": lambda secret: secret.encode().decode(),
    "bytes, cut": lambda secret: secret.encode()[2:9],
    "bytes, split": lambda secret: secret.encode().split(b"-"),
    "bytes, joined": lambda secret: b"Bearer " + secret.encode() + b";",
    "bytes, as text": lambda secret: str(secret.encode()),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "a dictionary's key": lambda secret: {secret: {secret.encode(): 1}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_a_method_makes_of_a_secret_hides_too(shape: str) -> None:
    shown = repr(SHAPES[shape](Secret("hunter-number-two", "<password 1>")))
    for part in ("unter", "UNTER", "umber", "two", "Two", "'h'", "68756e74"):
        assert part not in shown


def test_its_bytes_are_themselves_on_the_wire_and_are_not_carried_away() -> None:
    raw = SECRET.encode()
    assert raw == RAW.encode()
    assert raw[0] == ord("c")
    assert b"".join([raw]) == RAW.encode()
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="<password 1> is a secret"):
            carry(raw)

"""A secret as a value: it shows its alias wherever Python shows values, and is itself on the wire."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from auth0_mfa_lab import Secret

RAW = "hunter-number-two"
SECRET = Secret(RAW, "<password 1>")
PARTS = ("unter", "UNTER", "umber", "two", "Two", "'h'", RAW.encode().hex()[:8])

# What a method of text makes of it, and how that is shown: whole, as a part, or a list of parts.
DERIVED: dict[str, Callable[[Any], Any]] = {
    "a slice": lambda secret: secret[:10],
    "a character": lambda secret: secret[3],
    "joined behind": lambda secret: "Bearer " + secret,
    "joined before": lambda secret: secret + " tail",
    "strip": lambda secret: secret.strip(),
    "split": lambda secret: secret.split("-"),
    "partition": lambda secret: secret.partition("-"),
    "upper": lambda secret: secret.upper(),
    "format": lambda secret: secret.format("x"),
    "percent": lambda secret: secret % (),
    "join": lambda secret: secret.join(["a", "b"]),
    "times": lambda secret: 2 * secret,
    "a list": list,
    "bytes": lambda secret: secret.encode(),
    "bytes and back": lambda secret: secret.encode().decode(),
    "bytes, cut": lambda secret: secret.encode()[2:9],
    "bytes, joined": lambda secret: b"Bearer " + secret.encode() + b";",
    "hexadecimal": lambda secret: secret.encode().hex(),
    "a dictionary's key": lambda secret: {secret: {secret.encode(): 1}},
}


def test_it_shows_its_alias_in_any_container_and_is_itself_on_the_wire() -> None:
    assert (type(str(SECRET)), f"{SECRET}", json.dumps(SECRET), {RAW: 1}[SECRET]) == (str, RAW, json.dumps(RAW), 1)
    assert repr(SECRET) == pretty(SECRET) == "<password 1>"
    for held in ([SECRET], {"deep": [{SECRET: SECRET}]}, {SECRET}):
        shown = [repr(held), f"{held}", pretty(held)]
        assert [each for each in shown if "<password 1>" not in each or RAW in each] == []


@pytest.mark.parametrize("name", DERIVED)
def test_whatever_is_made_of_a_secret_is_what_text_makes_and_hides_too(name: str) -> None:
    made, plain = DERIVED[name](SECRET), DERIVED[name](RAW)
    assert made == plain
    assert not [part for part in PARTS if part in repr(made) or (isinstance(made, bytes) and part in str(made))]
    if isinstance(made, str | bytes):
        whole = name in ("strip", "joined behind", "joined before", "join", "bytes", "bytes and back", "hexadecimal")
        assert repr(made) == ("<password 1>" if whole or name == "bytes, joined" else "<part of password 1>")


def test_two_secrets_in_one_are_shown_as_the_first() -> None:
    both = Secret("raw-one", "<otp 1>") + ":" + Secret("raw-two", "<otp 2>")
    assert (repr(both), str(both), repr(both[2:][1:])) == ("<otp 1>", "raw-one:raw-two", "<part of otp 1>")


@pytest.mark.parametrize("secret", [SECRET, SECRET.encode()], ids=["text", "bytes"])
def test_pickle_and_copy_refuse_it_and_do_not_show_it(secret: Any) -> None:
    carriers: list[Callable[[Any], object]] = [copy.copy, lambda each: copy.deepcopy({"deep": [each]})]
    carriers += [lambda each, by=by: pickle.dumps([each], by) for by in range(pickle.HIGHEST_PROTOCOL + 1)]  # type: ignore[misc]  # by=by
    for carry in carriers:
        with pytest.raises(TypeError, match="<password 1> is a secret") as refusal:
            carry(secret)
        assert RAW not in str(refusal.value)

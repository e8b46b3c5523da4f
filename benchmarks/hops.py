"""Counts the functions of the package between a notebook cell and its answer.

Three ways are walked: `mfa_associate`, the display of its exchange (text and HTML), and *Allow* on the phone panel. A
function counts once, however often it is called; the number of calls stands beside. Lambdas and comprehensions do not
count, for they stand inside a function, nor does what a dataclass generates. Run it with `python -m benchmarks.hops`:
it exits 1 when a count is over its bound.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType

import click

from auth0_mfa_lab import Exchange, Lab
from auth0_mfa_lab.tenants.users import User

PACKAGE = "auth0_mfa_lab"
BOUNDS = {"mfa_associate": 110, "its display": 45, "phone_panel().allow()": 120}


class Passed(Counter[CodeType]):
    """The functions of the package that an act passes, each with the number of its calls.

    A thread that is there before the act, such as a sandbox's, is counted when this was made before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._counts = False
        threading.setprofile(self._see)

    def by(self, act: Callable[[], object]) -> Counter[CodeType]:
        """Return what `act` passes."""
        self.clear()
        self._counts = True
        sys.setprofile(self._see)
        try:
            act()
        finally:
            sys.setprofile(None)
            self._counts = False
        return Counter(self)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not self._counts or code.co_name.startswith("<") or code.co_filename.startswith("<"):
            return
        if str(frame.f_globals.get("__name__")).partition(".")[0] == PACKAGE:
            self[code] += 1


def mfa_token(lab: Lab, user: User) -> str:
    """Log in with the password alone."""
    token: str = lab.client.password_grant(username=user.username, password=user.password)["mfa_token"]
    return token


def associate(lab: Lab, token: str) -> Exchange:
    """Begin to enroll a phone for pushes."""
    return lab.client.mfa_associate(token, authenticator_types=["oob"], oob_channels=["auth0"])


def walk(lab: Lab, passed: Passed) -> list[Counter[CodeType]]:
    """Walk the three ways with a user of their own, and return what each passed."""
    user = lab.user()
    token = mfa_token(lab, user)
    first = passed.by(lambda: associate(lab, token))
    enrollment = lab.journal[-1]
    shown = passed.by(enrollment._repr_mimebundle_)
    lab.phone.scan(enrollment["barcode_uri"])
    lab.client.mfa_oob_grant(mfa_token=token, oob_code=enrollment["oob_code"])
    lab.client.mfa_challenge(mfa_token=mfa_token(lab, user), challenge_type="oob")
    return [first, shown, passed.by(lab.phone_panel().allow)]


@click.command()
@click.option("--names", is_flag=True, help="List the functions, too.")
def main(names: bool) -> None:
    """Print the three counts."""
    passed, lab = Passed(), Lab.sandbox()
    walk(lab, passed)  # what is imported late, or made once, is there now
    over = False
    for (way, bound), calls in zip(BOUNDS.items(), walk(lab, passed), strict=True):
        over |= len(calls) > bound
        files = len({code.co_filename for code in calls})
        click.echo(f"{way:21} {len(calls):4} functions (bound {bound}) in {files} files, {calls.total()} calls")
        for code, times in calls.items() if names else ():
            click.echo(f"    {code.co_filename.rpartition(f'/{PACKAGE}/')[2]}: {code.co_qualname} ({times})")
    sys.exit(over)


if __name__ == "__main__":
    main()

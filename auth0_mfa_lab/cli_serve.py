"""The command `auth0-mfa-lab serve`: the sandbox tenant for any application, in any language."""

from pathlib import Path
from typing import Literal

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0 takes a free one.")
@click.option("--host", default="localhost", show_default=True, help="Where to listen; another one: --allow-remote.")
@click.option("--allow-remote", is_flag=True, help="Let other machines in, where --host says so.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host by which clients know it, too.")
@click.option("--tls/--no-tls", default=True, help="TLS by a private CA, or plain HTTP.")
@click.option("--profile", type=click.Choice(["docs", "recorded"]), default="docs", show_default=True)
@click.option("--seed", type=int, help="Draw the same ids and secrets in each run.")
@click.option("--clock", type=click.Choice(["wall", "frozen"]), default="wall", show_default=True)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the settings here, never over a file of yours, and remove them at the end.",
)
def serve(
    port: int,
    host: str,
    allow_remote: bool,
    names: tuple[str, ...],
    tls: bool,
    profile: Literal["docs", "recorded"],
    seed: int | None,
    clock: str,
    env_file: Path | None,
) -> None:
    """Serve the sandbox tenant until Ctrl-C, for this machine alone."""
    from auth0_mfa_lab.serving import CannotServe, Wish
    from auth0_mfa_lab.serving import serve as serve_until_a_signal

    wish = Wish(
        host=host,
        port=port,
        tls=tls,
        names=names,
        allow_remote=allow_remote,
        profile=profile,
        seed=seed,
        frozen=clock == "frozen",
        env_file=env_file,
    )
    try:
        serve_until_a_signal(wish, say=click.echo, warn=lambda text: click.echo(f"Warning: {text}", err=True))
    except CannotServe as problem:
        raise click.ClickException(str(problem)) from None

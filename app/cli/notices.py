"""flask notices: what telling patients needs."""

import click

from app.door.noun import Noun
from app.notices import web_push

group = Noun("notices", help="Push and SMS.")


@group.command()
def vapid() -> None:
    """Print a new key pair for web push; with a new one, every browser has to be asked again."""
    private = web_push.new_key()
    click.echo(f"VAPID_PRIVATE_KEY={private}")
    click.echo(f"# public: {web_push.public_key(private)}")

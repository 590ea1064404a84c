"""A stand-in for OpenHive that keeps the platform's runtime contracts."""

import pathlib

APP = pathlib.Path(__file__).resolve().parent.parent


def version() -> str:
    """The release, as the image's tag names it."""
    return (APP / "VERSION").read_text().strip()

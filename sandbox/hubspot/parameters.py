"""The parameters of a request's address: unknown ones are refused, so that a misspelt one is seen."""

from flask import request

from sandbox.hubspot.problems import validation

# What a read of records may ask for.
READ = ("properties", "propertiesWithHistory", "associations", "archived")


def check_parameters(*known: str) -> None:
    """Raises `Problem` for any other."""
    unknown = sorted(request.args.keys() - set(known))
    if unknown:
        raise validation(f"Unknown query parameters: {', '.join(unknown)}")


def names_in(parameter: str) -> list[str]:
    """A list of names, each given by itself or several with commas between them."""
    return [name for given in request.args.getlist(parameter) for name in given.split(",") if name]


def is_set(parameter: str) -> bool:
    """A bool, false unless given; raises `Problem`."""
    # HubSpot's Python client writes them with a capital.
    value = request.args.get(parameter, "false").lower()
    if value not in ("true", "false"):
        raise validation(f"{parameter} must be true or false.")
    return value == "true"


def page_of(most: int) -> tuple[int, int]:
    """`limit` and `after` of a list; raises `Problem`."""
    limit, after = request.args.get("limit", "10"), request.args.get("after", "0")
    if not limit.isdecimal() or not after.isdecimal() or not 1 <= int(limit) <= most:
        raise validation(f"limit must be between 1 and {most}, after a number.")
    return int(limit), int(after)

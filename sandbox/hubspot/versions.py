"""The versions of HubSpot's API that the stand-in serves side by side, and what differs between them.

Source: HubSpot's public API descriptions of 2026-08-21 and its changelog.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """`multi_status`: a batch with refused rows answers 207, else its ordinary status with `errors` in it.
    `warns`: written rows may carry `warnings`. `unlinked_status`: what archiving associations answers.
    `display_hints`: a property's definition may hold how its values are shown. `option_order`: each option of a
    definition needs its displayOrder. `enforces_required`: the admin's required properties hold for the API too.
    `empty_batch`: a batch without inputs answers 200 with nothing in it. `merges_anew`: of a merge comes a new record
    with a new id, else the primary one keeps its own."""

    name: str
    multi_status: bool = True
    warns: bool = True
    unlinked_status: int = 204
    display_hints: bool = True
    option_order: bool = False
    enforces_required: bool = False
    empty_batch: bool = True
    merges_anew: bool = True

    def path(self, area: str) -> str:
        """The path under which `area` (`objects`, `properties` ...) lives; v3's associations are v4."""
        if self is not V3:
            return f"/crm/{area}/{self.name}"
        return f"/crm/{'v4' if area == 'associations' else 'v3'}/{area}"


V3 = Version("v3", empty_batch=False, merges_anew=False)
DATED_2026_03 = Version("2026-03")
DATED_2026_09 = Version(
    "2026-09",
    multi_status=False,
    warns=False,
    unlinked_status=200,
    display_hints=False,
    option_order=True,
    enforces_required=True,
)
VERSIONS = (V3, DATED_2026_03, DATED_2026_09)

"""The pipelines through which records move. Ids are a portal's own: whoever needs one has to read it."""

from dataclasses import dataclass

from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.settings import Settings


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`stages`: id -> label, in their order."""

    id: str
    label: str
    stages: dict[str, str]


def pipelines_of(settings: Settings, object_type: ObjectType) -> list[Pipeline]:
    """In their order, the default one first; none for a type without any."""
    found = settings.pipelines.get(object_type.name, {}) if object_type.pipeline else {}
    ids = (f"{object_type.name}{at or ''}-{settings.portal_id}" for at in range(len(found)))
    return [
        Pipeline(own, label, {f"{own}-{at}": stage for at, stage in enumerate(stages)})
        for own, (label, stages) in zip(ids, found.items(), strict=True)
    ]

"""Events of a bucket, however they come: from S3 itself, from EventBridge, or from either of them through a queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATED: Final = "ObjectCreated:"


@dataclass(frozen=True)
class Created:
    """An object that appeared in a bucket."""

    bucket: str
    key: str


@dataclass(frozen=True)
class Message:
    """What was delivered together, to be acknowledged together; `id` is the queue's, None without one."""

    id: str | None
    created: tuple[Created, ...]
    unreadable: str = ""


def messages(event: Mapping[str, Any]) -> list[Message]:
    """Return the messages of an invocation; what announces no new object has none in it.

    An event of no known form is `unreadable`: to send it again would not help, so whoever gets it lets it fail.
    """
    records = event.get("Records")
    if isinstance(records, list) and records and all(_from(record, "aws:sqs") for record in records):
        return [_of_queue(record) for record in records]
    return [_message(None, event)]


def _of_queue(record: Mapping[str, Any]) -> Message:
    id_ = str(record.get("messageId", ""))
    try:
        body = json.loads(record["body"])
    except (KeyError, TypeError, ValueError) as error:
        return Message(id_, (), f"no JSON: {error}")
    return _message(id_, body) if isinstance(body, dict) else Message(id_, (), "no object of JSON")


def _message(id_: str | None, event: Mapping[str, Any]) -> Message:
    try:
        return Message(id_, tuple(_created(event)))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Message(id_, (), f"no event of a bucket: {type(error).__name__} {error}")


def _created(event: Mapping[str, Any]) -> list[Created]:
    if event.get("Event") == "s3:TestEvent":  # sent once, when the notification is set up
        return []
    if event.get("source") == "aws.s3":
        detail = event["detail"]
        return [_object(detail, str(detail["object"]["key"]))] if event["detail-type"] == "Object Created" else []
    if not isinstance(event["Records"], list) or not all(_from(record, "aws:s3") for record in event["Records"]):
        raise ValueError("neither of S3 nor of EventBridge")
    return [
        _object(record["s3"], unquote_plus(record["s3"]["object"]["key"]))
        for record in event["Records"]
        if record["eventName"].removeprefix("s3:").startswith(CREATED)
    ]


def _from(record: Mapping[str, Any], source: str) -> bool:
    return isinstance(record, dict) and record.get("eventSource") == source


def _object(detail: Mapping[str, Any], key: str) -> Created:
    return Created(str(detail["bucket"]["name"]), key)

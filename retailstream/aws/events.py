"""Events of a bucket, however they come: from S3 itself or from EventBridge, through a topic, a queue, or both.

The envelopes are those that AWS documents for SNS and SQS: an invocation by a queue has records with a `body`, one by a
topic has records with `Sns`, and a topic puts its own envelope into a queue, unless delivery is raw.
"""

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
    if records := _records(event, "eventSource", "aws:sqs"):
        return [_read(str(record.get("messageId", "")), record, "body") for record in records]
    if records := _records(event, "EventSource", "aws:sns"):
        return [_read(None, record.get("Sns"), "Message") for record in records]
    return [_message(None, event)]


def _records(event: Mapping[str, Any], name: str, source: str) -> list[Mapping[str, Any]]:
    """Return the records of an invocation where all of them come from that source, which they name under that name."""
    records = event.get("Records")
    if isinstance(records, list) and all(isinstance(record, dict) and record.get(name) == source for record in records):
        return records
    return []


def _read(id_: str | None, envelope: Any, place: str) -> Message:  # noqa: ANN401 -- whatever was sent
    """Return the message that an envelope has as text under a name, within an envelope of a topic or not."""
    try:
        inner = json.loads(envelope[place])
        if isinstance(inner, dict) and inner.get("Type") == "Notification" and "TopicArn" in inner:
            inner = json.loads(inner["Message"])
    except (KeyError, TypeError, ValueError) as error:
        return Message(id_, (), f"no JSON: {error}")
    return _message(id_, inner) if isinstance(inner, dict) else Message(id_, (), "no object of JSON")


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
    records = _records(event, "eventSource", "aws:s3")
    if not records and event["Records"] != []:
        raise ValueError("neither of S3 nor of EventBridge")
    return [
        _object(record["s3"], unquote_plus(record["s3"]["object"]["key"]))
        for record in records
        if record["eventName"].removeprefix("s3:").startswith(CREATED)
    ]


def _object(detail: Mapping[str, Any], key: str) -> Created:
    return Created(str(detail["bucket"]["name"]), key)

"""Events of a bucket in the envelopes that AWS documents, and what is none of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retailstream.aws.events import Created, Message, messages

KEY = "sales/_manifest.json"
OURS = (Created("clean", KEY),)

RECORD: dict[str, Any] = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "us-east-1",
    "eventTime": "1970-01-01T00:00:00.000Z",
    "eventName": "ObjectCreated:Put",
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "versions",
        "bucket": {"name": "clean", "arn": "arn:aws:s3:::clean"},
        "object": {"key": KEY, "size": 1024, "sequencer": "0055AED6DCD90281E5"},
    },
}
S3 = {"Records": [RECORD]}
TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "clean",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
}
BRIDGE = {
    "version": "0",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {"bucket": {"name": "clean"}, "object": {"key": KEY, "size": 5}, "reason": "PutObject"},
}


def noted(message: str) -> dict[str, Any]:
    """Return an envelope of SNS."""
    return {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:versions",
        "Subject": "Amazon S3 Notification",
        "Message": message,
        "Timestamp": "1970-01-01T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "EXAMPLE",
        "UnsubscribeURL": "EXAMPLE",
    }


def by_topic(*texts: str) -> dict[str, Any]:
    """Return what SNS calls a function with."""
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:versions:21be56ed",
                "EventSource": "aws:sns",
                "Sns": {**noted(text), "MessageAttributes": {}},
            }
            for text in texts
        ]
    }


def by_queue(*bodies: str) -> dict[str, Any]:
    """Return what SQS calls a function with."""
    return {
        "Records": [
            {
                "messageId": f"id-{number}",
                "receiptHandle": "MessageReceiptHandle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "EXAMPLE",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:versions",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("inner", [S3, BRIDGE], ids=["S3", "EventBridge"])
def test_an_object_is_found_in_every_envelope(inner: dict[str, Any]) -> None:
    text = json.dumps(inner)
    assert messages(inner) == [Message(None, OURS)]
    assert messages(by_topic(text)) == [Message(None, OURS)]
    assert messages(by_queue(text)) == [Message("id-0", OURS)]
    assert messages(by_queue(json.dumps(noted(text)))) == [Message("id-0", OURS)]


def test_many_records_are_told_one_by_one_in_their_order() -> None:
    other = {**RECORD, "s3": {**RECORD["s3"], "object": {"key": "a+b%2Bc/_manifest.json"}}}
    gone = {**RECORD, "eventName": "ObjectRemoved:Delete"}
    both = json.dumps({"Records": [RECORD, gone, other]})
    created = (*OURS, Created("clean", "a b+c/_manifest.json"))
    assert messages({"Records": [RECORD, gone, other]}) == [Message(None, created)]
    assert messages(by_topic(both, json.dumps(S3))) == [Message(None, created), Message(None, OURS)]
    queued = by_queue(both, json.dumps(noted(both)), json.dumps(S3))
    assert messages(queued) == [Message("id-0", created), Message("id-1", created), Message("id-2", OURS)]


def test_the_event_that_tries_a_notification_announces_nothing() -> None:
    text = json.dumps(TEST)
    for event in (TEST, by_topic(text), by_queue(text), by_queue(json.dumps(noted(text)))):
        (message,) = messages(event)
        assert (message.created, message.unreadable) == ((), "")


@pytest.mark.parametrize(
    "text",
    [
        "Hello from SNS!",
        "[]",
        "{}",
        '{"Records": [{"eventSource": "aws:dynamodb"}]}',
        '{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}',
        json.dumps(noted(json.dumps(noted(json.dumps(S3))))),
    ],
)
def test_what_nobody_understands_is_its_own_message_and_no_other_one(text: str) -> None:
    good = json.dumps(S3)
    for event in (by_topic(text, good), by_queue(text, good), by_queue(json.dumps(noted(text)), good)):
        wrong, right = messages(event)
        assert wrong.unreadable
        assert (wrong.created, right.created, right.unreadable) == ((), OURS, "")


def test_records_of_two_kinds_are_none_of_a_bucket() -> None:
    mixed = {"Records": [*by_queue(json.dumps(S3))["Records"], RECORD]}
    (message,) = messages(mixed)
    assert (message.created, bool(message.unreadable)) == ((), True)

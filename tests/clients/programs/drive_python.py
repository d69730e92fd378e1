"""Carries out the steps on standard input with the synchronous client of PyPI's `twilio`."""

import json
import os
import sys

from telling import LOGINS, key_of, refusal, show, ttl_of
from twilio.base.exceptions import TwilioException
from twilio.rest import Client


def connect(login):
    client = Client(*LOGINS[login])
    client.sync.base_url = os.environ["SYNC_URL"]
    return client.sync.v1


def create(streams, step, results):
    named = {"unique_name": step["name"]} if "name" in step else {}
    return show(streams.create(**named, **ttl_of(step)))


def fetch(streams, step, results):
    return show(streams(key_of(step, results)).fetch())


def update(streams, step, results):
    return show(streams(key_of(step, results)).update(**ttl_of(step)))


def delete(streams, step, results):
    return streams(key_of(step, results)).delete()


def publish(streams, step, results):
    data = step["text"] if "text" in step else step["data"]
    message = streams(key_of(step, results)).stream_messages.create(data=data)
    return {"sid": message.sid, "data": message.data}


def list_(streams, step, results):
    return [show(stream) for stream in streams.list(limit=step.get("limit"), page_size=step.get("page_size"))]


def pages(streams, step, results):
    there, back = [], []
    page = streams.page(page_size=step["page_size"])
    while page is not None:
        there.append([stream.sid for stream in page])
        last, page = page, page.next_page()
    while (last := last.previous_page()) is not None:
        back.append([stream.sid for stream in last])
    return {"there": there, "back": back}


def iterate(streams, step, results):
    seen = []
    for stream in streams.stream(page_size=step["page_size"]):
        seen.append(show(stream))
        if len(seen) <= 8:
            streams.create(unique_name=f"new {len(seen)}")
        stream.delete()
    return seen


def burst(streams, step, results):
    accepted, errors = 0, []
    for number in range(step["count"]):
        try:
            streams(key_of(step, results)).stream_messages.create(data={"n": number})
            accepted += 1
        except TwilioException as error:
            errors.append(refusal(error))
    return {"accepted": accepted, "errors": errors}


OPERATIONS = {
    "create": create,
    "fetch": fetch,
    "update": update,
    "delete": delete,
    "publish": publish,
    "list": list_,
    "pages": pages,
    "iterate": iterate,
    "burst": burst,
}


def main():
    results, outcomes = {}, {}
    clients = {login: connect(login) for login in LOGINS}
    for step in json.load(sys.stdin):
        streams = clients[step["login"]].services(step["service"]).sync_streams
        try:
            results[step["id"]] = OPERATIONS[step["do"]](streams, step, results)
            outcomes[step["id"]] = {"value": results[step["id"]]}
        except TwilioException as error:
            outcomes[step["id"]] = {"error": refusal(error)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall show it
            outcomes[step["id"]] = {"crash": repr(error)}
    json.dump(outcomes, sys.stdout)


main()

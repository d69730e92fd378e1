"""Carries out the steps on standard input with the asynchronous client of PyPI's `twilio`."""

import asyncio
import json
import os
import sys

from telling import LOGINS, key_of, refusal, show, ttl_of
from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client


async def create(streams, step, results):
    named = {"unique_name": step["name"]} if "name" in step else {}
    return show(await streams.create_async(**named, **ttl_of(step)))


async def fetch(streams, step, results):
    return show(await streams(key_of(step, results)).fetch_async())


async def update(streams, step, results):
    return show(await streams(key_of(step, results)).update_async(**ttl_of(step)))


async def delete(streams, step, results):
    return await streams(key_of(step, results)).delete_async()


async def publish(streams, step, results):
    data = step["text"] if "text" in step else step["data"]
    message = await streams(key_of(step, results)).stream_messages.create_async(data=data)
    return {"sid": message.sid, "data": message.data}


async def list_(streams, step, results):
    found = await streams.list_async(limit=step.get("limit"), page_size=step.get("page_size"))
    return [show(stream) for stream in found]


async def pages(streams, step, results):
    there, back = [], []
    page = await streams.page_async(page_size=step["page_size"])
    while page is not None:
        there.append([stream.sid for stream in page])
        last, page = page, await page.next_page_async()
    while (last := await last.previous_page_async()) is not None:
        back.append([stream.sid for stream in last])
    return {"there": there, "back": back}


async def iterate(streams, step, results):
    seen = []
    async for stream in await streams.stream_async(page_size=step["page_size"]):
        seen.append(show(stream))
        changes = [stream.delete_async()]
        if len(seen) <= 8:
            changes.append(streams.create_async(unique_name=f"new {len(seen)}"))
        await asyncio.gather(*changes)
    return seen


async def burst(streams, step, results):
    """All at once: the answers come in any order."""
    messages = streams(key_of(step, results)).stream_messages
    answers = await asyncio.gather(
        *(messages.create_async(data={"n": number}) for number in range(step["count"])), return_exceptions=True
    )
    errors = [refusal(answer) for answer in answers if isinstance(answer, TwilioException)]
    return {"accepted": sum(not isinstance(answer, BaseException) for answer in answers), "errors": errors}


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


async def main():
    results, outcomes = {}, {}
    async with AsyncTwilioHttpClient() as http:
        clients = {login: Client(*pair, http_client=http) for login, pair in LOGINS.items()}
        for client in clients.values():
            client.sync.base_url = os.environ["SYNC_URL"]
        for step in json.load(sys.stdin):
            streams = clients[step["login"]].sync.v1.services(step["service"]).sync_streams
            try:
                results[step["id"]] = await OPERATIONS[step["do"]](streams, step, results)
                outcomes[step["id"]] = {"value": results[step["id"]]}
            except TwilioException as error:
                outcomes[step["id"]] = {"error": refusal(error)}
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shall show it
                outcomes[step["id"]] = {"crash": repr(error)}
    json.dump(outcomes, sys.stdout)


asyncio.run(main())

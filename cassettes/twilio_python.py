"""The program whose calls are in twilio_python.yaml: every operation of Streams with Twilio's own library.

It knows nothing of a proxy. TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are read from the environment.
"""

import os

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
streams = client.sync.v1.services("default").sync_streams

made = [streams.create(unique_name=f"cassette-orders-{number}", ttl=3600) for number in range(3)]
for stream in made:
    print("made", stream.unique_name, stream.account_sid == client.username, stream.date_created)
print("by name", streams("cassette-orders-1").fetch().sid == made[1].sid)
print("updated", streams(made[0].sid).update(ttl=7200).date_expires)
print("published", streams(made[0].sid).stream_messages.create(data={"order": 17, "for": "Ana"}).data)
print("listed", sorted(stream.unique_name for stream in streams.list(page_size=2)))
for call in (
    lambda: streams.create(unique_name="cassette-orders-0"),
    lambda: streams("cassette-orders-none").fetch(),
    lambda: streams(made[0].sid).stream_messages.create(data="x" * 5000),
):
    try:
        call()
    except TwilioRestException as error:
        print("refused", error.status, error.code)
for stream in made:
    print("deleted", streams(stream.sid).delete())

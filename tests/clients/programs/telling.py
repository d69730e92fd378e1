"""What both Python programs need to read steps and to tell outcomes."""

import json
import os
from datetime import UTC, datetime
from urllib.parse import quote

from twilio.base.exceptions import TwilioException

KEYS = "sid unique_name account_sid service_sid url links date_expires date_created date_updated created_by"
ACCOUNT, TOKEN = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
LOGINS = {"right": (ACCOUNT, TOKEN), "wrong token": (ACCOUNT, "wrong"), "wrong account": ("AC" + "9" * 32, TOKEN)}


def shown(value):
    """A value of a stream; of dates what only a date in UTC can tell."""
    if isinstance(value, datetime):
        assert value.tzinfo == UTC, value
        return {"date": int(value.timestamp())}
    return value


def show(stream):
    return {key: shown(getattr(stream, key)) for key in KEYS.split()}


def key_of(step, results):
    key = step["key"]
    if "sid_of" in key:
        return results[key["sid_of"]]["sid"]
    return quote(key["name"], safe="") if key["encoded"] else key["name"]


def ttl_of(step):
    return {"ttl": step["ttl"]} if "ttl" in step else {}


def refusal(error):
    if type(error) is TwilioException:  # what a page raises: the response is its second argument
        sentence, response = error.args
        body = json.loads(response.text)
        told = {"status": response.status_code, "code": body["code"], "message": f"{sentence}: {body['message']}"}
    else:
        told = {"status": error.status, "code": error.code, "message": error.msg, "shown": str(error)}
    return {"class": type(error).__name__, **told}

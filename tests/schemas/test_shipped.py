"""The schemas that ship, and the OpenAPI document as schemathesis sees it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi import formats

import schemas
from schemas import overlay
from schemas.extract import DEFAULT_OVERLAY
from schemas.formats import is_date_time, is_uri, is_uri_map
from schemas.render import pii_fields

ITEM, COLLECTION = "/v1/Services/{ServiceSid}/Streams/{Sid}", "/v1/Services/{ServiceSid}/Streams"
MESSAGES = "/v1/Services/{ServiceSid}/Streams/{StreamSid}/Messages"
HEX = "0123456789abcdef" * 2
BASE = "https://sync.twilio.com/v1/Services/IS" + HEX
STREAM = {
    "sid": "TO" + HEX,
    "unique_name": None,
    "account_sid": "AC" + HEX,
    "service_sid": "IS" + HEX,
    "url": f"{BASE}/Streams/TO{HEX}",
    "links": {"messages": f"{BASE}/Streams/TO{HEX}/Messages"},
    "date_expires": None,
    "date_created": "2020-02-29T12:00:00Z",
    "date_updated": "2020-02-29T12:00:00Z",
    "created_by": "system",
}
META = {
    "page": 0,
    "page_size": 50,
    "first_page_url": f"{BASE}/Streams?PageSize=50&Page=0",
    "previous_page_url": None,
    "url": f"{BASE}/Streams?PageSize=50&Page=0",
    "next_page_url": None,
    "key": "streams",
}
ERROR = {"code": 20404, "message": "no", "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}


def test_openapi_json_is_the_page_with_the_overlay():
    assert overlay.apply(schemas.openapi(page_only=True), overlay.read(DEFAULT_OVERLAY)) == schemas.openapi()


def test_the_schema_files_say_what_the_page_document_says():
    components = schemas.openapi(page_only=True)["components"]["schemas"]
    for name, component in components.items():
        file = json.dumps(schemas.load(name)).replace('.json"', '"')
        assert json.loads(file) == {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **json.loads(json.dumps(component).replace("#/components/schemas/", "")),
        }


def test_no_prose_but_ours_is_in_what_the_page_gives():
    text = json.dumps(schemas.openapi(page_only=True))
    descriptions = set(re.findall(r'"description": "([^"]*)"', text))
    assert descriptions == {
        "The new stream.", "The stream.", "One page of the list.", "The changed stream.", "The stream is deleted.",
    }  # fmt: skip


@pytest.mark.parametrize("name", schemas.names())
def test_every_schema_is_valid_2020_12(name):
    Draft202012Validator.check_schema(schemas.load(name))


def test_the_facts_of_the_page():
    stream = schemas.load("stream")
    assert set(stream["required"]) == set(STREAM) == set(stream["properties"])
    assert stream["properties"]["sid"] == {
        "type": ["string", "null"], "minLength": 34, "maxLength": 34, "pattern": "^TO[0-9a-fA-F]{32}$",
    }  # fmt: skip
    assert set(schemas.load("meta")["required"]) == set(META)
    create = schemas.load("create_form")
    assert create["properties"]["UniqueName"]["maxLength"] == 320
    assert create["x-encoding"] == "application/x-www-form-urlencoded"
    assert set(schemas.load("update_form")["properties"]) == {"Ttl"}
    assert schemas.load("query_parameters")["properties"]["PageSize"]["default"] == 50
    assert {limit["maximum"] for limit in stream["x-limits"]} == {4, 30}
    assert schemas.pii_fields() == {"unique_name", "created_by", "UniqueName"}
    assert pii_fields({"a": schemas.openapi()}) == schemas.pii_fields()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("stream", STREAM),
        ("stream", STREAM | {"new_key": 1}),
        ("stream_page", {"streams": [STREAM], "meta": META}),
        ("meta", META),
        ("error", ERROR),
        ("error", ERROR | {"details": {}}),
        ("message", {"sid": "TZ" + HEX, "data": [1]}),
    ],
)
def test_a_good_body_is_valid(name, good):
    assert list(schemas.validator(name).iter_errors(good)) == []


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *[("stream", {k: v for k, v in STREAM.items() if k != key}) for key in STREAM],
        *[("meta", {k: v for k, v in META.items() if k != key}) for key in META],
        *[("error", {k: v for k, v in ERROR.items() if k != key}) for key in ERROR],
        ("stream", STREAM | {"sid": "TZ" + HEX}),
        ("stream", STREAM | {"date_created": "Thu, 30 Jul 2015 20:00:00 GMT"}),
        ("stream", STREAM | {"date_created": "2019-02-29T12:00:00Z"}),
        ("stream", STREAM | {"url": "/v1/Streams"}),
        ("stream", STREAM | {"links": {"messages": "Messages"}}),
        ("stream", [STREAM]),
        ("stream_page", {"streams": [STREAM | {"sid": 1}], "meta": META}),
        ("stream_page", {"streams": [], "meta": META | {"key": "items"}}),
        ("meta", META | {"page": "0"}),
        ("meta", META | {"url": None}),
        ("error", ERROR | {"type": "about:blank"}),
        ("error", ERROR | {"title": "Not found"}),
        ("message", {"sid": "TZ" + HEX}),
    ],
)
def test_a_bad_body_is_not(name, bad):
    assert not schemas.validator(name).is_valid(bad)


def test_load_gives_a_fresh_copy_and_refuses_unknown_names():
    schemas.load("stream").clear()
    assert schemas.load("stream")
    for name in ("nothing", "../pyproject", "a/b", ""):
        with pytest.raises(schemas.SchemaNotFoundError, match="There is no schema"):
            schemas.load(name)
        with pytest.raises(schemas.SchemaNotFoundError):
            schemas.validator(name)
    assert schemas.validator("stream") is schemas.validator("stream")


def test_importing_the_package_is_cheap():
    command = "import sys, schemas; print(sorted({'jsonschema', 'yaml', 'schemathesis'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", command],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(schemas.__file__).parents[1],
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2015-07-30T20:00:00Z", True),
        ("2015-07-30T20:00:00.123+02:00", True),
        ("2015-07-30T23:59:60Z", True),
        ("2015-07-30 20:00:00Z", False),
        ("2015-07-30T20:00:00", False),
        ("2015-13-30T20:00:00Z", False),
        ("2015-07-30T20:00:00Z\n", False),
        ("٢٠١٥-07-30T20:00:00Z", False),
        ("0000-01-01T00:00:00Z", False),
    ],
)
def test_date_time(text, good):
    assert is_date_time(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://a.b/c?d=%20#e", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:80/", True),
        ("/relative", False),
        ("//host/relative", False),
        ("mailto:someone", False),
        ("https://a b", False),
        ("https://a/%zz", False),
        ("http://a:x/", False),
        ("http://[::1/", False),
        ("https://ü/", False),
        ("", False),
    ],
)
def test_uri(text, good):
    assert is_uri(text) is good
    assert is_uri_map({"k": text}) is good


@given(st.one_of(st.text(), st.none(), st.integers(), st.dictionaries(st.text(), st.text())))
def test_no_value_breaks_a_format(value):
    for name in ("stream", "meta", "error"):
        properties = schemas.load(name)["properties"]
        schemas.validator(name).is_valid(dict.fromkeys(properties, value))
    assert is_date_time(value) in {True, False}
    assert is_uri(value) in {True, False}
    assert is_uri_map(value) in {True, False}


def test_every_action_of_the_overlay_names_its_source():
    actions = yaml.safe_load(DEFAULT_OVERLAY.read_text(encoding="utf-8"))["actions"]
    assert {action["x-source"].split(":")[0] for action in actions} <= set(overlay.BASES)


def operations():
    return {
        operation["operationId"]: operation
        for path in schemas.openapi()["paths"].values()
        for operation in path.values()
    }


def test_the_operations_their_statuses_and_their_errors():
    statuses = {name: set(operation["responses"]) - {"default"} for name, operation in operations().items()}
    assert statuses == {
        "createStream": {"201"},
        "listStreams": {"200"},
        "fetchStream": {"200"},
        "updateStream": {"200"},
        "deleteStream": {"204"},
        "publishMessage": {"201"},
    }
    assert all("default" in operation["responses"] for operation in operations().values())


def test_links_lead_from_create_to_parameters_that_exist():
    links = operations()["createStream"]["responses"]["201"]["links"]
    assert {link["operationId"] for link in links.values()} == {
        "fetchStream", "updateStream", "deleteStream", "publishMessage",
    }  # fmt: skip
    for link in links.values():
        known = {parameter["name"] for parameter in operations()[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) == known


@pytest.fixture(scope="module")
def loaded():
    config = schemathesis.Config.from_dict(
        {"base-url": "http://127.0.0.1:9", "seed": 1, "generation": {"database": "none"}, "cache": {"enabled": False}}
    )
    return schemathesis.openapi.from_dict(schemas.openapi(), config=config)


@pytest.mark.parametrize(
    ("path", "method"), [(COLLECTION, "POST"), (COLLECTION, "GET"), (ITEM, "POST"), (MESSAGES, "POST")]
)
def test_schemathesis_generates_lawful_requests(loaded, path, method, monkeypatch):
    objects = st.dictionaries(st.text(max_size=3), st.integers()).map(json.dumps)
    monkeypatch.setitem(formats.STRING_FORMATS, "json-object", objects)

    @settings(max_examples=15, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=loaded[path][method].as_strategy())
    def generate(case):
        assert case.path_parameters["ServiceSid"]
        body = case.body if isinstance(case.body, dict) else {}
        assert set(body) <= {"UniqueName", "Ttl", "Data"}
        if path == MESSAGES:
            assert isinstance(json.loads(body["Data"]), dict)
        if "Ttl" in body:
            assert 0 <= int(body["Ttl"]) <= 31536000
        if "PageSize" in (case.query or {}):
            assert 1 <= int(case.query["PageSize"]) <= 100

    generate()

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from schemas import oas, page, render
from schemas.errors import PageError


def documents(text):
    return render.schemas(page.read(text))


def test_the_five_operations_are_told_apart(stream_like):
    resource = page.read(stream_like)
    assert [(o.kind, o.method, o.path) for o in resource.operations] == [
        ("create", "post", "/v1/Rivers/{RiverSid}/Brooks"),
        ("fetch", "get", "/v1/Rivers/{RiverSid}/Brooks/{Sid}"),
        ("list", "get", "/v1/Rivers/{RiverSid}/Brooks"),
        ("update", "post", "/v1/Rivers/{RiverSid}/Brooks/{Sid}"),
        ("delete", "delete", "/v1/Rivers/{RiverSid}/Brooks/{Sid}"),
    ]
    assert {o.server for o in resource.operations} == {"https://water.example.com"}


def test_files_are_named_after_the_resource(stream_like, nested_item, write_only):
    assert list(documents(stream_like)) == [
        "brook", "brook_page", "meta", "create_form", "update_form", "path_parameters", "query_parameters",
    ]  # fmt: skip
    assert list(documents(nested_item))[:2] == ["shelf_book", "shelf_book_page"]
    assert list(documents(write_only)) == ["safe_number", "create_form", "query_parameters"]


def test_the_item_requires_what_every_example_shows(stream_like, nested_item):
    brook = documents(stream_like)["brook"]
    assert brook["required"] == ["sid", "unique_name", "url", "links", "date_expires"]
    assert brook["x-derived-from"] == {"required": "example"}
    # tags and size are missing from one example, score from the other.
    assert documents(nested_item)["shelf_book"]["required"] == ["key", "shelf_sid", "revision", "data", "state"]


def test_an_error_body_is_no_example_of_the_resource(write_only):
    assert documents(write_only)["safe_number"]["required"] == ["sid", "phone_number"]


def test_meta_is_inferred_from_the_example_page(stream_like, nested_item):
    meta = documents(stream_like)["meta"]
    assert len(meta["required"]) == 7
    assert meta["properties"]["key"] == {"const": "brooks"}
    assert meta["properties"]["next_page_url"] == {"type": ["string", "null"], "format": "uri"}
    assert meta["properties"]["url"] == {"type": "string", "format": "uri"}
    assert meta["properties"]["page"] == {"type": "integer"}
    assert meta["x-derived-from"] == "example"
    assert documents(nested_item)["meta"]["properties"]["next_page_url"]["type"] == "string"


def test_a_page_refers_to_item_and_meta(stream_like):
    found = documents(stream_like)["brook_page"]
    assert found["required"] == ["brooks", "meta"]
    assert found["properties"]["brooks"]["items"] == {"$ref": "brook.json"}


def test_numbers_from_the_prose_arrive(stream_like, nested_item):
    found = documents(stream_like)
    assert found["create_form"]["properties"]["UniqueName"]["maxLength"] == 320
    size = found["query_parameters"]["properties"]["PageSize"]
    assert (size["minimum"], size["maximum"], size["default"], size["x-from-prose"]) == (1, 100, 50, ["default"])
    assert [limit["maximum"] for limit in found["brook"]["x-limits"]] == [4, 30]
    form = documents(nested_item)["create_form"]["properties"]
    assert form["Key"]["maxLength"] == 1320
    assert form["Data"] == {"x-limits": [{"maximum": 16, "unit": "KiB"}], "x-from-prose": ["x-limits"]}
    assert form["Delay"] == {
        "type": "integer", "minimum": 1000, "maximum": 30000, "default": 5000,
        "x-from-prose": ["default", "maximum", "minimum"],
    }  # fmt: skip
    assert form["Public"]["default"] is False
    assert form["State"]["default"] == "open"


def test_nested_enum_array_untyped_and_header_survive(nested_item):
    found = documents(nested_item)
    item = found["shelf_book"]["properties"]
    assert item["state"] == {"type": ["string", "null"], "enum": ["open", "lent", None]}
    assert item["tags"] == {"type": ["array", "null"], "maxItems": 5, "items": {"type": "string", "maxLength": 20}}
    assert "type" not in item["data"]
    assert item["size"]["properties"]["pages"]["exclusiveMinimum"] == 0
    assert found["create_form"]["required"] == ["Key", "Data"]
    assert found["create_form"]["x-conditional-parameters"] == {"Tags": ["State"], "State": ["Tags"]}
    assert found["header_parameters"]["properties"] == {"If-Match": {"type": "string"}}
    assert found["path_parameters"]["required"] == ["HouseSid", "ShelfSid", "Key"]
    assert render.pii_fields(found) == {"key", "data"}


def test_the_openapi_document_holds_everything(nested_item):
    document = oas.document(page.read(nested_item))
    collection = document["paths"]["/v2/Houses/{HouseSid}/Shelves/{ShelfSid}/Books"]
    assert collection["post"]["operationId"] == "createShelfBook"
    assert collection["get"]["operationId"] == "listBooks"
    assert collection["post"]["requestBody"]["required"] is True
    assert {"name": "Tag", "explode": False}.items() <= collection["get"]["parameters"][3].items()
    update = document["paths"]["/v2/Houses/{HouseSid}/Shelves/{ShelfSid}/Books/{Key}"]["post"]
    assert update["parameters"][0]["in"] == "header"
    assert document["info"]["version"] == "v2"
    assert "security" not in document


def test_basic_auth_comes_from_the_shown_command(stream_like):
    document = oas.document(page.read(stream_like))
    assert document["security"] == [{"basic": []}]
    assert document["components"]["securitySchemes"]["basic"]["x-derived-from"] == "example"


@pytest.mark.parametrize("name", ["stream_like", "nested_item", "write_only"])
def test_every_schema_is_valid_and_no_prose_is_left(name, request):
    text = request.getfixturevalue(name)
    for schema in documents(text).values():
        Draft202012Validator.check_schema(schema)
    resource = page.read(text)
    for document in (*documents(text).values(), oas.document(resource)["paths"]):
        assert "How many" not in json.dumps(document)
        assert '"title"' not in json.dumps(document)


def test_order_and_output_are_stable(stream_like):
    assert json.dumps(documents(stream_like)) == json.dumps(documents(stream_like))


def test_an_operation_shown_twice_counts_once(stream_like):
    again = '\n## Fetch by name\n\n`GET https://water.example.com/v1/Rivers/{RiverSid}/Brooks/{Sid}`\n\n### Path parameters\n\n```json\n[{"name":"RiverSid","in":"path","schema":{"type":"string"},"required":true},{"name":"Sid","in":"path","schema":{"type":"string"},"required":true}]\n```\n'  # noqa: E501
    assert len(page.read(stream_like + again).operations) == 5
    with pytest.raises(PageError, match=r"“Fetch by name”.*differently"):
        page.read(stream_like + again.replace('"type":"string"', '"type":"integer"'))


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


BROKEN = [
    ('"maximum":100}}', '"maximum":100', "Query parameters", '[{"name":"PageSize"', "not JSON"),
    ('"date_expires": null\n}', '"date_expires": null\n', "Path parameters", None, "not JSON"),
    ('"minimum":1,', '"minimun":1,', "Query parameters", '[{"name":"PageSize"', "“minimun”"),
    ('"in":"query","schema":{"type":"string"}', '"in":"query","shape":1,"schema":{"type":"string"}', "Query parameters", '[{"name":"PageSize"', "“shape”"),  # noqa: E501
    ('"pattern":"^BK', '"patern":"^BK', "Brook properties", '{"type":"object","refName"', "“patern”"),
    ('"encodingType":"application/x-www-form-urlencoded","conditionalParameterMap":{}}\n```\n\nMake', '"conditionalParameterMap":{}}\n```\n\nMake', "Request body parameters", '{"schema":{"type":"object","title":"Create', "encodingType"),  # noqa: E501
    ('"conditionalParameterMap":{}}\n```\n\n## Delete', '"surprise":{}}\n```\n\n## Delete', "Request body parameters", '{"schema":{"type":"object","title":"Update', "“surprise”"),  # noqa: E501
    ("## Brook properties", "## Brook things", "Brook Resource", "# Brook Resource", "no section with the properties"),
    ("`GET https://water.example.com/v1/Rivers/{RiverSid}/Brooks/{Sid}`", "", "Fetch a Brook", "## Fetch a Brook", "belongs to no operation"),  # noqa: E501
    ('"meta": {', '"mata": {', "Read multiple Brooks", "## Read multiple", "meta"),
    ("# Brook Resource", "Brook Resource", "", "Brook Resource", "no title"),
    ('"in":"query"', '"in":"body"', "Query parameters", '[{"name":"PageSize"', "'body'"),
    ('"name":"Page",', "", "Query parameters", '[{"name":"PageSize"', "no “name”"),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[4])
def test_a_broken_page_is_refused_with_heading_and_line(stream_like, case):
    old, new, heading, at, words = case
    assert old in stream_like
    broken = stream_like.replace(old, new, 1)
    with pytest.raises(PageError) as caught:
        documents(broken)
    assert caught.value.heading == heading
    if at is not None:
        assert caught.value.line == line_of(broken, at)
    assert words in str(caught.value)
    assert f"line {caught.value.line}" in str(caught.value)


def test_a_missing_section_of_path_parameters_is_noticed(stream_like):
    start = stream_like.index("### Path parameters", stream_like.index("## Fetch a Brook"))
    end = stream_like.index("```json\n{", start)
    with pytest.raises(PageError, match=r"“Fetch a Brook”.*\{RiverSid\}") as caught:
        page.read(stream_like[:start] + stream_like[end:])
    assert caught.value.line == line_of(stream_like, "## Fetch a Brook")


def test_a_section_without_its_block_is_noticed(stream_like):
    start = stream_like.index("```json", stream_like.index("### Query parameters"))
    end = stream_like.index("## Update")
    with pytest.raises(PageError, match=r"“Query parameters”.*no JSON block"):
        page.read(stream_like[:start] + stream_like[end:])


def test_the_line_of_cut_json_is_the_line_inside_the_block(nested_item):
    broken = nested_item.replace('"revision": {"type": "string", "nullable": true},', '"revision": {"type": "string"')
    with pytest.raises(PageError) as caught:
        page.read(broken)
    assert caught.value.line == line_of(broken, '    "data": {')


@pytest.mark.parametrize("cut", range(100, 5000, 317))
def test_a_page_cut_anywhere_is_read_or_refused(stream_like, cut):
    try:
        operations, line = page.read(stream_like[:cut]).operations, 1
    except PageError as error:
        operations, line = ("none",), error.line
    assert operations
    assert 1 <= line <= stream_like.count("\n") + 1


def test_a_list_key_is_found_even_if_meta_names_another(stream_like):
    assert "brooks" in documents(stream_like.replace('"key": "brooks"', '"key": "ponds"'))["brook_page"]["properties"]


def test_meta_is_nullable_where_one_of_two_examples_is_null(stream_like):
    second = stream_like[stream_like.index('```json\n{\n  "brooks"') : stream_like.index("## Update")]
    second = second.replace('"next_page_url": null', '"next_page_url": "https://water.example.com/next"')
    meta = documents(stream_like.replace("## Update a Brook", second + "## Update a Brook"))["meta"]
    assert meta["properties"]["next_page_url"] == {"type": ["string", "null"], "format": "uri"}
    assert meta["properties"]["previous_page_url"] == {"type": ["string", "null"], "format": "uri"}


def test_a_path_parameter_that_the_url_lacks_is_refused(stream_like):
    with pytest.raises(PageError, match=r"“Fetch a Brook”.*path parameter Sid is not in the URL"):
        page.read(stream_like.replace("Brooks/{Sid}", "Brooks/one", 1))


def test_a_body_is_required_when_a_field_is(stream_like, write_only):
    brooks = oas.document(page.read(stream_like))["paths"]["/v1/Rivers/{RiverSid}/Brooks"]
    numbers = oas.document(page.read(write_only))["paths"]["/v1/SafeNumbers"]
    assert brooks["post"]["requestBody"]["required"] is False
    assert numbers["post"]["requestBody"]["required"] is True
    assert "content" not in numbers["delete"]["responses"]["2XX"]


def test_a_parameter_is_required_when_every_operation_requires_it(write_only):
    assert "required" not in documents(write_only)["query_parameters"]
    once = write_only.replace('"schema":{"type":"string"}}]', '"required":true,"schema":{"type":"string"}}]')
    assert "required" not in documents(once)["query_parameters"]
    both = once.replace(
        '"schema":{"type":"string"},"x-twilio"', '"required":true,"schema":{"type":"string"},"x-twilio"'
    )
    assert documents(both)["query_parameters"]["required"] == ["PhoneNumber"]

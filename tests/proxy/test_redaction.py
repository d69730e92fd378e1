"""Nothing secret reaches the disk, and what stands instead keeps the recording usable."""

from __future__ import annotations

import base64
import json
import re
import string
import tempfile
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from proxy_traffic import (
    ACCOUNT,
    BASE,
    OTHER_ACCOUNT,
    SERVICE,
    STARTED,
    basic,
    create,
    exchange,
    reply,
    request,
    stream,
)

from conformance.exchange import Exchange, Headers, Request, Response
from proxy import document
from proxy.bodies import JSON_STYLES, decode_field
from proxy.cassette import load
from proxy.errors import RuleError, SecretFound
from proxy.header import Header, write_header, write_trailer
from proxy.journal import journal_of
from proxy.player import Player
from proxy.pseudonyms import Pseudonyms
from proxy.recorder import Recorder
from proxy.redaction import Redactor
from proxy.rules import ALWAYS, default_rules, load_rules

SALT = "00ff" * 8


def redactor(*known: str) -> Redactor:
    return Redactor(default_rules(), SALT, known)


def forms(secret: str) -> list[str]:
    """The ways in which a program may write a secret down."""
    raw = secret.encode()
    aligned = [base64.b64encode(pad + raw + tail) for pad in (b"", b"a", b"ab") for tail in (b"", b"x", b"xy")]
    aligned += [base64.urlsafe_b64encode(f"{ACCOUNT}:{secret}".encode())]
    return [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        "".join(f"%{byte:02x}" for byte in raw),
        json.dumps(secret)[1:-1],
        "".join(f"\\u{ord(character):04X}" for character in secret),
        quote(json.dumps({"a": secret})),
        quote(quote(secret, safe=""), safe=""),
        raw.hex(),
        *(encoded.decode() for encoded in aligned),
    ]


def traces(text: str, secret: str) -> list[str]:
    """Which of those are still in the text, base64 compared without the characters that depend on its surroundings."""
    views = {text}
    for _ in range(3):
        views |= {decode_field(view) for view in views}
        views |= {
            re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found.group(1), 16)), view)
            .replace('\\"', '"')
            .replace("\\\\", "\\")
            for view in views
        }
    cores = {base64.b64encode(b"\0" * pad + secret.encode()).decode()[4 if pad else 0 : -4] for pad in (0, 1, 2)}
    needles = {secret, secret.encode().hex(), *(core for core in cores if len(core) >= 8)}
    return [needle for needle in needles for view in views if needle in view or needle in view.replace("\n      ", "")]


secrets = st.text(string.ascii_letters + string.digits + '+/=-_.!~*"\\%& é', min_size=12, max_size=40).filter(
    lambda secret: secret.strip() == secret and len(set(secret)) > 6 and "redacted" not in secret
)


def exchange_with(place: str, written: str, secret: str) -> tuple[Request, Response]:
    asked = request("POST", "/v1/Services/default/Streams", {"Ttl": "1"})
    given = reply(200, stream("n"))
    latin = written.encode().decode("latin-1")
    urls = {
        "path": asked.url + "/" + quote(written, safe="%"),
        "query": asked.url + "?q=" + quote(written, safe=""),
        "raw query": asked.url + "?" + quote(written, safe="%=+/\\&"),
        "userinfo": asked.url.replace("://", f"://user:{quote(secret, safe='')}@"),
    }
    forms_sent = {
        "form": urlencode({"Ttl": "1", "X": written}).encode(),
        "raw form": f"X={written}&Ttl=1".encode(),
        "form JSON": urlencode({"Data": json.dumps({"deep": [written]})}).encode(),
    }
    responses = {
        "response header": Response(200, "OK", Headers((("X-Echo", latin),)), b""),
        "response JSON": reply(200, {**stream("n"), "note": ["a", {"b": written}], written: 1}),
        "response text": Response(200, "OK", Headers((("Content-Type", "text/html"),)), f"<b>{written}</b>".encode()),
        "response bytes": Response(200, "OK", Headers(), b"\xff\x00" + written.encode() + b"\xfe"),
    }
    extra = (("X-Custom", f"v={latin};"),) if place == "request header" else ()
    headers = Headers((*asked.headers.items, *extra))
    sent = Request(asked.method, urls.get(place, asked.url), headers, forms_sent.get(place, asked.body))
    return sent, responses.get(place, given)


PLACES = [
    "request header", "path", "query", "raw query", "userinfo", "form", "raw form", "form JSON",
    "response header", "response JSON", "response text", "response bytes",
]  # fmt: skip


VOCABULARY = (
    document.write(document.Interaction(1, 0, 0, create("n").request, create("n").response))
    + write_header(Header(STARTED, SALT, default_rules(), "twilio-sync-conformance 0.1.0"))
    + write_trailer(1, "")
    + "".join(JSON_STYLES)
    + "text/html"
)


@settings(max_examples=400, deadline=None)
@given(secrets, st.sampled_from(PLACES), st.integers(0, 17), st.booleans(), st.booleans())
def test_a_secret_is_in_no_file_in_no_encoding(
    secret: str, place: str, form: int, bearer: bool, keep_pii: bool
) -> None:
    asked, given = exchange_with(place, forms(secret)[form], secret)
    assume(secret not in VOCABULARY)
    credential = ("Authorization", f"Bearer {secret.encode().decode('latin-1')}") if bearer else basic(password=secret)
    if bearer and not secret.isascii():
        credential = ("Cookie", f"session={secret}")
    headers = Headers((*((n, v) for n, v in asked.headers.items if n != "Authorization"), credential))
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "c.yaml", started=STARTED, keep_pii=keep_pii)
        recorder.record(Exchange(Request(asked.method, asked.url, headers, asked.body), given, STARTED, STARTED))
        journal = journal_of(recorder.path).read_text()
        assert traces(journal, secret) == []
        assert ACCOUNT not in journal
        final = recorder.close().read_text()
        assert traces(final, secret) == []
        assert [path.name for path in Path(folder).iterdir()] == ["c.yaml"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Proxy-Authorization", "Basic " + base64.b64encode(b"u:hunter2hunter2").decode()),
        ("X-Api-Key", "hunter2hunter2"),
        ("X-Auth-Token", "hunter2hunter2"),
        ("x-amz-security-token", "hunter2hunter2"),
        ("X-Twilio-Signature", "hunter2hunter2"),
        ("Client-Secret", "hunter2hunter2"),
        ("Authorization", "hunter2hunter2"),
        ("Authorization", "Digest username=x, response=hunter2hunter2"),
        ("Cookie", "a=hunter2hunter2; b=1"),
    ],
)
def test_every_header_made_for_credentials_is_emptied(record, name: str, value: str) -> None:
    text = record(exchange(request("GET", "/", auth=None, headers=((name, value),)), reply(200, {}))).path.read_text()
    assert "hunter2" not in text
    assert base64.b64encode(b"hunter2hunter2").decode()[:12] not in text


def test_short_passwords_are_taken_out_of_credentials_but_not_searched_for(record) -> None:
    made = exchange(
        request("GET", "/v1/Services/testing/Streams", auth=basic(password="test")), reply(200, {"a": "test"})
    )
    text = record(made).path.read_text()
    assert ":test" not in text
    assert '"a": "test"' in text
    assert "Services/testing" in text


def test_set_cookie_keeps_its_name_and_attributes(record) -> None:
    cookie = (("Set-Cookie", "sid=abcdefghij; Path=/; HttpOnly"), ("Set-Cookie", "b=klmnopqrst"))
    found = record(exchange(request("GET", "/"), reply(200, {}, headers=cookie))).interaction(0)
    assert found.response.headers.all("Set-Cookie") == ("sid=redacted-2; Path=/; HttpOnly", "b=redacted-3")


@pytest.mark.parametrize(
    "field", ["auth_token", "AuthToken", "password", "apiKey", "client_secret", "access-token", "jwt"]
)
def test_fields_named_for_credentials_are_emptied_everywhere(record, field: str) -> None:
    secret = "s3cr3t-value-1"
    made = exchange(
        request("POST", f"/a?{field}={secret}", {field: secret}),
        reply(200, {"deep": [{field: secret}], "copy": secret}),
    )
    cassette = record(made)
    assert secret not in cassette.path.read_text()
    assert not hasattr(Player(cassette).answer(made.request), "kind")


def test_page_tokens_are_no_credentials(record) -> None:
    url = f"{BASE}/v1/Services/{SERVICE}/Streams?PageSize=2&Page=1&PageToken=PTabcdef0123"
    made = exchange(
        request("GET", url.removeprefix(BASE)), reply(200, {"meta": {"next_page_url": url, "page_token": "PTx"}})
    )
    text = record(made).path.read_text()
    assert text.count("PageToken=PTabcdef0123") == 2


def test_account_sids_become_the_same_well_formed_pseudonym_everywhere(record) -> None:
    made = create("orders", headers=(("X-Account", ACCOUNT), ("X-Base64", base64.b64encode(ACCOUNT.encode()).decode())))
    text = record(made).path.read_text()
    assert len(set(re.findall(r"AC[0-9a-f]{32}", text))) == 1
    assert text.count("AC") >= 3
    assert base64.b64encode(ACCOUNT.encode()).decode()[:40] not in text


def test_equal_names_stay_equal_and_different_ones_differ() -> None:
    made = Pseudonyms(SALT)
    names = [f"name {number}" for number in range(500)]
    assert len({made.name(name) for name in names}) == 500
    assert [made.name(name) for name in names] == [Pseudonyms(SALT).name(name) for name in names]
    assert Pseudonyms("other").name("name 1") != made.name("name 1")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_pseudonyms_are_recognised_and_keep_long_sizes(name: str) -> None:
    made = Pseudonyms(SALT)
    shown = made.name(name)
    assert made.name(shown) == shown
    assert Pseudonyms(SALT).name(shown) == shown
    if len(name.encode()) >= 30:
        assert len(shown) == len(name.encode())


@pytest.mark.parametrize(
    ("real", "kind"),
    [
        ('{"a": 1, "b": "a longer text than that"}', dict),
        ("[1, 2, 3]", list),
        ('"text"', str),
        ("42", int),
        ("-1.5e3", int),
        ("true", bool),
        ("null", type(None)),
        ("{}", dict),
        ('""', str),
    ],
)
def test_a_messages_data_keeps_its_kind(real: str, kind: type) -> None:
    made = Pseudonyms(SALT)
    shown = made.payload(real)
    assert type(json.loads(shown)) is kind
    assert Pseudonyms(SALT).payload(shown) == shown
    assert made.payload(shown) == shown


@given(st.integers(60, 5000))
def test_a_messages_data_keeps_its_size(size: int) -> None:
    real = json.dumps({"a": "x" * (size - 9)})
    assert len(real) == size
    assert len(Pseudonyms(SALT).payload(real)) == size


def test_data_that_means_the_same_gets_the_same_pseudonym() -> None:
    made = Pseudonyms(SALT)
    first, second = made.payload('{"a": 1, "b": [2.0]}'), made.payload('{"b":[2],"a":1.0}')
    assert re.findall("[0-9a-f]{24}", first) == re.findall("[0-9a-f]{24}", second)
    assert made.payload('{"a": 2, "b": [2.0]}') != first


def test_names_go_from_paths_messages_and_links_too(record) -> None:
    name = "Ana María/1"
    path = f"/v1/Services/{SERVICE}/Streams/{quote(name, safe='')}"
    made = exchange(
        request("GET", path),
        reply(
            404,
            {
                "message": f"The requested resource /Services/{SERVICE}/Streams/{name} was not found",
                "u": BASE + path,
                "n": name,
            },
        ),
    )
    cassette = record(made)
    text = cassette.path.read_text()
    for trace in ("Ana", "Mar", "%2F1"):
        assert trace not in text
    assert Player(cassette).answer(made.request).response.json() == made.response.json()


def test_a_short_name_goes_from_a_message(record) -> None:
    made = exchange(
        request("POST", "/v1/Services/default/Streams", {"UniqueName": "bob"}),
        reply(409, {"message": "Name bob taken", "code": 1}),
    )
    cassette = record(made)
    assert "bob" not in cassette.path.read_text()
    assert Player(cassette).answer(made.request).response.json() == made.response.json()


def test_sids_and_system_are_no_personal_data(record) -> None:
    made = create("TO" + "a" * 32)
    text = record(made).path.read_text()
    assert '["UniqueName", "TOaaaa' in text
    assert '"created_by": "system"' in text


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=3
    ),
)
def test_redacting_twice_is_redacting_once(name: str, data: dict[str, object]) -> None:
    made = redactor()
    asked = request(
        "POST", f"/v1/Services/{SERVICE}/Streams/{quote(name, safe='')}", {"UniqueName": name, "Data": json.dumps(data)}
    )
    given = reply(201, {"unique_name": name, "data": data, "message": f"x {name} y"})
    once = made.request(asked)
    assert made.request(once) == once == redactor().request(once)
    answered = made.response(given, asked)
    assert made.response(answered, once) == answered


def test_rules_can_be_added_and_switched_off(tmp_path: Path, record) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n- {id: customers, in: text, match: 'CUST-[0-9]+', action: pseudonym}\n"
        "- {id: tenant, in: header, match: x-tenant, action: secret}\ndisable: [pii-data]\n"
    )
    rules = load_rules(path, default_rules())
    made = exchange(
        request(
            "POST",
            "/v1/Services/default/Streams/TO1/Messages",
            {"Data": '{"a":"visible"}'},
            headers=(("X-Tenant", "acme-tenant"),),
        ),
        reply(201, {"sid": "TZ1", "note": "for CUST-1234"}),
    )
    cassette = record(made, rules=rules)
    text = cassette.path.read_text()
    assert "CUST-1" not in text
    assert "acme-tenant" not in text
    assert "visible" in text
    assert {rule.id for rule in cassette.header.rules} == {rule.id for rule in rules}
    assert "pii-data" not in {rule.id for rule in cassette.header.rules}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"disable: [{ALWAYS[0]}]", "can't be switched off"),
        ("disable: [nothing]", "no rule 'nothing'"),
        ("rules: [{id: a}]", "exactly the keys"),
        ("rules: [{id: a, in: sky, match: x, action: secret}]", "'sky'"),
        ("rules: [{id: a, in: text, match: '(', action: secret}]", "regular expression"),
        ("rules: [{id: a, in: text, match: 'x*', action: secret}]", "matches nothing"),
        ("rules: [{id: cookies, in: text, match: x, action: secret}]", "already"),
        ("rules: [{id: a, in: text, match: 1, action: secret}]", "strings"),
        ("- 1", "`rules` and `disable`"),
        ("a: [", "not YAML"),
    ],
)
def test_bad_rules_files_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(content)
    with pytest.raises(RuleError, match=re.escape(str(path))) as caught:
        load_rules(path, default_rules())
    assert problem in str(caught.value)


def test_a_secret_that_becomes_known_too_late_refuses_the_file_and_names_the_entry(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml", started=STARTED)
    recorder.record(create("orders"))
    recorder.record(exchange(request("GET", "/"), reply(200, {"note": "late-secret-value"})))
    recorder.record(exchange(request("GET", "/", auth=basic(password="late-secret-value")), reply(200, {})))
    with pytest.raises(SecretFound, match="interaction 2") as caught:
        recorder.close()
    assert "late-secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_known_secrets_are_taken_out_from_the_start(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml", known_secrets=["from-the-environment"])
    recorder.record(exchange(request("GET", "/"), reply(200, {"note": "from-the-environment"})))
    assert "from-the-env" not in recorder.close().read_text()


def test_a_caller_with_other_credentials_gets_their_own_account(record) -> None:
    cassette = record(create("orders"))
    theirs = create("orders", auth=basic(OTHER_ACCOUNT, "another-token-entirely"))
    assert Player(cassette).answer(theirs.request).response.json()["account_sid"] == OTHER_ACCOUNT


def test_loading_finds_the_rules_in_the_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml", keep_pii=True)
    recorder.record(create("orders"))
    header = load(recorder.close()).header
    assert header.keep_pii
    assert not any(rule.id.startswith("pii-") for rule in header.rules)


@pytest.mark.parametrize("password", ["response", "password", "conformance", "application", "sync.twilio.com"])
def test_a_password_that_is_also_a_word_of_the_traffic_does_not_break_the_recording(record, password: str) -> None:
    made = create("conformance-application", auth=basic(password=password))
    found = Player(record(made)).answer(made.request)
    assert found.response.json() == made.response.json()
    assert found.response.headers == made.response.headers

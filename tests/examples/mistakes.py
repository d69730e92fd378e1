"""Common mistakes, as changes of the example emulator. The guide's table has the same mistakes and rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """What an author does wrong, the rule that says so, and how to do it: pairs of old and new text."""

    what: str
    rule: str
    changes: tuple[tuple[str, str], ...]


def mistake(what: str, rule: str, *changes: tuple[str, str]) -> Mistake:
    return Mistake(what, rule, changes)


MISTAKES = (
    mistake("the path is not percent-decoded", "NAME-RESERVED-CHARACTERS", (".map(decodeURIComponent)", "")),
    mistake(
        "a name's length is taken in bytes", "NAME-COUNTED-IN-CHARACTERS",
        ("[...uniqueName].length > 320", "Buffer.byteLength(uniqueName) > 320"),
    ),
    mistake(
        "names are unique over all services, or compared across them", "NAME-IN-OTHER-SERVICE",
        ("alive(serviceSid).some((s) =>", "streams.some((s) =>"),
    ),
    mistake(
        "a plus sign in a form stays a plus sign", "CREATE-FORM-DECODED",
        ("new URLSearchParams(body)", "new URLSearchParams(body.replaceAll('+', '%2B'))"),
    ),
    mistake(
        "links and `service_sid` show the service's name as it stood in the URL", "STREAM-SERVICE-SID",
        ("service_sid: stream.serviceSid,", "service_sid: base.split('/')[5],"),
        ("/v1/Services/${serviceSid}/Streams`", "/v1/Services/${service}/Streams`"),
    ),
    mistake("dates with milliseconds", "STREAM-DATES-WHOLE-SECONDS", (".replace(/\\.\\d+/, '')", "")),
    mistake("`date_updated` never moves", "STREAM-DATE-UPDATED", ("  stream.updated = now;\n", "")),
    mistake(
        "`Page` moves on without a token", "LIST-PAGE-ALONE",
        (
            "const token = query.get('PageToken');",
            "const skipped = Number(query.get('Page') ?? 0) * size;\n"
            "  const nth = alive(serviceSid)[skipped - 1]?.number ?? 0;\n"
            "  const token = query.get('PageToken') ?? `after-${nth}`;",
        ),
    ),
    mistake("PageSize is not limited to 100", "LIST-PAGE-SIZE-MAXIMUM", ("Math.max(Number(asked), 1), 100)", "Math.max(Number(asked), 1), 1e9)")),
    mistake(
        "the next page forgets the page size", "LIST-NEXT-KEEPS-SIZE",
        ("`${base}?PageSize=${size}&Page=${n}`", "`${base}?Page=${n}`"),
    ),
    mistake(
        "Ttl is read as text that begins with digits", "TTL-NOT-INTEGER",
        ("const ttl = form.get('Ttl') ?? '';", "const ttl = String(parseInt(form.get('Ttl')) || '');"),
    ),
    mistake(
        "the new expiry is counted from the create, not from the update", "UPDATE-TTL",
        ("stream.expires = expiry(form, now);", "stream.expires = expiry(form, stream.created);"),
    ),
    mistake(
        "an update without UniqueName takes the name away", "UPDATE-KEEPS-REST",
        ("  stream.updated = now;\n", "  stream.updated = now;\n  stream.uniqueName = form.get('UniqueName');\n"),
    ),
    mistake("an expired stream is still fetched", "TTL-GONE", (" && (s.expires === null || s.expires > Date.now())", "")),
    mistake(
        "a message's size is counted in characters", "SIZE-4200-UNICODE",
        ("Buffer.byteLength(JSON.stringify(data)) > 4096", "JSON.stringify(data).length > 4096"),
    ),
    mistake(
        "the limit counts the encoded form, so a message of 4,000 bytes is too large", "SIZE-4000-ASCII",
        ("Buffer.byteLength(JSON.stringify(data)) > 4096", "form.toString().length > 4500"),
    ),
    mistake(
        "one rate limit for all streams", "RATE-PER-STREAM",
        ("function publish(stream, form) {", "const shared = { published: [] };\n\nfunction publish(stream, form) {"),
        ("  stream.published = stream.published.filter(", "  stream = shared;\n  stream.published = stream.published.filter("),
    ),
    mistake("no rate limit", "RATE-REFUSED", ("stream.published.length >= 300", "false")),
    mistake("messages can be listed", "MESSAGES-NOT-QUERIED", ("? { POST: () => publish", "? { GET: () => [200, []], POST: () => publish")),
    mistake("any login opens everything", "AUTH-WRONG-TOKEN", ("request.headers.authorization !== login", "!request.headers.authorization")),
    mistake("an error is a bare text", "ERROR-BODY", ("json = { code,", "json = message && { error: message } || { code,")),
    mistake(
        "an unknown method is taken for the nearest one", "ERROR-METHOD",
        ("  if (!(request.method in operations))", "  if (['PUT', 'PATCH'].includes(request.method)) return operations.POST();\n  if (!(request.method in operations))"),
    ),
)  # fmt: skip


def changed(program: str, mistake: Mistake) -> str:
    """The program with that mistake in it. Raises ValueError when it no longer fits."""
    for old, new in mistake.changes:
        if program.count(old) != 1:
            raise ValueError(f"{mistake.what!r}: {old!r} stands {program.count(old)} times in the emulator")
        program = program.replace(old, new)
    return program

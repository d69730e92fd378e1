"""Generated tests: every operation by itself, chains along the links of the document, stories against a model."""

from __future__ import annotations

from conformance.context import Context
from conformance.properties.generation import Operations
from conformance.properties.links import follow_links
from conformance.properties.stories import explore
from conformance.registry import rule, scenario


@scenario(generates=True)
def generated_creates(ctx: Context) -> None:
    """Creates are generated from the OpenAPI document, with names of any characters; each stream is deleted again."""
    Operations(ctx, "createStream").try_out()


@rule("PROPERTY-CREATE")
def test_generated_creates(generated_creates: None) -> None:
    """No answer may be missing, a 5xx, or a success that breaks the schema; what is plainly valid must succeed."""


@scenario(generates=True)
def generated_fetches(ctx: Context) -> None:
    """Fetches are generated of streams by sid and by name, and of sids, names and services that do not exist."""
    Operations(ctx, "fetchStream").try_out()


@rule("PROPERTY-FETCH")
def test_generated_fetches(generated_fetches: None) -> None:
    """No answer may be missing, a 5xx, or a success that breaks the schema; what exists must be found."""


@scenario(generates=True)
def generated_lists(ctx: Context) -> None:
    """Lists are generated with any lawful PageSize and Page, and with tokens made up."""
    ctx.make("listed")
    Operations(ctx, "listStreams").try_out()


@rule("PROPERTY-LIST")
def test_generated_lists(generated_lists: None) -> None:
    """No answer may be missing, a 5xx, or a success that breaks the schema; PageSize alone must succeed."""


@scenario(generates=True)
def generated_updates(ctx: Context) -> None:
    """Updates are generated with any lawful Ttl, of streams by sid and by name and of what does not exist."""
    Operations(ctx, "updateStream").try_out()


@rule("PROPERTY-UPDATE")
def test_generated_updates(generated_updates: None) -> None:
    """No answer may be missing, a 5xx, or a success that breaks the schema; a Ttl for a stream must succeed."""


@scenario(generates=True)
def generated_deletes(ctx: Context) -> None:
    """Deletes are generated of streams by sid and by name and of what does not exist."""
    Operations(ctx, "deleteStream").try_out()


@rule("PROPERTY-DELETE")
def test_generated_deletes(generated_deletes: None) -> None:
    """No answer may be missing or be a 5xx; what exists must be deleted."""


@scenario(generates=True)
def generated_messages(ctx: Context) -> None:
    """JSON objects of up to 4,000 bytes are generated and published by sid, by name and to what does not exist."""
    Operations(ctx, "publishMessage").try_out()


@rule("PROPERTY-PUBLISH")
def test_generated_messages(generated_messages: None) -> None:
    """No answer may be missing or be a 5xx; a stream must accept its messages, unless it limits their rate."""


@scenario(generates=True)
def linked_operations(ctx: Context) -> frozenset[str]:
    """Chains of generated requests follow the OpenAPI document's links, from a create to all that its sid opens."""
    return follow_links(ctx)


@rule("PROPERTY-LINKS")
def test_linked_operations(linked_operations: frozenset[str]) -> None:
    """What a create answered must be found by every operation linked to it, and by none that fetches it once deleted.

    A run in which no link was followed is an error of the suite.
    """
    if not linked_operations:
        raise RuntimeError("no link of the OpenAPI document was followed")


@scenario(generates=True)
def random_stories(ctx: Context) -> None:
    """Streams are created, updated, deleted, fetched, listed and published to, lawfully or not, in random order."""
    explore(ctx)


@rule("PROPERTY-MODEL")
def test_random_stories(random_stories: None) -> None:
    """After each step the target must agree with a model of streams and names; the shortest bad story is told."""

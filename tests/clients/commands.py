"""The steps carried out with curl: each request is one command line, as a person would write it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .installed import command
from .serving import Server

CURL_REFUSED = 22  # its exit code for a status of 400 or more, with --fail


class Curl:
    """Carries out steps; remembers what streams earlier steps got."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.program = command("curl")
        self.results: dict[str, Any] = {}
        account, token = server.account_sid, server.auth_token
        self.logins = {"right": (account, token), "wrong token": (account, "wrong")}
        self.logins["wrong account"] = ("AC" + "9" * 32, token)

    def run(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        outcomes = {}
        for step in steps:
            outcomes[step["id"]] = self.carry_out(step)
            self.results[step["id"]] = outcomes[step["id"]].get("value")
        return outcomes

    def carry_out(self, step: dict[str, Any]) -> dict[str, Any]:
        streams = f"{self.server.url}/v1/Services/{step['service']}/Streams"
        match step["do"]:
            case "list":
                return self.list(step, streams)
            case "pages":
                return {"value": self.pages(step, streams)}
            case "iterate":
                return {"value": self.iterate(step, streams)}
            case "burst":
                return {"value": self.burst(step, streams)}
        fields = {"UniqueName": step.get("name"), "Ttl": step.get("ttl")}
        if step["do"] == "publish":
            fields = {"Data": step["text"] if "text" in step else json.dumps(step["data"])}
        form = [f"{name}={value}" for name, value in fields.items() if value is not None]
        url = streams if step["do"] == "create" else f"{streams}/{self.key(step)}"
        url += "/Messages" if step["do"] == "publish" else ""
        method = {"fetch": "GET", "delete": "DELETE"}.get(step["do"], "POST")
        return self.ask(step, method, url, form)

    def key(self, step: dict[str, Any]) -> str:
        key = step["key"]
        return self.results[key["sid_of"]]["sid"] if "sid_of" in key else quote(key["name"], safe="")

    def ask(self, step: dict[str, Any], method: str, url: str, form: list[str] | None = None) -> dict[str, Any]:
        """One request; its answer as an outcome."""
        with tempfile.NamedTemporaryFile() as out:
            line = [
                self.program,
                "-sS",
                "--fail-with-body",
                "-X",
                method,
                url,
                "-u",
                ":".join(self.logins[step["login"]]),
            ]
            for field in form or ():
                line += ["--data-urlencode", field]
            line += ["-o", out.name, "-w", "%{http_code} %{content_type}"]
            done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)
            status, _, content_type = done.stdout.partition(" ")
            body = Path(out.name).read_text()
        if done.returncode == CURL_REFUSED:
            return {"error": {"exit": done.returncode, "status": int(status), "type": content_type, **json.loads(body)}}
        assert done.returncode == 0, (line, done.stderr)
        return {"value": json.loads(body) if body else True}

    def list(self, step: dict[str, Any], streams: str) -> dict[str, Any]:
        limit = step.get("limit")
        url = f"{streams}?PageSize={step.get('page_size') or limit}"
        found: list[Any] = []
        while url and (limit is None or len(found) < limit):
            outcome = self.ask(step, "GET", url)
            if "error" in outcome:
                return outcome
            found += outcome["value"]["streams"]
            url = outcome["value"]["meta"]["next_page_url"]
        return {"value": found[:limit]}

    def pages(self, step: dict[str, Any], streams: str) -> dict[str, Any]:
        walked: dict[str, list[list[str]]] = {"there": [], "back": []}
        page = self.ask(step, "GET", f"{streams}?PageSize={step['page_size']}")["value"]
        walked["there"].append([stream["sid"] for stream in page["streams"]])
        for direction, link in (("there", "next_page_url"), ("back", "previous_page_url")):
            while page["meta"][link]:
                page = self.ask(step, "GET", page["meta"][link])["value"]
                walked[direction].append([stream["sid"] for stream in page["streams"]])
        return walked

    def iterate(self, step: dict[str, Any], streams: str) -> list[Any]:
        seen: list[Any] = []
        url = f"{streams}?PageSize={step['page_size']}"
        while url:
            page = self.ask(step, "GET", url)["value"]
            for stream in page["streams"]:
                seen.append(stream)
                if len(seen) <= 8:
                    assert "value" in self.ask(step, "POST", streams, [f"UniqueName=new {len(seen)}"])
                assert self.ask(step, "DELETE", stream["url"]) == {"value": True}
            url = page["meta"]["next_page_url"]
        return seen

    def burst(self, step: dict[str, Any], streams: str) -> dict[str, Any]:
        answers = [
            self.ask(step, "POST", f"{streams}/{self.key(step)}/Messages", [f'Data={{"n":{number}}}'])
            for number in range(step["count"])
        ]
        errors = [answer["error"] for answer in answers if "error" in answer]
        return {"accepted": len(answers) - len(errors), "errors": errors}

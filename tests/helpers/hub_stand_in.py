"""A small server that answers as the Hugging Face Hub does to uploads and downloads of models."""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

WRITERS = {"hf_ada": "ada"}
"""Tokens, and whose namespace they may write to."""

LARGE = ".safetensors"
"""Ending of files that go to the store of large files."""


@dataclass
class Repository:
    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        everything = {**self.commits.get(self.branches.get(branch, ""), {}), **files}
        text = repr((len(self.commits), sorted(everything), [everything[name] for name in sorted(everything)]))
        number = hashlib.sha1(text.encode()).hexdigest()
        self.commits[number] = everything
        self.branches[branch] = number
        return number

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        number = self.branches.get(revision, revision)
        return (number, self.commits[number]) if number in self.commits else None


class Hub:
    """What the server holds: repositories, large files, and the requests that it got."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.tokens_of_store: list[str] = []
        self.url, self.store_url = "", ""

    def add(self, name: str, files: dict[str, bytes], private: bool = False) -> str:
        """A repository with one commit; returns the commit's number."""
        self.repositories[name] = Repository(private)
        return self.repositories[name].commit(files)


@contextmanager
def running_hub():
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (HubHandler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    hub.store_url = f"http://localhost:{server.server_port}/large"  # another host, as in the wild
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class HubHandler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        """Nothing; `Hub.requests` has them."""

    def do_HEAD(self) -> None:
        self.answer("HEAD")

    def do_GET(self) -> None:
        self.answer("GET")

    def do_POST(self) -> None:
        self.answer("POST")

    def do_PUT(self) -> None:
        self.answer("PUT")

    @property
    def writer(self) -> str | None:
        return WRITERS.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))

    def answer(self, method: str) -> None:
        path = self.path.partition("?")[0]
        self.hub.requests.append((method, path))
        body = self.body()
        routes = {
            r"POST /api/repos/create": self.create,
            r"POST /api/validate-yaml": self.validate,
            r"POST /api/models/(?P<repo>[^/]+/[^/]+)/branch/(?P<branch>.+)": self.branch,
            r"POST /api/models/(?P<repo>[^/]+/[^/]+)/preupload/(?P<revision>.+)": self.preupload,
            r"POST /api/models/(?P<repo>[^/]+/[^/]+)/commit/(?P<revision>.+)": self.commit,
            r"POST /(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch": self.batch,
            r"PUT /large/(?P<oid>\w+)": self.store,
            r"(GET|HEAD) /large/(?P<oid>\w+)": self.fetch,
            r"(GET|HEAD) /(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)": self.resolve,
        }
        for pattern, route in routes.items():
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return route(body, **found.groupdict())
        return self.reply(404, {"error": f"no such endpoint: {method} {path}"})

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def reply(self, status: int, content: object = b"", **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def repository(self, name: str, write: bool = False) -> Repository | None:
        """The repository, if the request may see or change it; else an answer was sent."""
        repository = self.hub.repositories.get(name)
        owner = name.partition("/")[0]
        if repository is None or ((repository.private or write) and self.writer is None):
            self.reply(404 if self.writer else 401, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return None
        if write and self.writer != owner:
            self.reply(403, {"error": f"You may not write to {owner}."})
            return None
        return repository

    def create(self, body: bytes) -> None:
        told = json.loads(body)
        if self.writer is None:
            return self.reply(401, {"error": "Invalid username or password."})
        owner = told.get("organization") or self.writer
        if owner != self.writer:
            return self.reply(403, {"error": f"You don't have the rights to create a model under {owner}."})
        name = f"{owner}/{told['name']}"
        known = {"url": f"{self.hub.url}/{name}"}
        if name in self.hub.repositories:
            return self.reply(409, {**known, "error": "You already created this model repo"})
        private = told.get("private") or told.get("visibility") == "private"
        self.hub.add(name, {".gitattributes": b""}, private=bool(private))
        return self.reply(200, known)

    def validate(self, body: bytes) -> None:
        text = json.loads(body)["content"]
        try:
            front = yaml.safe_load(text.split("---\n")[1])
            errors = [] if isinstance(front, dict) else [{"message": "no front matter"}]
        except (yaml.YAMLError, IndexError) as error:
            errors = [{"message": str(error)}]
        self.reply(400 if errors else 200, {"errors": errors, "warnings": []})

    def branch(self, body: bytes, repo: str, branch: str) -> None:
        if repository := self.repository(repo, write=True):
            if branch in repository.branches:
                return self.reply(409, {"error": "Reference already exists"})
            repository.branches[branch] = repository.branches["main"]
            return self.reply(200, {})
        return None

    def preupload(self, body: bytes, repo: str, revision: str) -> None:
        if self.repository(repo, write=True):
            paths = [file["path"] for file in json.loads(body)["files"]]
            modes = {True: "lfs", False: "regular"}
            files = [{"path": path, "uploadMode": modes[path.endswith(LARGE)], "shouldIgnore": False} for path in paths]
            self.reply(200, {"files": files})

    def batch(self, body: bytes, repo: str) -> None:
        if self.repository(repo, write=True):
            objects = json.loads(body)["objects"]
            actions = [{"upload": {"href": f"{self.hub.store_url}/{entry['oid']}"}} for entry in objects]
            found = [{**entry, "actions": action} for entry, action in zip(objects, actions, strict=True)]
            self.reply(200, {"transfer": "basic", "objects": found})

    def store(self, body: bytes, oid: str) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            return self.reply(400, {"error": "checksum"})
        self.hub.large[oid] = body
        return self.reply(200)

    def fetch(self, body: bytes, oid: str) -> None:
        self.hub.tokens_of_store += self.headers.get_all("Authorization") or []
        self.reply(200, self.hub.large[oid], ETag=f'"{oid}"')

    def commit(self, body: bytes, repo: str, revision: str) -> None:
        repository = self.repository(repo, write=True)
        if repository is None:
            return None
        if revision not in repository.branches:
            return self.reply(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
        files = {}
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "lfsFile":
                files[line["value"]["path"]] = self.hub.large[line["value"]["oid"]]
        number = repository.commit(files, revision)
        return self.reply(200, {"commitUrl": f"{self.hub.url}/{repo}/commit/{number}", "commitOid": number})

    def resolve(self, body: bytes, repo: str, revision: str, file: str) -> None:
        repository = self.repository(repo)
        if repository is None:
            return None
        found = repository.files(revision)
        if found is None:
            return self.reply(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
        number, files = found
        if file not in files:
            return self.reply(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound", X_Repo_Commit=number)
        content = files[file]
        if not file.endswith(LARGE):
            return self.reply(200, content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', X_Repo_Commit=number)
        oid = hashlib.sha256(content).hexdigest()
        self.hub.large.setdefault(oid, content)
        linked = {"X_Linked_Etag": f'"{oid}"', "X_Linked_Size": str(len(content)), "X_Repo_Commit": number}
        return self.reply(302, Location=f"{self.hub.store_url}/{oid}", **linked)

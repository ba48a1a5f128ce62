"""Endpoints side by side: our API over the bare engine, engines and number formats, eight adapters of one base.

Everything runs in one state home, in turns, so that a busy machine slows all of it alike. Environments are created in
the state home (with a compiler: 7 minutes, once); ``--home`` keeps it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from common import relay
from common.machine import memory_bandwidth
from common.workplace import DATASET, MODEL, command, provide, state_home

from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints.bench.load import Level, run_level
from modelops_server.endpoints.direct import engine_client
from modelops_server.endpoints.sockets import engine_api

TYPES = ("q8_0", "q4_k_m")
ADAPTERS = 8
TOKENS = 64
PARTS = ("overhead", "engines", "adapters")


@contextmanager
def served(ref: str, *options: str) -> Iterator[str]:
    """The name of an endpoint that is ready; it is removed afterwards."""
    print(f"serving {ref} {' '.join(options)}", file=sys.stderr)
    name = command("endpoints", "start", ref, "--parity", "off", *options)["name"]
    try:
        yield name
    finally:
        command("endpoints", "remove", name)


@contextmanager
def jupyter() -> Iterator[httpx.AsyncClient]:
    """A client of the OpenAI API of a Jupyter server of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}"),
                *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--ModelOpsApp.standby=0"),
                *("--ServerApp.jpserver_extensions={'modelops_server': True}", "--ModelOpsApp.schedule=False"),
                "--ModelOpsApp.requests_per_minute=0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        base, headers = f"http://127.0.0.1:{port}/modelops/openai/v1/", {"Authorization": f"Bearer {token}"}
        try:
            while True:
                try:
                    httpx.get(f"{base}models", headers=headers).raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield httpx.AsyncClient(base_url=base, headers=headers, timeout=600)
        finally:
            server.terminate()
            server.wait()


@contextmanager
def relayed(endpoint: endpoints.Endpoint) -> Iterator[httpx.AsyncClient]:
    """A client of the engine through a process that does nothing but hand on bytes."""
    socket = str(endpoint.status.socket)
    process = subprocess.Popen([sys.executable, relay.__file__, socket], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        api = {**engine_api(Path(socket)), "base_url": f"http://127.0.0.1:{int(process.stdout.readline())}/v1/"}
        yield httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_keepalive_connections=0), **api)
    finally:
        process.kill()
        process.wait()


def summary(levels: list[Level]) -> dict[str, Any]:
    """Tokens a second, and the median time to the first token, of several rounds of one kind."""
    good = [answer for level in levels for answer in level.good]
    return {
        "tokens_per_second": [sum(answer.tokens for answer in level.good) / level.seconds for level in levels],
        "first_token": median(answer.first for answer in good),
        "errors": sum(len(level.answers) - len(level.good) for level in levels),
    }


def ratio(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """The median over rounds of how many times as many tokens a second were written."""
    pairs = zip(ours["tokens_per_second"], theirs["tokens_per_second"], strict=True)
    return float(median(one / other for one, other in pairs))


def overhead(rounds: int) -> list[dict[str, Any]]:
    """Our API, a relay of bytes and the bare engine in turns, with one request at a time and with eight."""
    rows = []
    with ExitStack() as stack:
        name = stack.enter_context(served(f"{MODEL}-q8_0", "--parallel", "8", "--context", "512"))
        endpoint = endpoints.find(StateHome.default(), name)
        ours, bytes_only = stack.enter_context(jupyter()), stack.enter_context(relayed(endpoint))

        async def measure(concurrency: int) -> dict[str, Any]:
            found: dict[str, list[Level]] = {"engine": [], "api": [], "relay": []}
            async with engine_client(endpoint) as engine:
                await run_level(engine, [name], concurrency, concurrency, 8)
                for number in range(rounds):
                    order = [("engine", engine), ("api", ours), ("relay", bytes_only)]
                    for kind, client in order if number % 2 else reversed(order):
                        found[kind].append(await run_level(client, [name], concurrency, 2 * concurrency, TOKENS))
            return {"concurrency": concurrency, **{kind: summary(levels) for kind, levels in found.items()}}

        async def both() -> None:
            for concurrency in (1, 8):
                print(f"overhead with {concurrency} at a time", file=sys.stderr)
                row = await measure(concurrency)
                for kind in ("api", "relay"):
                    later = row[kind]["first_token"] - row["engine"]["first_token"]
                    row[kind].update(ratio=ratio(row[kind], row["engine"]), first_token_later=later)
                rows.append(row)
            await ours.aclose()
            await bytes_only.aclose()

        asyncio.run(both())
    return rows


def engines(rounds: int) -> dict[str, Any]:
    """How fast each engine writes for one and for four at a time, and how much of the memory's bandwidth that takes."""
    kinds = {
        **{f"llamacpp {kind}": (f"{MODEL}-{kind}", "llamacpp") for kind in TYPES},
        "transformers": (MODEL, "transformers"),
        "vllm-cpu": (MODEL, "vllm"),
    }
    rows: dict[str, dict[str, list[Level]]] = {kind: {"1": [], "4": []} for kind in kinds}
    memory: dict[str, int] = {}
    for _ in range(rounds):
        for kind, (ref, engine) in kinds.items():
            with served(ref, "--engine", engine, "--context", "512") as name:
                endpoint = endpoints.find(StateHome.default(), name)

                async def measure(kind: str = kind, name: str = name, endpoint: Any = endpoint) -> None:
                    async with engine_client(endpoint) as client:
                        await run_level(client, [name], 1, 1, 8)
                        for concurrency in (1, 4):
                            level = await run_level(client, [name], concurrency, 2 * concurrency, TOKENS)
                            rows[kind][str(concurrency)].append(level)

                asyncio.run(measure())
                memory[kind] = command("endpoints", "show", name)["memory"]
    registry, bandwidth = Registry(), memory_bandwidth()
    sizes = {
        kind: sum(file.size for file in registry.get(ref).files if file.path.endswith((".gguf", ".safetensors")))
        for kind, (ref, _) in kinds.items()
    }
    found = {}
    for kind, levels in rows.items():
        alone, four = summary(levels["1"]), summary(levels["4"])
        best = max(alone["tokens_per_second"])
        found[kind] = {
            "alone": alone,
            "four": four,
            "memory": memory[kind],
            "bytes_per_token": sizes[kind],
            "share_of_bandwidth": best * sizes[kind] / bandwidth,
        }
    return {"rows": found, "memory_bandwidth": bandwidth}


def eight_adapters() -> list[str]:
    """Eight adapters of one base: the trained one, with updates of other strengths."""
    from safetensors.torch import load_file, save_file

    registry = Registry()
    trained = next(item for item in registry.list(kind="adapter") if item.metadata.get("base_digest"))
    names = []
    with registry.verified_open(trained.ref) as opened:
        for number in range(ADAPTERS):
            name = f"bench-adapter-{number}"
            names.append(name)
            if registry.list(name=name):
                continue
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "adapter"
                shutil.copytree(opened.path, copy, ignore=shutil.ignore_patterns("golden.json"))
                weights = load_file(copy / "adapter_model.safetensors")
                strengths = {key: 1 - number / 20 if "lora_B" in key else 1.0 for key in weights}
                scaled = {key: value * strengths[key] for key, value in weights.items()}
                save_file(scaled, copy / "adapter_model.safetensors", metadata={"format": "pt"})
                facts = {key: trained.metadata[key] for key in ("base_model", "base_digest")}
                dependencies = (trained.as_dependency("adapter"),)
                build = Build("benchmark", {"strength": str(1 - number / 20)}, dependencies)
                registry.register(copy, name=name, kind="adapter", metadata=facts, build=build)
    return names


def adapters(rounds: int) -> list[dict[str, Any]]:
    """Eight requests at a time to eight adapters, and to one, of the same engine; memory beside eight processes."""
    names, rows = eight_adapters(), []
    for engine, ref in (("transformers", MODEL), ("llamacpp", f"{MODEL}-q8_0")):
        options = ("--engine", engine, "--parallel", "8", "--context", "512")
        with served(ref, *options, "--adapter", names[0]) as alone:
            one = command("endpoints", "show", alone)["memory"]
        with served(ref, *options, *(part for name in names for part in ("--adapter", name))) as name:
            endpoint = endpoints.find(StateHome.default(), name)
            models = [f"{name}/{adapter}" for adapter in names]

            async def measure(name: str = name, endpoint: Any = endpoint, models: Any = models) -> dict[str, Any]:
                kinds = {"eight": models, "one": models[:1], "none": [name]}
                found: dict[str, list[Level]] = {kind: [] for kind in kinds}
                async with engine_client(endpoint) as client:
                    await run_level(client, models, 8, 8, 4)
                    for _ in range(rounds):
                        for kind, asked in kinds.items():
                            found[kind].append(await run_level(client, asked, 8, 16, TOKENS))
                return {kind: summary(levels) for kind, levels in found.items()}

            row = asyncio.run(measure())
            together = command("endpoints", "show", name)["memory"]
        rows.append(
            {
                "engine": engine,
                **row,
                "ratio": ratio(row["eight"], row["one"]),
                "memory": together,
                "memory_of_eight": ADAPTERS * one,
            }
        )
    return rows


def targets(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What our API may take of the engine's speed."""
    found = {}
    for row in rows:
        share, later = row["api"]["ratio"], 1000 * row["api"]["first_token_later"]
        many = f"{row['concurrency']}_at_a_time"
        found[f"share_{many}"] = {"value": round(share, 3), "target": ">= 0.97", "met": share >= 0.97}
        found[f"first_token_later_ms_{many}"] = {"value": round(later, 1), "target": "<= 5", "met": later <= 5}
    return found


def report(result: dict[str, Any]) -> None:
    """Print what was measured."""
    for row in result.get("overhead", ()):
        engine = median(row["engine"]["tokens_per_second"])
        said = [f"{row['concurrency']} at a time: bare engine {engine:.1f} tokens/s"]
        for kind, way in (("api", "our API"), ("relay", "a relay of bytes")):
            later = 1000 * row[kind]["first_token_later"]
            said.append(f"through {way} {row[kind]['ratio']:.1%} of that, first token {later:+.1f} ms")
        print("; ".join(said))
    if measured := result.get("engines"):
        print(f"memory: {measured['memory_bandwidth'] / 1e9:.1f} GB/s read by all cores")
        for kind, row in measured["rows"].items():
            alone, four = (median(row[key]["tokens_per_second"]) for key in ("alone", "four"))
            print(
                f"{kind:<18} alone {alone:6.1f} tokens/s (best {row['share_of_bandwidth']:.0%} of the bandwidth), "
                f"four at a time {four:6.1f}; {row['memory'] / 1e6:,.0f} MB"
            )
    for row in result.get("adapters", ()):
        written = {kind: median(row[kind]["tokens_per_second"]) for kind in ("eight", "one", "none")}
        print(
            f"{row['engine']}: eight adapters {written['eight']:.1f}, one {written['one']:.1f}, "
            f"none {written['none']:.1f} tokens/s: eight are {row['ratio']:.0%} of one; "
            f"{row['memory'] / 1e6:,.0f} MB, eight processes {row['memory_of_eight'] / 1e6:,.0f} MB"
        )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="state home that is kept, with models and environments")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with state_home(asked.home):
        provide(["llamacpp-kquants", *(["vllm-cpu"] if "engines" in asked.only else [])])
        there = {item["name"] for item in command("artifacts", "list", "--limit", "1000")}
        if not {f"{MODEL}-{kind}" for kind in TYPES} <= there:
            command("run", "quantize-gguf", "-p", f"types={json.dumps(TYPES)}", "-p", f"dataset={DATASET}")
        if "adapters" in asked.only and "python-docs" not in there:
            command("run", "sft", "-p", "max_minutes=1", "-p", "adapter_name=python-docs")
        measured = {part: globals()[part](asked.rounds) for part in PARTS if part in asked.only}
    measured["targets"] = targets(measured.get("overhead", []))
    print(json.dumps(measured, indent=2)) if asked.json else report(measured)


if __name__ == "__main__":
    main()

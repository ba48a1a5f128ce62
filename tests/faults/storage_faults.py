"""Runs one operation on copies of a state home, with a fault at its first, second, third … system call that writes.

Usage: python storage_faults.py OPERATION FAULT TEMPLATE COPIES FOLDER. FAULT is ``kill`` (SIGKILL before the call), or
the number of an error that the call fails with. Prints a line for each copy: its number, and how the operation ended.
The fault is put into the calls by which Python and SQLite's module reach the operating system, below all our code.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops.registry.database import as_database
from modelops.registry.upkeep.gc import collect_garbage
from modelops.registry.upkeep.rebuild import rebuild

CALLS = ("fsync", "rename", "replace", "link", "unlink", "remove", "mkdir", "chmod", "fchmod")
STATEMENTS = {"BEGIN", "COMMIT", "INSERT", "UPDATE"}


def operate(operation: str, home: StateHome, folder: Path) -> None:
    """What is disturbed, and what must succeed when it is done again."""
    match operation:
        case "register":
            build = Build("job", {}, ())
            Registry(home).register(folder, name="model", kind="model", metadata={}, build=build)
        case "alias":
            Registry(home).set_alias("model", "production", 2)
        case "gc":
            collect_garbage(Registry(home), grace=0, delete=True)
        case "sign":
            Registry(home).log.catch_up()
        case _:
            rebuild(home)


class Faults:
    """Counts the calls that write, and lets one of them fail."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.passed = 0
        self.fatal = 0

    def moment(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            if self.kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(int(self.kind), os.strerror(int(self.kind)))

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self._failing(getattr(os, name)))
        real_open, real_connect = io.open, sqlite3.connect

        def opened(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **options: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return real_open(file, mode, buffering, *rest, **options)
            raw = self._file(file, mode.replace("b", ""), opener=options.get("opener"))
            stream = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return stream if "b" in mode else io.TextIOWrapper(stream, options.get("encoding"))

        def connect(*arguments: Any, factory: Any = sqlite3.Connection, **options: Any) -> Any:
            return real_connect(*arguments, factory=self._connection(factory), **options)

        io.open = builtins.open = opened
        sqlite3.connect = connect

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def disturbed(*arguments: Any, **options: Any) -> Any:
            self.moment()
            return call(*arguments, **options)

        return disturbed

    def _file(self, *arguments: Any, **options: Any) -> io.FileIO:
        faults = self

        class File(io.FileIO):
            def write(self, content: Any) -> int:
                half = bytes(content)[: len(content) // 2]
                try:
                    faults.moment()
                except OSError:
                    super().write(half)  # a disk that fills up takes the beginning
                    raise
                return super().write(content) or 0

            def truncate(self, size: int | None = None) -> int:
                faults.moment()
                return super().truncate(size)

        return File(*arguments, **options)

    def _connection(self, base: Any) -> Any:
        faults = self

        class Connection(base):
            def execute(self, statement: str, *arguments: Any) -> Any:
                self._disturb(statement)
                result = super().execute(statement, *arguments)
                if statement.startswith("COMMIT"):
                    self._disturb(statement)  # an error that comes after the commit is durable
                return result

            def executemany(self, statement: str, *arguments: Any) -> Any:
                self._disturb(statement)
                return super().executemany(statement, *arguments)

            def _disturb(self, statement: str) -> None:
                if statement.split()[0].upper() not in STATEMENTS:
                    return
                try:
                    faults.moment()
                except OSError as error:
                    # SQLite undoes the transaction after some errors, and leaves it to the caller after others.
                    if faults.fatal % 2 and self.in_transaction:
                        super().execute("ROLLBACK")
                    raise sqlite3.OperationalError("disk I/O error") from error

        return Connection


def main(operation: str, kind: str, template: str, copies: str, folder: str) -> None:
    """Disturb the operation at every moment there is, each time in a copy of its own and a process of its own."""
    faults = Faults(kind)
    as_database(sqlite3.connect(":memory:")).conn.close()  # imported once, not in every child
    while True:
        faults.fatal += 1
        home = StateHome(Path(copies) / str(faults.fatal))
        shutil.copytree(template, home.root, symlinks=True)
        child = os.fork()
        if child == 0:
            faults.install()
            try:
                operate(operation, home, Path(folder))
            except (ModelOpsError, OSError, sqlite3.Error):
                os._exit(3)
            os._exit(0 if faults.passed < faults.fatal else 4)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(faults.fatal, {0: "undisturbed", 3: "failed", 4: "succeeded", -9: "killed"}[status], flush=True)
        if status == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The queue's tables, and the trigger that keeps an ended job as it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops_server.jobs.states import TERMINAL, State

if TYPE_CHECKING:
    from sqlite_utils import Database


def _first(database: Database) -> None:
    states = ", ".join(f"'{state}'" for state in State)
    terminal = ", ".join(f"'{state}'" for state in sorted(TERMINAL))
    database.execute(f"""
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of submission, whatever the clock says
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            template TEXT NOT NULL,
            executor TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ({states})),
            epoch INTEGER NOT NULL DEFAULT 0,
            reason TEXT,
            artifacts TEXT NOT NULL DEFAULT '[]',
            request_digest TEXT NOT NULL,
            idempotency_key TEXT UNIQUE,
            submitted TEXT NOT NULL,
            started TEXT,
            finished TEXT,
            cancel_requested TEXT
        ) STRICT
    """)
    database.execute("CREATE INDEX jobs_by_state ON jobs (state, number)")
    database.execute("""
        CREATE TABLE attempts (
            job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            epoch INTEGER NOT NULL,
            scheduler TEXT,
            runner TEXT,
            heartbeat REAL NOT NULL,
            started TEXT NOT NULL,
            finished TEXT,
            outcome TEXT,
            peak_memory INTEGER,
            PRIMARY KEY (job, epoch)
        ) STRICT, WITHOUT ROWID
    """)
    database.execute(f"""
        CREATE TRIGGER ended_jobs_stay
        BEFORE UPDATE OF state, epoch, reason, artifacts, finished ON jobs
        WHEN OLD.state IN ({terminal})
        BEGIN SELECT RAISE(ABORT, 'an ended job cannot change'); END
    """)


def _resources_and_retries(database: Database) -> None:
    for column in (
        "priority INTEGER NOT NULL DEFAULT 0",
        "cpus REAL NOT NULL DEFAULT 1",
        "gpus INTEGER",  # NULL: one, where the machine has any
        "memory INTEGER NOT NULL DEFAULT 0",
        "retries_left INTEGER NOT NULL DEFAULT 0",
        "retry_of TEXT",
    ):
        database.execute(f"ALTER TABLE jobs ADD COLUMN {column}")
    # What the attempt holds while it is active, and why it ended.
    for column in (
        "cpus REAL NOT NULL DEFAULT 1",
        "gpus TEXT NOT NULL DEFAULT '[]'",
        "memory INTEGER NOT NULL DEFAULT 0",
        "reason TEXT",
    ):
        database.execute(f"ALTER TABLE attempts ADD COLUMN {column}")
    database.execute("""
        CREATE TABLE dependencies (
            job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
            needs TEXT NOT NULL REFERENCES jobs (id),
            PRIMARY KEY (job, needs)
        ) STRICT, WITHOUT ROWID
    """)
    database.execute("CREATE INDEX dependencies_by_need ON dependencies (needs)")
    database.execute("CREATE INDEX jobs_waiting ON jobs (priority DESC, number) WHERE state = 'queued'")


MIGRATIONS = (_first, _resources_and_retries)

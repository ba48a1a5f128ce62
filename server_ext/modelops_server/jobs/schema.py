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


MIGRATIONS = (_first,)

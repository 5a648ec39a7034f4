"""Every wait of the daemon has an end. This is the list of them: what is waited for, how many seconds as things are
shipped, and the test that shows what its end is like. A wait that is added is to be added here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from warmup import imap, smtp
from warmup.config import Config, load
from warmup.daemon import log, reader, run
from warmup.store import engine, lock

TESTS = Path(__file__).parents[1]
CONFIG: Config = load(None, {"HOME": "/nonexistent"})
SUBMISSION, READING, SERVICE = CONFIG.submission, CONFIG.reading, CONFIG.service

WAITS: dict[str, tuple[float, str]] = {
    "a name": (SUBMISSION.connect, "smtp/test_dial.py::test_a_name_server_that_is_silent_ends_at_the_deadline"),
    "SMTP, TCP": (SUBMISSION.connect, "smtp/test_dial.py::test_a_closed_port_is_a_refused_connection"),
    "SMTP, TLS": (SUBMISSION.connect, "smtp/test_dial.py::test_a_tls_handshake_has_a_deadline"),
    "SMTP, an answer": (SUBMISSION.command, "smtp/test_faults.py::test_silence_ends_at_the_deadline_of_its_stage"),
    "SMTP, after DATA": (SUBMISSION.data, "smtp/test_faults.py::test_data_and_the_dot_have_deadlines_of_their_own"),
    "SMTP, after the dot": (SUBMISSION.dot, "smtp/test_faults.py::test_data_and_the_dot_have_deadlines_of_their_own"),
    "SMTP, goodbye": (smtp.Timeouts().quit, "smtp/test_faults.py::test_a_goodbye_that_fails_is_nobodys_trouble"),
    "IMAP, TCP": (READING.connect, "imap/test_sign_in.py::test_a_closed_port_is_a_refused_connection"),
    "IMAP, TLS": (READING.connect, "imap/test_sign_in.py::test_a_tls_handshake_has_a_deadline"),
    "IMAP, an answer": (READING.command, "imap/test_faults.py::test_silence_at_any_command_ends_at_the_deadline"),
    "IMAP, a message": (
        imap.Timeouts().transfer,
        "imap/test_faults.py::test_silence_at_any_command_ends_at_the_deadline",
    ),
    "IMAP, goodbye": (imap.Timeouts().logout, "imap/test_faults.py::test_a_goodbye_that_fails_is_nobodys_trouble"),
    "a visit": (reader._LONGEST, "daemon/test_faults_mailboxes.py::test_a_visit_without_end_is_ended"),
    "SQLite, another's write": (engine._BUSY, "daemon/test_faults_store.py::test_a_database_that_can_not_be_written"),
    "PostgreSQL, another's row": (engine._BUSY, "store/test_faults.py::test_a_row_that_somebody_else_holds"),
    "PostgreSQL, connecting": (engine._CONNECT, "daemon/test_faults_store.py::test_a_postgresql_that_is_restarted"),
    "PostgreSQL, another's lock": (
        float(lock._PATIENCE.removesuffix("s")),
        "store/test_open.py::test_only_one_daemon_at_a_time_and_the_second_is_told_of_the_first",
    ),
    "a database that is down, the next try": (
        run._AGAIN,
        "daemon/test_faults_store.py::test_a_daemon_that_is_told_to_stop_while_it_waits_for_the_database_does",
    ),
    "SIGTERM, what is in hand": (
        SERVICE.stop_within.total_seconds(),
        "cli/test_stop.py::test_what_was_taken_without_a_word_is_found_later_and_not_sent_again",
    ),
    "whoever reads the log": (log._PATIENCE, "daemon/test_faults_log.py::test_a_pipe_that_nobody_reads"),
}


@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_has_an_end_and_a_test_of_it(wait: str) -> None:
    seconds, test = WAITS[wait]
    file, _, name = test.partition("::")
    assert 0 < seconds <= 1800
    assert f"def {name}" in (TESTS / file).read_text()


def test_whoever_is_told_to_stop_does_so_before_the_service_manager_loses_its_patience() -> None:
    """The unit's TimeoutStopSec=1min, with the database locked by somebody at that moment."""
    assert SERVICE.stop_within.total_seconds() + 2 * engine._BUSY < 60

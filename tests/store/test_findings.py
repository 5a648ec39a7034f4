"""What was found last of a domain is kept, and nothing older."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from warmup.store import Examination, Noted, findings

from .pool import DAY, NOON, Pool


def noted(code: str, level: str = "error") -> Noted:
    return Noted(code=code, of="one.test", what=f"it is {code}", level=level, why="for it matters", fix="mend it")


def test_the_last_examination_of_each_domain_is_kept_in_its_order(pool: Pool) -> None:
    one = Examination("one.test", NOON, (noted("spf-missing"), noted("mx-ok", "ok"), noted("dkim-weak")))
    two = Examination("two.test", NOON - DAY, (noted("mx-ok", "ok"),))
    for examination in (two, one):
        pool.store.run(findings.put, examination)
    assert pool.store.run(findings.last, ["two.test", "one.test", "other.test"]) == [one, two]
    later = Examination("one.test", NOON + DAY, (noted("mx-ok", "ok"),))
    pool.store.run(findings.put, later)
    assert pool.store.run(findings.last, ["one.test"]) == [later]
    assert pool.store.run(findings.last, []) == []


def test_a_level_that_there_is_not_is_refused_by_the_database(pool: Pool) -> None:
    with pytest.raises(IntegrityError):
        pool.store.run(findings.put, Examination("one.test", NOON, (noted("mx-ok", "dreadful"),)))

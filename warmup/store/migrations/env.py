"""What Alembic runs around the steps in `versions`: on the connection, and in the transaction, that `schema` gives it.

A step is written by hand, in plain SQLAlchemy types, and never changed once it is released; a test compares what the
steps make with `warmup.store.tables`, on both databases. A step that changes a table says `op.batch_alter_table`:
SQLite can't alter one in place.

A step is made while no daemon is at work, unless it says `rolling = True`: then nodes of the version before go on
beside it, until each is upgraded in its turn. It may only add what they can leave as it is: an index, a table, a column
that is nullable or has a default.
"""

from alembic import context

from warmup.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

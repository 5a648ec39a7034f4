"""What Alembic runs around the steps in `versions`: on the connection, and in the transaction, that `schema` gives it.

A step is written by hand, in plain SQLAlchemy types, and never changed once it is released; a test compares what the
steps make with `warmup.store.tables`, on both databases. A step that changes a table says `op.batch_alter_table`:
SQLite can't alter one in place.
"""

from alembic import context

from warmup.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

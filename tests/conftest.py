"""The servers that any test may ask for: `postgres_url` and `ground`."""

pytest_plugins = ("tests.postgres", "tests.real.ground")

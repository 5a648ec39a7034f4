"""The servers that any test may ask for: `nameserver`, `postgres_url` and `ground`."""

pytest_plugins = ("tests.nameserver", "tests.postgres", "tests.real.ground")

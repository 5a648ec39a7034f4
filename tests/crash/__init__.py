"""The crash harness: a daemon that is killed by the hundred, and a comparison of what servers took with what it knows.

python -m tests.crash       a month of kills: `make crash`
python -m tests.crash.soak  a day of a thousand mailboxes: `make soak`
"""

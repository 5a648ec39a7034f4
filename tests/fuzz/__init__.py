"""Bytes from outside, thrown at everything that reads them: nothing raises what it didn't promise, and nothing hangs.

python -m tests.fuzz  minutes for each reader, other bytes each time: `make fuzz`
"""

"""The stateful model: the real daemon lived through whatever may happen, in any order, and judged by the laws.

python -m tests.model  a long run, in another order each time: `make model`
"""

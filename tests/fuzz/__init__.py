"""Fuzzing: targets that take any bytes, a seed corpus for each, and what runs them for a time.

Inputs are made by hypothesis, which shrinks what fails and keeps it: seeds are cut, spliced and, where they
are JSON, spoiled value by value. A coverage-guided fuzzer (atheris) would find its way through more branches,
but has binaries for Linux on x86-64 only and another release for each Python.
"""
